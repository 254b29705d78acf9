import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ChangePage,
  createDataverseChanges,
  type DataverseChanges,
  LinkExpired,
} from '../../src/clients/dataverse/changes.js';
import { createDataverseClient, type DataverseClient } from '../../src/clients/dataverse/client.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { FeedTable } from '../../src/deal/ids.js';
import { createSeller } from '../support/sales.js';
import { createSimulatedTokens } from '../support/tokens.js';

/** Change tracking as Dataverse offers it (reference/dataverse-sales 4), over real HTTP. */

let simulators: Simulators;
let changes: DataverseChanges;
let sales: DataverseClient;
let seller: ReturnType<typeof createSeller>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 12, accounts: 25, documents: 30 });
  const { connection } = simulators;
  const options = {
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 5_000,
  };
  changes = createDataverseChanges(options, { now: () => new Date() });
  sales = createDataverseClient(options);
  seller = createSeller(simulators);
});
afterAll(async () => {
  await changes.close();
  await sales.close();
  await simulators.stop();
});
beforeEach(() => {
  simulators.dataverse.faults.clear();
  simulators.dataverse.requests.splice(0);
});

async function readAll(table: FeedTable, pageSize: number, link?: string): Promise<ChangePage[]> {
  const pages: ChangePage[] = [];
  let next = link;
  do {
    const page = await changes.readChanges(table, { pageSize, link: next, isFullReading: link === undefined });
    pages.push(page);
    next = page.nextLink;
  } while (next !== undefined);
  return pages;
}

const deltaLinkOf = (pages: readonly ChangePage[]): string => pages.at(-1)?.deltaLink ?? 'none';

describe('the changes of a table', () => {
  it('come page by page, and the last page says where the next changes are', async () => {
    const pages = await readAll('account', 10);
    expect(pages.map((page) => page.rows.length)).toEqual([10, 10, 5]);
    expect(pages.slice(0, -1).every((page) => page.nextLink !== undefined)).toBe(true);
    expect(deltaLinkOf(pages)).toMatch(/deltatoken/);
    const rows = pages.flatMap((page) => page.rows);
    expect(new Set(rows.map((row) => row.rowId)).size).toBe(25);
    for (const row of rows) expect(row.revision).toBe(`W/"${row.version}"`);
  });

  it('are read for all six tables with nothing that change tracking refuses', async () => {
    const tables = ['opportunity', 'quote', 'salesorder', 'account', 'contact', 'product'] as const;
    for (const table of tables) expect((await readAll(table, 500)).flatMap((page) => page.rows)).not.toEqual([]);
    const paths = simulators.dataverse.requests.filter(({ path }) => !path.includes('_sim')).map(({ path }) => path);
    expect(paths).toHaveLength(tables.length);
    for (const path of paths) expect(path).not.toMatch(/\$(filter|orderby|expand|top|apply)/);
  });

  it('name the records of deals by number and customer, and no others', async () => {
    const { store } = simulators.dataverse;
    for (const [table, column] of [
      ['opportunity', 'name'],
      ['quote', 'quotenumber'],
      ['salesorder', 'ordernumber'],
    ] as const) {
      const [first] = (await readAll(table, 500)).flatMap((page) => page.rows);
      const row = store.find(table, first?.rowId ?? '');
      const customer = store.find('account', String(row?.['customerid']));
      expect(first?.label).toEqual({ number: row?.[column], customer: customer?.['name'] });
      expect(first?.label?.customer).not.toBeUndefined();
    }
    expect((await readAll('account', 500)).flatMap((page) => page.rows)[0]?.label).toBeUndefined();
  });

  it('are none when nothing changed, and one with the newest state when a row changed twice', async () => {
    const link = deltaLinkOf(await readAll('salesorder', 500));
    const [nothing] = await readAll('salesorder', 500, link);
    expect(nothing).toMatchObject({ rows: [], deleted: [] });

    const order = simulators.data.documents.find((document) => document.kind === 'salesorder' && document.state === 0);
    const path = `salesorders(${order?.id})`;
    await seller.call(path, { name: 'another name' }, 'PATCH');
    await seller.submitOrder(order?.id ?? '');
    const [page] = await readAll('salesorder', 500, link);
    expect(page?.rows).toHaveLength(1);
    expect(page?.rows[0]).toMatchObject({
      rowId: order?.id,
      statecode: 1,
      modifiedBy: simulators.connection.salesPersonId,
      revision: (await sales.readDeal('salesorder', order?.id ?? '')).revision,
    });
  });

  it('tell whose they are: ours or somebody’s', async () => {
    const link = deltaLinkOf(await readAll('opportunity', 500));
    const opportunity = simulators.data.documents.find((document) => document.kind === 'opportunity');
    const ref = { table: 'opportunity', recordId: opportunity?.id ?? '' } as const;
    await sales.updateRecord(ref, { bc_postedinvoicenumber: '103001' }, REPEATABLE);
    const [page] = await readAll('opportunity', 500, link);
    expect(page?.rows[0]?.modifiedBy).toBe((await sales.whoAmI()).userId);
  });

  it('name what was deleted, also what was created and deleted between two readings', async () => {
    const link = deltaLinkOf(await readAll('account', 10));
    const created = await seller.call('accounts', { name: 'short-lived' });
    const id = /\(([0-9a-f-]+)\)/.exec(created.headers.get('odata-entityid') ?? '')?.[1];
    await seller.call(`accounts(${id})`, {}, 'DELETE');
    expect((await readAll('account', 10, link)).at(-1)?.deleted).toEqual([id]);
  });

  it('a deltaLink on every page is not mistaken for the end', async () => {
    simulators.dataverse.switches.linkOnEveryPage = true;
    const pages = await readAll('account', 10);
    simulators.dataverse.switches.linkOnEveryPage = false;
    expect(pages.map((page) => page.rows.length)).toEqual([10, 10, 5]);
  });

  it('have a position also where Dataverse leaves it out of answers with names of customers', async () => {
    simulators.dataverse.switches.annotationsHideLink = true;
    const pages = await readAll('salesorder', 4);
    const changed = await readAll('salesorder', 4, deltaLinkOf(pages));
    simulators.dataverse.switches.annotationsHideLink = false;
    expect(deltaLinkOf(pages)).toMatch(/deltatoken/);
    expect(deltaLinkOf(changed)).toMatch(/deltatoken/);
    const rows = pages.flatMap((page) => page.rows);
    expect(rows).toHaveLength([...simulators.dataverse.store.all('salesorder')].length);
    expect(rows.filter((row) => row.label?.customer === undefined)).toEqual([]);
  });
});

