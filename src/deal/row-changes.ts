import type { RecordState } from './deal.js';
import type { FeedTable } from './ids.js';
import type { DealLabel } from './run-summary.js';

/** What was dealt with before: a row is news when its version is greater. */
export interface Settled {
  readonly version: string;
  readonly state: RecordState | undefined;
}

/** What a page of changes says of one row in Sales. */
export type SalesRowChange =
  | {
      readonly kind: 'changed';
      readonly rowId: string;
      readonly revision: string;
      readonly version: string;
      /** Of a record that can carry a deal; accounts, contacts and products have none. */
      readonly state: RecordState | undefined;
      readonly settled: Settled | undefined;
      /** Made by our own Application User. */
      readonly isOwn: boolean;
      /** Of a record that can carry a deal. */
      readonly label?: DealLabel | undefined;
    }
  | { readonly kind: 'deleted'; readonly rowId: string };

/** Starts or signals whatever the changes concern; returns the rows that did. May be called twice with the same. */
export type TakeSalesChanges = (
  table: FeedTable,
  changes: readonly SalesRowChange[],
  /** Rows of a full reading: masters among them can wait for those that have just changed. */
  isBackfill: boolean,
) => Promise<ReadonlySet<string>>;
