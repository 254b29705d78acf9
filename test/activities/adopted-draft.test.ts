import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { findRefusals } from '../../src/activities/remote/failures.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { DocumentKind, WonDeal } from '../../src/deal/deal.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';

/** A draft whose answer was lost is found again by a worker with another mapping, or of another revision. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const THEN = parseRules('writeInAccount: 8400');
const NOW = parseRules('writeInAccount: 8500');

const common = (rules: typeof THEN) => {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const patience = { ambiguityWindowMs: 60_000, goneCheckMs: 1 };
  return { businessCentral, companyId, ledger, clock: systemClock, rules, sets, ...patience };
};
const make = (kind: DocumentKind, rules: typeof THEN, { recordId, revision }: WonDeal) =>
  createDraftSteps(common(rules)).createDraft({
    ...counter.context,
    kind,
    recordId,
    revision,
    customerId: counter.customerId,
    draftVersion: 1,
  });

describe.each([
  ['invoice', 'salesInvoices'],
  ['order', 'salesOrders'],
] as const)('an adopted %s', (kind, set) => {
  it('is known to be of the mapping and the content that it was made of', async () => {
    const deal = await counter.win();
    counter.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: `${set}\\?` },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    await expect(make(kind, THEN, deal)).rejects.toThrow();
    const later = { ...deal, revision: 'W/"2"', name: 'Another name' };
    await counter.ledger.saveDeal(later, { mapping: 'later', companyId: counter.companyId });
    const adopted = await make(kind, NOW, later);
    expect(adopted?.made?.mapping).toBe(THEN.mappingHash);
    expect((await counter.ledger.getRecord(deal.recordId)).mappingHash).toBe(THEN.mappingHash);
    const fresh = await make(kind, NOW, await counter.win([['4', '10.00']], { name: 'Another name' }));
    expect(fresh?.made).toMatchObject({ mapping: NOW.mappingHash });
    // Asked once more it says the same, and the document itself has nothing of it.
    expect((await make(kind, NOW, later))?.made).toEqual(adopted?.made);
    const { rows } = await counter.database.query('SELECT content FROM documents WHERE document_id = $1', [
      adopted?.id,
    ]);
    expect(rows[0]).toHaveProperty('content.id', adopted?.id);
    expect(rows[0]).not.toHaveProperty('content.made');
  });
});

describe('a draft of rules that the rules of now refuse', () => {
  it.each(['invoice', 'order'] as const)('reads as an %s that differs, naming the line', async (kind) => {
    const deal = await counter.win();
    const draft = await make(kind, THEN, deal);
    const strict = parseRules('lineRules: [{ when: { number: "EQ-*" }, as: refuse }]');
    const { recordId, revision } = deal;
    const input = { ...counter.context, kind, recordId, revision, draftId: draft?.id ?? '' };
    expect(await createDraftSteps(common(strict)).readDraft(input)).toMatchObject({
      id: draft?.id,
      difference: 'line 1: a rule refuses such lines',
      differencePolicy: 'refuse',
    });
  });
});

describe('a draft that somebody changed in Business Central (I14)', () => {
  it.each([
    ['invoice', 'setInvoiceDiscount'],
    ['order', 'setOrderDiscount'],
  ] as const)('is deleted as an %s only when a person wants it gone', async (kind, setDiscount) => {
    const deal = await counter.win([['4', '10.00']], { headerDiscount: '5.00', totalLessFreight: '35.00' });
    const { recordId, revision } = deal;
    const steps = createDraftSteps(common(THEN));
    const { deleteDraft } = createDeletionSteps(common(THEN));
    const made = await make(kind, THEN, deal);
    if (!made) throw new Error('no draft');
    const of = { ...counter.context, kind, recordId, draftId: made.id };
    const discounted = await steps.setDiscount({ ...of, revision, etag: made.etag, discount: '0' });
    await counter.client[setDiscount](made.id, discounted?.etag ?? '', '1.00', REPEATABLE);
    const refused = await deleteDraft({ ...of, evenIfEdited: false }).catch((error: unknown) => error);
    expect(findRefusals(refused)).toEqual([{ reason: 'draft-edited', text: 'discount 1 instead of 5' }]);
    expect(await steps.readDraft({ ...of, revision })).toMatchObject({ id: made.id });
    // It was read since: still nobody has said that the change may go.
    await expect(deleteDraft({ ...of, evenIfEdited: false })).rejects.toThrow('draft-edited');
    await deleteDraft({ ...of, evenIfEdited: true });
    expect(await steps.readDraft({ ...of, revision })).toBeUndefined();
  });

  it('is deleted without a question when only we have written it', async () => {
    const deal = await counter.win();
    const made = await make('invoice', THEN, deal);
    const of = { ...counter.context, kind: 'invoice', recordId: deal.recordId, draftId: made?.id ?? '' } as const;
    await createDeletionSteps(common(THEN)).deleteDraft({ ...of, evenIfEdited: false });
    expect(await createDraftSteps(common(THEN)).readDraft({ ...of, revision: deal.revision })).toBeUndefined();
  });
});
