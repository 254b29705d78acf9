import type { SalesChanges } from '../../clients/dataverse/changes.js';
import type { Look } from '../../deal/change-hints.js';
import type { RecordRef } from '../../deal/deal.js';
import { wonStateCodes } from '../../deal/events.js';
import type { SourceTable } from '../../deal/ids.js';
import type { AuditEntry } from '../../ledger/audit/audit.js';
import type { Sightings } from '../../ledger/deals/detections.js';
import type { FeedLedger } from '../../ledger/feeds/sales-feeds.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { toFailure } from '../remote/failures.js';

/** The count asks Sales by an ordinary query what is won, and takes care of what neither webhook nor feed saw. */

export interface CountInput {
  readonly table: SourceTable;
  /** Where the count of this table goes on; without it, it begins. */
  readonly progress?: CountProgress;
}

export interface CountProgress {
  readonly link: string | undefined;
  readonly since: string;
  readonly rows: number;
  readonly unseen: number;
}

export interface CountSalesDependencies {
  readonly changes: Pick<SalesChanges, 'readRecords'>;
  readonly feeds: Pick<FeedLedger, 'openFeed' | 'noteCount' | 'findSettled'>;
  readonly sightings: Sightings;
  readonly audit: (entry: AuditEntry) => Promise<void>;
  readonly startDeal: (ref: RecordRef, look: Look) => Promise<unknown>;
  readonly rules: Pick<Rules, 'events' | 'feeds'>;
}

const DAY_MS = 86_400_000;

export function createCountSalesActivities(dependencies: CountSalesDependencies) {
  const { changes, feeds, sightings, audit, startDeal, rules } = dependencies;

  async function countPage(table: SourceTable, before: CountProgress | undefined): Promise<CountProgress> {
    const { takenFrom } = await feeds.openFeed(table);
    const statecodes = wonStateCodes(table, rules.events);
    const daysAgo = new Date(Date.now() - rules.feeds.countDays * DAY_MS);
    // What is older than the feed is not ours to take; a feed that never read has set no beginning yet.
    const since = before ? new Date(before.since) : takenFrom && takenFrom > daysAgo ? takenFrom : daysAgo;
    const progress = { rows: before?.rows ?? 0, unseen: before?.unseen ?? 0, since: since.toISOString() };
    if (statecodes.length === 0 || !takenFrom) return { ...progress, link: undefined };

    const { pageSize } = rules.feeds.tables[table];
    const page = await changes.readRecords(table, { statecodes, modifiedSince: since, pageSize, link: before?.link });
    const ids = page.rows.map(({ rowId }) => rowId);
    const settled = await feeds.findSettled(table, ids);
    const heard = await sightings.findSightings('webhook', ids);
    const fed = await sightings.findSightings('feed', ids);
    const unseen = page.rows.filter(({ rowId, version, modifiedAt }) => {
      const known = settled.get(rowId);
      if (known && BigInt(known.version) >= BigInt(version)) return false;
      const hint = heard.get(rowId);
      return !hint || hint.lastAt < modifiedAt;
    });
    for (const { rowId, revision } of unseen) {
      await startDeal({ table, recordId: rowId }, { at: 'sales', revision });
    }
    // What the feed knows and passed over is an older record that only we have changed: nobody should have seen it.
    const seen = [...unseen.map(({ rowId }) => rowId), ...ids.filter((id) => heard.has(id) || fed.has(id))];
    const fresh = await sightings.noteSightings(
      'count',
      seen.map((recordId) => ({ table, recordId })),
    );
    for (const { rowId, revision } of unseen.filter(({ rowId }) => fresh.has(rowId))) {
      await audit({ recordId: rowId, actor: 'dealbridge', action: 'found by the count', facts: { revision } });
    }
    const counted = { rows: progress.rows + ids.length, unseen: progress.unseen + unseen.length };
    if (page.nextLink === undefined) await feeds.noteCount(table, { since, ...counted });
    return { ...counted, since: progress.since, link: page.nextLink };
  }

  return {
    async countSalesPage({ table, progress }: CountInput): Promise<CountProgress> {
      try {
        return await countPage(table, progress);
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}

export type CountSalesActivities = ReturnType<typeof createCountSalesActivities>;
