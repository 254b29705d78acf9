import type { DataverseClient, WriteReceipt } from '../../clients/dataverse/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { RecordRef } from '../../deal/deal.js';
import type { FeedLedger } from '../../ledger/feeds/sales-feeds.js';

export interface RecordWriteDependencies {
  readonly dataverse: Pick<DataverseClient, 'updateRecord'>;
  readonly feeds: Pick<FeedLedger, 'findSettled' | 'forgetState'>;
}

/**
 * Writes our columns of a record. The feed takes what we changed last for ours: where somebody has changed the record since the feed
 * read it, the feed is told beforehand not to, since it would never learn of their change.
 * @param isNewest whether the columns are still to say this: the change may be our own, of a later attempt
 */
export async function writeRecordColumns(
  { dataverse, feeds }: RecordWriteDependencies,
  ref: RecordRef,
  columns: Readonly<Record<string, string | null>>,
  isNewest: () => Promise<boolean> = async () => true,
): Promise<WriteReceipt> {
  const { table, recordId } = ref;
  const settled = (await feeds.findSettled(table, [recordId])).get(recordId);
  if (!settled) return dataverse.updateRecord({ table, recordId }, columns, REPEATABLE);
  try {
    return await dataverse.updateRecord({ table, recordId, etag: `W/"${settled.version}"` }, columns, REPEATABLE);
  } catch (error) {
    if (!isConflict(error) || !(await isNewest())) throw error;
    await feeds.forgetState(table, recordId);
    return dataverse.updateRecord({ table, recordId }, columns, REPEATABLE);
  }
}

export function isConflict(error: unknown): boolean {
  return error instanceof RemoteApiError && error.code === 'conflict';
}
