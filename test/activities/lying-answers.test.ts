import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PostInput } from '../../src/activities/documents/confirmed-write.js';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import type { Draft } from '../../src/activities/documents/drafts.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind, WonDeal } from '../../src/deal/deal.js';
import { documentKey } from '../../src/deal/document-number.js';
import { writeKey } from '../../src/deal/ids.js';
import { findFalseDeals } from '../../src/ledger/audit/verify-deals.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost } from '../support/posting.js';

/** Exactly one document of a deal, also against answers that lie, and no posting by what is known no longer (I1, I2, I3). */

let counter: Counter;
const checked: string[] = [];
let found: 'same' | 'changed' | 'ended' = 'same';

function openSteps(ambiguityWindowMs = 60_000) {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs, goneCheckMs: 1, sets };
  return {
    ...createDraftSteps({ ...company, rules: parseRules('') }),
    ...createDeletionSteps(company),
    ...createPostingSteps({
      ...company,
      loadProgress: loadProgressOf(company),
      checkRecord: async ({ ref, revision }) => {
        checked.push(ref.recordId);
        return { revision, found };
      },
    }),
  };
}

beforeAll(async () => {
  counter = await openCounter();
});
afterEach(() => {
  const { businessCentral } = counter.simulators;
  businessCentral.faults.clear();
  businessCentral.company.setup.oneInvoiceSeries = false;
  found = 'same';
});
afterAll(() => counter?.close());

const fail = (path: string, effect: object, method = 'GET') =>
  counter.simulators.businessCentral.faults.add({ match: { method, path }, effect: effect as never });
const denyForAMinute = (set: string) => fail(`${set}\\(`, { kind: 'not-found', seconds: 60 });
const endOfTheMinute = () => counter.simulators.clock.advance(60_001);
const loseAnswer = (path: string, when: 'before' | 'after', method = 'POST') =>
  fail(path, { kind: 'lose-answer', when }, method);
const invoicesOf = ({ recordId }: WonDeal) => counter.client.findInvoices(recordId);
const inputOf = ({ recordId, revision }: WonDeal, kind: DocumentKind, draftVersion = 1) => ({
  ...counter.context,
  kind,
  recordId,
  revision,
  customerId: counter.customerId,
  draftVersion,
});

async function makeDraft(kind: DocumentKind = 'invoice') {
  const deal = await counter.win();
  const draft = await openSteps().createDraft(inputOf(deal, kind));
  if (!draft) throw new Error('no draft');
  return { deal, draft, of: { ...inputOf(deal, kind), draftId: draft.id } };
}

const postInput = (deal: WonDeal, draft: Draft, more: Partial<PostInput> = {}): PostInput => ({
  companyId: counter.companyId,
  ...toPost(deal),
  draft,
  ...more,
});
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { type?: string; details?: readonly { reason?: string }[] }) => error.details?.[0]?.reason ?? error.type,
  );

describe('a draft that somebody takes in the moment in which its discount is set', () => {
  it.each([
    ['invoice', 'posts', (id: string) => counter.books.postInvoice(id)],
    ['order', 'posts', (id: string) => counter.books.postOrder(id)],
    ['quote', 'converts', (id: string) => counter.books.convertQuote(id)],
  ] as const)('is no question: the %s that somebody %s is read next', async (kind, _how, take) => {
    const { draft, of } = await makeDraft(kind);
    await take(draft.id);
    expect(await openSteps().setDiscount({ ...of, etag: draft.etag, discount: draft.discount })).toBeUndefined();
  });
});

