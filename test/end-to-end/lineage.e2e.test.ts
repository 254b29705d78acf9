import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { documentTail, findTail } from '../../src/deal/document-number.js';
import type { SourceTable } from '../../src/deal/ids.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { type HandOverResult, retryUpdate } from '../../src/workflows/deals/messages.js';
import { until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** One click in Sales accepts a quote, makes an order of it and wins the opportunity: three events, one deal (I1). */

let stage: Stage;
let seller: ReturnType<typeof createSeller>;
const taken = new Set<string>();

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/lineage.yaml' });
  seller = createSeller(stage.simulators);
});
afterAll(() => stage?.close());

interface Chain {
  readonly opportunity: string;
  readonly quote: string;
}

/** An opportunity with an active quote. */
async function offer(): Promise<Chain> {
  const { documents } = stage.simulators.data;
  const found = documents.find((other) => other.kind === 'opportunity' && other.state === 0 && !taken.has(other.id));
  if (!found) throw new Error('an open opportunity is needed');
  taken.add(found.id);
  const body = { OpportunityId: found.id, ColumnSet: { AllColumns: false, Columns: ['quoteid'] } };
  const answer = await seller.call('GenerateQuoteFromOpportunity', body);
  const { quoteid: quote } = (await answer.json()) as { quoteid: string };
  await seller.call(`quotes(${quote})`, { statecode: 1, statuscode: 2 }, 'PATCH');
  return { opportunity: found.id, quote };
}

async function order(quote: string): Promise<string> {
  const body = { QuoteId: quote, ColumnSet: { AllColumns: false, Columns: ['salesorderid'] } };
  const answer = await seller.call('ConvertQuoteToSalesOrder', body);
  return ((await answer.json()) as { salesorderid: string }).salesorderid;
}

/** The run of a record, and those that it made sure of. */
async function outcome(id: string): Promise<HandOverResult> {
  return (await stage.temporal.workflow.getHandle(id).result()) as HandOverResult;
}

function documentsOf(ids: readonly string[]): string[] {
  const tails = ids.map(documentTail);
  return [...stage.simulators.businessCentral.company.invoices.values()]
    .map((invoice) => findTail(String(invoice.row['externalDocumentNumber'])) ?? '')
    .filter((tail) => tails.includes(tail));
}

const arrivals: readonly (readonly SourceTable[])[] = [
  ['opportunity', 'quote', 'salesorder'],
  ['opportunity', 'salesorder', 'quote'],
  ['quote', 'opportunity', 'salesorder'],
  ['quote', 'salesorder', 'opportunity'],
  ['salesorder', 'opportunity', 'quote'],
  ['salesorder', 'quote', 'opportunity'],
];

