import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import { cancelUpdate, changedSignal, confirmUpdate, retryUpdate } from '../../src/workflows/deals/messages.js';
import { type DealWorld, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What changes on either side while a deal is under way. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

async function startWaiting(world: DealWorld = makeDealWorld(skipping)) {
  const deal = await world.start();
  await deal.until('awaiting-confirmation');
  return { world, deal };
}

const OF_RECORD: ChangeHint = { at: 'dataverse' };
const OF_INVOICE: ChangeHint = { at: 'business-central', invoiceId: 'draft-1', etag: '2' };

describe('a change in Sales while a deal waits', () => {
  it('makes another draft, and only its figures may be confirmed (I2)', async () => {
    const { world, deal } = await startWaiting();
    const seen = await deal.figures();
    const revision = world.changeRecord({ price: '200.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await expect.poll(async () => (await deal.figures()).totalIncludingTax).toBe('200.00');
    await deal.until('awaiting-confirmation');
    expect(world.books).toMatchObject({ made: 2, deleted: ['draft-1'] });
    await expect(deal.confirm(seen)).rejects.toMatchObject({ cause: { message: 'the draft is D-2, not D-1' } });
    await deal.confirm();
    await deal.handle.result();
    expect(world.books.posted).toMatchObject([{ totalIncludingTax: '200.00' }]);
  });

  it('and moves it to another company is deleted in the old one and made in the new one', async () => {
    const world = makeDealWorld(skipping);
    const steps: string[] = [];
    const { standIns } = world;
    const { createDraft, deleteDraft, findCustomer, post } = standIns;
    standIns.deleteDraft = async (input) => {
      steps.push(`delete in ${input.companyId}`);
      world.progress.companyId = world.record.companyId;
      return deleteDraft(input);
    };
    standIns.findCustomer = async (input) => {
      steps.push(`customer in ${input.companyId}`);
      return findCustomer(input);
    };
    standIns.createDraft = async (input) => {
      steps.push(`draft in ${input.companyId}`);
      return createDraft(input);
    };
    standIns.post = async (input) => {
      steps.push(`post in ${input.companyId}`);
      return post(input);
    };
    const { deal } = await startWaiting(world);
    const revision = world.changeRecord({ price: '200.00', companyId: 'company-2' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await expect.poll(async () => (await deal.figures()).totalIncludingTax).toBe('200.00');
    await deal.confirm();
    await deal.handle.result();
    expect(steps).toEqual([
      'draft in company-1',
      'delete in company-1',
      'customer in company-2',
      'draft in company-2',
      'post in company-2',
    ]);
  });

  it('deletes no draft that somebody changed in Business Central before a person says so (I14)', async () => {
    const { world, deal } = await startWaiting();
    world.refuse('deleteDraft', { reason: 'draft-edited', text: 'line 1: quantity 5 instead of 4' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.changeRecord({ price: '200.00' }) });
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([{ reason: 'draft-edited', owner: 'finance' }]);
    expect(world.books).toMatchObject({ made: 1, deleted: [] });
    // The person notes the change and deletes the draft; then the deal gets another one.
    world.refuse('deleteDraft', undefined);
    world.books.draft = undefined;
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    expect((await deal.figures()).totalIncludingTax).toBe('200.00');
    expect(world.books.made).toBe(2);
    await deal.handle.terminate();
  });

  it('that reaches no document leaves the draft, and asks again', async () => {
    const { world, deal } = await startWaiting();
    const readings = world.countOf('readDeal');
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.changeRecord({}) });
    await expect.poll(() => world.countOf('readDeal')).toBe(readings + 1);
    await deal.until('awaiting-confirmation');
    expect(world.books.made).toBe(1);
    await deal.handle.terminate();
  });

  it('voids a confirmation of the same moment, and the trail says so', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    const revision = world.changeRecord({ price: '200.00' });
    // The change comes first, mostly in one task with the confirmation; a run that was quicker refuses it.
    const reading = world.block('readDeal');
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await deal.handle.executeUpdate(confirmUpdate, { args: [{ by: 'ann', figures }] }).catch(() => undefined);
    reading.release();
    await expect.poll(async () => (await deal.figures()).totalIncludingTax).toBe('200.00');
    await deal.until('awaiting-confirmation');
    expect(world.books.posted).toEqual([]);
    await deal.handle.terminate();
  });

  it('told by many hints is read once', async () => {
    const { world, deal } = await startWaiting();
    const readings = world.countOf('readDeal');
    const reading = world.block('readDeal');
    const revision = world.changeRecord({ price: '200.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await expect.poll(() => world.countOf('readDeal')).toBe(readings + 1);
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    reading.release();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.handle.result();
    expect(world.countOf('readDeal')).toBe(readings + 1);
  });

  it.each(['rule', 'person'] as const)(
    'told by a hint of a revision that no reading finds is read for it once (I5), when confirmed by %s',
    async (by) => {
      const world = makeDealWorld(skipping, { confirmation: { by } });
      const making = world.block('createDraft');
      const deal = await world.start();
      await expect.poll(() => world.countOf('createDraft')).toBe(1);
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision: 'W/"4711"' });
      making.release();
      if (by === 'person') {
        await deal.until('awaiting-confirmation');
        await skipping.env.sleep('10 minutes');
        await deal.confirm();
      }
      expect((await deal.handle.result()).outcome).toBe('written-back');
      expect(world.countOf('readDeal')).toBe(2);
      expect(world.books).toMatchObject({ made: 1, posted: [{ totalIncludingTax: '100.00' }] });
    },
  );

  it('by a hint that does not fit is ignored, and shown', async () => {
    const { deal } = await startWaiting();
    await deal.handle.signal(changedSignal, { at: 'nowhere' } as unknown as ChangeHint);
    expect((await deal.status()).ignoredSignal).toMatch(/^changed: at: expected one of dataverse, /);
    await deal.handle.terminate();
  });
});

describe('a deal that is cancelled or reopened in Sales', () => {
  it.each(['dead', 'open'] as const)('(%s) loses the draft that a restored ledger has forgotten', async (state) => {
    const world = makeDealWorld(skipping);
    world.books.isForgotten = true;
    world.changeRecord({ state });
    const deal = await world.start();
    expect((await deal.handle.result()).outcome).toBe('cancelled');
    expect(world.books).toMatchObject({ draft: undefined, deleted: ['draft-1'] });
  });

  it('and has its document posted, of which a restored ledger knows nothing, is followed', async () => {
    const world = makeDealWorld(skipping);
    world.books.isForgotten = true;
    world.changeRecord({ state: 'dead' });
    world.standIns.deleteDraft = async () => {
      world.books.invoices.push({ id: 'draft-1', number: 'INV-1', status: 'open' });
      return 'posted';
    };
    const deal = await world.start();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.notices).toEqual(['posted-by-hand', 'ended-after-confirmation']);
  });

  it('and won again while its edited draft holds it goes on with that draft', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.refuse('deleteDraft', { reason: 'draft-edited', text: 'line 1: quantity 5 instead of 4' });
    const reopened = world.changeRecord({ state: 'open' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: reopened });
    await deal.until('held');
    const won = world.changeRecord({ state: 'won' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: won });
    await expect.poll(async () => (await deal.handle.describe()).runId).not.toBe(deal.firstRunId);
    await deal.until('awaiting-confirmation');
    expect(world.books).toMatchObject({ made: 1, deleted: [] });
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  for (const [state, reason] of [
    ['dead', 'cancelled in Sales'],
    ['open', 'reopened in Sales'],
  ] as const) {
    it(`(${state}) while it waits loses its draft`, async () => {
      const { world, deal } = await startWaiting();
      const revision = world.changeRecord({ state });
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
      expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
      expect(world.books).toMatchObject({ deleted: ['draft-1'], posted: [] });
      expect(world.trail).toEqual([{ actor: 'Sales', action: 'cancelled', facts: { reason } }]);
      expect(world.countOf('wakeSuperseded')).toBe(1);
    });
  }

  it('(deleted) while it is read loses its draft, though the answer does not say so yet (I5)', async () => {
    const { world, deal } = await startWaiting();
    const { readDeal } = world.standIns;
    world.standIns.readDeal = async (input) => {
      world.standIns.readDeal = readDeal;
      const before = await readDeal(input);
      world.changeRecord({ state: 'dead' });
      await deal.handle.signal(changedSignal, { at: 'dataverse', isDeleted: true });
      return before;
    };
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.changeRecord({}) });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books).toMatchObject({ deleted: ['draft-1'], posted: [] });
  });

  it('before it is read ends without a draft', async () => {
    const world = makeDealWorld(skipping);
    world.record.state = 'dead';
    const deal = await world.start();
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books.made).toBe(0);
  });

  it('while it is held ends as not won, whatever it waited for', async () => {
    const world = makeDealWorld(skipping);
    world.books.isItemBlocked = true;
    const deal = await world.start();
    await deal.until('held');
    const revision = world.changeRecord({ state: 'open' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    expect(await deal.handle.result()).toEqual({ outcome: 'seen' });
    expect(world.books.made).toBe(0);
  });

  it('after it was confirmed and before it is posted is not posted', async () => {
    const { world, deal } = await startWaiting();
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    await deal.confirm();
    await deal.until('held');
    world.refuse('post', undefined);
    const revision = world.changeRecord({ state: 'dead' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books).toMatchObject({ deleted: ['draft-1'], posted: [] });
  });

  it('after it was posted is noticed once, and the document stays', async () => {
    const { world, deal } = await startWaiting();
    await deal.confirm();
    await deal.handle.result();
    world.changeRecord({ state: 'dead' });
    const again = await world.start({ hint: OF_RECORD });
    expect((await again.handle.result()).outcome).toBe('written-back');
    const third = await world.start({ hint: OF_RECORD });
    await third.handle.result();
    expect(world.notices).toEqual(['ended-after-confirmation']);
    expect(world.countOf('writeNote')).toBe(1);
    expect(world.books.deleted).toEqual([]);
  });

  it('and won in the same moment is read again by the next run (I5)', async () => {
    const world = makeDealWorld(skipping);
    world.record.state = 'open';
    const reading = world.block('readDeal');
    const deal = await world.start();
    await expect.poll(() => world.countOf('readDeal')).toBe(1);
    const { readDeal } = world.standIns;
    // The answer is of before the change that the hint tells of.
    world.standIns.readDeal = async (input) => {
      world.standIns.readDeal = readDeal;
      const before = await readDeal(input);
      world.changeRecord({ state: 'won' });
      return before;
    };
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: 'W/"2"' });
    reading.release();
    await expect.poll(() => world.states).toEqual(['seen', 'awaiting-confirmation']);
    await deal.handle.terminate();
  });
});