describe.each([
  ['invoice', 'salesInvoices'],
  ['order', 'salesOrders'],
] as const)('an %s that is denied', (kind, set) => {
  it('once is read again', async () => {
    const { draft, of } = await makeDraft(kind);
    fail(`${set}\\(`, { kind: 'not-found' });
    expect(await openSteps().readDraft(of)).toMatchObject({ id: draft.id });
  });

  it('for a minute, and listed, is waited for', async () => {
    const { draft, of } = await makeDraft(kind);
    denyForAMinute(set);
    expect(await refusal(openSteps().readDraft(of))).toBe('business-central/unavailable');
    endOfTheMinute();
    expect(await openSteps().readDraft(of)).toMatchObject({ id: draft.id });
  });

  it('a change once is not taken for gone: the change is repeated', async () => {
    const { draft, of } = await makeDraft(kind);
    fail(`${set}\\(`, { kind: 'not-found' }, 'PATCH');
    const change = { ...of, etag: draft.etag, discount: '0' };
    expect(await refusal(openSteps().setDiscount(change))).toBe('business-central/unavailable');
    expect(await openSteps().setDiscount(change)).toMatchObject({ id: draft.id });
  });

  it('a change of what was deleted is held', async () => {
    const { draft, of } = await makeDraft(kind);
    await openSteps().deleteDraft({ ...of, evenIfEdited: true });
    expect(await refusal(openSteps().setDiscount({ ...of, etag: draft.etag, discount: '0' }))).toBe('draft-gone');
  });

  it('was deleted once, though an attempt that was taken for dead hears of it after the next draft is posted', async () => {
    const { draft, deal, of } = await makeDraft(kind);
    const deletion = { ...of, evenIfEdited: true };
    fail(`${set}\\(${draft.id}`, { kind: 'hold', when: 'after' }, 'DELETE');
    const first = openSteps().deleteDraft(deletion);
    await expect.poll(async () => (await openSteps().readDraft(of))?.id).toBeUndefined();
    expect(await openSteps().deleteDraft(deletion)).toBe('deleted');
    const next = await openSteps().createDraft(inputOf(deal, kind, 2));
    const { recordId } = deal;
    await counter.ledger.change(
      recordId,
      { kind: 'posted' },
      { actor: 'dealbridge', action: 'post invoice in Business Central' },
    );
    counter.simulators.businessCentral.faults.releaseHolds();
    expect(await first).toBe('deleted');
    const expected = { documentId: next?.id, draftVersion: 2, isHandedOver: true };
    expect(await counter.ledger.getRecord(recordId)).toMatchObject(expected);
    for await (const finding of findFalseDeals(counter.database, recordId)) expect(finding).toBeUndefined();
  });

  it('and taken for gone all the same is adopted by the next version', async () => {
    const { draft, deal } = await makeDraft(kind);
    expect(await openSteps().createDraft(inputOf(deal, kind, 2))).toMatchObject({ id: draft.id });
  });

  it('for a minute is not taken for deleted', async () => {
    const { of } = await makeDraft(kind);
    denyForAMinute(set);
    expect(await refusal(openSteps().deleteDraft({ ...of, evenIfEdited: false }))).toBe('business-central/unavailable');
    endOfTheMinute();
    expect(await openSteps().deleteDraft({ ...of, evenIfEdited: false })).toBe('deleted');
    expect(await openSteps().readDraft(of)).toBeUndefined();
  });
});

describe('a next draft', () => {
  it('is not made beside a document of the other kind', async () => {
    const { deal } = await makeDraft('order');
    expect(await refusal(openSteps().createDraft(inputOf(deal, 'invoice', 2)))).toBe('two-documents');
    expect(await invoicesOf(deal)).toEqual([]);
  });
});

