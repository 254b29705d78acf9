import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEAL_STATES, MOVING_STATES, RESTING_STATES } from '../../src/deal/states.js';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import { countDeals, countHeldFor, findLatestChange, listDeals, sumDeals } from '../../src/ledger/deals/list-deals.js';
import { migrate } from '../../src/ledger/migrate.js';
import { startPostgres } from '../support/postgres.js';

/** The numbers that the ledger keeps, so that no list reads a deal that has ended, are those of the deals. */

const COMPANIES = [randomUUID(), randomUUID()];
const IDS = Array.from({ length: 30 }, () => randomUUID());

const postgres = await startPostgres();

describe.skipIf(!postgres)('numbers that are kept', () => {
  let database: Database;
  beforeAll(async () => {
    database = openDatabase(postgres?.url ?? '', { connections: 8 });
    await migrate(database);
    for (const id of IDS)
      await database.query(`INSERT INTO source_records (record_id, source_table) VALUES ($1, 'salesorder')`, [id]);
  });
  afterAll(async () => {
    await database?.close();
    await postgres?.stop();
  });

  const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
  const move = (id: string) =>
    database.query('UPDATE source_records SET state = $2, company_id = $3, changed_at = now() WHERE record_id = $1', [
      id,
      pick(DEAL_STATES),
      pick(COMPANIES),
    ]);
  const price = (id: string) =>
    database.query('UPDATE deal_summaries SET gross = $2, currency = $3 WHERE record_id = $1', [
      id,
      Math.floor(Math.random() * 1_000),
      pick(['EUR', 'USD']),
    ]);

  it('leave a deal in the list of each owner whom it waits for', async () => {
    const { rows } = await database.query<{ record_id: string }>(
      `INSERT INTO source_records (record_id, source_table, state, hold_reason, other_hold_reasons)
       VALUES (gen_random_uuid(), 'salesorder', 'held', 'no-currency', '{customer-blocked}') RETURNING record_id`,
    );
    const recordId = rows[0]?.record_id;
    for (const reason of ['no-currency', 'customer-blocked', 'no-lines'] as const) {
      const found = await listDeals(database, { reasons: [reason], order: 'newest', limit: 10 });
      expect(found.map((deal) => deal.recordId)).toEqual(reason === 'no-lines' ? [] : [recordId]);
      for (const { hold } of found) expect(hold).toMatchObject({ owner: 'seller', others: [{ owner: 'finance' }] });
      const counts = await countHeldFor(database);
      expect(counts.find((one) => one.reason === reason)?.deals ?? 0).toBe(found.length);
    }
    await database.query('DELETE FROM source_records WHERE record_id = $1', [recordId]);
  });

  it.each([
    ['of-a-later-version', '{}'],
    ['no-lines', '{of-a-later-version}'],
    ['of-a-later-version', '{of-another-version,internal-error}'],
  ])(
    'count a reason that this version does not know once, where its filter finds the deal: %s, %s',
    async (reason, others) => {
      const { rows } = await database.query<{ record_id: string }>(
        `INSERT INTO source_records (record_id, source_table, state, hold_reason, other_hold_reasons)
       VALUES (gen_random_uuid(), 'salesorder', 'held', $1, $2) RETURNING record_id`,
        [reason, others],
      );
      const recordId = rows[0]?.record_id;
      const filter = { reasons: ['internal-error', 'no-currency'] } as const;
      const found = await listDeals(database, { ...filter, order: 'age', limit: 10 });
      expect(found.map((deal) => deal.recordId)).toEqual([recordId]);
      expect(await sumDeals(database, filter)).toMatchObject([{ deals: 1 }]);
      expect(await countHeldFor(database)).toContainEqual({ reason: 'internal-error', deals: 1 });
      expect(await listDeals(database, { reasons: ['no-currency'], order: 'age', limit: 10 })).toEqual([]);
      await database.query('DELETE FROM source_records WHERE record_id = $1', [recordId]);
    },
  );

  it('are those of the deals after any moves, prices and additions, also of many at the same moment', async () => {
    for (let round = 0; round < 6; round += 1) {
      await Promise.all(IDS.flatMap((id) => [move(id), price(id), move(id)]));
      if (round % 2 === 1) await database.query('SELECT add_up_deal_totals()');
      const { rows: counted } = await database.query<{ state: string; deals: string }>(
        'SELECT state, count(*) AS deals FROM source_records GROUP BY 1',
      );
      const kept = new Map<string, number>();
      for (const { state, deals } of await countDeals(database)) kept.set(state, (kept.get(state) ?? 0) + deals);
      expect(kept).toEqual(new Map(counted.map(({ state, deals }) => [state, Number(deals)])));
      for (const filter of [{}, { states: RESTING_STATES }, { company: COMPANIES[0] }, { currency: 'EUR' }]) {
        // A limit that nothing passes makes the ledger read the deals themselves.
        const read = await sumDeals(database, { ...filter, above: '-1' });
        const sums = (await sumDeals(database, filter)).filter(({ currency }) => currency !== undefined);
        expect(sums.map(toPlain).sort()).toEqual(read.map(toPlain).sort());
      }
    }
  });

  it('tell of each change of the list as it is committed, also of one that began before another and ends after it', async () => {
    const [late = '', early = ''] = IDS;
    const seen = new Set([await findLatestChange(database)]);
    const expectAnother = async (): Promise<void> => {
      const latest = await findLatestChange(database);
      expect(seen).not.toContain(latest);
      seen.add(latest);
    };
    const note = (db: Queryable, id: string) =>
      db.query(`INSERT INTO deal_notes (record_id, written_by, content) VALUES ($1, 'ann', 'rang')`, [id]);
    const assign = (db: Queryable, id: string) =>
      db.query(
        `INSERT INTO deal_assignments (record_id, assignee, assigned_by) VALUES ($1, 'ann', 'ann')
         ON CONFLICT (record_id) DO UPDATE SET assigned_at = now()`,
        [id],
      );
    const hold = (db: Queryable, id: string) =>
      db.query(`UPDATE source_records SET state = 'held', changed_at = now() WHERE record_id = $1`, [id]);
    for (const id of [late, early]) await assign(database, id);
    await expectAnother();
    for (const change of [hold, note, assign]) {
      await database.transaction(async (tx) => {
        await change(tx, late);
        await change(database, early);
        await expectAnother();
        await database.query('SELECT add_up_work_changes()');
        expect(seen).toContain(await findLatestChange(database));
      });
      await expectAnother();
    }
    await database.query('DELETE FROM deal_assignments WHERE record_id = $1', [late]);
    await expectAnother();
  });

  it('name a deal by each of its numbers, and by none that it has no more', async () => {
    const [id = ''] = IDS;
    const rename = (number: string, invoices: string) =>
      database.query(
        `UPDATE source_records SET record_number = $2, invoice_number = $3, customer_number = 'C-1' WHERE record_id = $1`,
        [id, number, invoices],
      );
    const found = async (named: string) =>
      (await listDeals(database, { named, order: 'newest', limit: 5 })).map(({ recordId }) => recordId);
    await rename('SO-1', 'PS-1, PS-2');
    expect([await found('so-1'), await found('ps-2'), await found(id), await found('C-1')]).toEqual([
      [id],
      [id],
      [id],
      [],
    ]);
    await rename('SO-2', 'PS-2');
    expect([await found('SO-1'), await found('PS-1'), await found('so-2'), await found('PS-2')]).toEqual([
      [],
      [],
      [id],
      [id],
    ]);
    const search = async (text: string) =>
      (await listDeals(database, { search: text, order: 'newest', limit: 5 })).map(({ recordId }) => recordId);
    expect([await search('o-2'), await search('c-1'), await search('O-1')]).toEqual([[id], [id], []]);
  });

  it('are kept of the states in which deals rest, and the index has all others', async () => {
    const resting = new Set<string>(RESTING_STATES);
    for (const state of DEAL_STATES) {
      const { rows } = await database.query<{ is: boolean }>('SELECT is_resting($1) AS is', [state]);
      expect([state, rows[0]?.is]).toEqual([state, resting.has(state)]);
    }
    const { rows } = await database.query<{ def: string }>(
      `SELECT pg_get_indexdef('source_records_open'::regclass) AS def`,
    );
    const named = [...(rows[0]?.def ?? '').matchAll(/'([^']+)'::text/g)].map(([, state]) => state);
    expect(new Set(named)).toEqual(new Set(MOVING_STATES));
  });
});

function toPlain({ currency, deals, gross }: { currency: string | undefined; deals: number; gross: string }): string {
  return `${currency} ${deals} ${Number(gross)}`;
}
