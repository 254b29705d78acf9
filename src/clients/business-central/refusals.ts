import type { HoldReason } from '../../deal/holds.js';
import type { RemoteErrorCode, RemoteErrorFacts } from '../errors.js';
import type { AddressedRow, Refusal } from '../http/transport.js';

/**
 * Business Central tells business refusals apart by their text alone (everything is `Application_DialogException`,
 * reference/business-central 4.8), so this file is the one place that reads texts. We always ask in en-US.
 */
const REFUSALS: readonly (readonly [RegExp, HoldReason])[] = [
  [/is blocked (with type|for privacy)|when Customer .* is blocked/i, 'customer-blocked'],
  [/not within your range of allowed posting dates/i, 'period-closed'],
  [/Blocked must be equal to 'No' in Item|You cannot sell Item|Sales Blocked check box/i, 'item-blocked'],
  [/Item does not exist|There is no Item within/i, 'item-missing'],
  [/Item Unit of Measure|Unit of Measure Code|Unit of Measure does not exist/i, 'unit-unknown'],
  [/Customer does not exist|There is no Customer within/i, 'customer-gone'],
  [/Posting Group must have a value in Customer/i, 'customer-setup'],
  [/may not enter numbers manually|cannot assign new numbers|Nos\. must have a value/i, 'number-series'],
  [/email address .* is not valid|must not contain letters/i, 'value-refused'],
  [
    /Posting Setup|must have a value in .* Setup|Setup is blocked|Currency Factor must have|Exchange Rate/i,
    'posting-setup',
  ],
  [/must be equal to .* in G\/L Account/i, 'posting-setup'],
  [/\bAccount does not exist/i, 'code-unknown'],
  [/insufficient quantity of Item/i, 'stock-short'],
  [/does not match to a|cannot be found in the related table/i, 'code-unknown'],
  [/Cannot apply an invoice discount|maximum Invoice Discount Amount that you can apply/i, 'discount-not-allowed'],
  [
    /total amount for the invoice must be 0 or greater|^Amount must be positive in Gen\. Journal Line/i,
    'total-negative',
  ],
  [/dimension set line already exists/i, 'dimension-conflict'],
  [/must be approved and released/i, 'approval-needed'],
];

const PERMISSION = /permissions prevented the action|do not have permissions/i;

/** What the code alone tells; a text that says more goes first (reference/business-central 10.2). */
const REASONS: Readonly<Record<string, HoldReason>> = {
  Application_StringExceededLength: 'value-too-long',
  BadRequest_RequiredParamNotProvided: 'value-missing',
  Internal_InvalidTableRelation: 'code-unknown',
  Internal_CompanyNotFound: 'company-unknown',
  Application_CallbackNotAllowed: 'request-refused',
  Application_EvaluateException: 'request-refused',
  Application_FilterErrorException: 'request-refused',
  Application_InvalidGUID: 'request-refused',
  Unknown: 'request-refused',
};

/** Of a row that is gone, by the set that it was asked of. */
const GONE: Readonly<Record<string, HoldReason>> = {
  salesInvoices: 'draft-gone',
  salesOrders: 'draft-gone',
  salesQuotes: 'draft-gone',
  customers: 'customer-gone',
  items: 'item-gone',
};

/** Why a deal waits for a person, of what Business Central refuses for good. */
export function toHoldReason(
  code: RemoteErrorCode,
  { remoteCode, remoteMessage, rowOf }: RemoteErrorFacts,
): HoldReason {
  switch (code) {
    case 'unauthorized':
    case 'forbidden':
      return 'permission';
    case 'taken':
      return 'number-taken';
    case 'not-found':
      return GONE[rowOf ?? ''] ?? 'refused-by-business-central';
    default:
      return (
        REFUSALS.find(([text]) => text.test(remoteMessage ?? ''))?.[1] ??
        REASONS[remoteCode ?? ''] ??
        (remoteCode?.startsWith('BadRequest') ? 'request-refused' : 'refused-by-business-central')
      );
  }
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

/** Codes that mean the same whatever the status (reference/business-central 10.2). */
const VERDICTS: Readonly<Record<string, RemoteErrorCode>> = {
  Application_TooManyRequests: 'throttled',
  Authentication_InvalidCredentials: 'unauthorized',
  Internal_CompanyNotFound: 'rejected',
  Internal_EntityWithSameKeyExists: 'taken',
  Internal_TenantUnavailable: 'unavailable',
  // The gateway does not find the environment: a restart, an update or a wrong address, but never a row that is gone.
  NoEnvironment: 'unavailable',
  Request_EntityChanged: 'conflict',
};

const NOT_FOUND: ReadonlySet<string> = new Set([
  'BadRequest_NotFound',
  'BadRequest_ResourceNotFound',
  'Internal_DataNotFoundFilter',
  'Internal_RecordNotFound',
]);

/** Texts and codes that make an answer mean something else than its status says (reference/business-central 10.3). */
export function refine({ status, remoteCode, message, row }: Refusal): RemoteErrorCode | undefined {
  if (LOCKED.test(message ?? '')) return 'locked';
  if (PERMISSION.test(message ?? '') || remoteCode?.startsWith('Authorization_')) return 'forbidden';
  const verdict = VERDICTS[remoteCode ?? ''];
  if (verdict) return verdict;
  // With this status it is a lock, whatever the words are.
  if (status === 409 && remoteCode === 'Internal_ServerError') return 'locked';
  if (NOT_FOUND.has(remoteCode ?? '')) return row && isOwnRow(row, message) ? 'not-found' : 'rejected';
  // A proxy or a gateway; of a row that was deleted Business Central says so itself.
  return status === 404 ? 'unavailable' : undefined;
}

/** How error texts call the tables behind a set. */
const TABLES: Readonly<Record<string, RegExp>> = {
  salesInvoices: /^Sales (Invoice( Header| Entity Aggregate)?|Header)$/i,
  subscriptions: /^(API )?Webhook Subscription$/i,
  salesOrders: /^Sales (Order( Entity Buffer)?|Header)$/i,
  salesQuotes: /^Sales (Quote( Entity Buffer)?|Header)$/i,
};

/**
 * Whether the row that is missing is the one that was asked for. A post that lacks its posting set-up says
 * `Internal_RecordNotFound` as well, and the draft is still there.
 */
function isOwnRow({ set, key }: AddressedRow, message = ''): boolean {
  if (message.toLowerCase().includes(key.toLowerCase())) return true;
  if (/for the segment/i.test(message)) return false;
  const table = /\bThe (.+?) does not exist|\bThere is no (.+?) within the filter/i.exec(message);
  const named = table?.[1] ?? table?.[2];
  if (named === undefined) return true;
  return (TABLES[set] ?? new RegExp(`^${set.replace(/s$/, '')}$`, 'i')).test(named);
}
