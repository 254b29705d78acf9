import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
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
  return { businessCentral, companyId, ledger, clock: systemClock, rules, ambiguityWindowMs: 60_000, sets };
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
