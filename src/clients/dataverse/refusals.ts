import type { HoldReason } from '../../deal/holds.js';
import { RemoteApiError, type RemoteErrorCode, type RemoteErrorFacts } from '../errors.js';
import type { AddressedRow, Refusal } from '../http/transport.js';

/** What an answer of Dataverse means where its status says too little: by code, never by text that a customer may have written. */

/** Another row has the key (reference/dataverse-sales 10.3): asking again cannot help. */
const TAKEN: ReadonlySet<string> = new Set(['0x80040237', '0x80060892', '0x80040333', '0x80043b06']);

/** Application User, role and privileges (reference/dataverse-sales 1.5). */
export const MISSING_PRIVILEGE: ReadonlySet<string> = new Set([
  '0x80040220',
  '0x80040231',
  '0x80048405',
  '0x80040256',
  '0x8004020d',
]);
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...MISSING_PRIVILEGE,
  '0x80072560',
  '0x80040225',
  '0x80042f09',
  '0x8004d24b',
  '0x80095ffc',
  '0x8004a110',
  '0x8004f504',
  '0x8004f507',
  '0x8004f502',
]);

const UNAUTHORIZED: ReadonlySet<string> = new Set([
  '0x8004a100',
  '0x8004a101',
  '0x8004a102',
  '0x80040204',
  '0x80044300',
  '0x80044302',
  '0x80041d52',
  '0x8005f101',
]);

/** Service protection; a request that is refused was not executed (reference/dataverse-sales 6.1). */
const THROTTLED: ReadonlySet<string> = new Set(['0x80072322', '0x80072321', '0x80072326']);

/** Busy, throttled job, sandbox away, administration mode: it passes, and says nothing of the deal (reference/dataverse-sales 6.4). */
const AWAY: ReadonlySet<string> = new Set([
  '0x80072324',
  '0x8004a001',
  '0x80060916',
  '0x80060917',
  '0x80071154',
  '0x8004418d',
  '0x8004418e',
  '0x8004a104',
]);

const NOT_FOUND: ReadonlySet<string> = new Set(['0x80040217', '0x80060891']);

export function refine({ status, remoteCode, message, method, row }: Refusal): RemoteErrorCode | undefined {
  const code = remoteCode?.toLowerCase() ?? '';
  if (TAKEN.has(code)) return 'taken';
  if (FORBIDDEN.has(code)) return 'forbidden';
  if (UNAUTHORIZED.has(code)) return 'unauthorized';
  if (THROTTLED.has(code)) return 'throttled';
  // Of a 500 nobody knows whether something was written (I3).
  if (AWAY.has(code) && status !== 500) return 'unavailable';
  // A new row has no etag: what it may collide with is a key.
  if (status === 412 && method === 'POST' && message !== undefined) return 'taken';
  if (NOT_FOUND.has(code)) return row && isOwnRow(row, message) ? 'not-found' : 'rejected';
  // A wrong table or column; metadata have no code of their own for it. What has none at all is of a gateway.
  if (status === 404 && remoteCode !== undefined) return row?.set === 'EntityDefinitions' ? 'not-found' : 'rejected';
  return undefined;
}

/** A row that the written one refers to may be missing as well; the text names which (reference/dataverse-sales 10.1). */
function isOwnRow({ key }: AddressedRow, message: string | undefined): boolean {
  const id = findMissingId(message);
  return id === undefined || id === key.toLowerCase();
}

/** Whether a write failed because the row with this id, which it refers to, does not exist. */
export function isMissingRow(error: unknown, id: string): boolean {
  if (!(error instanceof RemoteApiError) || !NOT_FOUND.has(error.facts.remoteCode?.toLowerCase() ?? '')) return false;
  return findMissingId(error.facts.remoteMessage) === id.toLowerCase();
}

/** A document that is submitted, won or closed takes no columns (reference/dataverse-sales 3.5). */
export function isReadOnly(error: unknown): boolean {
  if (!(error instanceof RemoteApiError)) return false;
  return READ_ONLY.has(error.facts.remoteCode?.toLowerCase() ?? '');
}

const READ_ONLY: ReadonlySet<string> = new Set(['0x8004022e', '0x80043b09']);

function findMissingId(message = ''): string | undefined {
  return /With Ids? = ([0-9a-f-]{36})/i.exec(message)?.[1]?.toLowerCase();
}

const GONE: Readonly<Record<string, HoldReason>> = {
  invoices: 'invoice-row-gone',
  opportunities: 'record-gone',
  quotes: 'record-gone',
  salesorders: 'record-gone',
};

/** Why a deal waits for a person, of what Dataverse refuses for good. */
export function toHoldReason(code: RemoteErrorCode, { rowOf }: RemoteErrorFacts): HoldReason {
  switch (code) {
    case 'unauthorized':
    case 'forbidden':
      return 'permission';
    case 'taken':
      return 'number-taken';
    case 'not-found':
      return GONE[rowOf ?? ''] ?? 'refused-by-sales';
    default:
      return 'refused-by-sales';
  }
}
