/** Names around the feeds of Business Central that two sides must agree on. */

/** One loop for each company reads the changes of its invoices. */
export function invoiceFeedWorkflowId(companyId: string): string {
  return `invoice-feed-${companyId.toLowerCase()}`;
}

/** The schedule that reads the open invoices. */
export function invoiceSweepId(companyId: string): string {
  return `sweep-invoices-${companyId.toLowerCase()}`;
}

/** One loop for each company keeps its subscriptions. */
export function subscriptionsWorkflowId(companyId: string): string {
  return `subscriptions-${companyId.toLowerCase()}`;
}

/** What a loop understands: reading stops, goes on, happens now; and the query that tells where it stands. */
export const PAUSE = 'pause';
export const RESUME = 'resume';
export const NUDGE = 'nudge';
export const POSITION = 'position';

/** The sets that Business Central is asked to tell changes of. */
export const SUBSCRIBED_RESOURCES = ['salesInvoices', 'salesOrders', 'salesQuotes', 'customers', 'items'] as const;
export type SubscribedResource = (typeof SUBSCRIBED_RESOURCES)[number];

/** A customer, an item or a quote that changed; without an id any of them. */
export interface ChangedRow {
  readonly resource: 'customers' | 'items' | 'salesQuotes';
  readonly id: string | undefined;
  /** When, by Business Central; undefined when it is gone, or nobody says. */
  readonly at?: string | undefined;
}

/** Chosen by us, so that a subscription whose answer was lost is found again (reference/business-central 12.2). */
export function subscriptionId(companyId: string, resource: SubscribedResource): string {
  return `dealbridge-${companyId.replaceAll('-', '').toLowerCase()}-${resource}`;
}

/** Below the public address of the starter; a key follows, by which an address proves that we gave it. */
export const BUSINESS_CENTRAL_WEBHOOK = '/webhooks/business-central';
