import { RemoteApiError } from '../clients/errors.js';
import type { Figures, WonDeal } from '../deal/deal.js';
import { isZero } from '../deal/money.js';
import { type DocumentTotals, findDifference } from '../deal/totals.js';

/** What the steps of invoices and of orders share: a document that waits for its confirmation. */

/** A deal at one revision; its content is in the ledger. */
export interface DealRef {
  readonly recordId: string;
  readonly revision: string;
}

/** A draft as the workflow sees it. */
export interface Draft {
  readonly id: string;
  readonly etag: string;
  readonly figures: Figures;
  readonly customerNumber: string;
  /** The header discount of the deal, when it still has to be set. */
  readonly missingDiscount: string | undefined;
  /** Why deal and draft do not agree, if they do not. */
  readonly difference: string | undefined;
}

/** What a draft is judged by, whichever kind of document it is. */
export interface DraftDocument extends DocumentTotals {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly customerNumber: string;
  readonly currency: string;
  readonly discount: string;
}

export function toDraft(deal: WonDeal, document: DraftDocument): Draft {
  const wanted = !isZero(deal.headerDiscount) && isZero(document.discount) ? deal.headerDiscount : undefined;
  return {
    id: document.id,
    etag: document.etag,
    customerNumber: document.customerNumber,
    figures: {
      documentNumber: document.number,
      totalIncludingTax: document.includingTax,
      currency: document.currency,
    },
    missingDiscount: wanted,
    difference: wanted === undefined ? findDifference(deal, document) : undefined,
  };
}

/** A mere GET moves the etag of a draft (reference 11.4); the amount is ours either way, so it is asked a second time. */
export async function withFreshEtag<T>(
  etag: string,
  change: (etag: string) => Promise<T>,
  read: () => Promise<{ readonly etag: string }>,
): Promise<T> {
  try {
    return await change(etag);
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'conflict') throw error;
    return change((await read()).etag);
  }
}

/** Not found is an answer here, not an error. */
export async function orNothing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
    throw error;
  }
}