describe('a draft in Business Central', () => {
  it('that was touched after it was confirmed is not posted: the new figures are asked for', async () => {
    const { world, deal } = await startWaiting();
    const { draft } = world.books;
    if (!draft) throw new Error('a draft is needed');
    world.books.draft = { ...draft, etag: '2', figures: { ...draft.figures, totalIncludingTax: '99.00' } };
    await deal.confirm();
    await expect.poll(async () => (await deal.figures()).totalIncludingTax).toBe('99.00');
    await deal.until('awaiting-confirmation');
    expect(world.books.posted).toEqual([]);
    await deal.confirm();
    await deal.handle.result();
    expect(world.books.posted).toMatchObject([{ totalIncludingTax: '99.00' }]);
  });

  it('that does not agree with the deal any more is held', async () => {
    const { world, deal } = await startWaiting();
    const { draft } = world.books;
    if (!draft) throw new Error('a draft is needed');
    world.books.draft = { ...draft, etag: '2', difference: 'price: line 1', differencePolicy: 'refuse' };
    await deal.confirm();
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([{ reason: 'totals-differ', text: 'price: line 1' }]);
    await deal.handle.terminate();
  });

  it('whose total is below 0 is held, and nobody is asked about what is never posted', async () => {
    const { world, deal } = await startWaiting();
    const { draft } = world.books;
    if (!draft) throw new Error('a draft is needed');
    world.books.draft = { ...draft, etag: '2', negative: 'D-1 comes to -0.01 EUR with its tax' };
    await deal.confirm();
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([{ reason: 'total-negative', text: 'D-1 comes to -0.01 EUR with its tax' }]);
    await deal.handle.terminate();
  });

  it('that differs as the rules allow is confirmed all the same, and the difference is told', async () => {
    const { world, deal } = await startWaiting();
    const { draft } = world.books;
    if (!draft) throw new Error('a draft is needed');
    world.books.draft = { ...draft, etag: '2', differencePassed: 'price: line 1', differencePolicy: 'pass' };
    // It was touched, so it is read again and asked for again.
    await deal.confirm();
    await expect.poll(() => world.notices).toEqual(['differs-as-allowed']);
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.handle.result();
    expect(world.notices).toEqual(['differs-as-allowed']);
  });

  it('that was deleted is made anew and asked for again', async () => {
    const { world, deal } = await startWaiting();
    world.books.draft = undefined;
    await deal.handle.signal(changedSignal, OF_INVOICE);
    await expect.poll(async () => (await deal.figures()).documentNumber).toBe('D-2');
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.handle.result();
    expect(world.books.posted).toHaveLength(1);
  });

  it('that posting finds gone is held, and a retry makes another and asks for it', async () => {
    const { world, deal } = await startWaiting();
    world.books.draft = undefined;
    world.refuse('post', { reason: 'draft-gone', text: 'the draft is gone' });
    await deal.confirm();
    await deal.until('held');
    world.refuse('post', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.handle.result();
    expect(world.books.posted).toMatchObject([{ documentNumber: 'D-2' }]);
  });

  it('that somebody posts in the moment in which its discount is set is followed, and no deal is held', async () => {
    const world = makeDealWorld(skipping);
    const { createDraft, setDiscount } = world.standIns;
    world.standIns.createDraft = async (input) => {
      const made = await createDraft(input);
      return made && { ...made, missingDiscount: '5.00' };
    };
    world.standIns.setDiscount = async (input) => {
      const { draft } = world.books;
      if (!draft) throw new Error('a draft is needed');
      world.books.draft = { ...draft, isPosted: true };
      world.books.invoices.push({ id: draft.id, number: 'INV-7', status: 'open' });
      return setDiscount(input);
    };
    const deal = await world.start();
    expect(await deal.handle.result()).toMatchObject({ outcome: 'written-back' });
    expect(world.notices).toEqual(['posted-by-hand']);
    expect(world.states).not.toContain('held');
  });

  it('that somebody posted by hand is not asked for any more', async () => {
    const { world, deal } = await startWaiting();
    const { draft } = world.books;
    if (!draft) throw new Error('a draft is needed');
    // The id stays, and so may the number (reference/business-central 4.3).
    world.books.draft = { ...draft, isPosted: true };
    world.books.invoices.push({ id: draft.id, number: 'INV-7', status: 'open' });
    await deal.handle.signal(changedSignal, OF_INVOICE);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.notices).toEqual(['posted-by-hand']);
    expect(world.rows).toEqual([draft.id]);
    expect(world.books.posted).toEqual([]);
  });
});

