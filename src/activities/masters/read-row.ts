import { RemoteApiError } from '../../clients/errors.js';
import { type DataverseMaster, LINK_KIND, toMasterState } from '../../deal/masters.js';
import type { StoredLink } from '../../ledger/masters/links.js';
import type { MasterRef } from '../../ledger/masters/masters.js';
import { toFailure } from '../remote/failures.js';
import { type SyncDependencies, toEcho, toGone } from './sync-master-data.js';

/** How a row of Sales is read for its sync, whether account or product. */

export type RowReading =
  /** Not sold, not linked, or not wanted by the rules. */
  | { readonly kind: 'not-followed' }
  /** What Sales says was brought over before. */
  | { readonly kind: 'echo' }
  | {
      readonly kind: 'followed';
      readonly isActive: boolean;
      readonly isLinked: boolean;
      /** A fingerprint of what Sales says. */
      readonly echo: string;
    };

export interface ReadRequest {
  readonly rowId: string;
  /** Look at everything again, also when Sales says what it said before. */
  readonly isThorough: boolean;
}

/** What differs between the kinds of rows. */
interface RowPort {
  readonly kind: 'account' | 'product';
  /** Whether rows without a link are brought over as well. */
  readonly follows: 'linked' | 'all';
}

export function createRowReader(dependencies: SyncDependencies, { kind, follows }: RowPort) {
  const { backfill, dataverseMasters, ledger, companyId, masters } = dependencies;

  const toRef = (rowId: string): MasterRef => ({ kind, rowId });

  const findLink = async (rowId: string) => (await ledger.findLinks(LINK_KIND[kind], companyId, [rowId])).get(rowId);

  /** Whether it stands for others as well, who go on using it: it must not be blocked for them. */
  const isShared = async ({ salesId, bcId }: StoredLink): Promise<boolean> =>
    (await ledger.findLinkedOthers(LINK_KIND[kind], companyId, { salesId, bcId })).length > 0;

  return {
    async findRow(table: DataverseMaster['kind'], rowId: string): Promise<DataverseMaster | undefined> {
      try {
        return await dataverseMasters.readMaster(table, rowId);
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw toFailure(error);
      }
    },

    /** Of a row that is not followed no pass will say that it has ended. */
    async endUnlessFollowed<Reading extends { readonly kind: string }>(
      rowId: string,
      reading: Reading,
    ): Promise<Reading> {
      if (reading.kind !== 'followed') await backfill.end(rowId);
      return reading;
    },

    /** A row that Sales does not have any more: what stands for it in Business Central is taken out of use. */
    async followDeleted(table: DataverseMaster['kind'], rowId: string): Promise<RowReading> {
      const link = await findLink(rowId);
      if (!link || link.isSecondary) return { kind: 'not-followed' };
      const content = (await masters.findMaster(toRef(rowId)))?.content ?? toGone(table, rowId);
      await masters.change(toRef(rowId), { state: 'deleted', content }, undefined, {
        actor: 'Sales',
        action: `delete ${kind} in Sales`,
        facts: { number: content.number },
      });
      if (await isShared(link)) return { kind: 'not-followed' };
      return { kind: 'followed', isActive: false, isLinked: true, echo: 'deleted' };
    },

    async follow(row: DataverseMaster, { rowId, isThorough }: ReadRequest, readFrom: Date): Promise<RowReading> {
      const ref = toRef(rowId);
      const link = await findLink(rowId);
      // Two rows that are brought over into one would undo each other's work.
      if (link?.isSecondary) return { kind: 'not-followed' };
      const isLinked = link !== undefined;
      const state = toMasterState(row);
      if (link && state !== 'active' && (await isShared(link))) return { kind: 'not-followed' };
      if (!isLinked && (follows === 'linked' || state !== 'active')) return { kind: 'not-followed' };
      const kept = await masters.findMaster(ref);
      const hasProblems = (kept?.problems.length ?? 0) > 0;
      const echo = toEcho(row);
      if (isLinked && !isThorough && !hasProblems && kept?.echo === echo) return { kind: 'echo' };
      await masters.change(ref, { content: row, state, readFrom });
      return { kind: 'followed', isActive: state === 'active', isLinked, echo };
    },
  };
}
