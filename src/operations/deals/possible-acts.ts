import { isHandedOver } from '../../deal/states.js';
import type { DealStatus } from '../../dispatch/deal-commands.js';
import { type Act, isAllowed, type Role } from '../../identity/permissions.js';

/** What a person can do with a deal as it stands: pages show these and no others. */

export const DEAL_ACTS = ['confirm', 'reject', 'retry', 'cancel', 'note', 'assign'] as const;
export type DealAct = (typeof DEAL_ACTS)[number];

const ACTS: Readonly<Record<DealAct, Act>> = {
  confirm: 'confirm a deal',
  reject: 'reject a deal',
  retry: 'retry a deal',
  cancel: 'cancel a deal',
  note: 'note a deal',
  assign: 'assign a deal',
};

/** @param status undefined when no run of the deal is open */
export function findPossibleActs(
  roles: readonly Role[],
  status: Pick<DealStatus, 'state' | 'figures'> | undefined,
  isPosted: boolean,
): DealAct[] {
  return DEAL_ACTS.filter((act) => isAllowed(ACTS[act], roles) && isPossible(act, status, isPosted));
}

function isPossible(
  act: DealAct,
  status: Pick<DealStatus, 'state' | 'figures'> | undefined,
  isPosted: boolean,
): boolean {
  switch (act) {
    case 'confirm':
      return status?.state === 'awaiting-confirmation' && status.figures !== undefined;
    case 'reject':
      return status?.state === 'awaiting-confirmation';
    case 'retry':
      return status?.state === 'held';
    case 'cancel':
      return (status?.state === 'held' || status?.state === 'awaiting-confirmation') && !isPosted;
    case 'note':
    case 'assign':
      return true;
  }
}

export function isDocumentPosted(record: {
  readonly isHandedOver: boolean;
  readonly state: Parameters<typeof isHandedOver>[0];
}): boolean {
  return record.isHandedOver || isHandedOver(record.state);
}
