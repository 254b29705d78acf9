import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createAlertActivities } from '../../src/activities/alerts/alerts.js';
import { createFindCauses } from '../../src/activities/alerts/find-causes.js';
import { createResumeActivities } from '../../src/activities/deals/resume-deals.js';
import type { RecordRef } from '../../src/deal/deal.js';
import { createAlertLedger } from '../../src/ledger/alerts/alerts.js';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import { createHeldSweeps } from '../../src/ledger/deals/held-sweeps.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { DESK, makeAlertRules, makeChannel } from '../support/alerts.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';

/** Ten thousand deals that wait are read in pages, whoever asks for all of them: no process holds them all at once. */

const DEALS = 10_000;
/** The largest page of all of them. */
const MAX_ROWS = 500;

let embedded: EmbeddedLedger;
let database: Database;
/** The most rows that a statement returned, or was given. */
let mostRows = 0;

/** Counts what goes to and fro. */
function counting(db: Queryable): Queryable {
  return {
    ...db,
    async query<Row extends Readonly<Record<string, unknown>>>(text: string, values?: readonly unknown[]) {
      const result = await db.query<Row>(text, values);
      const given = (values ?? []).map((value) => (Array.isArray(value) ? value.length : 1));
      mostRows = Math.max(mostRows, result.rows.length, ...given);
      return result;
    },
  };
}

beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  const opened = signedWith(openDatabase(embedded.url));
  await migrate(opened);
  database = { ...opened, ...counting(opened), transaction: (work) => opened.transaction((tx) => work(counting(tx))) };
  // Held for a customer, or waiting for a confirmation, since some time in two days; a hundred of them at a moment.
  await opened.query(
    `INSERT INTO source_records (record_id, source_table, state, hold_reason, record_number, changed_at)
     SELECT gen_random_uuid(), 'salesorder', state, CASE state WHEN 'held' THEN 'customer-missing' END, 'SO-' || i,
       timestamptz '2026-03-30 12:00:00.000001+00' + (i / 100) * interval '10 minutes'
     FROM generate_series(1, $1) AS i, LATERAL (SELECT CASE i % 10 WHEN 0 THEN 'awaiting-confirmation' ELSE 'held' END) AS planted (state)`,
    [DEALS],
  );
});
afterAll(async () => {
  await database.close();
  await embedded.stop();
});
beforeEach(() => {
  mostRows = 0;
});

it('by the alerts, which count every one and say it once', async () => {
  const rules = makeAlertRules({ waitingHours: 1_000, channels: [makeChannel({ kinds: ['hold'] })] });
  const contents: object[] = [];
  const { planAlerts, sendAlert } = createAlertActivities({
    ledger: createAlertLedger(database),
    rules,
    clock: { now: () => new Date('2026-04-02T12:00:00Z') },
    deskUrl: DESK,
    findCauses: createFindCauses(database, { ...rules, readsFeeds: true, flows: [] }),
    senders: new Map(
      rules.channels.map(({ name }) => [name, { send: async ({ content }) => void contents.push(content) }]),
    ),
    log: { warn: () => undefined },
  });
  const planned = await planAlerts();
  for (const { messageId } of planned) await sendAlert(messageId);
  expect(contents).toMatchObject([
    {
      title: `Dealbridge: ${DEALS * 0.9} new for master data`,
      groups: [{ subject: 'customer-missing', count: DEALS * 0.9, numbers: { length: 10 } }],
    },
  ]);
  expect(await planAlerts()).toEqual([]);
  expect(mostRows).toBe(MAX_ROWS);
});

it('by the pass that looks for deals without a run, which asks Temporal for a page as well', async () => {
  const stopped = new Set<string>();
  const asked: number[] = [];
  const started: string[] = [];
  const { resumeDeals } = createResumeActivities({
    ledger: createLedger(database),
    async findRunning(recordIds) {
      asked.push(recordIds.length);
      for (const first of recordIds.slice(0, 1)) stopped.add(first);
      return new Set(recordIds.slice(1));
    },
    async startDeal({ recordId }) {
      started.push(recordId);
      return { kind: 'started' };
    },
  });
  await resumeDeals();
  expect(asked.reduce((sum, count) => sum + count, 0)).toBe(DEALS);
  expect(Math.max(...asked)).toBe(MAX_ROWS);
  expect(new Set(started)).toEqual(stopped);
  expect(mostRows).toBe(MAX_ROWS);
});

it('by two starters that are told of a customer whom nobody knows: together they wake each deal once', async () => {
  const starters = [createHeldSweeps(database), createHeldSweeps(database)];
  const pace = { betweenMs: 0, restMs: 600_000, limit: 100 };
  const taken: RecordRef[] = [];
  for (const starter of starters) await starter.ask('customer');
  for (;;) {
    const pages = await Promise.all(starters.map((starter) => starter.take(pace)));
    if (pages.flat().length === 0) break;
    taken.push(...pages.flat());
  }
  expect(taken).toHaveLength(DEALS * 0.9);
  expect(new Set(taken.map(({ recordId }) => recordId)).size).toBe(DEALS * 0.9);
  expect(mostRows).toBe(pace.limit);
});
