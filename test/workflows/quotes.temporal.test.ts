import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import type { Policy } from '../../src/deal/deal.js';
import { cancelUpdate, changedSignal, rejectUpdate, retryUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** Deals whose document begins as a quote. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const OF_QUOTE: ChangeHint = { at: 'business-central', invoiceId: 'draft-1', etag: 'unread' };
const BY = { by: 'ann' };

const quoted = (policy: Partial<Policy> = {}) =>
  makeDealWorld(skipping, { documentKind: 'quote', quoteBecomes: 'order', ...policy });

describe('a quote', () => {
  it('is confirmed once, becomes an order, and the order is posted', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    expect(world.countOf('convertQuote')).toBe(0);
    await deal.confirm();
    expect(await deal.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    expect(world.states.filter((state) => state === 'awaiting-confirmation')).toHaveLength(1);
    expect([world.countOf('convertQuote'), world.countOf('shipAndInvoice'), world.countOf('post')]).toEqual([1, 1, 0]);
    expect(world.books.posted).toMatchObject([{ documentNumber: 'D-1' }]);
  });

  it('becomes an invoice where the rules say so, by rule at once', async () => {
    const world = quoted({ quoteBecomes: 'invoice', confirmation: { by: 'rule' } });
    const deal = await world.start();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect([world.countOf('convertQuote'), world.countOf('shipAndInvoice'), world.countOf('post')]).toEqual([1, 0, 1]);
  });

  it('becomes an order that is left to the warehouse', async () => {
    const world = quoted({ orderPosting: 'warehouse', confirmation: { by: 'rule' } });
    expect(await (await world.start()).handle.result()).toEqual({ outcome: 'awaiting-shipment' });
    expect([world.countOf('convertQuote'), world.countOf('shipAndInvoice')]).toEqual([1, 0]);
  });

  it('that became something else than was confirmed asks a person, whatever the rule says', async () => {
    const world = quoted({ confirmation: { by: 'rule' } });
    world.books.convertsWith = ['total 110.00 instead of 100.00'];
    const deal = await world.start();
    const { difference } = await deal.until('awaiting-confirmation');
    expect(difference).toBe('not as the quote was: total 110.00 instead of 100.00');
    expect(world.books.posted).toEqual([]);
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect([world.countOf('convertQuote'), world.books.posted.length]).toEqual([1, 1]);
  });

  it('that somebody converted while it waits is asked for as what it became, and not converted again', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.convert('invoice');
    await deal.handle.signal(changedSignal, OF_QUOTE);
    await expect.poll(() => world.countOf('readDraft'), { timeout: 10_000 }).toBeGreaterThan(0);
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect([world.countOf('convertQuote'), world.countOf('post'), world.books.made]).toEqual([0, 1, 1]);
  });

  it('that somebody converted unnoticed, before it is confirmed, goes on when it carries the same figures', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.convert('order');
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect([world.countOf('shipAndInvoice'), world.books.made]).toEqual([1, 1]);
    expect(world.states.filter((state) => state === 'awaiting-confirmation')).toHaveLength(1);
  });

  it('that was edited in the moment of its conversion is asked for again', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    if (world.books.draft) world.books.draft = { ...world.books.draft, etag: '2' };
    await deal.confirm();
    await expect.poll(() => world.states.filter((state) => state === 'awaiting-confirmation').length).toBe(2);
    await deal.until('awaiting-confirmation');
    expect(world.books.became).toBeUndefined();
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.countOf('convertQuote')).toBe(2);
  });

  it('whose conversion is refused waits for a person, and goes on without another question', async () => {
    const world = quoted();
    world.refuse('convertQuote', { reason: 'customer-blocked', text: 'customer C-1 is blocked' });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'customer-blocked' }]);
    world.refuse('convertQuote', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [BY] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.states.filter((state) => state === 'awaiting-confirmation')).toHaveLength(1);
  });

  it('that is out of date is held until it has another last day', async () => {
    const world = quoted();
    const text = 'quote D-1 was valid until 2020-01-31';
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    if (world.books.draft) world.books.draft = { ...world.books.draft, expired: text };
    await deal.handle.signal(changedSignal, OF_QUOTE);
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'quote-expired', text, owner: 'finance' }]);
    if (world.books.draft) {
      const { expired: _over, ...valid } = world.books.draft;
      world.books.draft = valid;
    }
    await deal.handle.executeUpdate(retryUpdate, { args: [BY] });
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('that somebody deleted is a question, and made anew after a retry', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.books.draft = undefined;
    world.refuse('convertQuote', { reason: 'draft-gone', text: 'the quote does not exist' });
    await deal.confirm();
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'draft-gone' }]);
    world.refuse('convertQuote', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [BY] });
    await deal.until('awaiting-confirmation');
    expect(world.books).toMatchObject({ made: 2, became: undefined });
    await deal.handle.executeUpdate(rejectUpdate, { args: [{ ...BY, reason: 'not this one' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'rejected' });
  });

  it('that somebody converted and posted is followed, with a notice', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.convert('invoice');
    if (world.books.draft) world.books.draft = { ...world.books.draft, isPosted: true };
    world.books.invoices.push({ id: 'draft-1-invoice', number: 'INV-1', status: 'open' });
    await deal.handle.signal(changedSignal, OF_QUOTE);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.notices).toEqual(['posted-by-hand']);
    expect([world.countOf('convertQuote'), world.countOf('post')]).toEqual([0, 0]);
  });

  it('is made anew when the record changes in Sales, also after it became an order', async () => {
    const world = quoted();
    world.refuse('shipAndInvoice', { reason: 'period-closed', text: 'the period is closed' });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.until('held');
    expect(world.books.became?.kind).toBe('order');
    world.refuse('shipAndInvoice', undefined);
    const revision = world.changeRecord({ price: '120.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await deal.until('awaiting-confirmation');
    expect(world.books).toMatchObject({ deleted: ['draft-1-order'], made: 2, became: undefined });
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toMatchObject([{ documentNumber: 'D-2', totalIncludingTax: '120.00' }]);
  });

  it('that became an order before a replay is adopted as that, and asked for', async () => {
    const world = quoted();
    world.refuse('shipAndInvoice', { reason: 'period-closed', text: 'the period is closed' });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.until('held');
    world.refuse('shipAndInvoice', undefined);
    await deal.replay(BY);
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect([world.countOf('convertQuote'), world.books.made, world.books.deleted.length]).toEqual([1, 1, 0]);
  });

  it('that is cancelled after somebody posted what it became is followed as posted', async () => {
    const world = quoted();
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.convert('order');
    world.books.invoices.push({ id: 'invoice-1', number: 'INV-1', status: 'open' });
    world.books.order = 'gone';
    world.standIns.deleteDraft = async () => 'posted';
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ ...BY, reason: 'not any more' }] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.notices).toEqual(['posted-by-hand']);
  });
});
