/** Why a deal should be looked at again: told by feeds and webhooks, to a run that is under way or to a new one. */
export type Look =
  /** The record changed in Sales; a revision (etag) that the deal has read already is no news. */
  | { readonly at: 'sales'; readonly revision?: string; readonly isDeleted?: boolean }
  /** An invoice of the deal changed in Business Central. */
  | { readonly at: 'business-central'; readonly invoiceId: string; readonly etag: string }
  /** Something that the deal may be waiting for changed (an item appeared, a customer was unblocked). */
  | { readonly at: 'masters' };

/** Name of the signal that carries a look. */
export const LOOK = 'look';
