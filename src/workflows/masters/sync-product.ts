import { continueAsNew } from '@temporalio/workflow';
import type { HoldReason } from '../../deal/holds.js';
import { businessCentral, dataverse, masterLedger } from '../activity-options.js';
import { followChanges } from './follow-changes.js';
import { productChangedSignal, type SyncProductInput } from './messages.js';
import { agree, type Outcome, TRIES } from './sync-account.js';

/** Keeps one product in agreement with its item: resolves the link, creates or reports what is missing. */
export async function syncProduct(input: SyncProductInput): Promise<void> {
  await followChanges({
    changed: productChangedSignal,
    quietMs: input.quietMs,
    request: input.request,
    pass: (isThorough) => bringOver(input.rowId, isThorough),
    goOn: (request) => continueAsNew<typeof syncProduct>({ ...input, request }),
  });
}

const STEPS = ['read', 'compare', 'write', 'write-sales', 'match', 'create', 'report'];

async function bringOver(rowId: string, isThorough: boolean): Promise<readonly HoldReason[]> {
  for (let tries = 1; ; tries += 1) {
    const reading = await dataverse.readProduct({ rowId, isThorough: isThorough || tries > 1 });
    if (reading.kind !== 'followed') return [];
    const outcome = await bringItemOver(rowId, reading);
    if (outcome === 'stale' && tries < TRIES) continue;
    const ref = { kind: 'product', rowId } as const;
    const isStale = outcome === 'stale';
    return masterLedger.endPass({ ref, steps: STEPS, echo: outcome === 'done' ? reading.echo : undefined, isStale });
  }
}

async function bringItemOver(
  rowId: string,
  { isLinked, isActive }: { readonly isLinked: boolean; readonly isActive: boolean },
): Promise<Outcome> {
  if (!isLinked) {
    if (!isActive) return 'done';
    const found = await businessCentral.findItemOfProduct({ rowId });
    if (found === 'none') {
      const made = await businessCentral.createItemOfProduct({ rowId });
      if (made !== 'linked') return made === 'stale' ? 'stale' : 'stopped';
    } else if (found !== 'linked') return 'stopped';
  }
  const comparison = await agree(
    () => businessCentral.readItem({ rowId }),
    () => businessCentral.updateItem({ rowId }),
    () => dataverse.updateProduct({ rowId }),
  );
  if (comparison === 'stale') return 'stale';
  if (comparison === 'changed' || !isLinked) await masterLedger.wakeDeals({ rowId });
  return comparison === 'gone' || comparison === 'refused' ? 'stopped' : 'done';
}
