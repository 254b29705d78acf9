import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind, WonDeal } from '../../src/deal/deal.js';
import { documentKey, documentTail } from '../../src/deal/document-number.js';
import { matchInvoicesToDeals } from '../../src/ledger/feeds/invoice-feed.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';

/** A document has the number that its record had in Sales, and is found whatever the record is called by then (I1, I3). */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterEach(async () => {
  counter.simulators.businessCentral.faults.clear();
  await counter.database.query('DELETE FROM ledger_restores');
});
afterAll(() => counter?.close());

function steps(rules = '') {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = {
    businessCentral,
    companyId,
    ledger,
    clock: systemClock,
    ambiguityWindowMs: 0,
    goneCheckMs: 1,
    sets,
  };
  return createDraftSteps({ ...company, rules: parseRules(rules) });
}

const inputOf = ({ recordId, revision }: WonDeal, kind: DocumentKind, draftVersion = 1) => ({
  ...counter.context,
  kind,
  recordId,
  revision,
  customerId: counter.customerId,
  draftVersion,
});

const win = (more: Partial<WonDeal> = {}) => counter.win([['4', '10.00']], { number: 'ORD-01000-A1', ...more });

/** Somebody gives the record another number in Sales, and it is read again. */
async function rename(deal: WonDeal, number: string): Promise<WonDeal> {
  const renamed = { ...deal, number, revision: `W/"${number}"` };
  await counter.ledger.saveDeal(renamed, { mapping: 'default', companyId: counter.companyId });
  return renamed;
}

/** The ledger is older than what was done: it knows neither the deal nor that anything was asked. */
async function goBack({ recordId }: WonDeal): Promise<void> {
  for (const table of ['source_records', 'claims', 'write_intents', 'documents', 'deal_revisions', 'deal_summaries'])
    await counter.database.query(`DELETE FROM ${table} WHERE record_id = $1`, [recordId]);
  await counter.database.query("INSERT INTO ledger_restores (recorded_by) VALUES ('test')");
}

describe.each(['invoice', 'order'] as const)('the number of an %s', (kind) => {
  const all = (deal: WonDeal) => {
    const { client } = counter;
    return kind === 'invoice' ? client.findInvoices(deal.recordId) : client.findOrders(deal.recordId);
  };
  const set = kind === 'invoice' ? 'salesInvoices' : 'salesOrders';
  const loseAnswer = () =>
    counter.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: set },
      effect: { kind: 'lose-answer', when: 'after' },
    });

  it('is that of the record, with the tail', async () => {
    const deal = await win();
    await steps().createDraft(inputOf(deal, kind));
    expect(await all(deal)).toMatchObject([{ externalDocumentNumber: `ORD-01000-A1-${documentTail(deal.recordId)}` }]);
  });

  it('is the bare key where the rules say so', async () => {
    const deal = await win();
    await steps('externalDocumentNumber: key').createDraft(inputOf(deal, kind));
    expect(await all(deal)).toMatchObject([{ externalDocumentNumber: documentKey(deal.recordId) }]);
  });

  it('is found when the answer was lost and the record renamed before the look-up', async () => {
    const deal = await win();
    loseAnswer();
    await expect(steps().createDraft(inputOf(deal, kind))).rejects.toThrow();
    const renamed = await rename(deal, 'ORD-09999-Z9');
    const [made] = await all(deal);
    expect(await steps().createDraft(inputOf(renamed, kind))).toMatchObject({ id: made?.id });
    expect(await all(deal)).toHaveLength(1);
  });

  it('stays for the next draft of a renamed record, also by other rules', async () => {
    const deal = await win();
    const first = await steps().createDraft(inputOf(deal, kind));
    const [made] = await all(deal);
    const { client } = counter;
    const erase = kind === 'invoice' ? client.deleteInvoice : client.deleteOrder;
    await erase(first?.id ?? '', made?.etag ?? '', { beforeSending: async () => undefined });
    await counter.ledger.change(deal.recordId, { kind: 'draft-gone' });
    const renamed = await rename(deal, 'ORD-09999-Z9');
    const next = await steps('externalDocumentNumber: key').createDraft(inputOf(renamed, kind, 2));
    expect(next?.id).not.toBe(first?.id);
    expect(await all(deal)).toMatchObject([{ externalDocumentNumber: `ORD-01000-A1-${documentTail(deal.recordId)}` }]);
  });

  it.each(['readable', 'key'] as const)(
    'is found in the %s form by a ledger that went back, though renamed',
    async (form) => {
      const deal = await win();
      const draft = await steps(`externalDocumentNumber: ${form}`).createDraft(inputOf(deal, kind));
      await goBack(deal);
      const again = await win({ ...deal, number: 'ORD-09999-Z9' });
      // And the rules have been turned over as well.
      const other = form === 'key' ? 'readable' : 'key';
      const found = await steps(`externalDocumentNumber: ${other}`).createDraft(inputOf(again, kind));
      expect(found).toMatchObject({ id: draft?.id });
      expect(await all(deal)).toHaveLength(1);
    },
  );
});

it('a deal is known by the tail of an invoice alone, in both forms', async () => {
  const deal = await win();
  expect(await counter.client.findInvoices(randomUUID())).toEqual([]);
  for (const externalDocumentNumber of [`ANY-${documentTail(deal.recordId)}`, documentKey(deal.recordId)]) {
    await counter.books.copyUnderKey('invoice', externalDocumentNumber);
  }
  const found = await counter.client.findInvoices(deal.recordId);
  expect(found).toHaveLength(2);
  const matched = await matchInvoicesToDeals(counter.database, found);
  expect(matched.map((one) => one.deal?.recordId)).toEqual([deal.recordId, deal.recordId]);
});
