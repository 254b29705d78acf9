import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountWorkflowId, productWorkflowId } from '../../src/deal/ids.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createPayloadCodec } from '../../src/secrets/payload-codec.js';
import { createAgreement } from '../support/agreement.js';
import { createDealer, until } from '../support/deals.js';
import { keepHistory, openPayloads } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';

let stage: Stage;
let agreement: ReturnType<typeof createAgreement>;
let masterData: ReturnType<typeof createAgreement>['masterData'];

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/masters.yaml' });
  agreement = createAgreement(stage);
  masterData = agreement.masterData;
});
afterAll(() => stage?.close());

describe('an account and its customer', () => {
  it('a new account becomes a customer with its contacts, once', async () => {
    const account = agreement.takeAccount(false);
    await agreement.sync(account.id);
    const customer = masterData.customer(account.number);
    expect(customer).toMatchObject({ displayName: account.name, city: account.city, currencyCode: account.currency });
    const contacts = (): Record<string, unknown>[] => masterData.contactsOf(agreement.companyNumberOf(account.number));
    expect(
      contacts()
        .map((row) => row['displayName'])
        .sort(),
    ).toEqual(account.contacts.map((one) => `${one.firstName} ${one.lastName}`).sort());
    await agreement.sync(account.id, true);
    expect(contacts()).toHaveLength(account.contacts.length);
  });

  it('a customer whose answer was lost is found, not created again', async () => {
    const account = agreement.takeAccount(false);
    stage.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: '/customers' },
      effect: { kind: 'lose-answer', when: 'after' },
      times: 1,
    });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['displayName']).toBe(account.name);
    const created = (await stage.ledger.readAudit(account.id)).find(
      ({ action }) => action === 'create customer in Business Central',
    );
    expect(created?.facts).toMatchObject({ adopted: true });
  });

  it('only what differs is written, and the part of the audit trail that stays holds no data of the customer', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, { telephone1: '+49 421 99', address1_city: 'Bremen-Nord' });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)).toMatchObject({
      phoneNumber: '+49 421 99',
      city: 'Bremen-Nord',
    });
    const audit = await stage.ledger.readAudit(account.id);
    const last = audit.filter(({ action }) => action === 'change customer in Business Central').at(-1);
    expect([...((last?.facts?.['fields'] ?? []) as string[])].sort()).toEqual(['city', 'phoneNumber']);
    expect(last?.personal).toMatchObject({ after: { phoneNumber: '+49 421 99', city: 'Bremen-Nord' } });
    // The other part can be erased, this one cannot.
    const kept = JSON.stringify(audit.map(({ facts, before, after }) => ({ facts, before, after })));
    expect(kept).not.toContain('+49 421 99');
    expect(kept).not.toContain('Bremen-Nord');
    expect(kept).not.toContain(account.city);
    expect(last?.requestId).toBeTruthy();
  });

  it('names, numbers and addresses are in no history of Temporal (I7)', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, { name: 'Secretive Traders', telephone1: '+49 421 44' });
    await agreement.sync(account.id);
    const history = await stage.temporal.workflow.getHandle(accountWorkflowId(account.id)).fetchHistory();
    const opened = JSON.stringify(
      await openPayloads(createPayloadCodec(stage.ring), JSON.parse(historyToJSON(history))),
    );
    const text = opened.replaceAll(/"data":"([^"]*)"/g, (_all, data: string) => Buffer.from(data, 'base64').toString());
    expect(text).toContain(account.id);
    for (const word of ['Secretive', '+49 421 44', account.city, account.email]) expect(text).not.toContain(word);
    await keepHistory(stage, accountWorkflowId(account.id), 'account-changed');
  });

  it('a change whose answer was lost is found by reading, and stands in the audit trail once', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, { telephone1: '+49 421 77' });
    stage.simulators.businessCentral.faults.add({
      match: { method: 'PATCH', path: '/customers' },
      effect: { kind: 'lose-answer', when: 'after' },
      times: 1,
    });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['phoneNumber']).toBe('+49 421 77');
    const changes = (await agreement.actionsOf(account.id)).filter(
      (action) => action === 'change customer in Business Central',
    );
    expect(changes).toHaveLength(1);
  });

  it('what was brought over before costs Business Central nothing', async () => {
    const account = await agreement.takeKnown();
    const before = agreement.requestsTo(/customers/);
    await agreement.sync(account.id);
    expect(agreement.requestsTo(/customers/)).toBe(before);
  });

  it('many changes of one moment are one write', async () => {
    const account = await agreement.takeKnown();
    for (let index = 1; index <= 20; index += 1) {
      masterData.changeSales('account', account.id, { telephone1: `+49 421 ${index}` });
      await agreement.follow.followAccount('account', account.id, {});
    }
    await masterData.untilEnded(accountWorkflowId(account.id));
    await until(() => masterData.customer(account.number)['phoneNumber'] === '+49 421 20');
    const changes = (await agreement.actionsOf(account.id)).filter(
      (action) => action === 'change customer in Business Central',
    );
    expect(changes.length).toBeLessThan(4);
  });

  it('a field that Business Central wins goes to Sales; of the newest field the later one stands', async () => {
    const account = await agreement.takeKnown();
    masterData.changeBusinessCentral('customers', account.number, {
      website: 'https://erp.example',
      email: 'erp@example.com',
    });
    masterData.changeSales('account', account.id, { telephone1: '+49 421 55' });
    await agreement.sync(account.id, true);
    expect(masterData.salesRow('account', account.id)['websiteurl']).toBe('https://erp.example');
    expect(masterData.customer(account.number)['phoneNumber']).toBe('+49 421 55');
    expect(await agreement.actionsOf(account.id)).toContain('change account in Sales');
  });

  it('a field that both sides changed is left to a person, and the rest is brought over', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, { address1_line1: 'Sales 1', telephone1: '+49 421 66' });
    masterData.changeBusinessCentral('customers', account.number, { addressLine1: 'Central 1' });
    await agreement.follow.followAccount('account', account.id, {});
    expect(await masterData.untilProblem(account.id, 'master-conflict')).toContain('addressLine1');
    expect(masterData.customer(account.number)).toMatchObject({
      addressLine1: 'Central 1',
      phoneNumber: '+49 421 66',
    });
    masterData.changeBusinessCentral('customers', account.number, { addressLine1: 'Sales 1' });
    await stage.temporal.workflow.getHandle(accountWorkflowId(account.id)).signal('retry');
    await masterData.untilEnded(accountWorkflowId(account.id));
    await keepHistory(stage, accountWorkflowId(account.id), 'account-in-conflict-then-retried');
  });

  it('a value that does not fit stops the row with a reason; the run goes on when it is corrected', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, {
      address1_city: 'B'.repeat(31),
      telephone1: '+49 421 88',
    });
    await agreement.follow.followAccount('account', account.id, {});
    await masterData.untilProblem(account.id, 'value-too-long');
    expect(masterData.customer(account.number)['phoneNumber']).not.toBe('+49 421 88');
    masterData.changeSales('account', account.id, { address1_city: 'Bremen' });
    await agreement.follow.followAccount('account', account.id, {});
    await masterData.untilEnded(accountWorkflowId(account.id));
    expect(masterData.customer(account.number)).toMatchObject({ city: 'Bremen', phoneNumber: '+49 421 88' });
  });

  it('what Business Central would refuse is a problem of the account, not a failure of its run', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, { telephone1: 'ask for Ann' });
    await agreement.follow.followAccount('account', account.id, {});
    expect(await masterData.untilProblem(account.id, 'value-refused')).toContain('has letters');
    masterData.changeSales('account', account.id, { telephone1: '+49 421 11' });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['phoneNumber']).toBe('+49 421 11');
  });

  it('another account number renames the customer, where the rules say so; a taken number is a problem', async () => {
    const account = await agreement.takeKnown();
    const taken = agreement.takeAccount(true);
    masterData.changeSales('account', account.id, { accountnumber: 'N-77' });
    await agreement.sync(account.id);
    expect(masterData.customer('N-77')['displayName']).toBe(account.name);
    masterData.changeSales('account', account.id, { accountnumber: taken.number });
    await agreement.follow.followAccount('account', account.id, {});
    await masterData.untilProblem(account.id, 'number-taken');
    masterData.changeSales('account', account.id, { accountnumber: 'N-77' });
    await agreement.sync(account.id);
  });
});

