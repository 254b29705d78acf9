import type {
  BusinessCentralClient,
  Invoice,
  InvoicePage,
  InvoicePlace,
} from '../../clients/business-central/client.js';
import { readStatus } from '../../deal/business-central-document.js';
import type { ChangeHint } from '../../deal/change-hints.js';
import type { Clock } from '../../deal/clock.js';
import type { RecordRef } from '../../deal/deal.js';
import { POST_STEPS, writeKey } from '../../deal/ids.js';
import { isSame } from '../../deal/money.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { MatchedInvoice } from '../../ledger/feeds/invoice-feed.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { InvoiceFeedRules } from '../../mapping/rules/rules.js';
import { recordPostedDifferences } from '../documents/posted-comparison.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { findReached, readGrowingPage } from './growing-page.js';

/** Where a reading goes on; a new one starts at the watermark. */
export interface InvoicePlaceInReading extends CompanyContext {
  /** The moment at which the next page begins; undefined at the end. */
  readonly next?: string | undefined;
  /** When the reading began, by the clock of Business Central. */
  readonly beganAt?: string | undefined;
}

export interface InvoicePageRead extends Omit<InvoicePlaceInReading, 'companyId'> {
  readonly watermark: string;
  readonly everySeconds: number;
  readonly found: number;
  readonly notified: number;
}

export interface InvoiceFeedDependencies {
  readonly businessCentral: Pick<BusinessCentralClient, 'readChangedInvoices'>;
  readonly companyId: string;
  readonly ledger: Pick<Ledger, 'businessCentralFeeds' | 'wasAsked'> & DealLedger & AuditLedger;
  readonly invoiceFeed: InvoiceFeedRules;
  /** How long a transaction may be open: what commits later bears a stamp that is older by as much. */
  readonly ambiguityWindowMs: number;
  readonly clock: Clock;
  /** Starts or signals the deal, also one that has settled. */
  readonly notifyDeal: (ref: RecordRef, hint: ChangeHint) => Promise<unknown>;
}

