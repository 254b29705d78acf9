import { type ChangedRow, type DataverseChanges, LinkExpired } from '../../clients/dataverse/changes.js';
import type { Clock } from '../../deal/clock.js';
import type { RecordState } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { toRecordState } from '../../deal/events.js';
import { type FeedTable, isSourceTable } from '../../deal/ids.js';
import type { SalesRowChange, Settled, TakeSalesChanges } from '../../deal/row-changes.js';
import type { Detections } from '../../ledger/deals/detections.js';
import type { FeedLedger, FeedPhase, FeedState } from '../../ledger/feeds/sales-feeds.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { toFailure } from '../remote/failures.js';

/** One step of a feed reads one page, takes what it tells, and only then stores the new position (I5). */

/** What the workflow learns: numbers and times, never a row. */
export interface FeedPage {
  readonly phase: FeedPhase;
  readonly isPaused: boolean;
  readonly hasMore: boolean;
  readonly waitSeconds: number;
  readonly rows: number;
  readonly taken: number;
  readonly positionAt: string | undefined;
  /** Whatever changed in Sales before this moment has been taken. */
  readonly caughtUpAt: string | undefined;
}

export interface SalesFeedDependencies {
  readonly changes: DataverseChanges;
  readonly feeds: FeedLedger;
  readonly detections: Detections;
  readonly rules: Pick<Rules, 'events' | 'feeds'>;
  /** The systemuserid of our Application User, asked once. */
  readonly getOwnUserId: () => Promise<string>;
  readonly take: TakeSalesChanges;
  readonly clock: Clock;
}

/** So many missing rows of a comparison are taken in one step. */
const MISSING_BATCH_SIZE = 500;
const MIN_RESTART_INTERVAL_MS = 60_000;

