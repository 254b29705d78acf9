import { continueAsNew } from '@temporalio/workflow';
import type { ProductReading } from '../../activities/masters/sync-products.js';
import { businessCentral, dataverse } from '../activity-options.js';
import { followChanges } from './follow-changes.js';
import { productChangedSignal, type SyncProductInput } from './messages.js';
import { type FollowedRow, type SyncPort, syncMasterData } from './sync-master-data.js';

/** Keeps one product in agreement with its item: resolves the link, creates or reports what is missing. */
export async function syncProduct(input: SyncProductInput): Promise<void> {
  await followChanges({
    changed: productChangedSignal,
    quietMs: input.quietMs,
    request: input.request,
    pass: (isThorough) => syncMasterData(productPort(input), isThorough),
    goOn: (request) => continueAsNew<typeof syncProduct>({ ...input, request }),
  });
}

function productPort({
  rowId,
}: SyncProductInput): SyncPort<Extract<ProductReading, FollowedRow>, Exclude<ProductReading, FollowedRow>> {
  return {
    kind: 'product',
    rowId,
    steps: ['read', 'compare', 'write', 'write-sales', 'match', 'create', 'report'],
    read: (isThorough) => dataverse.readProduct({ rowId, isThorough }),
    leave: async () => [],
    match: () => businessCentral.findItemOfProduct({ rowId }),
    create: () => businessCentral.createItemOfProduct({ rowId }),
    compare: () => businessCentral.readItem({ rowId }),
    updateBusinessCentral: () => businessCentral.updateItem({ rowId }),
    updateDataverse: () => dataverse.updateProduct({ rowId }),
  };
}
