import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Person } from '../../src/identity/person.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { listDeals } from '../../src/operations/deals/list-deals.js';
import { foreseeReplays } from '../../src/operations/deals/replay-deals.js';
import { showDeal } from '../../src/operations/deals/show-deal.js';
import { exportWork, listWork, type WorkListInput } from '../../src/operations/deals/work-list.js';
import { listGaps } from '../../src/operations/feeds/feeds.js';
import { parseRules } from '../../src/process/config.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** The filters mean the same deals wherever they stand: in the command's list, on the desk, and where deals run again. */

const ANN: Person = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] };
const COMPANY = { id: '5e8e3d1b-94a5-4f7a-8f6b-0d9e5b6c2a10', name: 'Nordwerk Equipment GmbH' };
const NOW = new Date('2026-04-10T12:00:00Z');

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let database: Database;
let ledger: Ledger;
beforeAll(async () => {
  server = await openEmbeddedLedger();
  database = openDatabase(server.url);
  await migrate(database);
  ledger = createLedger(database);
  const facts = { companyId: COMPANY.id, companyName: COMPANY.name };
  await database.query(
    `INSERT INTO environments (address, system, identity, registered_by) VALUES ('there', 'business-central', $1, 'ann')`,
    [{ v: 1, facts }],
  );
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});
beforeEach(() => database.query('DELETE FROM source_records'));

async function seed(columns: Readonly<Record<string, unknown>>): Promise<string> {
  const row: Record<string, unknown> = { record_id: randomUUID(), source_table: 'salesorder', ...columns };
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  await database.query(`INSERT INTO source_records (${names}) VALUES (${places})`, Object.values(row));
  return String(row['record_id']);
}

const list = async (input: Parameters<typeof listDeals>[2]): Promise<string[]> =>
  (await listDeals({ database, now: NOW }, ANN, input)).map(({ recordId }) => recordId);

const work = (input: WorkListInput, person = ANN) => listWork({ database }, person, input);

const never = () => Promise.reject(new Error('nobody asks for it'));

async function replay(input: Parameters<typeof foreseeReplays>[2]): Promise<string[]> {
  const rules = parseRules('');
  const dependencies = {
    ...{ ledger, database, rules, toRules: () => rules, now: () => NOW },
    ...{ deals: { replay: never }, companyOf: never },
    dataverse: { readDeal: never, findRecordIds: never, findAccountsWithNumbers: never },
  };
  const found: string[] = [];
  for await (const { record } of await foreseeReplays(dependencies, ANN, input)) found.push(record.recordId);
  return found;
}

const held = { state: 'held', hold_reason: 'item-missing' };

it('a replay finds the deals of a day by the beginning of their wait, however often their step was repeated since', async () => {
  await seed({ ...held, held_since: '2026-01-05T08:00:00Z', changed_at: '2026-04-09T08:00:00Z' });
  const fresh = await seed({ ...held, held_since: '2026-04-09T08:00:00Z', changed_at: '2026-04-09T09:00:00Z' });
  expect(await replay({ state: ['held'], since: '2026-04-01' })).toEqual([fresh]);
});

it.each<[string, Parameters<typeof list>[0]]>([
  ['state', { state: ['held', 'rejected'] }],
  ['first reason', { reason: ['item-missing'] }],
  ['another reason', { reason: ['customer-blocked'] }],
  ['several reasons', { reason: ['no-currency', 'customer-blocked'] }],
  ['a reason of a later version', { reason: ['internal-error'] }],
  ['owner', { state: ['held'], owner: 'finance' }],
  ['age', { state: ['held'], olderThan: '30d' }],
  ['company by name', { state: ['held'], company: 'nordwerk equipment gmbh' }],
  ['company by id', { state: ['held'], company: COMPANY.id.toUpperCase() }],
  ['amount', { state: ['held'], above: '100' }],
])('a replay means the deals that the list shows: %s', async (_, input) => {
  const old = { held_since: '2026-01-05T08:00:00Z', changed_at: '2026-04-10T08:00:00Z' };
  await seed({ ...held, ...old, other_hold_reasons: '{customer-blocked}', company_id: COMPANY.id });
  await seed({ ...held, held_since: NOW, changed_at: NOW, amount: '150', currency: 'EUR' });
  await seed({ state: 'rejected', changed_at: '2026-01-05T08:00:00Z' });
  await seed({ state: 'held', hold_reason: 'internal-error', changed_at: NOW });
  const shown = await list(input);
  expect(shown).not.toEqual([]);
  expect(new Set(await replay(input))).toEqual(new Set(shown));
});

it('a deal that is named is not narrowed by filters, which would be passed over', async () => {
  const recordId = await seed({ state: 'rejected' });
  await expect(replay({ deal: recordId, state: ['held'] })).rejects.toThrow(
    `deal: expected a deal alone, or no deal and --state or --reason, got '${recordId}'`,
  );
});

