import type { DataverseFlows } from '../../clients/dataverse/flows.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { FlowName } from '../../deal/flows.js';
import type { FeedTable } from '../../deal/ids.js';
import type { FlowLedger, PendingThing } from '../../ledger/feeds/flows.js';
import type { FeedLedger } from '../../ledger/feeds/sales-feeds.js';
import type { Columns } from './columns.js';

export interface RowUpdateDependencies {
  readonly dataverseFlows: Pick<DataverseFlows, 'updateRow'>;
  readonly feeds: Pick<FeedLedger, 'findSettled'>;
  readonly flows: Pick<FlowLedger, 'isPending'>;
}

/** What an activity was given to carry. */
export interface Carrying {
  readonly flow: FlowName;
  readonly thing: PendingThing;
}

/**
 * An attempt that was taken for dead must not write what it took up over what was carried since.
 * @throws RemoteApiError a conflict, so that it comes again should it be pending after all
 */
export async function ensurePending(flows: Pick<FlowLedger, 'isPending'>, { flow, thing }: Carrying): Promise<void> {
  if (!(await flows.isPending(flow, thing))) throw new RemoteApiError('dataverse', 'conflict', `carry ${flow}`, {});
}

/**
 * Writes columns of a row over the version that its feed has dealt with. Over another one it is a conflict, and comes again: the feed
 * takes what we changed last for ours, and would never learn that a person had changed the row before.
 */
export async function updateReadRow(
  { dataverseFlows, feeds, flows }: RowUpdateDependencies,
  carrying: Carrying,
  row: { readonly table: Exclude<FeedTable, 'contact'>; readonly id: string },
  columns: Columns,
): ReturnType<DataverseFlows['updateRow']> {
  const settled = (await feeds.findSettled(row.table, [row.id])).get(row.id);
  await ensurePending(flows, carrying);
  return dataverseFlows.updateRow({ ...row, etag: settled && `W/"${settled.version}"` }, columns, REPEATABLE);
}
