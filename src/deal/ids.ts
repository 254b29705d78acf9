import { UserError } from './errors.js';

/** Every id and key that two sides must agree on is made here and nowhere else. */

/** The tables of Dataverse whose rows can carry a deal. */
export const SOURCE_TABLES = ['opportunity', 'quote', 'salesorder'] as const;
export type SourceTable = (typeof SOURCE_TABLES)[number];

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** In either case, without braces. */
export function isGuid(text: string): boolean {
  return GUID.test(text.toLowerCase());
}

/** A GUID as Dynamics shows it, in braces and upper case, or as we write it; undefined for any other text. */
export function findGuid(text: string): string | undefined {
  const id = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .toLowerCase();
  return GUID.test(id) ? id : undefined;
}

/** @throws UserError when the text is not a GUID; braces and upper case are accepted. */
export function parseRecordId(text: string): string {
  const id = findGuid(text);
  if (id === undefined) throw new UserError('record id', 'a GUID like 5f3c… in 8-4-4-4-12 form', text);
  return id;
}

export function isSourceTable(text: string): text is SourceTable {
  return (SOURCE_TABLES as readonly string[]).includes(text);
}

/** Feed, webhook, CLI and console mean the same run by it. */
export function dealWorkflowId(recordId: string): string {
  return recordId.toLowerCase();
}

/** Names one remote write for ever; a repeat finds the intent by it. */
export function writeKey(recordId: string, step: string, draftVersion = 1): string {
  return `${recordId}:${step}:${draftVersion}`;
}

/** Of the customer that is made for an account in one company, whichever deal asks for it. */
export function customerKey(accountId: string, companyId: string): string {
  return writeKey(accountId, `customer-${companyId}`);
}

/** The step by which a draft of each kind is made. */
export const DRAFT_STEPS = { invoice: 'draft', order: 'order-draft', quote: 'quote-draft' } as const;

/** The step by which a draft of each kind is posted, or a quote converted; the id of the draft stands behind it. */
export const POST_STEPS = { invoice: 'post', order: 'ship-and-invoice', quote: 'convert' } as const;

/** What the trail calls the two by which a document is posted. */
export const POST_ACTIONS = {
  invoice: 'post invoice in Business Central',
  order: 'ship and invoice order in Business Central',
} as const;

/** Drafts of a record, whichever kind they are of, without the version: see {@link writeKey}. */
export function draftKeys(recordId: string): readonly string[] {
  return Object.values(DRAFT_STEPS).map((step) => `${recordId}:${step}:`);
}

/**
 * One queue for each side that limits us, so that a queue's rate is a number of requests. The runs of deals and of masters
 * have one each: a hundred thousand accounts must not push the deals out of a worker's cache.
 */
export const TASK_QUEUES = {
  deals: 'deals',
  masters: 'masters',
  dataverse: 'dataverse',
  businessCentral: 'business-central',
  alerts: 'alerts',
} as const;

/** All queues belong to one deployment: activities go to the version of the run that asks for them. */
export const WORKER_DEPLOYMENT = 'dealbridge';

/** The tables of Dataverse whose changes are read: those of the deals, and those that deals wait for. */
export const FEED_TABLES = [...SOURCE_TABLES, 'account', 'contact', 'product'] as const;
export type FeedTable = (typeof FEED_TABLES)[number];

export function isFeedTable(text: string): text is FeedTable {
  return (FEED_TABLES as readonly string[]).includes(text);
}

export function salesFeedId(table: FeedTable): string {
  return `sales-feed-${table}`;
}

/** A contact that is a customer itself stands as an account. */
export function accountWorkflowId(accountId: string): string {
  return `account-${accountId.toLowerCase()}`;
}

export function productWorkflowId(productId: string): string {
  return `product-${productId.toLowerCase()}`;
}

/** The Schedule that compares all masters, and the prefix of its runs. */
export const DRIFT_ID = 'drift';

/** The Schedule that counts what is won in Sales, and the prefix of its runs. */
export const RECONCILE_SALES_ID = 'reconcile-sales';

/** The type of the runs that hand a deal over; the id of such a run is the deal's. */
export const DEAL_WORKFLOW = 'handOverDeal';

/** The header of a run, and of its steps, that says which trace they belong to. It is not sealed and names nothing but the trace. */
export const TRACE_HEADER = 'traceparent';
