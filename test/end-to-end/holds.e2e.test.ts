import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import type { DealStatus } from '../../src/workflows/deals/messages.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let bookkeeper: ReturnType<typeof createBookkeeper>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/strict.yaml' });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
  bookkeeper = createBookkeeper(stage.simulators);
});
afterAll(() => stage?.close());

const start = (deal: SeedDocument) => startDeal(stage, { table: 'salesorder', recordId: deal.id });

/** Waits until the deal is held; returns what the clerk sees. */
async function untilHeld(deal: SeedDocument): Promise<DealStatus> {
  await dealer.untilState(deal, 'held');
  return dealer.status(deal);
}

async function clear(deal: SeedDocument): Promise<void> {
  await stage.temporal.workflow.getHandle(deal.id).executeUpdate('retry', { args: [{ by: 'clerk' }] });
}

/** The run that was held is the run that settled. */
async function expectSettledBySameRun(deal: SeedDocument, runId: string): Promise<void> {
  expect((await dealer.result(deal)).outcome).toBe('written-back');
  expect((await stage.temporal.workflow.getHandle(deal.id).describe()).runId).toBe(runId);
  expect(dealer.invoicesOf(deal).map((invoice) => invoice.isPosted)).toEqual([true]);
  expect(dealer.salesInvoicesOf(deal)).toHaveLength(1);
}

async function runOf(deal: SeedDocument): Promise<string> {
  return (await stage.temporal.workflow.getHandle(deal.id).describe()).runId;
}

function productsOf(deal: SeedDocument) {
  return deal.lines.flatMap((line) => {
    const product = line.productIndex === undefined ? undefined : stage.simulators.data.products[line.productIndex];
    return product ? [product] : [];
  });
}

describe('a held deal that looks again', () => {
  it('hears what is said of its items in the meantime', async () => {
    const deal = dealer.takeKnown();
    const [product] = productsOf(deal);
    if (!product) throw new Error('a product line is needed');
    const { faults } = stage.simulators.businessCentral;
    await bookkeeper.blockItem(product.number, true);
    await start(deal);
    await untilHeld(deal);
    // What it finds is that the item is blocked; until that is answered the item is free.
    faults.add({ id: 'look', match: { method: 'GET', path: 'items\\?' }, effect: { kind: 'hold', when: 'after' } });
    await clear(deal);
    await until(() => faults.list().some(({ id, hit }) => id === 'look' && hit > 0));
    await bookkeeper.blockItem(product.number, false);
    await startDeal(stage, { table: 'salesorder', recordId: deal.id }, { at: 'masters' });
    faults.clear();
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(await stage.ledger.readAudit(deal.id)).toContainEqual(
      expect.objectContaining({
        actor: 'clerk',
        action: 'retry',
        facts: expect.objectContaining({ reasons: ['item-blocked'] }),
      }),
    );
    await keepHistory(stage, deal.id, 'woken-while-looking');
  });
});

describe('a hold names its reason and the next step, and the same run goes on when it is cleared', () => {
  it('products without an item and a blocked item are all named at once', async () => {
    const deal = dealer.takeKnown((other) => new Set(productsOf(other)).size >= 3);
    const [missing, alsoMissing, blocked] = [...new Set(productsOf(deal))];
    if (!missing || !alsoMissing || !blocked) throw new Error('three products are needed');
    await bookkeeper.deleteItem(missing.number);
    await bookkeeper.deleteItem(alsoMissing.number);
    await bookkeeper.blockItem(blocked.number, true);
    await start(deal);
    const held = await untilHeld(deal);
    expect(held.state).toBe('held');
    expect(held.problems.map(({ reason, text }) => `${reason}: ${text}`).sort()).toEqual(
      [
        `item-blocked: item ${blocked.number} is blocked`,
        `item-missing: no item ${missing.number}`,
        `item-missing: no item ${alsoMissing.number}`,
      ].sort(),
    );
    expect(held.problems.map((problem) => problem.owner)).toEqual(['master data', 'master data', 'master data']);
    expect(held.problems.find(({ reason }) => reason === 'item-missing')?.nextStep).toContain('Create the items');
    const runId = await runOf(deal);
    await bookkeeper.createItem(missing.number, missing.unit);
    await bookkeeper.createItem(alsoMissing.number, alsoMissing.unit);
    await bookkeeper.blockItem(blocked.number, false);
    await clear(deal);
    await expectSettledBySameRun(deal, runId);
  });

  it('a customer that is blocked', async () => {
    const deal = dealer.takeKnown();
    const { number } = dealer.account(deal);
    await bookkeeper.blockCustomer(number, 'All');
    await start(deal);
    const held = await untilHeld(deal);
    expect(held.problems.map((problem) => problem.reason)).toEqual(['customer-blocked']);
    expect(held.problems[0]?.owner).toBe('finance');
    const runId = await runOf(deal);
    await bookkeeper.blockCustomer(number, '_x0020_');
    await clear(deal);
    await expectSettledBySameRun(deal, runId);
  });

  it('a customer that is missing and may not be created', async () => {
    const deal = dealer.takeNew();
    await start(deal);
    const held = await untilHeld(deal);
    expect(held.problems).toMatchObject([
      { reason: 'customer-missing', text: `no customer ${dealer.account(deal).number}` },
    ]);
    expect(dealer.customersOf(deal)).toEqual([]);
  });

  it('a posting period that is closed: the draft waits unposted', async () => {
    const deal = dealer.takeKnown();
    await bookkeeper.setPostingPeriod('2001-01-01', '2001-12-31');
    await start(deal);
    const held = await untilHeld(deal);
    expect(held.problems.map((problem) => problem.reason)).toEqual(['period-closed']);
    expect(held.problems[0]?.nextStep).toContain('Open the posting period');
    expect(dealer.invoicesOf(deal).map((invoice) => invoice.isPosted)).toEqual([false]);
    const runId = await runOf(deal);
    await bookkeeper.setPostingPeriod('0001-01-01', '0001-01-01');
    await clear(deal);
    await expectSettledBySameRun(deal, runId);
    await keepHistory(stage, deal.id, 'period-closed-then-opened');
  });

  it('a total that does not agree: the cause is named, and a deal that was corrected in Sales gets a new draft', async () => {
    const deal = dealer.takeKnown((other) => other.lines.length === 1);
    const [line] = stage.simulators.dataverse.store.children('salesorderdetail', 'salesorderid', deal.id);
    const lineId = String(line?.['salesorderdetailid']);
    await seller.call(`salesorderdetails(${lineId})`, { tax: 1.5 }, 'PATCH');
    await start(deal);
    const held = await untilHeld(deal);
    expect(held.problems.map((problem) => problem.reason)).toEqual(['totals-differ']);
    expect(held.problems[0]?.text).toMatch(/^tax: 1\.50* in Sales, /);
    const runId = await runOf(deal);
    await seller.call(`salesorderdetails(${lineId})`, { tax: 0 }, 'PATCH');
    await clear(deal);
    await expectSettledBySameRun(deal, runId);
    await keepHistory(stage, deal.id, 'totals-differ-then-corrected');
  });

  it('retry is refused when nothing waits for it', async () => {
    const deal = dealer.takeKnown();
    await start(deal);
    await dealer.result(deal);
    await expect(clear(deal)).rejects.toThrow();
  });
});