describe('a posting whose answer is lost', () => {
  it('is not asked again while the invoice is denied and listed', async () => {
    const { deal, draft } = await makeDraft();
    loseAnswer('Microsoft.NAV.post', 'after');
    expect(await refusal(openSteps().post(postInput(deal, draft)))).toBe('business-central/unknown-outcome');
    denyForAMinute('salesInvoices');
    expect(await refusal(openSteps(0).post(postInput(deal, draft)))).toBe('business-central/unavailable');
    endOfTheMinute();
    expect(await openSteps(0).post(postInput(deal, draft))).toBe('posted');
    expect(await invoicesOf(deal)).toMatchObject([{ id: draft.id, status: 'Open' }]);
  });

  it('keeps the draft from being deleted until it cannot land any more', async () => {
    const { deal, draft, of } = await makeDraft();
    loseAnswer('Microsoft.NAV.post', 'before');
    await refusal(openSteps().post(postInput(deal, draft)));
    expect(await refusal(openSteps().deleteDraft({ ...of, evenIfEdited: true }))).toBe('OutcomeUnknown');
    expect(await openSteps(0).deleteDraft({ ...of, evenIfEdited: true })).toBe('deleted');
  });

  it('has posted it: nothing is deleted', async () => {
    const { deal, draft, of } = await makeDraft();
    loseAnswer('Microsoft.NAV.post', 'after');
    await refusal(openSteps().post(postInput(deal, draft)));
    expect(await openSteps().deleteDraft({ ...of, evenIfEdited: true })).toBe('posted');
    expect(await invoicesOf(deal)).toHaveLength(1);
  });
});

describe('a draft whose answer is lost', () => {
  it('is found once it has landed, for whoever ends the deal', async () => {
    const deal = await counter.win();
    loseAnswer('salesInvoices\\?', 'after');
    await refusal(openSteps().createDraft(inputOf(deal, 'invoice')));
    const id = await openSteps().findUnansweredDraft(inputOf(deal, 'invoice'));
    expect(await invoicesOf(deal)).toMatchObject([{ id }]);
    expect(await counter.ledger.getRecord(deal.recordId)).toMatchObject({ documentId: id });
  });

  it('is waited for as long as it may land, and then there is none', async () => {
    const deal = await counter.win();
    loseAnswer('salesInvoices\\?', 'before');
    await refusal(openSteps().createDraft(inputOf(deal, 'invoice')));
    expect(await refusal(openSteps().findUnansweredDraft(inputOf(deal, 'invoice')))).toBe('OutcomeUnknown');
    expect(await openSteps(0).findUnansweredDraft(inputOf(deal, 'invoice'))).toBeUndefined();
    expect(await openSteps().findUnansweredDraft(inputOf(deal, 'invoice'))).toBeUndefined();
  });

  it.each(['asked_at', 'asked_at_by_temporal'])(
    'may land as long as one of the clocks says so, whatever %s is set to',
    async (column) => {
      const deal = await counter.win();
      loseAnswer('salesInvoices\\?', 'before');
      await refusal(openSteps().createDraft(inputOf(deal, 'invoice')));
      await counter.database.query(
        `UPDATE write_intents SET ${column} = ${column} - interval '15 minutes' WHERE record_id = $1`,
        [deal.recordId],
      );
      expect(await refusal(openSteps().createDraft(inputOf(deal, 'invoice')))).toBe('OutcomeUnknown');
      expect(await invoicesOf(deal)).toEqual([]);
    },
  );
});

describe('whether an invoice is posted', () => {
  it('is read from its status, though it keeps its number', async () => {
    counter.simulators.businessCentral.company.setup.oneInvoiceSeries = true;
    const { draft, deal, of } = await makeDraft();
    expect(await openSteps().readDraft(of)).not.toHaveProperty('isPosted');
    await counter.books.postInvoice(draft.id);
    expect(await openSteps().readDraft(of)).toMatchObject({
      isPosted: true,
      figures: { documentNumber: draft.figures.documentNumber },
    });
    fail('salesInvoices', { kind: 'status', status: 500 }, 'DELETE');
    expect(await openSteps().deleteDraft({ ...of, evenIfEdited: true })).toBe('posted');
    expect(await invoicesOf(deal)).toHaveLength(1);
  });

  it('is not said by a release: such a draft is no draft of ours to delete either', async () => {
    const { draft, of } = await makeDraft();
    await counter.books.releaseDraft(draft.id);
    expect(await openSteps().readDraft(of)).not.toHaveProperty('isPosted');
    expect(await refusal(openSteps().deleteDraft({ ...of, evenIfEdited: true }))).toBe('draft-edited');
  });

  it('an order that is shipped in part stays', async () => {
    const { draft, of } = await makeDraft('order');
    await counter.books.postOrder(draft.id, [{ sequence: 10_000, ship: '1', invoice: '0' }]);
    expect(await refusal(openSteps().deleteDraft({ ...of, evenIfEdited: true }))).toBe('draft-edited');
  });
});

