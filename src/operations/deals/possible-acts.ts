import { isHandedOver } from '../../deal/states.js';
import type { DealStatus } from '../../dispatch/deal-commands.js';
import { type Act, isAllowed, type Role } from '../../identity/permissions.js';
import type { SourceRecord } from '../../ledger/deals/records.js';

/** What a person can do with a deal as it stands: pages show these and no others. */

export const DEAL_ACTS = ['confirm', 'reject', 'retry', 'cancel', 'preview', 'replay', 'note', 'assign'] as const;
export type DealAct = (typeof DEAL_ACTS)[number];

const ACTS: Readonly<Record<DealAct, Act>> = {
  confirm: 'confirm a deal',
  reject: 'reject a deal',
  retry: 'retry a deal',
  cancel: 'cancel a deal',
  preview: 'preview a deal',
  replay: 'replay a deal',
  note: 'note a deal',
  assign: 'assign a deal',
};

/** As much as decides it. */
export interface DealSituation {
  /** Undefined when no run of the deal is open, or nobody answers for it. */
  readonly status: Pick<DealStatus, 'state' | 'figures' | 'decided'> | undefined;
  readonly isTemporalSilent: boolean;
  readonly record: Pick<SourceRecord, 'state' | 'carrierId' | 'isHandedOver' | 'holdReason' | 'invoiceNumber'>;
}

export function findPossibleActs(roles: readonly Role[], situation: DealSituation): DealAct[] {
  return DEAL_ACTS.filter((act) => isAllowed(ACTS[act], roles) && isPossible(act, situation));
}

/** What was decided is carried out to its end: once a step of it is held, that may be retried, or the deal run again. */
function isPossible(act: DealAct, situation: DealSituation): boolean {
  const { status, isTemporalSilent, record } = situation;
  const isDecided = status?.decided !== undefined;
  const isRepeatable = !isDecided || status.decided.isHeld === true;
  switch (act) {
    case 'confirm':
      return !isDecided && status?.state === 'awaiting-confirmation' && status.figures !== undefined;
    case 'reject':
      return !isDecided && status?.state === 'awaiting-confirmation';
    case 'retry':
      return status?.state === 'held' && isRepeatable;
    case 'cancel':
      return !isDecided && isWaiting(status) && !isDocumentPosted(record);
    case 'replay':
      if (isTemporalSilent || record.state === 'seen' || record.carrierId !== undefined) return false;
      // In the middle of a step nobody may interrupt.
      return isRepeatable && (status === undefined || isWaiting(status));
    case 'preview':
    case 'note':
    case 'assign':
      return true;
  }
}

function isWaiting(status: DealSituation['status']): boolean {
  return status?.state === 'held' || status?.state === 'awaiting-confirmation';
}

function isDocumentPosted(record: DealSituation['record']): boolean {
  const { holdReason, invoiceNumber } = record;
  // It was deleted before an invoice was read.
  if (holdReason === 'draft-gone' && invoiceNumber === undefined) return false;
  return record.isHandedOver || isHandedOver(record.state);
}
