import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import { cancelUpdate, changedSignal, retryUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** Orders that the warehouse ships and invoices in its own time. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const OF_RECORD: ChangeHint = { at: 'dataverse' };
const OF_INVOICE: ChangeHint = { at: 'business-central', invoiceId: 'invoice-1', etag: '1' };

async function leaveToWarehouse() {
  const world = makeDealWorld(skipping, { documentKind: 'order', orderPosting: 'warehouse' });
  const deal = await world.start();
  await deal.until('awaiting-confirmation');
  await deal.confirm();
  expect(await deal.handle.result()).toEqual({ outcome: 'awaiting-shipment' });
  return world;
}

describe('an order that is left to the warehouse', () => {
  it('is confirmed, not posted, and the run ends', async () => {
    const world = await leaveToWarehouse();
    expect(world.books.posted).toEqual([]);
    expect(world.books.draft).toBeDefined();
    expect(world.states).toEqual(['awaiting-confirmation', 'confirmed', 'awaiting-shipment', 'awaiting-shipment']);
  });

  it.each([
    ['deleted', undefined],
    ['edited', { etag: '2', figures: { documentNumber: 'D-1', totalIncludingTax: '80.00', currency: 'EUR' } }],
  ])('is asked for again when it was %s in Business Central while somebody was asked (I2)', async (_, edit) => {
    const world = makeDealWorld(skipping, { documentKind: 'order', orderPosting: 'warehouse' });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.books.draft = edit && world.books.draft && { ...world.books.draft, ...edit };
    await deal.confirm();
    const wanted = edit?.figures ?? { documentNumber: 'D-2', totalIncludingTax: '100.00', currency: 'EUR' };
    await expect.poll(() => deal.figures()).toEqual(wanted);
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    expect(await deal.handle.result()).toEqual({ outcome: 'awaiting-shipment' });
    expect(world.books.draft?.figures).toEqual(wanted);
  });

  it('is asked for again when it was edited while the step that leaves it was held (I2)', async () => {
    const world = makeDealWorld(skipping, { documentKind: 'order', orderPosting: 'warehouse' });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.refuse('isAsConfirmed', { reason: 'permission', text: 'orders may not be read' });
    await deal.confirm();
    await deal.until('held');
    const edited = { documentNumber: 'D-1', totalIncludingTax: '80.00', currency: 'EUR' };
    world.books.draft = world.books.draft && { ...world.books.draft, etag: '2', figures: edited };
    world.refuse('isAsConfirmed', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    expect(await deal.figures()).toEqual(edited);
    await deal.confirm();
    expect(await deal.handle.result()).toEqual({ outcome: 'awaiting-shipment' });
  });

  it('tells Sales of each invoice, and is settled when it is gone and all are paid', async () => {
    const world = await leaveToWarehouse();
    world.books.invoices.push({ id: 'invoice-1', number: 'INV-1', status: 'open' });
    const first = await world.start({ hint: OF_INVOICE });
    expect(await first.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    world.books.invoices = [
      { id: 'invoice-1', number: 'INV-1', status: 'paid' },
      { id: 'invoice-2', number: 'INV-2', status: 'paid' },
    ];
    world.books.order = 'gone';
    const second = await world.start({ hint: OF_INVOICE });
    expect(await second.handle.result()).toEqual({ outcome: 'settled', invoiceNumber: 'INV-1, INV-2' });
    expect(world.rows).toEqual(['invoice-1', 'invoice-2']);
  });

  it('is deleted when the record is cancelled in Sales before the warehouse touched it', async () => {
    const world = await leaveToWarehouse();
    world.changeRecord({ state: 'dead' });
    const deal = await world.start({ hint: OF_RECORD });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books.deleted).toEqual(['draft-1']);
    expect(world.trail.at(-1)).toMatchObject({ actor: 'Sales', action: 'cancelled' });
  });

  it('stays when some of it is shipped, and the seller is told', async () => {
    const world = await leaveToWarehouse();
    world.changeRecord({ state: 'dead' });
    world.books.order = { shippedQuantity: '1', invoicedQuantity: '0', etag: '2' };
    const deal = await world.start({ hint: OF_RECORD });
    expect(await deal.handle.result()).toEqual({ outcome: 'awaiting-shipment' });
    expect(world.books.deleted).toEqual([]);
    expect(world.notices).toEqual(['ended-after-confirmation']);
  });

  it('stays when it is shipped in the moment in which it is to be deleted', async () => {
    const world = await leaveToWarehouse();
    world.changeRecord({ state: 'dead' });
    world.refuse('deleteDraft', { reason: 'draft-edited', text: 'order D-1 is shipped or invoiced in part' });
    const deal = await world.start({ hint: OF_RECORD });
    await deal.until('held');
    world.books.order = { shippedQuantity: '1', invoicedQuantity: '0', etag: '2' };
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'awaiting-shipment' });
    expect(world.countOf('deleteDraft')).toBe(1);
    expect(world.notices).toEqual(['ended-after-confirmation']);
  });

  it('stays when the record is won again before it is deleted', async () => {
    const world = await leaveToWarehouse();
    world.changeRecord({ state: 'open' });
    world.refuse('deleteDraft', { reason: 'draft-edited', text: 'line 1: quantity 5 instead of 4' });
    const deal = await world.start({ hint: OF_RECORD });
    await deal.until('held');
    world.refuse('deleteDraft', undefined);
    world.standIns.checkRecord = async () => ({ revision: 'W/"3"', found: 'same' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.changeRecord({ state: 'won' }) });
    expect(await deal.handle.result()).toEqual({ outcome: 'awaiting-shipment' });
    expect(world.books.deleted).toEqual([]);
    expect(world.notices).toEqual([]);
  });

  it.each(['a person began it again', 'its run was gone'])(
    'is still to be deleted when it was held and %s',
    async (how) => {
      const world = await leaveToWarehouse();
      world.changeRecord({ state: 'dead' });
      world.refuse('deleteDraft', { reason: 'draft-edited', text: 'line 1: quantity 5 instead of 4' });
      const first = await world.start({ hint: OF_RECORD });
      await first.until('held');
      world.refuse('deleteDraft', undefined);
      if (how === 'its run was gone') await first.handle.terminate();
      else await first.replay({ by: 'ann' });
      const last = how === 'its run was gone' ? await world.start() : first;
      expect(await last.handle.result()).toEqual({ outcome: 'cancelled' });
      expect(world.books.deleted).toEqual(['draft-1']);
      expect(world.notices).toEqual([]);
    },
  );

  it('is held when somebody deleted it before it was invoiced, until a person ends the deal', async () => {
    const world = await leaveToWarehouse();
    world.books.order = 'gone';
    const deal = await world.start({ hint: OF_INVOICE });
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'draft-gone' }]);
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'not wanted any more' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.trail.at(-1)).toMatchObject({ action: 'cancelled', actor: { name: 'ann' } });
    // It is made sure of that the order is gone.
    expect(world.books.deleted).toEqual(['draft-1']);
  });
});

