import type { Command } from 'commander';
import { FEED_TABLES } from '../deal/ids.js';
import { plural } from '../deal/plural.js';
import { createFeedCommands } from '../dispatch/feed-commands.js';
import type { GapReport } from '../ledger/deals/detections.js';
import type { HintSetAside } from '../ledger/deals/stopped-deals.js';
import type { BusinessCentralFeedLine } from '../ledger/feeds/business-central-feeds.js';
import type { FeedState } from '../ledger/feeds/sales-feeds.js';
import type { PausedLane } from '../ledger/settings/paused-lanes.js';
import type { ThrottledLane } from '../ledger/settings/throttled-lanes.js';
import { FEED_SWITCHES, listFeeds, listGaps, switchFeed } from '../operations/feeds/feeds.js';
import { BY_OPTION, currentPerson, toPerson, withLedger, withRuntime } from './context.js';
import { parseSince } from './parse-since.js';
import { printJson, printTable, toAge } from './print.js';

/** `dealbridge feeds …`: how far the feeds of both sides have read, what was missed, and the switches. */

const SOURCES = ['webhook', 'feed', 'count'] as const;

const DESCRIPTIONS = {
  pause: 'let a feed read nothing until it is resumed; survives restarts',
  resume: 'let a paused feed go on from its stored position',
  nudge: 'let a feed read now',
} as const;

export function addFeedCommands(program: Command): void {
  const feeds = program
    .command('feeds')
    .description('show how far the feeds of both sides have read, and what webhook, feed and reconciliation missed')
    .action(() =>
      withLedger(async ({ database, ledger }) => {
        const now = new Date();
        const shown = await listFeeds({ database, ledger, now }, currentPerson(), {});
        const { dataverse, backfill, businessCentral, gaps, setAside, pausedLanes, throttledLanes } = shown;
        for (const lane of pausedLanes) console.log(`${describePause(lane)}\n`);
        for (const lane of throttledLanes) console.log(`${describeThrottling(lane)}\n`);
        if (dataverse.length === 0) console.log('No feed of Sales has run yet: start the starter with FEEDS=on.');
        else printTable([FEED_COLUMNS, ...dataverse.map((state) => toLine(state, now))]);
        for (const [table, rows] of Object.entries(backfill)) {
          const wait = rows === 1 ? 'waits' : 'wait';
          console.log(
            `${table}: ${plural(rows, 'row')} of a full reading ${wait} to be brought over, behind deals and changes`,
          );
        }
        for (const state of dataverse) {
          if (state.timesExpired > 0) console.log(describeComparison(state));
          if (state.lastError)
            console.log(`${state.table}: ${state.lastError}, at ${state.lastErrorAt?.toISOString()}`);
        }
        console.log('');
        printBusinessCentral(businessCentral);
        printSetAside(setAside, now);
        printGaps(gaps);
      }),
    );

  feeds
    .command('gaps')
    .description('name the records that webhook, feed or reconciliation missed')
    .option('--since <date>', 'a day or an instant, such as 2026-01-31; 7 days ago when it is not given')
    .action((options: { since?: string }) =>
      withLedger(async ({ database }) => {
        const since = options.since === undefined ? {} : { since: parseSince(options.since) };
        const reports = await listGaps({ database, now: new Date() }, currentPerson(), since);
        printGaps(reports);
        const missed = reports.flatMap(({ table, sources }) =>
          SOURCES.flatMap((source) =>
            sources[source].gaps.map((gap) => [
              ...[source, table, gap.number ?? '(not read yet)', gap.recordId, gap.since.toISOString()],
            ]),
          ),
        );
        if (missed.length > 0) {
          console.log('');
          printTable([['missed by', 'table', 'number', 'guid', 'detected otherwise'], ...missed]);
        }
      }),
    );

  for (const command of FEED_SWITCHES) {
    feeds
      .command(command)
      .description(DESCRIPTIONS[command])
      .argument('<feed>', FEED_TABLES.join(', '))
      .option(...BY_OPTION)
      .option('--json', 'print JSON')
      .action((feed: string, options: { by: string; json?: true }) =>
        withRuntime(async ({ temporal, ledger }) => {
          const dependencies = { feeds: createFeedCommands(temporal), audit: ledger.audit };
          const position = await switchFeed(dependencies, toPerson(options), { command, feed });
          if (options.json) printJson(position);
          else console.log(toSwitchWords(position, command));
        }),
      );
  }
}

/** One that is paused may be asked to read now all the same: it does so when it is resumed. */
export function toSwitchWords(
  { table, isPaused, lastError }: Awaited<ReturnType<typeof switchFeed>>,
  command: (typeof FEED_SWITCHES)[number],
): string {
  const problem = lastError === undefined ? '' : `; its last reading failed: ${lastError}`;
  if (isPaused) return `${table} is paused and reads nothing until it is resumed${problem}`;
  return `${table} ${command === 'nudge' ? 'reads now' : 'reads on from its stored position'}${problem}`;
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

function printSetAside(hints: readonly HintSetAside[], now: Date): void {
  if (hints.length === 0) return;
  const lines = hints.map(({ table, recordId, since, reason }) => [table, recordId, toAge(since, now), reason]);
  printTable([['set aside', 'deal', 'for', 'what Temporal said'], ...lines]);
  console.log('They are sent again every ten minutes; `dealbridge replay` begins such a deal anew.\n');
}

function describePause({ system, address, pausedSince, problem }: PausedLane): string {
  return `${system} paused since ${pausedSince.toISOString()}, deals wait (${address}): ${problem}`;
}

function describeThrottling({ system, address, clientId, pausedUntil, problem }: ThrottledLane): string {
  return `${system} throttled until ${pausedUntil.toISOString()}, deals wait (${address}, app registration ${clientId}): ${problem}`;
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
    state.caughtUpAt ? `${toAge(state.caughtUpAt, now)} ago` : 'not yet',
    state.positionAt ? toAge(state.positionAt, now) : '-',
    state.rowsRead,
    state.rowsTaken,
    String(state.timesExpired),
    String(state.timesPaused),
    state.pausedAt ? `by ${state.pausedBy} for ${toAge(state.pausedAt, now)}` : '-',
  ];
}

function describeComparison({ table, timesExpired, expiredAt, compared }: FeedState): string {
  return (
    `${table}: token expired ${plural(timesExpired, 'time')}, last at ${expiredAt?.toISOString()}; ` +
    `compared ${plural(compared.rows, 'row')}, ${compared.changed} changed, ${compared.missing} missing`
  );
}

function printGaps(reports: readonly GapReport[]): void {
  printTable([
    ['table', 'records', ...SOURCES.flatMap((source) => [`${source} saw`, 'missed'])],
    ...reports.map(({ table, records, sources }) => [
      table,
      String(records),
      ...SOURCES.flatMap((source) => [String(sources[source].saw), String(sources[source].missed)]),
    ]),
  ]);
  const [first] = reports;
  if (first) console.log(`since ${first.since.toISOString()}`);
}