describe('accounts that come and go', () => {
  it('a deactivated account blocks its customer, and only our block is taken back', async () => {
    const account = await agreement.takeKnown();
    masterData.changeSales('account', account.id, { statecode: 1, statuscode: 2 });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['blocked']).toBe('All');
    masterData.changeSales('account', account.id, { statecode: 0, statuscode: 1 });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['blocked']).toBe('_x0020_');

    masterData.changeBusinessCentral('customers', account.number, { blocked: 'All' });
    masterData.changeSales('account', account.id, { statecode: 1, statuscode: 2 });
    await agreement.sync(account.id);
    masterData.changeSales('account', account.id, { statecode: 0, statuscode: 1 });
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['blocked']).toBe('All');
  });

  it('the link of an account that lost a merge moves to the survivor', async () => {
    const loser = await agreement.takeKnown();
    const survivor = agreement.takeAccount(false);
    const merged = { merged: true, masterid: survivor.id, statecode: 1, statuscode: 2 };
    masterData.changeSales('account', loser.id, merged);
    await agreement.sync(loser.id);
    await masterData.untilEnded(accountWorkflowId(survivor.id));
    await keepHistory(stage, accountWorkflowId(loser.id), 'accounts-merged');
    const { id } = stage.simulators.businessCentral.company;
    const links = await stage.ledger.findLinks('customer', id, [loser.id, survivor.id]);
    expect([...links.keys()]).toEqual([survivor.id]);
    // The customer takes the name and, by the rule, the number of the survivor.
    expect(masterData.customer(survivor.number)).toMatchObject({
      displayName: survivor.name,
      blocked: '_x0020_',
    });
  });

  it('when both accounts of a merge have a customer, a person decides', async () => {
    const loser = await agreement.takeKnown();
    const survivor = await agreement.takeKnown();
    masterData.changeSales('account', loser.id, {
      merged: true,
      masterid: survivor.id,
      statecode: 1,
      statuscode: 2,
    });
    await agreement.follow.followAccount('account', loser.id, {});
    await masterData.untilProblem(loser.id, 'accounts-merged');
    expect(masterData.customer(loser.number)['blocked']).toBe('_x0020_');
  });

  it('a deleted account leaves its customer, blocked, with its link', async () => {
    const account = await agreement.takeKnown();
    const { store } = stage.simulators.dataverse;
    const row = store.find('account', account.id);
    if (row) store.remove(store.schema.table('account'), row);
    await agreement.sync(account.id);
    expect(masterData.customer(account.number)['blocked']).toBe('All');
    const links = await stage.ledger.findLinks('customer', stage.simulators.businessCentral.company.id, [account.id]);
    expect(links.has(account.id)).toBe(true);
  });

  it('a customer that was deleted in Business Central is a problem, and is not made again', async () => {
    const account = await agreement.takeKnown();
    const { company } = stage.simulators.businessCentral;
    const row = company.findByNumber('customers', account.number);
    if (row) company.remove('customers', row);
    await agreement.follow.followAccount('account', account.id, { isThorough: true });
    await masterData.untilProblem(account.id, 'customer-gone');
    expect(company.findByNumber('customers', account.number)).toBeUndefined();
  });
});

