import { WorkflowNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import { FEED_TABLES, type FeedTable, isFeedTable, salesFeedId } from '../deal/ids.js';
import { createDetections, DETECTION_SOURCES, type GapReport } from '../ledger/deals/detections.js';
import type { BusinessCentralFeedLine } from '../ledger/feeds/business-central-feeds.js';
import { createFeedLedger, type FeedState } from '../ledger/feeds/sales-feeds.js';
import type { Runtime } from '../process/runtime.js';
import type { FeedPosition, OperatorCommand } from '../workflows/feeds/messages.js';

/** `dealbridge feeds …`: how far the feeds of both sides have read, what webhook, feed and count missed, and the switches. */

type WithRuntime = (work: (runtime: Runtime) => Promise<void>) => Promise<void>;

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
/** So many missed records are named for each table and watcher; the numbers are complete. */
const NAMED = 1_000;

export function addFeedCommands(program: Command, withRuntime: WithRuntime): void {
  const feeds = program
    .command('feeds')
    .description('show how far the feeds of both sides have read, and what webhook, feed and count missed')
    .action(() =>
      withRuntime(async ({ database, ledger }) => {
        const states = await createFeedLedger(database).listFeeds();
        printTable([FEED_COLUMNS, ...states.map((state) => toLine(state, new Date()))]);
        for (const state of states) {
          if (state.timesExpired > 0) console.log(describeComparison(state));
          if (state.lastError)
            console.log(`${state.table}: ${state.lastError}, at ${state.lastErrorAt?.toISOString()}`);
        }
        console.log('');
        printBusinessCentral(await ledger.listBusinessCentralFeeds());
        printGaps(await createDetections(database).readGaps(daysAgo(DEFAULT_DAYS), 0));
      }),
    );

  feeds
    .command('gaps')
    .description('name the records that webhook, feed or count missed')
    .option('--since <date>', `a date such as 2026-01-31; ${DEFAULT_DAYS} days ago when it is not given`)
    .action((options: { since?: string }) =>
      withRuntime(async ({ database }) => {
        const since = options.since === undefined ? daysAgo(DEFAULT_DAYS) : parseDate(options.since);
        const reports = await createDetections(database).readGaps(since, NAMED);
        printGaps(reports);
        for (const { table, sources } of reports) {
          for (const source of DETECTION_SOURCES) {
            for (const gap of sources[source].gaps) {
              console.log([source, 'missed', table, gap.recordId, gap.since.toISOString()].join('\t'));
            }
          }
        }
      }),
    );

  const onFeed = (word: 'pause' | 'resume' | 'nudge', description: string): void => {
    feeds
      .command(word)
      .description(description)
      .argument('<feed>', FEED_TABLES.join(', '))
      .option('--by <name>', 'who says so', 'dealbridge feeds')
      .action((feed: string, options: { by: string }) =>
        withRuntime(async ({ temporal }) => {
          const table = parseFeed(feed);
          try {
            const position = await temporal.workflow
              .getHandle(salesFeedId(table))
              .executeUpdate<FeedPosition, [OperatorCommand]>(word, { args: [{ by: options.by }] });
            console.log(JSON.stringify(position, null, 2));
          } catch (error) {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
            throw new RangeError(`the feed of ${table} does not run: start the starter with FEEDS=on`);
          }
        }),
      );
  };
  onFeed('pause', 'let a feed read nothing until it is resumed; survives restarts');
  onFeed('resume', 'let a paused feed go on from its stored position');
  onFeed('nudge', 'let a feed read now');
}

/** Its invoices are read in turns; the subscriptions only make that sooner, and a position is when they expire. */
function printBusinessCentral(feeds: readonly BusinessCentralFeedLine[]): void {
  if (feeds.length === 0) return;
  const lines = feeds.map(({ name, position, ageSeconds }) => [
    name,
    position?.toISOString() ?? '-',
    ageSeconds === undefined ? 'never' : `${ageSeconds} s ago`,
  ]);
  printTable([['Business Central', 'position', 'read'], ...lines]);
  for (const { name, lastError, lastErrorAt } of feeds) {
    if (lastError) console.log(`${name}: ${lastError}, at ${lastErrorAt?.toISOString()}`);
  }
  console.log('');
}

/** `salesorder` or `sales-feed-salesorder`. @throws RangeError */
function parseFeed(text: string): FeedTable {
  const table = text.replace(/^sales-feed-/, '');
  if (!isFeedTable(table)) throw new RangeError(`feed: found '${text}', one of ${FEED_TABLES.join(', ')} is right`);
  return table;
}

/** @throws RangeError */
function parseDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new RangeError(`--since: found '${text}', a date such as 2026-01-31 is right`);
  return date;
}

function daysAgo(days: number): Date {
  return new Date(Date.now() - days * DAY_MS);
}

const FEED_COLUMNS = [
  'feed',
  'phase',
  'complete since',
  'position age',
  'rows',
  'taken',
  'expired',
  'pauses',
  'paused',
];

function toLine(state: FeedState, now: Date): string[] {
  return [
    state.table,
    state.phase,
    state.caughtUpAt ? `${age(state.caughtUpAt, now)} ago` : 'not yet',
    state.positionAt ? age(state.positionAt, now) : '-',
    state.rowsRead,
    state.rowsTaken,
    String(state.timesExpired),
    String(state.timesPaused),
    state.pausedAt ? `by ${state.pausedBy} for ${age(state.pausedAt, now)}` : '-',
  ];
}

function describeComparison({ table, timesExpired, expiredAt, compared }: FeedState): string {
  return (
    `${table}: token expired ${timesExpired} times, last at ${expiredAt?.toISOString()}; ` +
    `compared ${compared.rows} rows, ${compared.changed} changed, ${compared.missing} missing`
  );
}

function age(then: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - then.getTime()) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}

function printGaps(reports: readonly GapReport[]): void {
  printTable([
    ['table', 'records', ...DETECTION_SOURCES.flatMap((source) => [`${source} saw`, 'missed'])],
    ...reports.map(({ table, records, sources }) => [
      table,
      String(records),
      ...DETECTION_SOURCES.flatMap((source) => [String(sources[source].saw), String(sources[source].missed)]),
    ]),
  ]);
  const [first] = reports;
  if (first) console.log(`since ${first.since.toISOString()}`);
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
