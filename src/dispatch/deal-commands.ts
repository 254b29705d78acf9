import { type WorkflowHandle, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Actor } from '../deal/actor.js';
import type { Figures, RecordRef } from '../deal/deal.js';
import { ChangedSinceError, RefusedError } from '../deal/errors.js';
import { dealWorkflowId } from '../deal/ids.js';
import type { Replay } from '../deal/replay.js';
import {
  cancelUpdate,
  confirmUpdate,
  type DealStatus,
  rejectUpdate,
  retryUpdate,
  statusQuery,
} from '../workflows/deals/messages.js';
import { type ReplayOutcome, replayDeal } from './replay-deal.js';
import { askRun, sendUpdate } from './send-update.js';
import type { StartDealDependencies } from './start-deal.js';

export type { DealStatus };

/** `createDecisionProofs` of src/secrets: the action is the one of the trail. */
export type Prove = (decision: {
  readonly recordId: string;
  readonly action: string;
  readonly actor: Actor;
  readonly figures?: Figures | undefined;
}) => string;

/** What people send to a running deal; each is refused with the workflow's own reason when it may not be made now. */
export interface DealCommands {
  /** Undefined when no run of the deal is open. */
  findStatus(recordId: string): Promise<DealStatus | undefined>;
  confirm(recordId: string, input: { actor: Actor; figures: Figures; note?: string }): Promise<DealStatus>;
  reject(recordId: string, input: { actor: Actor; reason: string; figures?: Figures }): Promise<DealStatus>;
  retry(recordId: string, input: { actor: Actor }): Promise<DealStatus>;
  cancel(recordId: string, input: { actor: Actor; reason: string }): Promise<DealStatus>;
  /** Also of a deal whose run has ended. */
  replay(ref: RecordRef, replay: Replay): Promise<ReplayOutcome>;
}

/** @param prove seals what was decided by somebody whom the caller authenticated; without it nobody's name is proved */
export function createDealCommands({ temporal, ledger }: StartDealDependencies, prove?: Prove): DealCommands {
  const proved = <Input extends { readonly actor: Actor; readonly figures?: Figures }>(
    recordId: string,
    action: string,
    input: Input,
  ): Input => {
    const { actor, figures } = input;
    if (!prove || !actor.isVerified) return input;
    return { ...input, actor: { ...actor, proof: prove({ recordId, action, actor, figures }) } };
  };
  const handleOf = (recordId: string): WorkflowHandle => temporal.workflow.getHandle(dealWorkflowId(recordId));
  return {
    async findStatus(recordId) {
      const handle = handleOf(recordId);
      try {
        // A run that has ended still answers queries, but nothing can be decided in it any more.
        const { status } = await handle.describe();
        return status.name === 'RUNNING' ? await askRun(handle, statusQuery) : undefined;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },
    confirm: (recordId, input) =>
      orRefused(sendUpdate(handleOf(recordId), confirmUpdate, proved(recordId, 'confirm', input))),
    reject: (recordId, input) =>
      orRefused(sendUpdate(handleOf(recordId), rejectUpdate, proved(recordId, 'rejected', input))),
    retry: (recordId, input) =>
      orRefused(sendUpdate(handleOf(recordId), retryUpdate, proved(recordId, 'retry', input))),
    cancel: (recordId, input) =>
      orRefused(sendUpdate(handleOf(recordId), cancelUpdate, proved(recordId, 'cancelled', input))),
    replay: (ref, replay) => replayDeal({ temporal, ledger }, ref, proved(ref.recordId, 'replay', replay)),
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