describe('two accounts with one number', () => {
  it('the order of the second is held and names both, and goes to its own customer when the number is corrected', async () => {
    const dealer = createDealer(stage);
    const isPlain = (deal: SeedDocument): boolean =>
      deal.accountIndex > 150 &&
      deal.freight === '0' &&
      deal.lines.every(
        ({ productIndex }) =>
          stage.simulators.data.products[productIndex ?? -1]?.number.startsWith('EQ-1003') === false,
      );
    const known = dealer.takeKnown(isPlain);
    const first = dealer.account(known);
    await startDeal(stage, { table: 'salesorder', recordId: known.id });
    expect((await dealer.result(known)).outcome).toBe('written-back');

    const deal = dealer.takeKnown((other) => isPlain(other) && other.accountIndex !== known.accountIndex);
    const second = dealer.account(deal);
    masterData.changeSales('account', second.id, { accountnumber: ` ${first.number.toLowerCase()}` });
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    const { problems } = await dealer.status(deal);
    expect(problems.map(({ reason }) => reason)).toEqual(['customer-ambiguous']);
    expect(problems[0]?.text).toContain(first.id);
    expect(problems[0]?.text).toContain(second.id);
    expect(dealer.invoicesOf(deal)).toEqual([]);

    masterData.changeSales('account', second.id, { accountnumber: second.number });
    await stage.temporal.workflow.getHandle(deal.id).executeUpdate('retry', { args: [{ by: 'ann' }] });
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.invoicesOf(deal).map(({ row }) => row['customerNumber'])).toEqual([second.number]);
  });
});

