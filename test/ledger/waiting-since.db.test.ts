import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPendingDeals } from '../../src/ledger/alerts/alert-sources.js';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import { createHeldSweeps } from '../../src/ledger/deals/held-sweeps.js';
import { type DealPage, listDeals } from '../../src/ledger/deals/list-deals.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { listDeals as listByAge } from '../../src/operations/deals/list-deals.js';
import { listWork } from '../../src/operations/deals/work-list.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** A deal is as old as its wait: each repetition of a held step changes its record, and it waits for the same as before. */

const ANN = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] } as const;
const HELD = { kind: 'held', reason: 'item-missing', text: 'no item EQ-1' } as const;
const HELD_AGAIN = { ...HELD, isRepeated: true } as const;
const MOVING = ['held', 'awaiting-confirmation'] as const;

let embedded: EmbeddedLedger;
let database: Database;
let ledger: Ledger;

beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  ledger = createLedger(database);
});
afterAll(async () => {
  await database?.close();
  await embedded?.stop();
});

async function hold(days: number): Promise<string> {
  const recordId = randomUUID();
  await ledger.register({ table: 'salesorder', recordId });
  await ledger.change(recordId, HELD);
  await database.query(
    `UPDATE source_records SET held_since = now() - $2 * interval '1 day', changed_at = now() - $2 * interval '1 day'
     WHERE record_id = $1`,
    [recordId, days],
  );
  return recordId;
}

async function repeat(recordId: string): Promise<void> {
  await ledger.change(recordId, { kind: 'state', state: 'preparing' });
  await ledger.change(recordId, HELD_AGAIN);
}

const idsOf = (deals: readonly { readonly recordId: string }[]): string[] => deals.map(({ recordId }) => recordId);

describe('a deal whose held step was repeated a moment ago', () => {
  let longest: string;
  let between: string;
  let confirmed: string;
  let fresh: string;
  beforeAll(async () => {
    longest = await hold(21);
    between = await hold(2);
    await repeat(longest);
    // Held for long, and then it waited for something else.
    confirmed = await hold(30);
    await ledger.change(confirmed, { kind: 'state', state: 'awaiting-confirmation' });
    fresh = await hold(40);
    await ledger.change(fresh, HELD);
  });

  it('is found by its wait, and one that began to wait for something else is not', async () => {
    const find = (olderThan: string) => listByAge({ database, now: new Date() }, ANN, { olderThan, sort: 'age' });
    expect(idsOf(await find('1d'))).toEqual([longest, between]);
    expect(idsOf(await find('20d'))).toEqual([longest]);
    expect(await find('22d')).toEqual([]);
  });

  it('shows since when it waits', async () => {
    const [deal] = await listDeals(database, { named: longest, order: 'id', limit: 1 });
    const { rows } = await database.query<{ held_since: Date; changed_at: Date }>(
      'SELECT held_since, changed_at FROM source_records WHERE record_id = $1',
      [longest],
    );
    expect(deal?.since).toEqual(rows[0]?.held_since);
    expect(deal?.since).not.toEqual(rows[0]?.changed_at);
  });

  it('stands at its place in the list, whichever way it is sorted, and page by page', async () => {
    const list = async (order: 'age' | 'newest') => idsOf(await listDeals(database, { order, limit: 9 }));
    expect(await list('age')).toEqual([longest, between, confirmed, fresh]);
    expect(await list('newest')).toEqual([fresh, confirmed, between, longest]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listWork({ database }, ANN, { view: 'held', limit: 1, ...(cursor && { cursor }) });
      seen.push(...idsOf(page.deals));
      await repeat(seen.at(-1) ?? '');
      cursor = page.next;
    } while (cursor !== undefined && seen.length < 9);
    expect(seen).toEqual([longest, between, fresh]);
  });

  it('is told in an alert once, in the order of the waits', async () => {
    const seen: string[] = [];
    let after: Parameters<typeof listPendingDeals>[1]['after'];
    do {
      const page = await listPendingDeals(database, { waitingBefore: new Date(0), after, limit: 1 });
      seen.push(...idsOf(page.deals));
      for (const { recordId } of page.deals) await repeat(recordId);
      after = page.next;
    } while (after !== undefined && seen.length < 9);
    expect(seen).toEqual([longest, between, fresh]);
  });

  it('is woken after those that began to wait later, and none is passed over that is held again meanwhile', async () => {
    const sweeps = createHeldSweeps(database);
    await sweeps.ask('item');
    const taken: string[] = [];
    for (let one = 0; one < 3; one += 1) {
      taken.push(...idsOf(await sweeps.take({ betweenMs: 0, restMs: 0, limit: 1 })));
      await repeat(longest);
    }
    expect(taken).toEqual([fresh, between, longest]);
  });
});

it('an index has the order of the waits, beside any number of deals that have ended', async () => {
  await database.query(`INSERT INTO source_records (record_id, source_table, state, hold_reason, changed_at)
    SELECT gen_random_uuid(), 'quote', CASE WHEN i % 20 = 0 THEN 'held' ELSE 'settled' END,
      CASE WHEN i % 20 = 0 THEN 'customer-missing' END, now() - i * interval '1 minute' FROM generate_series(1, 20000) i`);
  await database.query('ANALYZE');
  const planOf = async (page: Pick<DealPage, 'order' | 'states' | 'before' | 'after'>): Promise<string> => {
    let plan = '';
    const explained: Queryable = {
      query: async (text, values) => {
        const { rows } = await database.query(`EXPLAIN ${text}`, values);
        plan = rows.map((row) => Object.values(row)[0]).join('\n');
        return database.query(text, values);
      },
    };
    await listDeals(explained, { limit: 50, ...page });
    return plan;
  };
  const after = { sortKey: '2026-03-31 08:15:00.123456+00', recordId: randomUUID() };
  for (const order of ['age', 'newest'] as const) {
    for (const page of [{}, { after }, { states: ['held'] }, { states: MOVING }, { before: new Date() }] as const) {
      const plan = await planOf({ order, ...page });
      expect(plan, JSON.stringify([order, page])).toMatch(/source_records_(by_wait|by_state|open)/);
      expect(plan, JSON.stringify([order, page])).not.toMatch(/Seq Scan on source_records|Sort Key: (.*)waiting_since/);
    }
  }
});
