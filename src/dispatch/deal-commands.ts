import { type Client, type WorkflowHandle, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Actor } from '../deal/actor.js';
import type { Figures } from '../deal/deal.js';
import { ChangedSinceError, RefusedError } from '../deal/errors.js';
import { dealWorkflowId } from '../deal/ids.js';
import {
  cancelUpdate,
  confirmUpdate,
  type DealStatus,
  rejectUpdate,
  retryUpdate,
  statusQuery,
} from '../workflows/deals/messages.js';

export type { DealStatus };

/** What people send to a running deal; each is refused with the workflow's own reason when it may not be made now. */
export interface DealCommands {
  /** Undefined when no run of the deal is open. */
  findStatus(recordId: string): Promise<DealStatus | undefined>;
  confirm(recordId: string, input: { actor: Actor; figures: Figures; note?: string }): Promise<DealStatus>;
  reject(recordId: string, input: { actor: Actor; reason: string }): Promise<DealStatus>;
  retry(recordId: string, input: { actor: Actor }): Promise<DealStatus>;
  cancel(recordId: string, input: { actor: Actor; reason: string }): Promise<DealStatus>;
}

export function createDealCommands(temporal: Client): DealCommands {
  const handleOf = (recordId: string): WorkflowHandle => temporal.workflow.getHandle(dealWorkflowId(recordId));
  return {
    async findStatus(recordId) {
      const handle = handleOf(recordId);
      try {
        // A run that has ended still answers queries, but nothing can be decided in it any more.
        const { status } = await handle.describe();
        return status.name === 'RUNNING' ? await handle.query(statusQuery) : undefined;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },
    confirm: (recordId, input) => orRefused(handleOf(recordId).executeUpdate(confirmUpdate, { args: [input] })),
    reject: (recordId, input) => orRefused(handleOf(recordId).executeUpdate(rejectUpdate, { args: [input] })),
    retry: (recordId, input) => orRefused(handleOf(recordId).executeUpdate(retryUpdate, { args: [input] })),
    cancel: (recordId, input) => orRefused(handleOf(recordId).executeUpdate(cancelUpdate, { args: [input] })),
  };
}

/** @throws RefusedError with the reason that the workflow gave */
async function orRefused<T>(update: Promise<T>): Promise<T> {
  try {
    return await update;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new RefusedError('no run of the deal is open: nothing waits');
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      const { message, type } = error.cause;
      throw type === 'FiguresDiffer' ? new ChangedSinceError(message) : new RefusedError(message);
    }
    throw error;
  }
}
