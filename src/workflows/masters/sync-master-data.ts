import type { ChangeOutcome, SyncComparison } from '../../activities/masters/sync-master-data.js';
import type { HoldReason } from '../../deal/holds.js';
import { masterLedger } from '../activity-options.js';

/** One pass over a row of Sales and what stands for it in Business Central: read, match, create, compare, write. */

/** A row that is kept in agreement. */
export interface FollowedRow {
  readonly kind: 'followed';
  readonly isActive: boolean;
  readonly isLinked: boolean;
  /** A fingerprint of what Sales says. */
  readonly echo: string;
}

/** What differs from kind to kind. */
export interface SyncPort<Row extends FollowedRow, Other extends { readonly kind: string }> {
  readonly kind: 'account' | 'product';
  readonly rowId: string;
  /** The steps of a pass; problems that an earlier pass found in them are forgotten at its end. */
  readonly steps: readonly string[];
  readonly read: (isThorough: boolean) => Promise<Row | Other>;
  /** A row that is not brought over itself. */
  readonly leave: (reading: Other, isThorough: boolean) => Promise<readonly HoldReason[]>;
  readonly match: () => Promise<Finding>;
  readonly create: () => Promise<Finding>;
  readonly compare: () => Promise<SyncComparison>;
  readonly updateBusinessCentral: () => Promise<ChangeOutcome>;
  readonly updateDataverse: () => Promise<ChangeOutcome>;
  /** The rows that come along, once the two agree; `stale` when somebody changed one of them in between. */
  readonly bringAlong?: (row: Row) => Promise<'done' | 'stale'>;
  readonly contactsOf?: (row: Row) => readonly string[];
}

type Finding = 'linked' | 'none' | 'refused' | 'stale';

/** So often somebody else may change a row between our reading and our writing. */
const TRIES = 4;

/** Returns why a person is needed, if one is. */
export async function syncMasterData<Row extends FollowedRow, Other extends { readonly kind: string }>(
  port: SyncPort<Row, Other>,
  isThorough: boolean,
): Promise<readonly HoldReason[]> {
  const { kind, rowId, steps } = port;
  for (let tries = 1; ; tries += 1) {
    const reading = await port.read(isThorough || tries > 1);
    if (!isFollowed(reading)) return port.leave(reading, isThorough);
    const outcome = await bringOver(port, reading);
    if (outcome === 'stale' && tries < TRIES) continue;
    const contactIds = port.contactsOf?.(reading);
    return masterLedger.endPass({
      ref: { kind, rowId },
      steps,
      echo: outcome === 'done' ? reading.echo : undefined,
      isStale: outcome === 'stale',
      ...(contactIds && { contactIds }),
    });
  }
}

function isFollowed<Row extends FollowedRow>(reading: Row | { readonly kind: string }): reading is Row {
  return reading.kind === 'followed';
}

async function bringOver<Row extends FollowedRow, Other extends { readonly kind: string }>(
  port: SyncPort<Row, Other>,
  row: Row,
): Promise<'done' | 'stopped' | 'stale'> {
  if (!row.isLinked) {
    // What is not sold any more needs no row in Business Central.
    if (!row.isActive) return 'done';
    const found = await port.match();
    const linked = found === 'none' ? await port.create() : found;
    if (linked !== 'linked') return found === 'none' && linked === 'stale' ? 'stale' : 'stopped';
  }
  const agreement = await agree(port);
  if (agreement === 'stale') return 'stale';
  // Created, unblocked or filled in: deals that were held for it may go on.
  if (agreement === 'changed' || !row.isLinked) await masterLedger.wakeDeals({ rowId: port.rowId });
  if (agreement === 'gone' || agreement === 'refused') return 'stopped';
  return port.bringAlong ? port.bringAlong(row) : 'done';
}

/** Compares, then writes what differs; `stale` when somebody changed one of the two rows in between. */
async function agree({
  compare,
  updateBusinessCentral,
  updateDataverse,
}: Pick<SyncPort<never, never>, 'compare' | 'updateBusinessCentral' | 'updateDataverse'>): Promise<
  'same' | 'changed' | 'gone' | 'refused' | 'stale'
> {
  const { isGone, hasBusinessCentralChange, hasDataverseChange } = await compare();
  if (isGone) return 'gone';
  const outcomes = [
    ...(hasDataverseChange ? [await updateDataverse()] : []),
    ...(hasBusinessCentralChange ? [await updateBusinessCentral()] : []),
  ];
  if (outcomes.includes('stale')) return 'stale';
  if (outcomes.includes('refused')) return 'refused';
  return outcomes.length > 0 ? 'changed' : 'same';
}
