import type { SourceTable } from './ids.js';

/**
 * State and status codes of Dataverse, table by table (reference/dataverse-sales 2.13). Customers add status codes of
 * their own, so what a row means is decided by its state code; status codes are only written.
 */
export const STATE_CODES = {
  opportunity: { open: 0, won: 1, lost: 2 },
  quote: { draft: 0, active: 1, won: 2, closed: 3 },
  salesorder: { active: 0, submitted: 1, canceled: 2, fulfilled: 3, invoiced: 4 },
  // 1 was Closed; Dataverse does not use it any more.
  invoice: { active: 0, paid: 2, canceled: 3 },
  product: { active: 0, retired: 1, draft: 2, underRevision: 3 },
  account: { active: 0, inactive: 1 },
  contact: { active: 0, inactive: 1 },
  // reference/dataverse-sales 5.1
  webhookStep: { enabled: 0, disabled: 1 },
} as const;

/** The status codes that are written, each together with its state code: another pair is refused. */
export const STATUS_CODES = {
  salesorder: { invoiced: 100_003 },
  invoice: { billed: 4, paid: 100_001, partlyPaid: 100_002, canceled: 100_003 },
  webhookStep: { enabled: 1, disabled: 2 },
} as const;

type Table = keyof typeof STATE_CODES;
export type StateCode<T extends Table> = (typeof STATE_CODES)[T][keyof (typeof STATE_CODES)[T]] & number;

/** The state of a record of which no deal can come any more; one that was deleted counts as such. */
export const DEAD_STATE_CODES: { readonly [T in SourceTable]: StateCode<T> } = {
  opportunity: STATE_CODES.opportunity.lost,
  quote: STATE_CODES.quote.closed,
  salesorder: STATE_CODES.salesorder.canceled,
};