export function createInvoiceFeedActivities(dependencies: InvoiceFeedDependencies) {
  const { businessCentral, companyId, invoiceFeed, ambiguityWindowMs, clock, notifyDeal } = dependencies;
  const { wasAsked, businessCentralFeeds: ledger } = dependencies.ledger;
  const overlapMs = invoiceFeed.overlapSeconds * 1_000;

  async function readPage({ next, beganAt }: InvoicePlaceInReading): Promise<InvoicePageRead> {
    const watermark = await ledger.openInvoiceFeed(companyId, invoiceFeed.from ?? clock.now());
    const page = await readPageFrom({ since: toMoment(next) ?? new Date(watermark.getTime() - overlapMs) });
    const began = beganAt ?? page.answeredAt?.toISOString();
    const notified = await notifyDeals(page.invoices);
    // Only now, when every deal of the page is told (I5).
    const moved = await ledger.moveInvoiceFeed(companyId, {
      watermark: findReached(page.invoices.at(-1), page.next === undefined ? began : undefined, ambiguityWindowMs),
      isEnd: page.next === undefined,
      forgetBefore: new Date(watermark.getTime() - 2 * overlapMs - FORGET_LATER_MS),
    });
    return {
      next: page.next,
      beganAt: began,
      watermark: moved.toISOString(),
      everySeconds: invoiceFeed.everySeconds,
      found: page.invoices.length,
      notified: notified,
    };
  }

  const readPageFrom = async (place: InvoicePlace): Promise<InvoicePage & { readonly next: string | undefined }> => {
    const read = (since: Date, size: number) =>
      toTemporalFailures(() => businessCentral.readChangedInvoices({ ...place, since }, size));
    const { page, next } = await readGrowingPage(
      read,
      ({ invoices }) => invoices.at(-1),
      place.since,
      invoiceFeed.pageSize,
    );
    return { ...page, next };
  };

  /** Each change once, though pages overlap and an attempt may die between any two lines. */
  async function notifyDeals(invoices: readonly Invoice[], isSweep = false): Promise<number> {
    if (invoices.length === 0) return 0;
    const met = await ledger.matchInvoicesToDeals(invoices);
    const passed: Invoice[] = [];
    let notified = 0;
    for (const [index, invoice] of invoices.entries()) {
      const known = met[index];
      // A payment in part changes neither stamp nor etag (reference/business-central 5 and 6.3): a sweep compares the
      // amounts.
      if (!known || (!isSweep && isSeen(known, invoice))) continue;
      if (!known.deal || !isNewChange(known, invoice)) {
        passed.push(invoice);
        continue;
      }
      await compareIfPostedByUs(known.deal.recordId, known.known, invoice);
      await ledger.savePaymentStatus(companyId, known.deal.recordId, invoice);
      await notifyDeal(known.deal, { at: 'business-central', invoiceId: invoice.id, etag: invoice.etag });
      await ledger.markInvoiceReported(invoice);
      notified += 1;
    }
    if (passed.length > 0) await ledger.markIrrelevant(companyId, passed);
    return notified;
  }

  /** What was confirmed is what the ledger has until a posted invoice takes its place, whoever reads that first (I12). */
  async function compareIfPostedByUs(recordId: string, before: Invoice | undefined, invoice: Invoice): Promise<void> {
    if (!before || readStatus(before.status) !== 'draft' || readStatus(invoice.status) === 'draft') return;
    if (await wasAsked(writeKey(recordId, `${POST_STEPS.invoice}-${invoice.id}`)))
      await recordPostedDifferences(dependencies.ledger, recordId, before, [invoice]);
  }

  return {
    /** One page of the invoices that are open; the deals that they belong to are told what is new. */
    async readOpenInvoicePage({ next }: { readonly companyId: string; readonly next?: string | undefined }): Promise<{
      readonly next: string | undefined;
      readonly found: number;
      readonly notified: number;
    }> {
      const page = await readPageFrom({ since: toMoment(next) ?? new Date(0), open: true });
      return { next: page.next, found: page.invoices.length, notified: await notifyDeals(page.invoices, true) };
    },

    /** One page of the changed invoices; the deals that they belong to are told what is new. */
    async readInvoicePage(place: InvoicePlaceInReading): Promise<InvoicePageRead> {
      try {
        return await readPage(place);
      } catch (error) {
        // For people who ask how the feed does; the words of the other side may name customers and stay out (I7).
        const text = error instanceof Error ? error.message : 'unknown';
        await ledger.recordInvoiceFeedError(companyId, text).catch(() => undefined);
        throw error;
      }
    },
  };
}

export type InvoiceFeedActivities = ReturnType<typeof createInvoiceFeedActivities>;

function toMoment(next: string | undefined): Date | undefined {
  return next === undefined ? undefined : new Date(next);
}

/** What was seen is kept somewhat longer than a reading goes back. */
const FORGET_LATER_MS = 3_600_000;

function isSeen({ observed: seen }: MatchedInvoice, invoice: Invoice): boolean {
  return seen?.isDealNotified === true && seen.etag === invoice.etag;
}

/** Whether the deal learns something; our own steps have mostly told the ledger before. */
function isNewChange({ known, observed: seen }: MatchedInvoice, invoice: Invoice): boolean {
  if (seen?.isDealNotified === false) return true; // an earlier attempt kept the news and did not come to tell them
  // A draft that the ledger does not know yet is being made by its deal at this moment.
  if (!known) return invoice.status !== 'Draft';
  return (
    known.number !== invoice.number ||
    known.status !== invoice.status ||
    known.dueDate !== invoice.dueDate ||
    !isSame(known.remaining, invoice.remaining) ||
    !isSame(known.includingTax, invoice.includingTax)
  );
}
