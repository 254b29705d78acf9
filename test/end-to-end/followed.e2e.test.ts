import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createDealer, until } from '../support/deals.js';
import { createMasterDataEditor } from '../support/master-data.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

let stage: Stage;
let masterData: ReturnType<typeof createMasterDataEditor>;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;

beforeAll(async () => {
  const rules = 'test/rules/followed.yaml';
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules, feeds: true });
  masterData = createMasterDataEditor(stage);
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
});
afterAll(() => stage?.close());

const start = (deal: SeedDocument) => startDeal(stage, { table: 'salesorder', recordId: deal.id });

describe('what a seller changes in Sales', () => {
  it('reaches the customer by the feed, and the deal that waits for a customer goes on by itself', async () => {
    const deal = dealer.takeNew();
    const account = dealer.account(deal);
    await start(deal);
    await dealer.untilState(deal, 'held');
    expect((await stage.ledger.getRecord(deal.id)).holdReason).toBe('customer-missing');
    await seller.call(`accounts(${account.id})`, { telephone1: '+49 421 33' }, 'PATCH');
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.customersOf(deal)).toMatchObject([{ phoneNumber: '+49 421 33' }]);
    await seller.call(`accounts(${account.id})`, { telephone1: '+49 421 34' }, 'PATCH');
    await until(() => masterData.customer(account.number)['phoneNumber'] === '+49 421 34');
  });

  it('a product that was retired blocks its item', async () => {
    const product = stage.simulators.data.products.find((one) => one.isInBusinessCentral && one.isActive);
    if (!product) throw new Error('no product');
    await masterData.link('item', product.id, product.number);
    await seller.call(`products(${product.id})`, { statecode: 1, statuscode: 2 }, 'PATCH');
    await until(() => masterData.item(product.number)['blocked'] === true);
    await seller.call(`products(${product.id})`, { statecode: 0, statuscode: 1 }, 'PATCH');
    await until(() => masterData.item(product.number)['blocked'] === false);
  });

  it('a nightly comparison is scheduled', async () => {
    await until(async () => {
      const description = await stage.temporal.schedule
        .getHandle('drift')
        .describe()
        .catch(() => undefined);
      return description?.spec.calendars?.[0]?.hour?.[0]?.start === 4;
    });
  });
});

describe('the bill of an account with a parent', () => {
  it('goes to the customer of the parent, and waits until the parent has one', async () => {
    const deal = dealer.takeKnown();
    const account = dealer.account(deal);
    const parent = stage.simulators.data.accounts.filter((one) => !one.isInBusinessCentral).at(-1);
    const known = stage.simulators.data.accounts.filter((one) => one.isInBusinessCentral).at(-1);
    if (!parent || !known) throw new Error('the seed is too small');
    masterData.changeSales('account', account.id, { parentaccountid: parent.id });
    await start(deal);
    // The change of the account may make it look again while it is held.
    await until(async () => {
      const [problem] = (await dealer.status(deal)).problems;
      return problem?.reason === 'customer-missing' && problem.text.includes(parent.name);
    });
    await masterData.link('customer', parent.id, known.number);
    // The change of the account may have ended the hold before the clerk does: then nothing waits for a retry.
    await until(async () => {
      const retried = stage.temporal.workflow.getHandle(deal.id).executeUpdate('retry', { args: [{ by: 'clerk' }] });
      return retried.then(
        () => true,
        async () => (await dealer.status(deal)).state === 'written-back',
      );
    });
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.invoicesOf(deal)[0]?.row).toMatchObject({
      customerNumber: account.number,
      billToCustomerNumber: known.number,
    });
  });
});