describe('a draft that somebody posts by hand just when its record', () => {
  for (const [change, notice] of [
    [{ price: '200.00' }, 'changed-after-confirmation'],
    [{ state: 'dead' }, 'ended-after-confirmation'],
  ] as const) {
    it(`${notice.replace(/-after.*/, '')} in Sales is followed, and the seller told of both (I12)`, async () => {
      const { world, deal } = await startWaiting();
      const { draft } = world.books;
      if (!draft) throw new Error('a draft is needed');
      world.books.draft = { ...draft, isPosted: true };
      world.books.invoices.push({ id: draft.id, number: 'INV-7', status: 'open' });
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.changeRecord(change) });
      expect((await deal.handle.result()).outcome).toBe('written-back');
      expect(world.notices).toEqual(['posted-by-hand', notice]);
      expect(world.countOf('writeNote')).toBe(1);
      expect(world.books).toMatchObject({ made: 1, deleted: [] });
    });
  }
});

describe('after the posting', () => {
  async function handOver() {
    const { world, deal } = await startWaiting();
    await deal.confirm();
    await deal.handle.result();
    return world;
  }

  it('a record that changes is noticed; a change that reaches no document is none', async () => {
    const world = await handOver();
    world.standIns.checkRecord = async () => ({ revision: 'W/"2"', found: 'same' });
    await (await world.start({ hint: OF_RECORD })).handle.result();
    expect(world.notices).toEqual([]);
    world.standIns.checkRecord = async () => ({ revision: 'W/"3"', found: 'changed' });
    await (await world.start({ hint: OF_RECORD })).handle.result();
    expect(world.notices).toEqual(['changed-after-confirmation']);
  });

  it('an invoice is read before it is reported, though the run that posted it was ended in between', async () => {
    const { world, deal } = await startWaiting();
    const reading = world.block('readPosted');
    await deal.confirm();
    await expect.poll(() => world.countOf('readPosted')).toBe(1);
    await deal.handle.terminate();
    world.progress.state = 'posted';
    const again = await world.start();
    await expect.poll(() => world.countOf('readPosted')).toBe(2);
    expect(world.rows).toEqual([]);
    reading.release();
    expect((await again.handle.result()).outcome).toBe('written-back');
    expect(world.rows).toEqual(['draft-1']);
  });

  it.each(['the run that posted it', 'another run'])(
    'an invoice that was deleted before it was read is a hold until a person ends the deal: in %s',
    async (which) => {
      const { world, deal } = await startWaiting();
      world.standIns.readPosted = async () => 'gone';
      await deal.confirm();
      await deal.until('held');
      let last = deal;
      if (which === 'another run') {
        await deal.handle.terminate();
        Object.assign(world.progress, { isHandedOver: true, documentId: 'draft-1', isUnread: true });
        last = await world.start();
      }
      expect((await last.until('held')).problems).toMatchObject([{ reason: 'draft-gone' }]);
      await last.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'not wanted any more' }] });
      expect(await last.handle.result()).toEqual({ outcome: 'cancelled' });
      expect(world.books.deleted).toEqual(['draft-1']);
    },
  );

  it('an order in Sales whose document is an invoice is set to Invoiced, once', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    const { loadDealProgress, post, readPosted } = world.standIns;
    const progressOf = async () => ({ ...(await loadDealProgress(world.ref)), closesOrder: true });
    world.standIns.loadDealProgress = progressOf;
    world.standIns.readPosted = async (input) => {
      const posted = await readPosted(input);
      return posted === 'gone' ? posted : { ...posted, progress: await progressOf() };
    };
    // No further invoice comes of an invoice: the step that posts it says so.
    world.standIns.post = async (input) => {
      Object.assign(world.progress, { isClosed: true, state: 'posted' });
      return post(input);
    };
    expect((await (await world.start()).handle.result()).outcome).toBe('written-back');
    expect(world.countOf('setOrderInvoiced')).toBe(1);
    await (await world.start({ hint: OF_INVOICE })).handle.result();
    expect(world.countOf('setOrderInvoiced')).toBe(1);
  });

  it('a deleted record is noticed without a note in Sales', async () => {
    const world = await handOver();
    world.standIns.checkRecord = async () => ({ revision: 'W/"2"', found: 'deleted' });
    await (await world.start({ hint: OF_RECORD })).handle.result();
    expect(world.notices).toEqual(['deleted-after-confirmation']);
    expect(world.countOf('writeNote')).toBe(0);
  });

  it('an invoice that is gone from Business Central is noticed once, on the deal and in Sales', async () => {
    const world = await handOver();
    const [invoice] = world.books.invoices;
    if (!invoice) throw new Error('no invoice');
    world.books.invoices = [{ ...invoice, isGone: true }];
    for (let times = 0; times < 2; times += 1) {
      const { outcome } = await (await world.start({ hint: OF_INVOICE })).handle.result();
      expect(outcome).toBe('written-back');
    }
    expect(world.notices).toEqual(['invoice-gone']);
    expect(world.countOf('writeNote')).toBe(1);
  });

  it('another invoice under the number of the deal is noticed once, and has no row in Sales', async () => {
    const world = await handOver();
    const { loadDealProgress } = world.standIns;
    const otherInvoices = ['invoice-of-others'];
    world.standIns.loadDealProgress = async (ref) => ({ ...(await loadDealProgress(ref)), otherInvoices });
    for (let times = 0; times < 2; times += 1) {
      const { outcome } = await (await world.start({ hint: OF_INVOICE })).handle.result();
      expect(outcome).toBe('written-back');
    }
    expect(world.notices).toEqual(['other-invoice']);
    expect(world.countOf('writeNote')).toBe(1);
    expect(world.rows).not.toContain('invoice-of-others');
  });

  it('a row in Sales that was there already is brought to what the invoice is by now', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    const { createInvoiceRow } = world.standIns;
    world.standIns.createInvoiceRow = async (back) => ({ ...(await createInvoiceRow(back)), stage: 'billed' });
    expect((await (await world.start()).handle.result()).outcome).toBe('written-back');
    expect(world.countOf('reportInvoice')).toBe(1);
  });

  it('a replay makes the row in Sales that somebody deleted, and nothing else', async () => {
    const world = await handOver();
    world.standIns.hasInvoiceRow = async () => false;
    const replay = { actor: { name: 'ann', source: 'cli', isVerified: false } } as const;
    const deal = await world.start({ replay });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.countOf('createInvoiceRow')).toBe(2);
    expect(world.books).toMatchObject({ made: 1, deleted: [] });
    expect(world.books.posted).toHaveLength(1);
  });
});
