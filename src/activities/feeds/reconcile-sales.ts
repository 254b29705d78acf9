import type { DataverseChanges } from '../../clients/dataverse/changes.js';
import type { ChangeHint } from '../../deal/change-hints.js';
import type { Clock } from '../../deal/clock.js';
import type { RecordRef } from '../../deal/deal.js';
import { wonStateCodes } from '../../deal/events.js';
import type { SourceTable } from '../../deal/ids.js';
import type { DealLabel } from '../../deal/run-summary.js';
import type { AuditEntry } from '../../ledger/audit/audit.js';
import type { Detections } from '../../ledger/deals/detections.js';
import type { FeedLedger } from '../../ledger/feeds/sales-feeds.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { toFailure } from '../remote/failures.js';

/** The count asks Sales by an ordinary query what is won, and takes care of what neither webhook nor feed saw. */

export interface ReconcileInput {
  readonly table: SourceTable;
  /** Where the count of this table goes on; without it, it begins. */
  readonly progress?: ReconcileProgress;
}

export interface ReconcileProgress {
  readonly link: string | undefined;
  readonly since: string;
  readonly rows: number;
  readonly missed: number;
}

export interface ReconcileSalesDependencies {
  readonly changes: Pick<DataverseChanges, 'readRecords'>;
  readonly feeds: Pick<FeedLedger, 'openFeed' | 'recordReconciliation' | 'findSettled'>;
  readonly detections: Detections;
  readonly audit: (entry: AuditEntry) => Promise<void>;
  readonly startDeal: (ref: RecordRef, hint: ChangeHint, label?: DealLabel) => Promise<unknown>;
  readonly rules: Pick<Rules, 'events' | 'feeds'>;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;

export function createReconcileSalesActivities(dependencies: ReconcileSalesDependencies) {
  const { changes, feeds, detections, audit, startDeal, rules, clock } = dependencies;

  async function countPage(table: SourceTable, before: ReconcileProgress | undefined): Promise<ReconcileProgress> {
    const { takenFrom } = await feeds.openFeed(table);
    const statecodes = wonStateCodes(table, rules.events);
    const daysAgo = new Date(clock.now().getTime() - rules.feeds.countDays * DAY_MS);
    // What is older than the feed is not ours to take; a feed that never read has set no beginning yet.
    const since = before ? new Date(before.since) : takenFrom && takenFrom > daysAgo ? takenFrom : daysAgo;
    const progress = { rows: before?.rows ?? 0, missed: before?.missed ?? 0, since: since.toISOString() };
    if (statecodes.length === 0 || !takenFrom) return { ...progress, link: undefined };

    const { pageSize } = rules.feeds.tables[table];
    const page = await changes.readRecords(table, { statecodes, modifiedSince: since, pageSize, link: before?.link });
    const ids = page.rows.map(({ rowId }) => rowId);
    const settled = await feeds.findSettled(table, ids);
    const heard = await detections.findDetections('webhook', ids);
    const fed = await detections.findDetections('feed', ids);
    const missed = page.rows.filter(({ rowId, version, modifiedAt }) => {
      const known = settled.get(rowId);
      if (known && BigInt(known.version) >= BigInt(version)) return false;
      const hint = heard.get(rowId);
      return !hint || hint.lastAt < modifiedAt;
    });
    for (const { rowId, revision, label } of missed) {
      await startDeal({ table, recordId: rowId }, { at: 'dataverse', revision }, label);
    }
    // What the feed knows and passed over is an older record that only we have changed: nobody should have seen it.
    const seen = [...missed.map(({ rowId }) => rowId), ...ids.filter((id) => heard.has(id) || fed.has(id))];
    const fresh = await detections.recordDetections(
      'count',
      seen.map((recordId) => ({ table, recordId })),
    );
    for (const { rowId, revision } of missed.filter(({ rowId }) => fresh.has(rowId))) {
      await audit({ recordId: rowId, actor: 'dealbridge', action: 'found by the count', facts: { revision } });
    }
    const counted = { rows: progress.rows + ids.length, missed: progress.missed + missed.length };
    if (page.nextLink === undefined) await feeds.recordReconciliation(table, { since, ...counted });
    return { ...counted, since: progress.since, link: page.nextLink };
  }

  return {
    async reconcileSalesPage({ table, progress }: ReconcileInput): Promise<ReconcileProgress> {
      try {
        return await countPage(table, progress);
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}

export type ReconcileSalesActivities = ReturnType<typeof createReconcileSalesActivities>;