describe('an order that was shipped and is gone without an invoice', () => {
  it('is not said to be deleted before it was invoiced, so that nobody makes another', async () => {
    const world = await leaveToWarehouse();
    world.books.order = 'gone-after-shipping';
    const deal = await world.start({ hint: OF_INVOICE });
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([{ reason: 'draft-gone', text: expect.stringContaining('invoice it again') }]);
    await deal.handle.terminate();
  });
});

describe('an order that we ship and invoice', () => {
  it('ends with the invoice that came of it', async () => {
    const world = makeDealWorld(skipping, { documentKind: 'order', confirmation: { by: 'rule' } });
    world.books.order = 'gone';
    const deal = await world.start();
    expect(await deal.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    expect(world.countOf('shipAndInvoice')).toBe(1);
  });

  it('that somebody posted by hand is read, not posted again', async () => {
    const world = makeDealWorld(skipping, { documentKind: 'order' });
    const waiting = await world.start();
    await waiting.until('awaiting-confirmation');
    world.books.draft = undefined;
    world.books.order = 'gone';
    world.books.invoices.push({ id: 'invoice-1', number: 'INV-1', status: 'open' });
    await waiting.handle.signal('changed', OF_INVOICE);
    expect(await waiting.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    expect(world.countOf('shipAndInvoice')).toBe(0);
  });
});

describe('a record of a lineage', () => {
  it('that has not won yet is seen, and one whose successor exists makes sure that it runs', async () => {
    const open = makeDealWorld(skipping);
    open.record.state = 'open';
    expect(await (await open.start()).handle.result()).toEqual({ outcome: 'seen' });
    const followed = makeDealWorld(skipping);
    followed.record.descendants = [{ table: 'salesorder', recordId: 'next' }];
    expect(await (await followed.start()).handle.result()).toEqual({ outcome: 'superseded', carrier: 'next' });
    expect(followed.countOf('ensureDealRuns')).toBe(1);
    expect(followed.books.made).toBe(0);
  });

  it('whose deal another record carries ends', async () => {
    const world = makeDealWorld(skipping);
    world.standIns.claimDeal = async () => ({ kind: 'already-handed-over', by: 'other', differences: [] });
    expect(await (await world.start()).handle.result()).toEqual({ outcome: 'already-handed-over', carrier: 'other' });
    expect(world.books.made).toBe(0);
  });

  it('is read again before it ends when a hint came after it was read', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    const { claimDeal } = world.standIns;
    world.standIns.claimDeal = async () => {
      world.standIns.claimDeal = claimDeal;
      return { kind: 'already-handed-over', by: 'other', differences: [] };
    };
    const reading = world.block('readDeal');
    const deal = await world.start();
    await expect.poll(() => world.countOf('readDeal')).toBe(1);
    await deal.handle.signal(changedSignal, { at: 'dataverse' });
    reading.release();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('with other figures than the one that was handed over is held, the seller told, until a person decides', async () => {
    const world = makeDealWorld(skipping);
    const differences = ['total 1500.00 instead of 1000.00', 'EQ-1002: 5 more'];
    world.standIns.claimDeal = async () => ({ kind: 'already-handed-over', by: 'other', differences });
    const deal = await world.start();
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([
      { reason: 'handed-over-otherwise', text: differences.join('; '), owner: 'seller' },
    ]);
    expect(world.notices).toEqual(['handed-over-otherwise']);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('held');
    expect(world.notices).toHaveLength(1);
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'invoiced by hand' }] });
    expect((await deal.handle.result()).outcome).toBe('cancelled');
    expect(world.books.made).toBe(0);
    expect(world.trail).toMatchObject([{ action: 'retry' }, { action: 'cancelled', actor: { name: 'ann' } }]);
  });

  it('that was made the same again ends as handed over', async () => {
    const world = makeDealWorld(skipping);
    world.standIns.claimDeal = async () => ({
      kind: 'already-handed-over',
      by: 'other',
      differences: world.record.price === '100.00' ? [] : ['total 1500.00 instead of 100.00'],
    });
    world.record.price = '1500.00';
    const deal = await world.start();
    await deal.until('held');
    const revision = world.changeRecord({ price: '100.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    expect((await deal.handle.result()).outcome).toBe('already-handed-over');
  });
});
