import { randomUUID } from 'node:crypto';
import type { SimServer } from '@dealbridge/simulators/kernel/server.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isNumberOf } from '../../src/deal/document-number.js';
import { replayDeal } from '../../src/dispatch/replay-deal.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { runCli } from '../support/cli.js';
import { createCommand } from '../support/command.js';
import { createDealer, until } from '../support/deals.js';
import { ANN, BOB, confirmDeal } from '../support/decisions.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** Running a hand-over again: on a person's word, by a reset in the Web UI, or after a run that was ended from outside. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/person.yaml' });
  stage.simulators.dataverse.webhooks.registrations.length = 0;
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
});
afterAll(() => stage?.close());

const ref = (deal: SeedDocument) => ({ table: deal.kind, recordId: deal.id });
const handle = (deal: SeedDocument) => stage.temporal.workflow.getHandle(deal.id);
const confirm = (deal: SeedDocument) => confirmDeal(stage.temporal, deal.id);

async function startWaiting(): Promise<SeedDocument> {
  const deal = dealer.takeKnown();
  await startDeal(stage, ref(deal));
  await dealer.untilState(deal, 'awaiting-confirmation');
  return deal;
}

async function handOver(): Promise<SeedDocument> {
  const deal = await startWaiting();
  await confirm(deal);
  await dealer.result(deal);
  return deal;
}

/** Requests that changed something since then, on both sides. */
function countWrites(): () => number {
  const servers: readonly SimServer[] = [stage.simulators.dataverse, stage.simulators.businessCentral];
  const from = servers.map((server) => server.requests.length);
  return () =>
    servers.flatMap((server, index) => server.requests.slice(from[index])).filter(({ method }) => method !== 'GET')
      .length;
}

function expectOnce(deal: SeedDocument): void {
  expect(dealer.invoicesOf(deal).map((invoice) => invoice.isPosted)).toEqual([true]);
  expect(dealer.salesInvoicesOf(deal)).toHaveLength(1);
}

describe('a hand-over that a person runs again', () => {
  it('writes nothing when everything is there', async () => {
    const deal = await handOver();
    const writes = countWrites();
    expect((await replayDeal(stage, ref(deal), { actor: ANN })).kind).toBe('started');
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(writes()).toBe(0);
    expect(await stage.ledger.readAudit(deal.id)).toContainEqual(
      expect.objectContaining({
        actor: 'ann',
        action: 'replay',
        facts: expect.objectContaining({ state: 'written-back' }),
      }),
    );
  });

  it('begins a rejected deal again', async () => {
    const deal = await startWaiting();
    await handle(deal).executeUpdate('reject', { args: [{ by: 'ann', reason: 'wrong price' }] });
    await dealer.result(deal);
    expect((await startDeal(stage, ref(deal))).kind).toBe('known');
    await replayDeal(stage, ref(deal), { actor: BOB });
    await dealer.untilState(deal, 'awaiting-confirmation');
    await confirm(deal);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expectOnce(deal);
    await keepHistory(stage, deal.id, 'replayed-after-rejection');
  });

  it('hands over the record as it was, when that is wanted', async () => {
    const deal = await startWaiting();
    const then = await stage.ledger.getRecord(deal.id);
    await handle(deal).executeUpdate('reject', { args: [{ by: 'ann', reason: 'wait' }] });
    await dealer.result(deal);
    const [line] = stage.simulators.dataverse.store.children('salesorderdetail', 'salesorderid', deal.id);
    const change = { priceperunit: 77.77, ispriceoverridden: true };
    await seller.call(`salesorderdetails(${String(line?.['salesorderdetailid'])})`, change, 'PATCH');
    await replayDeal(stage, ref(deal), { actor: ANN, revision: String(then.revision) });
    await dealer.untilState(deal, 'awaiting-confirmation');
    expect(JSON.stringify(dealer.invoicesOf(deal)[0])).not.toContain('77.77');
    await confirm(deal);
    await dealer.result(deal);
    expectOnce(deal);
  });

  it('begins again while it waits for a person, and goes on with the draft that it had', async () => {
    const deal = await startWaiting();
    const [draft] = dealer.invoicesOf(deal);
    const { runId } = await handle(deal).describe();
    const writes = countWrites();
    expect((await replayDeal(stage, ref(deal), { actor: ANN })).kind).toBe('restarted');
    await until(async () => (await handle(deal).describe()).runId !== runId);
    await until(async () => (await dealer.status(deal)).state === 'awaiting-confirmation');
    expect(writes()).toBe(0);
    await confirm(deal);
    await dealer.result(deal);
    expectOnce(deal);
    expect(dealer.invoicesOf(deal)[0]?.row['id']).toBe(draft?.row['id']);
    await keepHistory(stage, deal.id, 'replayed-while-waiting', runId);
  });
});