describe('a position that is not taken any more', () => {
  it('is told apart from every other refusal', async () => {
    const link = deltaLinkOf(await readAll('account', 500));
    simulators.dataverse.faults.add({ match: { path: 'deltatoken' }, effect: { kind: 'expired-delta' } });
    await expect(changes.readChanges('account', { pageSize: 500, link, isFullReading: false })).rejects.toThrow(
      LinkExpired,
    );
    const body = { error: { code: '0x80040220', message: 'missing privilege' } };
    simulators.dataverse.faults.add({ match: { path: 'deltatoken' }, effect: { kind: 'status', status: 403, body } });
    await expect(changes.readChanges('account', { pageSize: 500, link, isFullReading: false })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('is also one that cannot be read, or that is no link of Dataverse', async () => {
    const link = deltaLinkOf(await readAll('account', 500)).replace(/deltatoken=.*/, 'deltatoken=nonsense');
    for (const bad of [link, 'https://elsewhere.example/steal?token=1']) {
      await expect(changes.readChanges('account', { pageSize: 500, link: bad, isFullReading: false })).rejects.toThrow(
        LinkExpired,
      );
    }
  });

  it('a refused first reading is no expiry', async () => {
    simulators.dataverse.faults.add({
      match: { path: 'accounts' },
      effect: { kind: 'status', status: 400, body: { error: { code: '0x80072491', message: 'not enabled' } } },
    });
    await expect(changes.readChanges('account', { pageSize: 500, isFullReading: true })).rejects.toMatchObject({
      code: 'rejected',
      facts: { remoteCode: '0x80072491' },
    });
  });
});

describe('the count', () => {
  it('reads what is in one of the states and was modified since, page by page', async () => {
    const won = [...simulators.dataverse.store.all('salesorder')].filter((row) => row['statecode'] !== 2);
    const options = { statecodes: [0, 1, 3, 4], modifiedSince: new Date(0), pageSize: 4 };
    const found: string[] = [];
    let link: string | undefined;
    do {
      const page = await changes.readRecords('salesorder', { ...options, link });
      found.push(...page.rows.map((row) => row.rowId));
      link = page.nextLink;
    } while (link !== undefined);
    expect(found.sort()).toEqual(won.map((row) => row['salesorderid']).sort());
    const later = await changes.readRecords('salesorder', { ...options, modifiedSince: new Date(Date.now() + 60_000) });
    expect(later).toEqual({ rows: [], nextLink: undefined });
  });
});
