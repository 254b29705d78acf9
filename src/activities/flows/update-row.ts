import type { DataverseFlows } from '../../clients/dataverse/flows.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { FeedTable } from '../../deal/ids.js';
import type { FeedLedger } from '../../ledger/feeds/sales-feeds.js';
import type { Columns } from './columns.js';

export interface RowUpdateDependencies {
  readonly dataverseFlows: Pick<DataverseFlows, 'updateRow'>;
  readonly feeds: Pick<FeedLedger, 'findSettled'>;
}

/**
 * Writes columns of a row over the version that its feed has dealt with. Over another one it is a conflict, and comes again: the feed
 * takes what we changed last for ours, and would never learn that a person had changed the row before.
 */
export async function updateReadRow(
  { dataverseFlows, feeds }: RowUpdateDependencies,
  row: { readonly table: Exclude<FeedTable, 'contact'>; readonly id: string },
  columns: Columns,
): ReturnType<DataverseFlows['updateRow']> {
  const settled = (await feeds.findSettled(row.table, [row.id])).get(row.id);
  return dataverseFlows.updateRow({ ...row, etag: settled && `W/"${settled.version}"` }, columns, REPEATABLE);
}
