import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEAL_STATES, isFinal } from '../../src/deal/states.js';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import { recordNamedCompanies } from '../../src/ledger/feeds/left-companies.js';
import { migrate } from '../../src/ledger/migrate.js';
import { findSecondsSinceWon, readWatchedLedger } from '../../src/ledger/upkeep/observe.js';
import { createLedgerObserver, type Reading } from '../../src/process/telemetry/observe-ledger.js';
import type { Observation } from '../../src/telemetry/instruments.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { createStoppedClock } from '../support/stopped-clock.js';

const OPEN = DEAL_STATES.filter((state) => !isFinal(state));
const READING = {
  feeds: { quote: 30, invoices: 60 },
  flows: { shipments: 60, stock: 3_600 },
  isSubscribing: true,
};

let server: { url: string; stop: () => Promise<void> };
let database: Database;
beforeAll(async () => {
  server = await openEmbeddedLedger();
  database = openDatabase(server.url);
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});
beforeEach(async () => {
  for (const table of [
    'source_records',
    'sales_feeds',
    'backfill_rows',
    'invoice_feeds',
    'flows',
    'left_companies',
    'webhook_subscriptions',
    'paused_lanes',
    'throttled_lanes',
    'trail_findings',
    'trail_proofs',
    'detections',
    'write_backs',
  ])
    await database.query(`DELETE FROM ${table}`);
});

async function plant(state: string, minutes: number, reason: string | null = null): Promise<string> {
  const id = randomUUID();
  await database.query(
    `INSERT INTO source_records (record_id, source_table, state, hold_reason, changed_at, first_seen_at)
     VALUES ($1, 'quote', $2, $3, now() - $4 * interval '1 minute', now() - $4 * interval '1 minute')`,
    [id, state, reason, minutes],
  );
  return id;
}

const told = (observations: readonly Observation[]): Record<string, number> =>
  Object.fromEntries(
    observations.map(({ name, value, labels }) => [
      [name, ...Object.values(labels ?? {})].join(' '),
      // To the minute, since the test itself takes time.
      name.endsWith('_seconds') ? Math.round(value / 60) : value,
    ]),
  );