describe('a product and its item', () => {
  const products = () => stage.simulators.data.products;

  it('a product without an item gets one from the template, without a price', async () => {
    const product = products().find((one) => !one.isInBusinessCentral && one.isActive);
    if (!product) throw new Error('no such product');
    await agreement.syncProduct(product.id);
    expect(masterData.item(product.number)).toMatchObject({
      displayName: product.name,
      baseUnitOfMeasureCode: product.unit,
      unitPrice: '0',
    });
    await keepHistory(stage, productWorkflowId(product.id), 'item-created');
  });

  it('the table of the rules leads to another item', async () => {
    const product = products().find((one) => one.number === 'EQ-1003');
    if (!product) throw new Error('no EQ-1003');
    await agreement.syncProduct(product.id);
    const links = await stage.ledger.findLinks('item', stage.simulators.businessCentral.company.id, [product.id]);
    expect(links.get(product.id)?.bcNumber).toBe('EQ-1004');
  });

  it('a retired product blocks its item; sold again, the deal that was held for it goes on', async () => {
    const dealer = createDealer(stage);
    const fits = (deal: SeedDocument): boolean =>
      deal.accountIndex > 200 &&
      deal.freight === '0' &&
      deal.lines.every(
        ({ productIndex }) => productIndex !== undefined && products()[productIndex]?.number !== 'EQ-1003',
      );
    const deal = dealer.takeKnown(fits);
    const product = products()[deal.lines[0]?.productIndex ?? -1];
    if (!product) throw new Error('no product');
    await agreement.syncProduct(product.id);
    masterData.changeSales('product', product.id, { statecode: 1, statuscode: 2 });
    await agreement.syncProduct(product.id);
    expect(masterData.item(product.number)['blocked']).toBe(true);
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    expect((await dealer.status(deal)).problems.map(({ reason }) => reason)).toEqual(['item-blocked']);
    masterData.changeSales('product', product.id, { statecode: 0, statuscode: 1 });
    await agreement.syncProduct(product.id);
    expect(masterData.item(product.number)['blocked']).toBe(false);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
  });

  it('a unit that Business Central lacks is reported', async () => {
    const product = products().find((one) => one.isInBusinessCentral && one.isActive && one.number !== 'EQ-1003');
    if (!product) throw new Error('no product');
    const { store } = stage.simulators.dataverse;
    const unit = store.insert(store.schema.table('uom'), { name: 'CRATE', quantity: '1' });
    masterData.changeSales('product', product.id, { defaultuomid: unit['uomid'] });
    await agreement.follow.followProduct(product.id, { isThorough: true });
    expect(await masterData.untilProblem(product.id, 'unit-unknown')).toContain('CRATE');
  });

  it('an item that was deleted is a problem', async () => {
    const product = products()
      .filter((one) => one.isInBusinessCentral && one.isActive)
      .at(-1);
    if (!product) throw new Error('no product');
    await agreement.syncProduct(product.id);
    const { company } = stage.simulators.businessCentral;
    const row = company.findByNumber('items', product.number);
    if (row) company.remove('items', row);
    await agreement.follow.followProduct(product.id, { isThorough: true });
    await masterData.untilProblem(product.id, 'item-gone');
  });
});
