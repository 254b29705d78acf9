import type { Invoice } from '../../deal/business-central-document.js';
import type { Database, Queryable } from '../database.js';
import {
  listInvoiceFeeds,
  type MatchedInvoice,
  markInvoiceReported,
  markIrrelevant,
  matchInvoicesToDeals,
  moveInvoiceFeed,
  openInvoiceFeed,
  recordInvoiceFeedError,
  savePaymentStatus,
} from './invoice-feed.js';
import {
  listUnmetInvoices,
  markInvoicesMet,
  readLedgerClock,
  recordInvoiceGone,
  type UnmetPlace,
} from './invoice-sweep.js';
import { listLeftCompanies } from './left-companies.js';
import {
  forgetSubscription,
  listSubscriptions,
  recordRenewal,
  recordSubscriptionError,
  type StoredSubscription,
  type SubscriptionRenewal,
} from './subscriptions.js';

/** The part of the ledger that the feeds of Business Central use. */
export interface BusinessCentralFeedLedger {
  openInvoiceFeed(companyId: string, from: Date): Promise<Date>;
  moveInvoiceFeed(companyId: string, to: Parameters<typeof moveInvoiceFeed>[2]): Promise<Date>;
  recordInvoiceFeedError(companyId: string, error: string): Promise<void>;
  matchInvoicesToDeals(invoices: readonly Invoice[]): Promise<MatchedInvoice[]>;
  markIrrelevant(companyId: string, invoices: readonly Invoice[]): Promise<void>;
  savePaymentStatus(companyId: string, recordId: string, invoice: Invoice, readFrom?: Date): Promise<void>;
  markInvoiceReported(invoice: Invoice): Promise<void>;
  readClock(): Promise<Date>;
  markInvoicesMet(invoiceIds: readonly string[]): Promise<void>;
  listUnmetInvoices(companyId: string, place: UnmetPlace): Promise<string[]>;
  recordInvoiceGone(companyId: string, invoice: Invoice): Promise<void>;
  recordRenewal(of: SubscriptionRenewal, expiresAt: string): Promise<void>;
  recordSubscriptionError(of: SubscriptionRenewal, error: string): Promise<void>;
  forgetSubscription(subscriptionId: string): Promise<void>;
  listSubscriptions(): Promise<StoredSubscription[]>;
}

export function createBusinessCentralFeedLedger(database: Database): BusinessCentralFeedLedger {
  return {
    openInvoiceFeed: (companyId, from) => openInvoiceFeed(database, companyId, from),
    moveInvoiceFeed: (companyId, to) => moveInvoiceFeed(database, companyId, to),
    recordInvoiceFeedError: (companyId, error) => recordInvoiceFeedError(database, companyId, error),
    matchInvoicesToDeals: (invoices) => matchInvoicesToDeals(database, invoices),
    markIrrelevant: (companyId, invoices) => markIrrelevant(database, companyId, invoices),
    savePaymentStatus: (companyId, recordId, invoice, readFrom) =>
      savePaymentStatus(database, companyId, recordId, invoice, readFrom),
    markInvoiceReported: (invoice) => markInvoiceReported(database, invoice),
    readClock: () => readLedgerClock(database),
    markInvoicesMet: (invoiceIds) => markInvoicesMet(database, invoiceIds),
    listUnmetInvoices: (companyId, place) => listUnmetInvoices(database, companyId, place),
    recordInvoiceGone: (companyId, invoice) => recordInvoiceGone(database, companyId, invoice),
    recordRenewal: (of, expiresAt) => recordRenewal(database, of, expiresAt),
    recordSubscriptionError: (of, error) => recordSubscriptionError(database, of, error),
    forgetSubscription: (subscriptionId) => forgetSubscription(database, subscriptionId),
    listSubscriptions: () => listSubscriptions(database),
  };
}

/** One line for whoever asks how the feeds of Business Central do. */
export interface BusinessCentralFeedLine {
  /** `invoice-feed-…` or the id of a subscription. */
  readonly name: string;
  /** The last change that was read, or the moment at which the subscription expires. */
  readonly position: Date | undefined;
  /** Since the last full reading or renewal; undefined before the first. */
  readonly ageSeconds: number | undefined;
  readonly lastError: string | undefined;
  readonly lastErrorAt: Date | undefined;
}

export async function listBusinessCentralFeeds(db: Queryable): Promise<BusinessCentralFeedLine[]> {
  const left = await listLeftCompanies(db);
  const isHere = ({ companyId }: { readonly companyId: string }): boolean => !left.has(companyId);
  const feeds = (await listInvoiceFeeds(db)).filter(isHere);
  const subscriptions = (await listSubscriptions(db)).filter(isHere);
  return [
    ...feeds.map((feed) => ({
      name: `invoice-feed-${feed.companyId}`,
      position: feed.watermark,
      ageSeconds: toWhole(feed.ageSeconds),
      lastError: feed.error,
      lastErrorAt: feed.errorAt,
    })),
    ...subscriptions.map((subscription) => ({
      name: subscription.subscriptionId,
      position: subscription.expiresAt,
      ageSeconds: toWhole(subscription.ageSeconds),
      lastError: subscription.error,
      lastErrorAt: subscription.errorAt,
    })),
  ];
}

function toWhole(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(0, Math.round(seconds));
}