describe.each(['post', 'shipAndInvoice'] as const)('before %s', (step) => {
  const kind = step === 'post' ? 'invoice' : 'order';
  const long = () => new Date(Date.now() - 61_000).toISOString();
  const posted = async (deal: WonDeal) => (await invoicesOf(deal)).filter(({ status }) => status !== 'Draft').length;

  it('a record that was read within the minute is not read again', async () => {
    const { deal, draft } = await makeDraft(kind);
    expect(await openSteps()[step](postInput(deal, draft))).toBe('posted');
    expect(checked).not.toContain(deal.recordId);
  });

  it.each(['changed', 'ended'] as const)('an older reading is compared with Sales: %s posts nothing', async (now) => {
    const { deal, draft } = await makeDraft(kind);
    found = now;
    expect(await openSteps()[step](postInput(deal, draft, { readAt: long() }))).toBe('changed');
    expect(await posted(deal)).toBe(0);
    found = 'same';
    // Nothing has left, so nothing has to be waited for.
    expect(await openSteps()[step](postInput(deal, draft, { readAt: long() }))).toBe('posted');
    expect(await posted(deal)).toBe(1);
  });

  it.each([
    ['for three seconds', { scheduledTimestampMs: Date.now() - 3_000 }],
    ['by its own clock, as it was tried before', { attempt: 2 }],
  ])('a step that stood in the queue %s compares even what was just read', async (_, info) => {
    const { deal, draft } = await makeDraft(kind);
    found = 'ended';
    const inQueue = new MockActivityEnvironment({ scheduledTimestampMs: Date.now(), ...info });
    expect(await inQueue.run(() => openSteps()[step](postInput(deal, draft)))).toBe('changed');
    expect(await posted(deal)).toBe(0);
  });

  it('a step that only stood in the queue asks Business Central for the posting and nothing else', async () => {
    const { deal, draft } = await makeDraft(kind);
    const { requests } = counter.simulators.businessCentral;
    const before = requests.length;
    const inQueue = new MockActivityEnvironment({ scheduledTimestampMs: Date.now() - 3_000 });
    expect(await inQueue.run(() => openSteps()[step](postInput(deal, draft)))).toBe('posted');
    expect(requests.slice(before).map(({ method }) => method)).toEqual(['POST']);
    expect(checked).toContain(deal.recordId);
  });

  it('what was recorded once and is replayed is not compared', async () => {
    const { deal, draft } = await makeDraft(kind);
    found = 'changed';
    expect(await openSteps()[step](postInput(deal, draft, { readAt: undefined }))).toBe('posted');
  });

  it('a second document under the key is seen where anything was uncertain', async () => {
    const { deal, draft } = await makeDraft(kind);
    await counter.books.copyUnderKey(kind, documentKey(deal.recordId));
    expect(await refusal(openSteps()[step](postInput(deal, draft, { mustLookUp: true })))).toBe('two-documents');
    expect(await posted(deal)).toBe(0);
  });
});

describe('a posting that is refused', () => {
  it('is refused with the same words each time: by these a hold knows that it is the same, and how old it is', async () => {
    const { deal, draft } = await makeDraft();
    await counter.books.setPostingPeriod('2001-01-01', '2001-12-31');
    const refused = () =>
      openSteps()
        .post(postInput(deal, draft))
        .catch((error: unknown) => (error as { readonly details?: unknown }).details);
    try {
      const first = await refused();
      expect(first).toMatchObject([{ reason: 'period-closed', text: expect.stringMatching(/allowed posting dates/) }]);
      expect(await refused()).toEqual(first);
    } finally {
      await counter.books.setPostingPeriod('0001-01-01', '0001-01-01');
    }
  });
});

