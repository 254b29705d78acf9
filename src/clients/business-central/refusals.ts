import type { HoldReason } from '../../deal/holds.js';
import type { RemoteErrorCode } from '../errors.js';

/**
 * Business Central tells business refusals apart by their text alone (everything is `Application_DialogException`,
 * reference/business-central 4.8), so this file is the one place that reads texts. We always ask in en-US.
 */
const REFUSALS: readonly (readonly [RegExp, HoldReason])[] = [
  [/is blocked (with type|for privacy)|when Customer .* is blocked/i, 'customer-blocked'],
  [/not within your range of allowed posting dates/i, 'period-closed'],
  [/Blocked must be equal to 'No' in Item|You cannot sell Item|Sales Blocked check box/i, 'item-blocked'],
  [/Item does not exist/i, 'item-missing'],
  [/Item Unit of Measure|Unit of Measure Code/i, 'unit-unknown'],
  [/Posting Group must have a value in Customer/i, 'customer-setup'],
  [/Posting Setup|must have a value in .* Setup|Setup is blocked|Currency Factor must have/i, 'posting-setup'],
  [/insufficient quantity of Item/i, 'stock-short'],
  [/does not match to a|cannot be found in the related table/i, 'code-unknown'],
  [/dimension set line already exists/i, 'dimension-conflict'],
  [/must be approved and released/i, 'approval-needed'],
  [/permissions prevented the action|do not have permissions/i, 'permission'],
];

export function toHoldReason(message: string | undefined, remoteCode: string | undefined): HoldReason {
  if (remoteCode?.startsWith('Authorization_')) return 'permission';
  if (remoteCode === 'Application_StringExceededLength') return 'value-too-long';
  return REFUSALS.find(([text]) => text.test(message ?? ''))?.[1] ?? 'refused-by-business-central';
}

/**
 * A posted invoice refuses to be posted again with these words: the wanted state is reached (reference/business-central
 * 12.2).
 */
export function isAlreadyPosted(message: string | undefined): boolean {
  return /can be applied to a draft invoice only/i.test(message ?? '');
}

/** Somebody else is writing at this moment: nothing was done, and asking again is enough. */
const LOCKED = /deadlock|retry the activity|locked by another user|already locked by|being updated in a transaction/i;

/** Texts and codes that make an answer mean something else than its status says (reference/business-central 10.3). */
export function refine(
  status: number,
  remoteCode: string | undefined,
  message: string | undefined,
): RemoteErrorCode | undefined {
  if (status === 409 && remoteCode === 'Request_EntityChanged') return 'conflict';
  if (LOCKED.test(message ?? '')) return 'locked';
  if (remoteCode === 'Internal_RecordNotFound' || remoteCode === 'Internal_DataNotFoundFilter') return 'not-found';
  if (remoteCode === 'Internal_EntityWithSameKeyExists') return 'conflict';
  if (remoteCode === 'Internal_TenantUnavailable') return 'unavailable';
  return undefined;
}
