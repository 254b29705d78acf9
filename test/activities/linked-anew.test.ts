import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import type { MasterRef } from '../../src/ledger/masters/masters.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { openMasterDataSteps } from '../support/master-data-steps.js';
import { createSeller } from '../support/sales.js';

/** What is remembered of a customer holds for that customer, and our block only as long as it stands there. */

const RULES = `freightAccount: "8410"
writeInAccount: "8400"
tables: { countries: { Deutschland: DE } }
masters: { contacts: true }
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
afterAll(async () => {
  await steps?.close();
  await database?.close();
  await simulators?.stop();
  await embedded?.stop();
});

const company = () => simulators.businessCentral.company;

function makeCustomer(name: string) {
  const number = `C-${randomUUID().slice(0, 8).toUpperCase()}`;
  const row = company().insert('customers', { number, displayName: name, type: 'Company', blocked: '_x0020_' });
  return { bcId: String(row['id']), bcNumber: number };
}
const blockOf = (number: string) => company().findByNumber('customers', number)?.['blocked'];
function block(number: string, blocked: string): void {
  const row = company().findByNumber('customers', number);
  if (row) company().change('customers', row, { blocked });
}

async function linkedAccount() {
  const rowId = randomUUID();
  await createSeller(simulators).call('accounts', { accountid: rowId, name: `Alder ${rowId}` });
  const customer = makeCustomer(`Alder ${rowId}`);
  await steps.ledger.saveLink('customer', steps.companyId, { salesId: rowId, ...customer });
  return { rowId, ...customer };
}

function setActive(rowId: string, isActive: boolean): void {
  const { store } = simulators.dataverse;
  const row = store.find('account', rowId);
  if (row)
    store.update(store.schema.table('account'), row, { statecode: isActive ? 0 : 1, statuscode: isActive ? 1 : 2 });
}

function setName(rowId: string, name: string): void {
  const { store } = simulators.dataverse;
  const row = store.find('account', rowId);
  if (row) store.update(store.schema.table('account'), row, { name });
}
const linkOf = async (rowId: string) =>
  (await steps.ledger.findLinks('customer', steps.companyId, [rowId])).get(rowId)?.bcNumber;

/** A pass of the account's run. */
async function follow(rowId: string): Promise<void> {
  await steps.readAccount({ table: 'account', rowId, isThorough: true });
  const { hasBusinessCentralChange } = await steps.readCustomer({ rowId });
  if (hasBusinessCentralChange) await steps.updateCustomer({ rowId });
}

describe('the block of a customer whose account was deactivated', () => {
  it('is ours no more once finance has taken it back: a later one is theirs', async () => {
    const { rowId, bcNumber } = await linkedAccount();
    setActive(rowId, false);
    await follow(rowId);
    expect(blockOf(bcNumber)).toBe('All');
    block(bcNumber, '_x0020_');
    setActive(rowId, true);
    await follow(rowId);
    expect(blockOf(bcNumber)).toBe('_x0020_');
    block(bcNumber, 'All');
    await follow(rowId);
    expect(blockOf(bcNumber)).toBe('All');
  });
});

describe('an account that a person links with another customer', () => {
  it('takes nothing along of what the customer before it had: its block, its company contact, what was agreed', async () => {
    const { rowId, bcNumber } = await linkedAccount();
    const ref: MasterRef = { kind: 'account', rowId };
    await follow(rowId);
    await steps.findCompanyContact({ rowId });
    setActive(rowId, false);
    await follow(rowId);
    expect(blockOf(bcNumber)).toBe('All');
    const other = makeCustomer('Alder SE');
    block(other.bcNumber, 'All');
    await steps.matching.decide(rowId, { id: other.bcId, number: other.bcNumber }, 'ann');
    expect(await steps.masters.getMaster(ref)).toMatchObject({
      ...{ bcNumber: other.bcNumber, blockedFrom: undefined, companyContact: undefined, businessCentral: undefined },
      ...{ agreed: {}, echo: undefined },
    });
    setActive(rowId, true);
    await follow(rowId);
    expect(blockOf(other.bcNumber)).toBe('All');
  });

  it('keeps that link, and the customer before it its name, when a pass had read the one and not written it yet', async () => {
    const { rowId, bcNumber } = await linkedAccount();
    setName(rowId, 'Alder GmbH');
    await steps.readAccount({ table: 'account', rowId, isThorough: true });
    expect(await steps.readCustomer({ rowId })).toMatchObject({ hasBusinessCentralChange: true });
    const other = makeCustomer('Alder SE');
    await steps.matching.decide(rowId, { id: other.bcId, number: other.bcNumber }, 'ann');
    expect(await steps.updateCustomer({ rowId })).toBe('stale');
    expect(company().findByNumber('customers', bcNumber)?.['displayName']).not.toBe('Alder GmbH');
    expect(await linkOf(rowId)).toBe(other.bcNumber);
    await follow(rowId);
    expect(company().findByNumber('customers', other.bcNumber)?.['displayName']).toBe('Alder GmbH');
  });

  it('keeps that link when the answer with the customer before it comes later', async () => {
    const { rowId, bcId, bcNumber } = await linkedAccount();
    const ref: MasterRef = { kind: 'account', rowId };
    const other = makeCustomer('Alder SE');
    await steps.matching.decide(rowId, { id: other.bcId, number: other.bcNumber }, 'ann');
    await expect(steps.masters.change(ref, {}, { salesId: rowId, bcId, bcNumber })).rejects.toThrow(
      'linked with another',
    );
    expect(await linkOf(rowId)).toBe(other.bcNumber);
  });
});
