import type { BusinessCentralSim } from '@dealbridge/simulators/business-central/server.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { invoiceFeedWorkflowId } from '../../src/deal/business-central-feeds.js';
import { isNumberOf } from '../../src/deal/document-number.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { runCli } from '../support/cli.js';
import { createDealer, until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** Deals in dollars go to a company in another environment, all others to the default one; nothing crosses. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let home: BusinessCentralSim;
let abroad: BusinessCentralSim;

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/companies.yaml',
    feeds: true,
    abroad: { environment: 'US', companyName: 'Nordwerk Inc.' },
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
  home = stage.simulators.businessCentral;
  if (!stage.simulators.abroad) throw new Error('there is no second Business Central');
  abroad = stage.simulators.abroad;
});
afterAll(() => stage?.close());

const documentsOf = ({ company }: BusinessCentralSim, deal: SeedDocument) =>
  [...company.invoices.values()].filter(({ row }) => isNumberOf(String(row['externalDocumentNumber']), deal.id));

const takeIn = (currency: string) =>
  dealer.takeKnown((deal) => stage.simulators.data.accounts[deal.accountIndex]?.currency === currency);

async function pay({ company, origin }: BusinessCentralSim, deal: SeedDocument): Promise<void> {
  const [invoice] = [...company.invoices.values()].filter(({ row }) =>
    isNumberOf(String(row['externalDocumentNumber']), deal.id),
  );
  const response = await fetch(`${origin}/_sim/invoices/pay`, {
    method: 'POST',
    body: JSON.stringify({ id: invoice?.row['id'] }),
  });
  expect(response.status).toBe(200);
}

describe('the company of a deal', () => {
  it('is the one that the rules name, with documents, customers and news of its own', async () => {
    const dollars = takeIn('USD');
    const euros = takeIn('EUR');
    for (const deal of [dollars, euros]) await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    expect((await dealer.result(dollars)).outcome).toBe('written-back');
    expect((await dealer.result(euros)).outcome).toBe('written-back');

    expect(documentsOf(abroad, dollars).map(({ isPosted }) => isPosted)).toEqual([true]);
    expect(documentsOf(home, dollars)).toEqual([]);
    expect(documentsOf(home, euros).map(({ isPosted }) => isPosted)).toEqual([true]);
    expect(documentsOf(abroad, euros)).toEqual([]);
    expect((await stage.ledger.getRecord(dollars.id)).companyId).toBe(abroad.company.id);
    expect((await stage.ledger.getRecord(euros.id)).companyId).toBe(home.company.id);
    expect(dealer.salesInvoicesOf(dollars)).toHaveLength(1);
    expect(dealer.salesInvoicesOf(euros)).toHaveLength(1);

    const accountId = dealer.account(dollars).id;
    expect((await stage.ledger.findLinks('customer', abroad.company.id, [accountId])).size).toBe(1);
    expect((await stage.ledger.findLinks('customer', home.company.id, [accountId])).size).toBe(0);

    // Each company has a loop of its own that hears of payments.
    await pay(abroad, dollars);
    await pay(home, euros);
    for (const deal of [dollars, euros]) {
      await until(async () => {
        const [row] = dealer.salesInvoicesOf(deal);
        return row?.['statecode'] === 2;
      });
    }
    for (const { company } of [home, abroad]) {
      const { status } = await stage.temporal.workflow.getHandle(invoiceFeedWorkflowId(company.id)).describe();
      expect(status.name).toBe('RUNNING');
    }
  });

  it('is another one when the deal changes while its draft waits: the draft is deleted here and made there', async () => {
    const deal = dealer.takeKnown(
      (other) => other.lines.length === 1 && stage.simulators.data.accounts[other.accountIndex]?.currency === 'EUR',
    );
    const [line] = stage.simulators.dataverse.store.children('salesorderdetail', 'salesorderid', deal.id);
    const lineId = String(line?.['salesorderdetailid']);
    await seller.call(`salesorderdetails(${lineId})`, { tax: 1.5 }, 'PATCH');
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    expect(documentsOf(home, deal).map(({ isPosted }) => isPosted)).toEqual([false]);

    await seller.call(`salesorderdetails(${lineId})`, { tax: 0 }, 'PATCH');
    await seller.call(`salesorders(${deal.id})`, { description: 'for the branch abroad' }, 'PATCH');
    await stage.temporal.workflow.getHandle(deal.id).executeUpdate('retry', { args: [{ by: 'ann' }] });
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(documentsOf(home, deal)).toEqual([]);
    expect(documentsOf(abroad, deal).map(({ isPosted }) => isPosted)).toEqual([true]);
    expect(dealer.salesInvoicesOf(deal)).toHaveLength(1);
  });

  it('holds the deal when the company is not there, with the names of those that are', async () => {
    const pounds = takeIn('GBP');
    await startDeal(stage, { table: 'salesorder', recordId: pounds.id });
    await dealer.untilState(pounds, 'held');
    const { holdReason, holdText } = await stage.ledger.getRecord(pounds.id);
    expect(holdReason).toBe('company-unknown');
    expect(holdText).toContain("'Nordwerk Nowhere' is none of 'Nordwerk Inc.'");
  });

  it('is known to a preview, and to a worker that is started again', async () => {
    const dollars = takeIn('USD');
    const before = abroad.requests.length;
    const preview = await runCli(['preview', 'salesorder', dollars.id], stage.env);
    expect(preview).toMatchObject({ code: 0, stderr: '' });
    expect(abroad.requests.slice(before).some(({ path }) => path.includes('/customers'))).toBe(true);
    await stage.killWorker();
    await stage.startWorker();
    await startDeal(stage, { table: 'salesorder', recordId: dollars.id });
    expect((await dealer.result(dollars)).outcome).toBe('written-back');
    expect(documentsOf(abroad, dollars)).toHaveLength(1);
    expect(documentsOf(home, dollars)).toEqual([]);
  });
});