describe('quote accepted, order created and opportunity won within one second', () => {
  for (const arrival of arrivals) {
    it(`heard of as ${arrival.join(', ')}: one document, of the order`, async () => {
      const { opportunity, quote } = await offer();
      const { registrations } = stage.simulators.dataverse.webhooks;
      const kept = registrations.splice(0);
      await seller.winQuote(quote);
      const salesorder = await order(quote);
      await seller.winOpportunity(opportunity);
      registrations.push(...kept);
      const ids = { opportunity, quote, salesorder };
      await Promise.all(arrival.map((table) => startDeal(stage, { table, recordId: ids[table] })));
      const outcomes = await Promise.all([opportunity, quote, salesorder].map(outcome));
      expect(outcomes.map((result) => result.outcome)).toEqual(['superseded', 'superseded', 'written-back']);
      expect(documentsOf([opportunity, quote, salesorder])).toEqual([documentTail(salesorder)]);
      expect((await stage.ledger.getRecord(opportunity)).carrierId).toBe(salesorder);
    });
  }

  const clicks: Readonly<Record<string, (chain: Chain) => Promise<string>>> = {
    'the opportunity first': async ({ opportunity, quote }) => {
      await seller.winOpportunity(opportunity);
      await seller.winQuote(quote);
      return order(quote);
    },
    'the opportunity between': async ({ opportunity, quote }) => {
      await seller.winQuote(quote);
      await seller.winOpportunity(opportunity);
      return order(quote);
    },
    'the opportunity last': async ({ opportunity, quote }) => {
      await seller.winQuote(quote);
      const made = await order(quote);
      await seller.winOpportunity(opportunity);
      return made;
    },
  };
  for (const [name, click] of Object.entries(clicks)) {
    it(`one webhook after the other, ${name}: one document, of the order`, async () => {
      const chain = await offer();
      const made = await click(chain);
      await stage.simulators.dataverse.webhooks.settle();
      const all = [chain.opportunity, chain.quote, made];
      const outcomes = await Promise.all(all.map(outcome));
      expect(outcomes.map((result) => result.outcome)).toEqual(['superseded', 'superseded', 'written-back']);
      expect(documentsOf(all)).toEqual([documentTail(made)]);
    });
  }

  it('two orders of one quote are two deals', async () => {
    const { opportunity, quote } = await offer();
    await seller.winQuote(quote);
    const orders = [await order(quote), await order(quote)];
    await stage.simulators.dataverse.webhooks.settle();
    for (const made of orders) expect((await outcome(made)).outcome).toBe('written-back');
    expect(documentsOf([opportunity, quote, ...orders]).sort()).toEqual(orders.map(documentTail).sort());
  });

  it('a quote whose draft was refused carries the deal of the order that was made of it meanwhile', async () => {
    const { quote } = await offer();
    const { faults } = stage.simulators.businessCentral;
    faults.add({
      match: { method: 'POST', path: '/salesInvoices' },
      times: 0,
      effect: { kind: 'status', status: 403, body: { error: { code: 'Authorization_Denied', message: 'no right' } } },
    });
    await seller.winQuote(quote);
    await until(async () => (await stage.ledger.findRecord(quote))?.holdReason === 'permission');
    const made = await order(quote);
    await stage.simulators.dataverse.webhooks.settle();
    await until(async () => (await stage.ledger.findRecord(made))?.state === 'already-handed-over');
    faults.clear();
    const held = stage.temporal.workflow.getHandle(quote);
    await until(async () => {
      // The conversion changed the quote, so that it may be looking again by itself.
      await held.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] }).catch(() => undefined);
      return (await held.describe()).status.name !== 'RUNNING';
    });
    expect((await outcome(quote)).outcome).toBe('written-back');
    expect(documentsOf([quote, made])).toEqual([documentTail(quote)]);
  });

  it('an order that becomes another after its quote was handed over is held: money that nobody would invoice (I12)', async () => {
    const { quote } = await offer();
    await seller.winQuote(quote);
    await stage.simulators.dataverse.webhooks.settle();
    expect((await outcome(quote)).outcome).toBe('written-back');
    const made = await order(quote);
    await stage.simulators.dataverse.webhooks.settle();
    expect(await outcome(made)).toMatchObject({ outcome: 'already-handed-over', carrier: quote });
    const { store } = stage.simulators.dataverse;
    const tellOfChange = () => {
      const revision = `W/"${String(store.find('salesorder', made)?.['versionnumber'])}"`;
      return startDeal(stage, { table: 'salesorder', recordId: made }, { at: 'dataverse', revision });
    };
    expect(await tellOfChange()).toEqual({ kind: 'known', state: 'already-handed-over' });
    const [line] = [...store.children('salesorderdetail', 'salesorderid', made)];
    await seller.call(
      `salesorderdetails(${String(line?.['salesorderdetailid'])})`,
      { ispriceoverridden: true, priceperunit: 4321 },
      'PATCH',
    );
    expect((await tellOfChange()).kind).toBe('started');
    await until(async () => (await stage.ledger.getRecord(made)).holdReason === 'handed-over-otherwise');
    expect(documentsOf([quote, made])).toEqual([documentTail(quote)]);
  });

  it('a quote that is won while its run is about to end as not won yet is handed over', async () => {
    const { quote } = await offer();
    await stage.simulators.dataverse.webhooks.settle();
    const { dataverse } = stage.simulators;
    const kept = dataverse.webhooks.registrations.splice(0);
    // The answer to the reading is under way, and says that the quote is active.
    dataverse.faults.add({
      match: { method: 'GET', path: `/quotes\\(${quote}` },
      effect: { kind: 'hold', when: 'after' },
    });
    await startDeal(stage, { table: 'quote', recordId: quote });
    await until(() => dataverse.faults.heldCount() === 1);
    await seller.winQuote(quote);
    const revision = String(dataverse.store.find('quote', quote)?.['versionnumber']);
    await startDeal(stage, { table: 'quote', recordId: quote }, { at: 'dataverse', revision: `W/"${revision}"` });
    dataverse.faults.releaseHolds();
    dataverse.webhooks.registrations.push(...kept);
    expect((await outcome(quote)).outcome).toBe('written-back');
    expect(documentsOf([quote])).toEqual([documentTail(quote)]);
  });
});