describe('a quote that waits, and an order of it that it covers', () => {
  /** A won quote of an opportunity of the seed. */
  async function winQuote(): Promise<string> {
    const found = stage.simulators.data.documents.find((other) => other.kind === 'opportunity' && other.state === 0);
    if (!found) throw new Error('an open opportunity is needed');
    const body = { OpportunityId: found.id, ColumnSet: { AllColumns: false, Columns: ['quoteid'] } };
    const { quoteid } = (await (await seller.call('GenerateQuoteFromOpportunity', body)).json()) as { quoteid: string };
    await seller.call(`quotes(${quoteid})`, { statecode: 1, statuscode: 2 }, 'PATCH');
    await seller.winQuote(quoteid);
    return quoteid;
  }

  it('stay so when the quote is replayed (I1)', async () => {
    const quote = await winQuote();
    const stateOf = async (id: string) => (await stage.ledger.findRecord(id))?.state;
    await startDeal(stage, { table: 'quote', recordId: quote });
    await until(async () => (await stateOf(quote)) === 'awaiting-confirmation');
    const body = { QuoteId: quote, ColumnSet: { AllColumns: false, Columns: ['salesorderid'] } };
    const answer = await seller.call('ConvertQuoteToSalesOrder', body);
    const { salesorderid: order } = (await answer.json()) as { salesorderid: string };
    await startDeal(stage, { table: 'salesorder', recordId: order });
    await until(async () => (await stateOf(order)) === 'already-handed-over');
    const run = stage.temporal.workflow.getHandle(quote);
    const { runId } = await run.describe();
    await until(
      async () => (await replayDeal(stage, { table: 'quote', recordId: quote }, { actor: ANN })).kind === 'restarted',
    );
    await until(async () => (await run.describe()).runId !== runId);
    await until(async () => (await stateOf(quote)) === 'awaiting-confirmation');
    expect(await stateOf(order)).toBe('already-handed-over');
    const invoices = [...stage.simulators.businessCentral.company.invoices.values()];
    const ofLineage = ({ row }: (typeof invoices)[number]) =>
      [quote, order].some((id) => isNumberOf(String(row['externalDocumentNumber']), id));
    expect(invoices.filter(ofLineage)).toHaveLength(1);
  });
});

