import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type ChangeHint, isNewerRevision } from '../deal/change-hints.js';
import type { RecordRef } from '../deal/deal.js';
import { dealWorkflowId, TASK_QUEUES } from '../deal/ids.js';
import { dealPriority } from '../deal/lanes.js';
import { type DealLabel, toRunSummary } from '../deal/run-summary.js';
import { type DealState, isFinal } from '../deal/states.js';
import type { DealLedger } from '../ledger/deals/deal-ledger.js';
import { ENDED_IN_SALES, type SourceRecord } from '../ledger/deals/records.js';
import { UnreadableContentError } from '../ledger/read-rows.js';
import { changedSignal, type HandOverInput } from '../workflows/deals/messages.js';
import { toFirstAttributes } from './search-attributes.js';
import { startWorkflow, WORKFLOWS } from './workflows.js';

export type StartOutcome =
  | { readonly kind: 'started'; readonly workflowId: string }
  | { readonly kind: 'running'; readonly workflowId: string }
  /** The run took no hint, or the ledger cannot be read, and no other deal is to suffer for it: it is sent again later. */
  | { readonly kind: 'set-aside'; readonly workflowId: string }
  /** The deal has ended; the ledger answers for ever, also after Temporal has forgotten the run. */
  | { readonly kind: 'known'; readonly state: DealState };

export interface StartDealDependencies {
  readonly temporal: Client;
  readonly ledger: DealLedger;
}

/**
 * The one way in: webhook, command line, console and feeds start a deal here, with the GUID as the workflow id. A run
 * that is under way gets the hint.
 * @param label what whoever starts it has read of the record; what the ledger knows comes first
 */
export async function startDeal(
  { temporal, ledger }: StartDealDependencies,
  ref: RecordRef,
  hint?: ChangeHint,
  label?: DealLabel,
): Promise<StartOutcome> {
  const workflowId = dealWorkflowId(ref.recordId);
  for (;;) {
    // Each time anew: what ended while it was told may have been rejected, and is not begun again (I10).
    const record = await ledger.register(ref).catch(async (error: unknown) => {
      // A row that nobody of ours wrote: whoever asks for this deal alone is told, and a feed goes on (I13).
      if (!hint || !(error instanceof UnreadableContentError)) throw error;
      await ledger.setHintAside(ref, error.message);
      return undefined;
    });
    if (!record) return { kind: 'set-aside', workflowId };
    if (!mayRun(record, hint)) return { kind: 'known', state: record.state };
    try {
      await startWorkflow(temporal, WORKFLOWS.handOverDeal, {
        workflowId,
        taskQueue: TASK_QUEUES.deals,
        priority: dealPriority(record.companyId),
        args: [toInput(ref, record, hint)],
        workflowIdConflictPolicy: 'FAIL',
        // The ledger decides whether a deal may run again; a run that ended as "not won yet" may.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: toRunSummary(ref.table, (await ledger.findLabel(ref.recordId)) ?? label),
        typedSearchAttributes: toFirstAttributes(ref.table, record.state),
      });
      return { kind: 'started', workflowId };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    if (!hint) return { kind: 'running', workflowId };
    try {
      await temporal.workflow.getHandle(workflowId).signal(changedSignal, hint);
      return { kind: 'running', workflowId };
    } catch (error) {
      // The run ended between the two requests: a new one reads everything afresh.
      if (error instanceof WorkflowNotFoundError) continue;
      const reason = findRefusal(error);
      if (reason === undefined) throw error;
      await ledger.setHintAside(ref, reason);
      return { kind: 'set-aside', workflowId };
    }
  }
}

function toInput({ table, recordId }: RecordRef, { state }: SourceRecord, hint?: ChangeHint): HandOverInput {
  return { table, recordId, ...(state === 'seen' && { isNew: true as const }), ...(hint && { hint }) };
}

/** Codes of gRPC by which the server refuses this signal to this run; everything else concerns all of them, or passes. */
const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;
const REFUSALS: ReadonlySet<number> = new Set([INVALID_ARGUMENT, FAILED_PRECONDITION]);

/** A run takes ten thousand signals and no more (reference/temporal 5.1). */
function findRefusal(error: unknown): string | undefined {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return undefined;
  return REFUSALS.has(error.cause.code) ? error.cause.details : undefined;
}

/**
 * What has ended stays so, but for three: won again after it was cancelled in Sales, a settled deal that moves again, and a record
 * that becomes another than what was handed over in its place (I12).
 */
function mayRun({ state, endedBy, revision }: SourceRecord, hint: ChangeHint | undefined): boolean {
  if (!isFinal(state)) return true;
  if (state === 'settled') return hint !== undefined && hint.at !== 'masters';
  if (state === 'already-handed-over') return hint?.at === 'dataverse' && isUnread(hint, revision);
  return state === 'cancelled' && endedBy === ENDED_IN_SALES;
}

function isUnread(
  { revision: named }: Extract<ChangeHint, { readonly at: 'dataverse' }>,
  read: string | undefined,
): boolean {
  return named !== undefined && (read === undefined || isNewerRevision(named, read));
}
