import { createHash } from 'node:crypto';
import type { WonDeal } from '../../deal/deal.js';

/** Of everything in a deal that reaches its document. */
export function toFingerprint(deal: WonDeal): string {
  // Revision, state, lineage, numbers that are not used, decimals in Sales and names of others than the customer say nothing about
  // the content of a document.
  const {
    revision: _1,
    stateCode: _2,
    lineage: _3,
    salesNumbers: _4,
    seller: _5,
    currencyDecimals: _6,
    parentAccount: _7,
    ...content
  } = deal;
  return createHash('sha256').update(JSON.stringify(content, sortKeys)).digest('hex').slice(0, 32);
}

/** The database gives the keys of an object back in another order. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
