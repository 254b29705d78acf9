import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { listWork } from '../../src/operations/deals/work-list.js';
import { startPostgres } from '../support/postgres.js';

const DEALS = 100_000;
const MOST_MS = 200;
const APPROVER = { name: 'ann', source: 'desk', isVerified: true, roles: ['Approver'] } as const;

const postgres = await startPostgres();

describe.skipIf(!postgres)(`the work list of ${DEALS} deals on PostgreSQL`, () => {
  let database: Database;
  beforeAll(async () => {
    database = openDatabase(postgres?.url ?? '');
    await migrate(database);
    await database.query(
      `INSERT INTO source_records (record_id, source_table, state, hold_reason, hold_text, record_number, changed_at)
       SELECT gen_random_uuid(), 'salesorder', CASE i % 10 WHEN 6 THEN 'awaiting-confirmation' WHEN 8 THEN 'held' ELSE 'settled' END,
         CASE i % 10 WHEN 8 THEN 'customer-missing' END, '', 'ORD-' || i, now() - make_interval(mins => i)
       FROM generate_series(1, $1) i`,
      [DEALS],
    );
    await database.query(
      `INSERT INTO deal_summaries (record_id, name, customer, net, gross, currency)
       SELECT record_id, 'Pumps', 'Customer of ' || record_number, 100, 119, 'EUR' FROM source_records`,
    );
    await database.query('ANALYZE');
  });
  afterAll(async () => {
    await database?.close();
    await postgres?.stop();
  });

  it.each([[{}], [{ view: 'held' }], [{ view: 'all' }]] as const)(
    '%j: first page, sums and counts in under 200 ms',
    async (input) => {
      const times: number[] = [];
      // Other processes share the cores: the best of some says what the list costs.
      for (let one = 0; one < 5; one += 1) {
        const startedAt = performance.now();
        const list = await listWork({ database }, APPROVER, input);
        times.push(performance.now() - startedAt);
        expect(list.deals).toHaveLength(50);
        expect(list.counts.all).toBe(DEALS);
      }
      expect(Math.min(...times)).toBeLessThan(MOST_MS);
    },
  );
});