describe('after the posting', () => {
  it('two invoices that stand under the key are told at once', async () => {
    const { deal, draft } = await makeDraft();
    await openSteps().post(postInput(deal, draft));
    await counter.books.copyUnderKey('invoice', documentKey(deal.recordId));
    const read = openSteps().readPosted({
      ...inputOf(deal, 'invoice'),
      table: deal.table,
      invoiceId: draft.id,
      isConfirmed: true,
    });
    expect(await refusal(read)).toBe('two-documents');
  });

  /** Posted by us and deleted since in Business Central, whose app may see what is posted unless nothing else is. */
  async function deletePosted({ isReported = false, showsOthers = true }) {
    const { deal, draft } = await makeDraft();
    await openSteps().post(postInput(deal, draft));
    const of = { ...inputOf(deal, 'invoice'), table: deal.table, invoiceId: draft.id };
    if (isReported) {
      await openSteps().readPosted({ ...of, isConfirmed: true });
      const { number: invoiceNumber } = await counter.ledger.getInvoice(draft.id);
      await counter.ledger.change(deal.recordId, { kind: 'state', state: 'written-back', invoiceNumber });
    }
    const { invoices } = counter.simulators.businessCentral.company;
    if (showsOthers) {
      const other = await makeDraft();
      await openSteps().post(postInput(other.deal, other.draft));
      await counter.books.payInvoice(other.draft.id);
    } else {
      invoices.clear();
    }
    invoices.delete(draft.id);
    return { ...of, isConfirmed: !isReported };
  }

  it('an invoice that was reported to Sales and deleted since is gone, and the deal goes on', async () => {
    const of = await deletePosted({ isReported: true });
    expect(await openSteps().readPosted(of)).toMatchObject({
      progress: { invoices: [{ id: of.invoiceId, isGone: true }] },
    });
  });

  it('an invoice that was deleted before it was read is gone, so that a person may end the deal and draft it anew', async () => {
    const of = await deletePosted({});
    const { companyId, recordId, invoiceId: draftId } = of;
    expect(await openSteps().readPosted(of)).toBe('gone');
    const deletion = { companyId, recordId, draftId, kind: 'invoice', evenIfEdited: true } as const;
    expect(await openSteps().deleteDraft(deletion)).toBe('deleted');
    expect(await counter.ledger.getRecord(recordId)).toMatchObject({
      isHandedOver: false,
      isClosed: false,
      draftVersion: 2,
    });
  });

  it.each([true, false])(
    'an invoice that is not found by an app that sees nothing posted is for IT, reported to Sales or not: %s',
    async (isReported) => {
      const of = await deletePosted({ isReported, showsOthers: false });
      expect(await refusal(openSteps().readPosted(of))).toBe('permission');
    },
  );

  it('the intent of a posting that was not sent says so', async () => {
    const { deal, draft } = await makeDraft();
    found = 'changed';
    await openSteps().post(postInput(deal, draft, { readAt: new Date(0).toISOString() }));
    const key = writeKey(deal.recordId, `post-${draft.id}`);
    expect(await counter.ledger.findOpenIntent(key, new Date())).toBeUndefined();
  });
});

describe('an order that is not found', () => {
  const progress = (recordId: string, orderId: string) =>
    openSteps().readOrderProgress({ companyId: counter.companyId, recordId, orderId });
  const reads = (from: number) =>
    counter.simulators.businessCentral.requests.slice(from).filter(({ path }) => path.includes('/salesOrders(')).length;

  it('is gone at the first look when its invoices have all that was ordered', async () => {
    const { draft, deal } = await makeDraft('order');
    await counter.books.postOrder(draft.id);
    const from = counter.simulators.businessCentral.requests.length;
    expect(await progress(deal.recordId, draft.id)).toBe('gone');
    expect(reads(from)).toBe(1);
  });

  it('is looked for twice when they have a part of it', async () => {
    const { draft, deal } = await makeDraft('order');
    await counter.books.postOrder(draft.id, [{ sequence: 10_000, ship: '1', invoice: '1' }]);
    fail('salesOrders\\(', { kind: 'not-found' });
    expect(await progress(deal.recordId, draft.id)).toMatchObject({ invoicedQuantity: '1' });
  });
});