describe('dealbridge replay', () => {
  const dealbridge = createCommand(() => stage);

  it('shows what is there and what differs, and does nothing without --yes', async () => {
    const deal = await handOver();
    const [line] = stage.simulators.dataverse.store.children('salesorderdetail', 'salesorderid', deal.id);
    const change = { priceperunit: 88.88, ispriceoverridden: true };
    await seller.call(`salesorderdetails(${String(line?.['salesorderdetailid'])})`, change, 'PATCH');
    const { runId } = await handle(deal).describe();
    const shown = await dealbridge('replay', deal.id);
    expect(shown).toMatch(/state: written-back/);
    expect(shown).toMatch(/adopts: invoice .*, in Sales as \d+ \(open\)/);
    expect(shown).toMatch(/differs: lines\[1\]\.unitPrice: .* → 88\.88/);
    expect((await handle(deal).describe()).runId).toBe(runId);
  });

  it('runs the chosen ones again, in the name of who wants it', async () => {
    const deal = await startWaiting();
    await handle(deal).executeUpdate('reject', { args: [{ by: 'ann', reason: 'wait' }] });
    await dealer.result(deal);
    const said = await dealbridge(
      'replay',
      '--state',
      'rejected',
      '--limit',
      '1',
      '--yes',
      '--by',
      'bob',
      '--as-recorded',
    );
    expect(said).toContain(deal.id);
    expect(said).toContain('runs again');
    await dealer.untilState(deal, 'awaiting-confirmation');
    expect((await stage.ledger.readAudit(deal.id)).find(({ action }) => action === 'replay')?.actor).toBe('bob');
  });

  it('ends with 1 where a deal was left alone, and says when none fits', async () => {
    const recordId = randomUUID();
    await stage.ledger.register({ table: 'salesorder', recordId });
    const left = await runCli(['replay', recordId, '--mapping', 'then', '--yes'], stage.env);
    expect(left.stdout).toContain('left alone: it was never read, so there is no mapping of then');
    expect(left).toMatchObject({ code: 1, stdout: expect.stringContaining('0 of 1 run again') });
    const none = await runCli(['replay', '--state', 'superseded', '--yes'], stage.env);
    expect(none).toMatchObject({ code: 0, stdout: 'no deal fits\n' });
  });

  it('refuses a choice that is none', async () => {
    await expect(dealbridge('replay')).rejects.toThrow(/replay: expected a deal, or --state or --reason/);
    await expect(dealbridge('replay', '--state', 'posed', '--since', 'monday')).rejects.toThrow(
      /state: expected one of seen, .*since: expected a date such as 2026-03-31/,
    );
  });
});

describe('a run that is reset in the Web UI', () => {
  it('to each of its points makes nothing twice', async () => {
    const deal = await handOver();
    const { events } = await handle(deal).fetchHistory();
    const points = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes).map((e) => e.eventId);
    expect(points.length).toBeGreaterThan(5);
    const { runId } = await handle(deal).describe();
    const writes = countWrites();
    for (const point of points) {
      const reset = await stage.temporal.workflowService.resetWorkflowExecution({
        namespace: stage.temporal.options.namespace,
        workflowExecution: { workflowId: deal.id, runId },
        workflowTaskFinishEventId: point ?? null,
        reason: 'test',
        requestId: `reset-${String(point)}`,
      });
      await stage.temporal.workflow.getHandle(deal.id, reset.runId).result();
    }
    expect(writes()).toBe(0);
    expectOnce(deal);
    // As after a restore of Temporal from an older copy: the ledger's state counts, and nobody has confirmed twice.
    const confirmed = (await stage.ledger.readAudit(deal.id)).filter(({ action }) => action === 'confirm');
    expect(confirmed).toHaveLength(1);
    expect((await stage.ledger.getRecord(deal.id)).state).toBe('written-back');
  });
});

describe('a run that was ended from outside', () => {
  it('makes the draft anew when the record changed while nobody was there', async () => {
    const deal = await startWaiting();
    const [draft] = dealer.invoicesOf(deal);
    await handle(deal).terminate('test');
    await seller.call(`salesorders(${deal.id})`, { name: 'Another name' }, 'PATCH');
    await startDeal(stage, ref(deal));
    await until(() => dealer.invoicesOf(deal)[0]?.row['id'] !== draft?.row['id']);
    await until(async () => (await dealer.status(deal)).state === 'awaiting-confirmation');
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
    await confirm(deal);
    await dealer.result(deal);
    expectOnce(deal);
  });

  it('goes on with the draft that it had', async () => {
    const deal = await startWaiting();
    const [draft] = dealer.invoicesOf(deal);
    await handle(deal).terminate('test');
    const writes = countWrites();
    expect((await startDeal(stage, ref(deal))).kind).toBe('started');
    await until(async () => (await dealer.status(deal)).state === 'awaiting-confirmation');
    expect(writes()).toBe(0);
    await confirm(deal);
    await dealer.result(deal);
    expectOnce(deal);
    expect(dealer.invoicesOf(deal)[0]?.row['id']).toBe(draft?.row['id']);
  });
});