describe('the ledger in numbers', () => {
  it('counts deals by state, those that wait by reason with the oldest of each, and what is not written back', async () => {
    await plant('held', 90, 'item-missing');
    await plant('held', 10, 'item-missing');
    const several = await plant('held', 5, 'customer-blocked');
    await database.query(`UPDATE source_records SET other_hold_reasons = '{internal-error}' WHERE record_id = $1`, [
      several,
    ]);
    await plant('awaiting-confirmation', 30);
    await plant('posted', 20);
    await plant('settled', 1_000);
    await plant('settled', 2_000);
    const numbers = told(
      await createLedgerObserver({
        database,
        clock: createStoppedClock(),
        reading: READING,
      })(),
    );
    expect(numbers).toMatchObject({
      'dealbridge_deals held': 3,
      'dealbridge_deals settled': 2,
      'dealbridge_deals drafted': 0,
      'dealbridge_waiting_deals item-missing': 2,
      // One that waits for several things is in the number of each: an alert watches for this one.
      'dealbridge_waiting_deals internal-error': 1,
      'dealbridge_oldest_wait_seconds item-missing': 90,
      'dealbridge_oldest_wait_seconds customer-blocked': 5,
      'dealbridge_oldest_wait_seconds awaiting-confirmation': 30,
      dealbridge_write_backs_outstanding: 1,
      dealbridge_oldest_write_back_seconds: 20,
      dealbridge_trail_findings: 0,
      'dealbridge_paused_lanes dataverse': 0,
    });
  });

  it('tells how far the feeds are behind, of those that read, and only where there are feeds', async () => {
    await database.query(`INSERT INTO sales_feeds (source_table, caught_up_at, paused_at, opened_at) VALUES
      ('quote', now() - interval '7 minutes', NULL, now() - interval '2 days'),
      ('account', now() - interval '3 hours', now(), now() - interval '2 days'),
      ('product', NULL, NULL, now() - interval '5 hours')`);
    await database.query(`INSERT INTO backfill_rows (row_id, source_table) VALUES ($1, 'account'), ($2, 'account')`, [
      randomUUID(),
      randomUUID(),
    ]);
    await database.query(
      `INSERT INTO invoice_feeds (company_id, watermark, read_at, opened_at) VALUES
      ($1, now(), now() - interval '2 minutes', now() - interval '2 days'), ($2, now(), NULL, now() - interval '9 minutes')`,
      [randomUUID(), randomUUID()],
    );
    const numbers = told(
      await createLedgerObserver({
        database,
        clock: createStoppedClock(),
        reading: READING,
      })(),
    );
    expect(numbers).toMatchObject({
      'dealbridge_feed_lag_seconds quote': 7,
      'dealbridge_feed_lag_seconds account': 180,
      // Its first reading has not reached the end.
      'dealbridge_feed_lag_seconds product': 300,
      'dealbridge_feed_lag_seconds invoices': 9,
      'dealbridge_feed_interval_seconds invoices': 1,
      'dealbridge_feed_paused account': 1,
      'dealbridge_feed_paused quote': 0,
      'dealbridge_backfill_rows account': 2,
      'dealbridge_backfill_rows quote': 0,
    });
    const without = await createLedgerObserver({ database, clock: createStoppedClock(), reading: undefined })();
    expect(without.filter(({ name }) => name.startsWith('dealbridge_feed'))).toEqual([]);
  });

  it('tells how old the last pass of each flow is that runs, and when subscriptions end', async () => {
    const [home, abroad] = [randomUUID(), randomUUID()];
    await database.query(
      `INSERT INTO flows (flow, company_id, watermark, read_at, paused_at, opened_at) VALUES
         ('shipments', $1, now(), now() - interval '3 minutes', NULL, now() - interval '2 days'),
         ('shipments', $2, now(), NULL, NULL, now() - interval '40 minutes'),
         ('stock', $1, now(), NULL, now(), now() - interval '2 days'),
         ('creditMemos', $1, now(), NULL, NULL, now() - interval '2 days')`,
      [home, abroad],
    );
    await database.query(
      `INSERT INTO webhook_subscriptions (subscription_id, company_id, resource, expires_at) VALUES
         ('one', $1, 'items', now() + interval '3 days'), ('two', $2, 'items', now() + interval '2 hours'),
         ('three', $1, 'customers', NULL)`,
      [home, abroad],
    );
    const tell = async (reading: Reading) =>
      told(await createLedgerObserver({ database, clock: createStoppedClock(), reading })());
    const numbers = await tell(READING);
    const names = Object.keys(numbers).filter((name) => /_(flow|subscription)_/.test(name));
    expect(Object.fromEntries(names.map((name) => [name, numbers[name]]))).toEqual({
      'dealbridge_flow_lag_seconds shipments': 40,
      'dealbridge_flow_interval_seconds shipments': 1,
      'dealbridge_subscription_rest_seconds items': 120,
      'dealbridge_subscription_rest_seconds customers': 0,
    });
    await recordNamedCompanies(database, [home]);
    expect(await tell(READING)).toMatchObject({
      'dealbridge_flow_lag_seconds shipments': 3,
      'dealbridge_subscription_rest_seconds items': 3 * 24 * 60,
    });
    const alone = await tell({ ...READING, isSubscribing: false });
    expect(Object.keys(alone).filter((name) => name.includes('subscription'))).toEqual([]);
  });

  it('tells since when the trail was not proved, where a schedule proves it', async () => {
    const tell = async (reading: Reading | undefined) =>
      told(await createLedgerObserver({ database, clock: createStoppedClock(), reading })());
    expect(await tell(READING)).not.toHaveProperty('dealbridge_trail_proof_age_seconds');
    await database.query(`INSERT INTO trail_proofs (proved_at) VALUES (now() - interval '26 hours')`);
    expect(await tell(READING)).toMatchObject({ dealbridge_trail_proof_age_seconds: 26 * 60 });
    expect(await tell(undefined)).not.toHaveProperty('dealbridge_trail_proof_age_seconds');
  });

  it('tells of a refused sign-in and of a trail that does not prove itself', async () => {
    await database.query(
      `INSERT INTO paused_lanes VALUES ('dataverse', 'one', now(), 'no'), ('dataverse', 'two', now(), 'no')`,
    );
    await database.query(`INSERT INTO trail_findings (chain, kind, position) VALUES ('one', 'changed', 1)`);
    const numbers = told(
      await createLedgerObserver({
        database,
        clock: createStoppedClock(),
        reading: READING,
      })(),
    );
    expect(numbers).toMatchObject({ 'dealbridge_paused_lanes dataverse': 2, dealbridge_trail_findings: 1 });
  });

  it('tells of the applications that a 429 keeps waiting, and for how long', async () => {
    await database.query(
      `INSERT INTO throttled_lanes (system, address, client_id, paused_since, paused_until, pauses_in_a_row, problem) VALUES
         ('business-central', 'home', 'one', now(), now() + interval '2 minutes', 1, 'no'),
         ('business-central', 'home', 'two', now(), now() + interval '5 minutes', 1, 'no'),
         ('dataverse', 'org', 'one', now() - interval '9 minutes', now() - interval '8 minutes', 1, 'no')`,
    );
    const observe = createLedgerObserver({ database, clock: createStoppedClock(), reading: undefined });
    expect(told(await observe())).toMatchObject({
      'dealbridge_throttled_lanes business-central': 2,
      'dealbridge_throttled_rest_seconds business-central': 5,
      'dealbridge_throttled_lanes dataverse': 0,
      'dealbridge_throttled_rest_seconds dataverse': 0,
    });
  });

  it('is asked anew after ten seconds and not before, all that ever ended after five minutes, a failure at once', async () => {
    const clock = createStoppedClock();
    const texts: string[] = [];
    let isDown = false;
    const counted: Queryable = {
      query: async (text, values) => {
        texts.push(text);
        if (isDown) throw new Error('no connection');
        return database.query(text, values);
      },
    };
    const observe = createLedgerObserver({ database: counted, clock, reading: READING });
    await Promise.all([observe(), observe()]);
    const once = texts.length;
    await observe();
    expect(texts.length).toBe(once);
    clock.pass(10);
    await observe();
    expect(texts.length).toBe(once * 2 - 1);
    clock.pass(10);
    isDown = true;
    await expect(observe()).rejects.toThrow('no connection');
    isDown = false;
    await observe();
    clock.pass(300);
    const before = texts.length;
    await observe();
    expect(texts.length).toBe(before + once);
  });

  it('costs what is under way, not what ever was: an index finds the open states and the holds', async () => {
    await database.query(`INSERT INTO source_records (record_id, source_table, state, changed_at)
      SELECT gen_random_uuid(), 'quote', 'settled', now() FROM generate_series(1, 5000)`);
    await plant('held', 5, 'item-missing');
    await database.query('ANALYZE source_records');
    const plans: string[] = [];
    const explained: Queryable = {
      query: async (text, values) => {
        if (text.includes('source_records')) {
          const { rows } = await database.query(`EXPLAIN ${text}`, values);
          plans.push(rows.map((row) => Object.values(row)[0]).join('\n'));
        }
        return database.query(text, values);
      },
    };
    await readWatchedLedger(explained, OPEN);
    expect(plans.length).toBe(2);
    for (const plan of plans) expect(plan).not.toContain('Seq Scan');
  });
});

describe('from the win to the invoice row', () => {
  const report = (recordId: string) =>
    database.query(
      `INSERT INTO write_backs (invoice_id, record_id, sales_invoice_id, etag, reported_to_sales)
       VALUES ($1, $2, $3, '1', '{}')`,
      [randomUUID(), recordId, randomUUID()],
    );

  it('counts from the first word of it as won, and of the first invoice alone', async () => {
    const id = await plant('written-back', 60);
    expect(await findSecondsSinceWon(database, id)).toBeUndefined();
    await report(id);
    expect(Math.round((await findSecondsSinceWon(database, id)) ?? 0)).toBe(3_600);
    await database.query(
      `INSERT INTO detections (source_table, record_id, source, first_at) VALUES
         ('quote', $1, 'feed', now() - interval '4 minutes'), ('quote', $1, 'webhook', now() - interval '5 minutes')`,
      [id],
    );
    expect(Math.round((await findSecondsSinceWon(database, id)) ?? 0)).toBe(300);
    await report(id);
    expect(await findSecondsSinceWon(database, id)).toBeUndefined();
  });
});
