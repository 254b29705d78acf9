import type { ChangeHint } from '../deal/change-hints.js';
import type { RecordRef } from '../deal/deal.js';
import { isSourceTable } from '../deal/ids.js';
import type { MasterKind } from '../deal/masters.js';
import type { SalesRowChange, TakeSalesChanges } from '../deal/row-changes.js';
import type { DealLabel } from '../deal/run-summary.js';
import type { Waiting } from '../ledger/deals/waiting.js';

/** What a change in Sales means: a deal is started, a running one gets a hint, or nothing. */

export interface MasterChange {
  readonly version: string | undefined;
  readonly isDeleted: boolean;
}

/** An account, or a contact: both may be a customer in Business Central. */
export type AccountChange = MasterChange & ({ readonly accountId: string } | { readonly contactId: string });
export type ProductChange = MasterChange & { readonly productId: string };

/** What is done with customers and products of Sales that are linked or waited for. */
export interface MasterTakers {
  takeAccount(change: AccountChange): Promise<void>;
  takeProduct(change: ProductChange): Promise<void>;
  /** Of a full reading: these rows can wait for those that have just changed. */
  takeBackfill(table: MasterKind, rowIds: readonly string[]): Promise<void>;
}

export interface TakeDependencies extends MasterTakers {
  readonly startDeal: (ref: RecordRef, hint: ChangeHint, label?: DealLabel) => Promise<unknown>;
  readonly waiting: Pick<Waiting, 'findFollowedRecords' | 'findConcernedRows'>;
}

/** So many deals of a page are started at once; each start is a few milliseconds of waiting. */
const MAX_CONCURRENT_STARTS = 8;

export function createTakeSalesChanges(dependencies: TakeDependencies): TakeSalesChanges {
  const { startDeal, waiting } = dependencies;

  async function takeRecords(table: RecordRef['table'], changes: readonly SalesRowChange[]): Promise<Set<string>> {
    const followed = await waiting.findFollowedRecords(changes.map(({ rowId }) => rowId));
    const hints = changes.flatMap((change): { ref: RecordRef; hint: ChangeHint; label?: DealLabel | undefined }[] => {
      const ref = { table, recordId: change.rowId };
      if (change.kind === 'deleted') {
        return followed.has(change.rowId) ? [{ ref, hint: { at: 'dataverse', isDeleted: true } }] : [];
      }
      // A record that is not won and of which nothing was made concerns nobody.
      if (change.state !== 'won' && !followed.has(change.rowId)) return [];
      return [{ ref, hint: { at: 'dataverse', revision: change.revision }, label: change.label }];
    });
    await withConcurrency(MAX_CONCURRENT_STARTS, hints, ({ ref, hint, label }) => startDeal(ref, hint, label));
    return new Set(hints.map(({ ref }) => ref.recordId));
  }

  async function takeMasters(
    table: MasterKind,
    changes: readonly SalesRowChange[],
    isBackfill: boolean,
  ): Promise<Set<string>> {
    const concerned = await waiting.findConcernedRows(
      table,
      changes.map(({ rowId }) => rowId),
    );
    const ours = changes.filter(({ rowId }) => concerned.has(rowId));
    const taken = new Set(ours.map(({ rowId }) => rowId));
    if (isBackfill) {
      await dependencies.takeBackfill(table, [...taken]);
      return taken;
    }
    await withConcurrency(MAX_CONCURRENT_STARTS, ours, (change) => {
      const { rowId } = change;
      const facts: MasterChange =
        change.kind === 'deleted'
          ? { version: undefined, isDeleted: true }
          : { version: change.version, isDeleted: false };
      if (table === 'product') return dependencies.takeProduct({ productId: rowId, ...facts });
      return dependencies.takeAccount(
        table === 'account' ? { accountId: rowId, ...facts } : { contactId: rowId, ...facts },
      );
    });
    return taken;
  }

  return async (table, changes, isBackfill) => {
    const request = changes.filter(isNewChange);
    if (request.length === 0) return new Set();
    return isSourceTable(table) ? takeRecords(table, request) : takeMasters(table, request, isBackfill);
  };
}

/**
 * A version that was dealt with is no change, and neither is what we changed ourselves: unless the record's state is
 * another than we know, because our change came after somebody's and hides it.
 */
function isNewChange(change: SalesRowChange): boolean {
  if (change.kind === 'deleted') return true;
  const { settled } = change;
  if (settled && BigInt(settled.version) >= BigInt(change.version)) return false;
  if (!change.isOwn) return true;
  return settled?.state !== change.state;
}

async function withConcurrency<T>(most: number, all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const rest = all.values();
  await Promise.all(
    Array.from({ length: Math.min(most, all.length) }, async () => {
      for (const one of rest) await work(one);
    }),
  );
}
