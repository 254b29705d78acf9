/** Why a deal should be read again: from feeds and webhooks, to a run that is under way or to a new one. */
export type ChangeHint =
  /** The record changed in Sales; a revision (etag) that the deal has read already starts nothing. */
  | { readonly at: 'dataverse'; readonly revision?: string; readonly isDeleted?: boolean }
  /** An invoice of the deal, or its quote, changed in Business Central. */
  | { readonly at: 'business-central'; readonly invoiceId: string; readonly etag: string }
  /** Something that the deal may be waiting for changed (an item appeared, a customer was unblocked). */
  | { readonly at: 'masters' };

/** Name of the signal that carries a hint. */
export const CHANGED_SIGNAL = 'changed';

/** Row versions of Dataverse grow; an etag is `W/"<version>"`. Anything that is not of this form counts as newer. */
export function isNewerRevision(found: string, known: string): boolean {
  const [left, right] = [toVersion(found), toVersion(known)];
  if (left === undefined || right === undefined) return found !== known;
  return left.length === right.length ? left > right : left.length > right.length;
}

function toVersion(etag: string): string | undefined {
  return /^(?:W\/)?"?0*(\d+)"?$/.exec(etag)?.[1];
}