it('a deal in a state that this version does not know is found as it is shown: held, for IT', async () => {
  const recordId = await seed({ state: 'asleep', company_id: COMPANY.id, amount: '10', currency: 'EUR' });
  await seed({ state: 'settled', changed_at: NOW });
  for (const input of [
    { view: 'waiting' },
    { view: 'held' },
    { view: 'held', sort: 'id' },
    { view: 'all', state: 'held' },
    { view: 'all', reason: 'internal-error' },
    { view: 'all', owner: 'IT', company: COMPANY.name },
  ] satisfies WorkListInput[]) {
    const { deals, sums, counts, reasons } = await work(input);
    expect(deals, JSON.stringify(input)).toMatchObject([{ recordId, state: 'held', hold: { owner: 'IT' } }]);
    expect(sums, JSON.stringify(input)).toEqual([{ currency: 'EUR', deals: 1, gross: '10' }]);
    expect(counts).toMatchObject({ waiting: 1, held: 1, done: 1, all: 2 });
    expect(reasons).toEqual([{ reason: 'internal-error', deals: 1 }]);
  }
  expect((await work({ view: 'all' })).sums.reduce((sum, { deals }) => sum + deals, 0)).toBe(2);
  expect(await list({ state: ['held'] })).toEqual([recordId]);
  expect(await list({ reason: ['internal-error'] })).toEqual([recordId]);
  await expect(replay({ state: ['held'] })).rejects.toThrow(
    `the ledger cannot read them: table source_records, row ${recordId}`,
  );
});

it('reason and owner each find a deal by any of its reasons, also both at once', async () => {
  const recordId = await seed({ ...held, other_hold_reasons: '{customer-blocked}' });
  const input = { reason: 'item-missing', owner: 'finance' } as const;
  expect((await work({ view: 'held', ...input })).deals).toMatchObject([{ recordId }]);
  expect(await list({ reason: ['item-missing'], owner: 'finance' })).toEqual([recordId]);
});

it('a company that nobody knows is an error that names those that there are, not an empty list', async () => {
  await seed({ ...held, company_id: COMPANY.id });
  const message = `company: expected one of ${COMPANY.name}, or its id, got 'Nordwerk'`;
  await expect(work({ view: 'all', company: 'Nordwerk' })).rejects.toThrow(message);
  await expect(exportWork({ database }, ANN, { view: 'all', company: 'Nordwerk' })).rejects.toThrow(message);
  await expect(list({ company: 'Nordwerk' })).rejects.toThrow(message);
  await expect(replay({ state: ['held'], company: 'Nordwerk' })).rejects.toThrow(message);
  expect((await work({ view: 'done', company: COMPANY.name })).deals).toEqual([]);
});

it('a state that the view does not have is an error that names those that it has, not an empty list', async () => {
  await seed({ state: 'settled' });
  const viewer: Person = { ...ANN, roles: ['Viewer'] };
  await expect(work({ state: 'settled' })).rejects.toThrow(
    "state: expected a state of the view 'waiting' (awaiting-confirmation, held), or view=all with it, got 'settled'",
  );
  await expect(work({ state: 'held' }, viewer)).rejects.toThrow(
    "state: expected a state of the view 'waiting' (none for your roles), or view=all with it, got 'held'",
  );
  await expect(exportWork({ database }, ANN, { view: 'unpaid', state: 'held' })).rejects.toThrow('(written-back)');
  expect((await work({ view: 'all', state: 'settled' })).deals).toHaveLength(1);
});

it('whoever the list names is asked for by that name, also where no hold names them', async () => {
  const waiting = await seed({ state: 'awaiting-confirmation' });
  const shipping = await seed({ state: 'awaiting-shipment' });
  const held = await seed({ state: 'held', hold_reason: 'customer-blocked' });
  expect(await list({ owner: 'approver' })).toEqual([waiting]);
  expect(await list({ owner: 'warehouse' })).toEqual([shipping]);
  expect(await list({ owner: 'finance' })).toEqual([held]);
  expect(await list({ owner: 'approver', state: ['held'] })).toEqual([]);
});

it('a gap is named by the number that people know, once the record was read', async () => {
  const read = await seed({ state: 'written-back', record_number: 'ORD-7', revision: '1' });
  await database.query(`INSERT INTO detections (source_table, record_id, source) VALUES ('salesorder', $1, 'feed')`, [
    read,
  ]);
  const reports = await listGaps({ database, now: NOW }, ANN, { since: new Date('2020-01-01T00:00:00Z') });
  const { webhook } = reports.find(({ table }) => table === 'salesorder')?.sources ?? {};
  expect(webhook?.gaps).toMatchObject([{ recordId: read, number: 'ORD-7' }]);
});

it('the record that carries a deal is named by its number, in show as well as where it is not run again', async () => {
  const carrier = await seed({ state: 'settled', record_number: 'ORD-8' });
  const quote = await seed({ state: 'superseded', source_table: 'quote', record_number: 'QUO-8', carrier_id: carrier });
  const { carriedBy } = await showDeal({ database, ledger }, ANN, { deal: quote });
  expect(carriedBy).toBe(`salesorder ORD-8 (${carrier})`);
});
