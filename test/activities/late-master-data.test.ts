import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { holdRequest } from '../support/held-requests.js';
import { openMasterDataSteps } from '../support/master-data-steps.js';
import { createSeller } from '../support/sales.js';

/** An attempt that Temporal took for dead goes on after the next one: it saves nothing over a later reading of an account. */

const RULES = `freightAccount: "8410"
writeInAccount: "8400"
tables: { countries: { Deutschland: DE } }
mapping: { customer: { displayName: { column: account.name, cut: true } } }`;

let simulators: Simulators;
let embedded: EmbeddedLedger;
let database: Database;
let steps: ReturnType<typeof openMasterDataSteps>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 2 });
  simulators.dataverse.webhooks.registrations.splice(0);
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  steps = openMasterDataSteps(simulators, database, RULES);
});
afterEach(() => {
  for (const { faults } of [simulators.dataverse, simulators.businessCentral]) faults.clear();
});
afterAll(async () => {
  await steps?.close();
  await database?.close();
  await simulators?.stop();
  await embedded?.stop();
});

const company = () => simulators.businessCentral.company;

async function linkedAccount() {
  const rowId = randomUUID();
  const name = `Alder ${rowId}`;
  await createSeller(simulators).call('accounts', { accountid: rowId, name });
  const bcNumber = `C-${randomUUID().slice(0, 8).toUpperCase()}`;
  const customer = { number: bcNumber, displayName: name, type: 'Company', blocked: '_x0020_' };
  const bcId = String(company().insert('customers', customer)['id']);
  await steps.ledger.saveLink('customer', steps.companyId, { salesId: rowId, bcId, bcNumber });
  await follow(rowId);
  return { rowId, bcId, bcNumber };
}

function rename(rowId: string, name: string): void {
  const { store } = simulators.dataverse;
  const row = store.find('account', rowId);
  if (row) store.update(store.schema.table('account'), row, { name });
}

const read = (rowId: string) => steps.readAccount({ table: 'account', rowId, isThorough: true });

/** A pass of the account's run. */
async function follow(rowId: string): Promise<void> {
  await read(rowId);
  await steps.readCustomer({ rowId });
  await steps.updateCustomer({ rowId });
}

const holdAnswer = (system: 'dataverse' | 'businessCentral', method: string, path: string) =>
  holdRequest(simulators, system, { method, path }, 'after');

async function expectAgreedOn(rowId: string, name: string): Promise<void> {
  const { businessCentral, agreed } = await steps.masters.getMaster({ kind: 'account', rowId });
  expect(businessCentral?.values).toMatchObject({ displayName: name });
  expect(agreed).toMatchObject({ displayName: { dataverse: name, businessCentral: name } });
}

describe('an account that was renamed', () => {
  it('keeps its name when an earlier reading is answered late', async () => {
    const { rowId, bcNumber } = await linkedAccount();
    const { isHeld, release } = holdAnswer('dataverse', 'GET', `accounts\\(${rowId}`);
    const first = read(rowId);
    await isHeld();
    rename(rowId, 'Birk');
    await read(rowId);
    release();
    await first;
    await steps.readCustomer({ rowId });
    await steps.updateCustomer({ rowId });
    expect(company().findByNumber('customers', bcNumber)).toMatchObject({ displayName: 'Birk' });
  });

  it.each([
    ['reading', 'GET', (rowId: string) => steps.readCustomer({ rowId })],
    ['change', 'PATCH', (rowId: string) => steps.updateCustomer({ rowId })],
  ] as const)(
    'is compared by what was agreed last when an earlier %s of its customer is answered late',
    async (...how) => {
      const [, method, attempt] = how;
      const { rowId, bcId } = await linkedAccount();
      if (method === 'PATCH') {
        rename(rowId, 'Birk');
        await read(rowId);
        await steps.readCustomer({ rowId });
      }
      const { isHeld, release } = holdAnswer('businessCentral', method, `customers\\(${bcId}`);
      const first = attempt(rowId);
      await isHeld();
      await steps.updateCustomer({ rowId });
      rename(rowId, 'Cedar');
      await follow(rowId);
      await expectAgreedOn(rowId, 'Cedar');
      release();
      await first;
      await expectAgreedOn(rowId, 'Cedar');
    },
  );
});

describe('an account that was deleted in Sales', () => {
  it('stays deleted when an earlier reading is answered late', async () => {
    const { rowId } = await linkedAccount();
    const { isHeld, release } = holdAnswer('dataverse', 'GET', `accounts\\(${rowId}`);
    const first = read(rowId);
    await isHeld();
    await createSeller(simulators).call(`accounts(${rowId})`, {}, 'DELETE');
    await read(rowId);
    const state = async () => (await steps.masters.getMaster({ kind: 'account', rowId })).state;
    expect(await state()).toBe('deleted');
    release();
    await first;
    expect(await state()).toBe('deleted');
  });
});

describe('an account that a person has linked', () => {
  it('is not linked by its number by an attempt that found it without a link', async () => {
    const { rowId, bcId, bcNumber } = await linkedAccount();
    const ref = { kind: 'account', rowId } as const;
    const audit = { actor: 'dealbridge', action: 'link customer by its number' } as const;
    await expect(steps.masters.link(ref, { bcId: randomUUID(), bcNumber: 'C1' }, audit)).rejects.toThrow(
      'was linked with another customer',
    );
    expect(await steps.masters.link(ref, { bcId, bcNumber }, audit)).toEqual([]);
    expect((await steps.ledger.findLinks('customer', steps.companyId, [rowId])).get(rowId)).toMatchObject({ bcId });
  });
});

describe('an account of which a person has decided which customer it is', () => {
  async function decide() {
    const rowId = randomUUID();
    await createSeller(simulators).call('accounts', { accountid: rowId, name: `Elm ${rowId}` });
    const [chosen, other] = ['A', 'B'].map((mark) => {
      const number = `${mark}-${randomUUID().slice(0, 8).toUpperCase()}`;
      company().insert('customers', { number, displayName: 'Elm', type: 'Company', blocked: '_x0020_' });
      return number;
    });
    const apply = (by: string, customerNumber: string | undefined, instead?: string) =>
      steps.applyDecision({ accountId: rowId, customerNumber, by, instead });
    expect(await apply('ann', chosen)).toBe('linked');
    const linked = async () =>
      (await steps.ledger.findLinks('customer', steps.companyId, [rowId])).get(rowId)?.bcNumber;
    return { rowId, chosen, other, apply, linked };
  }

  it('stays what it was decided to be when somebody decides otherwise without having seen it', async () => {
    const { rowId, chosen, other, apply, linked } = await decide();
    const refused = { decidedBefore: { by: 'ann', customer: chosen } };
    expect(await apply('bob', other)).toEqual(refused);
    expect(await apply('bob', undefined)).toEqual(refused);
    expect(await linked()).toBe(chosen);
    expect(await steps.matching.findDecided([rowId])).toEqual(new Set([rowId]));
    // An attempt of the same decision, and whoever agrees with it.
    expect(await apply('ann', chosen)).toBe('linked');
  });

  it('is what was decided instead, also when the decision of before is heard once more', async () => {
    const { chosen, other, apply, linked } = await decide();
    expect(await apply('bob', other, chosen)).toBe('linked');
    expect(await apply('ann', chosen)).toEqual({ decidedBefore: { by: 'bob', customer: other } });
    expect(await apply('cem', undefined, chosen)).toEqual({ decidedBefore: { by: 'bob', customer: other } });
    expect(await linked()).toBe(other);
  });
});
