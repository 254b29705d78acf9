import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountWorkflowId, productWorkflowId } from '../../src/deal/ids.js';
import { createFollowMasters, type FollowMasters } from '../../src/intake/take-masters.js';
import { until } from '../support/deals.js';
import { createMastersDesk } from '../support/masters.js';
import { openStage, type Stage } from '../support/processes.js';

let stage: Stage;
let desk: ReturnType<typeof createMastersDesk>;
let follow: FollowMasters;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/masters.yaml' });
  desk = createMastersDesk(stage);
  follow = createFollowMasters(stage.temporal, { quietMs: 50 });
});
afterAll(() => stage?.close());

/** Accounts of the seed, each handed out once. */
let next = 0;
function takeAccount(isInBusinessCentral: boolean) {
  const { accounts } = stage.simulators.data;
  for (;;) {
    const account = accounts[next];
    next += 1;
    if (!account) throw new Error('the seed holds no further account');
    if (account.isInBusinessCentral === isInBusinessCentral && account.country !== 'Austria') return account;
  }
}

async function sync(id: string, isThorough = false): Promise<void> {
  await follow.followAccount('account', id, { isThorough });
  await desk.untilEnded(accountWorkflowId(id));
}

describe('an account and its customer', () => {
  it('a new account becomes a customer with its contacts, once', async () => {
    const account = takeAccount(false);
    await sync(account.id);
    const customer = desk.customer(account.number);
    expect(customer).toMatchObject({ displayName: account.name, city: account.city, currencyCode: account.currency });
    const company = stage.simulators.businessCentral.company;
    const contactId = company.companyContacts.get(String(customer['id']));
    const companyNumber = String(company.find('contacts', String(contactId))?.['number']);
    expect(
      desk
        .contactsOf(companyNumber)
        .map((row) => row['displayName'])
        .sort(),
    ).toEqual(account.contacts.map((one) => `${one.firstName} ${one.lastName}`).sort());
    await sync(account.id, true);
    expect(desk.contactsOf(companyNumber)).toHaveLength(account.contacts.length);
  });

  it('only what differs is written, and the audit trail holds no data of the customer', async () => {
    const account = takeAccount(true);
    await desk.link('customer', account.id, account.number);
    await sync(account.id);
    desk.changeSales('account', account.id, { telephone1: '+49 421 99', address1_city: 'Bremen' });
    await sync(account.id);
    expect(desk.customer(account.number)).toMatchObject({ phoneNumber: '+49 421 99', city: 'Bremen' });
    const audit = await stage.ledger.readAudit(account.id);
    const last = audit.filter(({ action }) => action === 'change customer in Business Central').at(-1);
    expect(Object.keys((last?.facts?.['fields'] ?? {}) as object).sort()).toEqual(['city', 'phoneNumber']);
    expect(JSON.stringify(audit)).not.toContain('+49 421 99');
    expect(last?.requestId).toBeTruthy();
  });
});

describe('a product and its item', () => {
  it('a product without an item gets one from the template', async () => {
    const product = stage.simulators.data.products.find((one) => !one.isInBusinessCentral && one.isActive);
    if (!product) throw new Error('no such product');
    await follow.followProduct(product.id, {});
    await desk.untilEnded(productWorkflowId(product.id));
    expect(desk.item(product.number)).toMatchObject({
      displayName: product.name,
      baseUnitOfMeasureCode: product.unit,
      unitPrice: '0',
    });
    await until(() => true);
  });
});