export function createSalesFeedActivities(dependencies: SalesFeedDependencies) {
  const { changes, feeds, rules, getOwnUserId, take, clock } = dependencies;

  async function readPage(table: FeedTable): Promise<FeedPage> {
    const feed = await feeds.openFeed(table);
    const settings = rules.feeds.tables[table];
    const answer = (after: FeedState, hasMore: boolean, rows = 0, taken = 0): FeedPage => ({
      phase: after.phase,
      isPaused: after.pausedAt !== undefined,
      hasMore,
      waitSeconds: settings.everySeconds,
      rows,
      taken,
      positionAt: after.positionAt?.toISOString(),
      caughtUpAt: after.caughtUpAt?.toISOString(),
    });
    if (feed.pausedAt) return answer(feed, false);
    if (feed.phase === 'missing') {
      const { taken, isLast } = await takeMissing(feed);
      return answer(await feeds.openFeed(table), !isLast, 0, taken);
    }
    const ownUserId = await getOwnUserId();
    if (!feed.readingSince) await feeds.recordReading(table);
    const isFullReading = feed.phase !== 'changes';
    const { pageSize } = settings;
    let page: Awaited<ReturnType<DataverseChanges['readChanges']>>;
    try {
      page = await changes.readChanges(table, { pageSize, link: feed.position, isFullReading });
    } catch (error) {
      if (!(error instanceof LinkExpired)) throw error;
      await feeds.startComparison(table, feed.step);
      // Links that are refused one after the other must not become a loop without a pause.
      const isRepeated =
        feed.expiredAt !== undefined && clock.now().getTime() - feed.expiredAt.getTime() < MIN_RESTART_INTERVAL_MS;
      return answer(await feeds.openFeed(table), !isRepeated);
    }

    const takenFrom = feed.takenFrom ?? (settings.from === 'now' ? page.answeredAt : settings.from);
    const rows = newestOfEach(page.rows);
    const known = await feeds.rememberRows(table, feed.sweep, rows);
    const state = (row: ChangedRow): RecordState | undefined =>
      isSourceTable(table) ? toRecordState(table, row.statecode, rules.events) : undefined;
    // The first reading gives everything that ever was; what is older than the feed is known by it, and not taken.
    const isNewChange = (row: ChangedRow): boolean => feed.phase !== 'initial' || row.modifiedAt >= takenFrom;
    const fresh = rows.filter(isNewChange);
    const alive = new Set(rows.map((row) => row.rowId));
    const deleted = page.deleted.filter((rowId) => !alive.has(rowId));
    const taken = await take(
      table,
      [
        ...fresh.map((row) => toChange(row, state(row), known.get(row.rowId), ownUserId)),
        ...deleted.map((rowId) => ({ kind: 'deleted', rowId }) as const),
      ],
      isFullReading,
    );
    if (isSourceTable(table)) {
      const won = fresh.filter((row) => taken.has(row.rowId) && state(row) === 'won');
      await dependencies.detections.recordDetections(
        'feed',
        won.map((row) => ({ table, recordId: row.rowId })),
      );
    }

    const isLast = page.nextLink === undefined;
    const isComparing = feed.phase === 'comparing';
    const changed = rows.filter((row) => known.get(row.rowId)?.version !== row.version).length;
    await feeds.settlePage({
      table,
      step: feed.step,
      phase: isLast ? (isComparing ? 'missing' : 'changes') : feed.phase,
      position: page.nextLink ?? getDeltaLink(table, page.deltaLink),
      takenFrom,
      isLast: isLast && !isComparing,
      settled: rows.map((row) => ({ rowId: row.rowId, version: row.version, state: state(row) })),
      deleted,
      read: page.rows.length + page.deleted.length,
      taken: taken.size,
      compared: isComparing ? { rows: rows.length, changed, missing: 0 } : NOTHING,
    });
    return answer(await feeds.openFeed(table), !isLast || isComparing, rows.length, taken.size);
  }

  /** A full reading tells no deletions: what it did not meet is gone (reference/dataverse-sales 4.6). */
  async function takeMissing(feed: FeedState): Promise<{ taken: number; isLast: boolean }> {
    const { table, step, sweep } = feed;
    const missing = await feeds.findMissing(table, sweep, MISSING_BATCH_SIZE);
    const taken = await take(
      table,
      missing.map((rowId) => ({ kind: 'deleted', rowId })),
      true,
    );
    const isLast = missing.length < MISSING_BATCH_SIZE;
    await feeds.settlePage({
      table,
      step,
      phase: isLast ? 'changes' : 'missing',
      position: feed.position,
      takenFrom: undefined,
      isLast,
      settled: [],
      deleted: missing,
      read: 0,
      taken: taken.size,
      compared: { rows: 0, changed: 0, missing: missing.length },
    });
    return { taken: taken.size, isLast };
  }

  return {
    async readSalesPage({ table }: { readonly table: FeedTable }): Promise<FeedPage> {
      try {
        return await readPage(table);
      } catch (error) {
        // Where the ledger is away as well, the first error is the one that counts.
        await feeds
          .recordFeedError(table, error instanceof Error ? error.message : String(error))
          .catch(() => undefined);
        throw toFailure(error);
      }
    },
  };
}

export type SalesFeedActivities = ReturnType<typeof createSalesFeedActivities>;

const NOTHING = { rows: 0, changed: 0, missing: 0 };

function toChange(
  row: ChangedRow,
  state: RecordState | undefined,
  settled: Settled | undefined,
  ownUserId: string,
): SalesRowChange {
  const { rowId, revision, version, label } = row;
  return { kind: 'changed', rowId, revision, version, state, settled, isOwn: row.modifiedBy === ownUserId, label };
}

/** A row may come twice, and the higher version is the newer (reference/dataverse-sales 4.5). */
function newestOfEach(rows: readonly ChangedRow[]): ChangedRow[] {
  const newest = new Map<string, ChangedRow>();
  for (const row of rows) {
    const other = newest.get(row.rowId);
    if (!other || BigInt(other.version) < BigInt(row.version)) newest.set(row.rowId, row);
  }
  return [...newest.values()];
}

function getDeltaLink(table: FeedTable, deltaLink: string | undefined): string {
  if (deltaLink === undefined) throw new InternalError(`the last page of ${table} came without a delta link`);
  return deltaLink;
}

/** Steps in our own database for the people at the switch; they run as local activities. */
export function createFeedSwitches(feeds: FeedLedger) {
  return {
    pauseFeed: ({ table, by }: { readonly table: FeedTable; readonly by: string }): Promise<void> =>
      feeds.pauseFeed(table, by),
    resumeFeed: ({ table }: { readonly table: FeedTable }): Promise<void> => feeds.resumeFeed(table),
  };
}

export type FeedSwitches = ReturnType<typeof createFeedSwitches>;
