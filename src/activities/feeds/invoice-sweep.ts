import type { BusinessCentralClient, Invoice } from '../../clients/business-central/client.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { InvoiceFeedRules } from '../../mapping/rules/rules.js';
import { undefinedIfNotFound } from '../documents/drafts.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { readInvoicePageFrom } from './invoice-page.js';
import { createNotifyDeals, type NotifyDealsDependencies, toHint } from './notify-deals.js';

/** The invoices of a company that are open, as they stand; and those that should be and are not. */

export interface OpenInvoicePage {
  readonly next: string | undefined;
  /** When the sweep began, by the clock of the ledger. */
  readonly beganAt: string;
  readonly found: number;
  readonly notified: number;
}

export interface UnmetPage extends CompanyContext {
  readonly beganAt: string;
  /** The last invoice of the page before. */
  readonly after?: string | undefined;
}

export interface UnmetInvoicesRead {
  readonly notified: number;
  /** They are not in the list of Business Central. */
  readonly missing: readonly string[];
  /** False: nothing posted shows in the company, so that a missing invoice says nothing. */
  readonly showsPosted: boolean;
}

export interface InvoiceSweepDependencies extends NotifyDealsDependencies {
  readonly businessCentral: NotifyDealsDependencies['businessCentral'] &
    Pick<
      BusinessCentralClient,
      'readChangedInvoices' | 'readInvoices' | 'showsPostedInvoices' | 'getInvoice' | 'findInvoices'
    >;
  readonly ledger: NotifyDealsDependencies['ledger'] & Pick<Ledger, 'getInvoice'>;
  readonly invoiceFeed: Pick<InvoiceFeedRules, 'pageSize'>;
}

export function createInvoiceSweepActivities(dependencies: InvoiceSweepDependencies) {
  const { businessCentral, companyId, ledger, invoiceFeed, notifyDeal } = dependencies;
  const feeds = ledger.businessCentralFeeds;
  const notifyDeals = createNotifyDeals(dependencies);

  /** The deals are told what is new; the sweep has met these invoices, and asks for them no more. */
  async function take(invoices: readonly Invoice[], readFrom: Date): Promise<number> {
    const notified = await notifyDeals(invoices, { readFrom, isSweep: true });
    await feeds.markInvoicesMet(invoices.map(({ id }) => id));
    return notified;
  }

  return {
    /** One page of the invoices that are open; the deals that they belong to are told what is new. */
    async readOpenInvoicePage(place: {
      readonly companyId: string;
      readonly next?: string | undefined;
      readonly beganAt?: string | undefined;
    }): Promise<OpenInvoicePage> {
      const readFrom = await feeds.readClock();
      // Before the first page is read: what is saved or met from now on is none that the sweep has missed.
      const beganAt = place.beganAt ?? readFrom.toISOString();
      const since = new Date(place.next ?? 0);
      const { invoices, next } = await readInvoicePageFrom(
        businessCentral,
        { since, open: true },
        invoiceFeed.pageSize,
      );
      return { next, beganAt, found: invoices.length, notified: await take(invoices, readFrom) };
    },

    /** Invoices that the sweep has not met, in one request; their deals are told what has become of them. */
    async readUnmetInvoices({
      beganAt,
      invoiceIds,
    }: CompanyContext & {
      readonly beganAt: string;
      readonly invoiceIds: readonly string[];
    }): Promise<UnmetInvoicesRead> {
      const invoices = await toTemporalFailures(() => businessCentral.readInvoices(invoiceIds));
      const notified = await take(invoices, new Date(beganAt));
      const missing = invoiceIds.filter((id) => !invoices.some((invoice) => invoice.id === id));
      const showsPosted =
        missing.length === 0 || (await toTemporalFailures(() => businessCentral.showsPostedInvoices()));
      return { notified, missing, showsPosted };
    },

    /**
     * An invoice that was not in the list is looked for by its id and by the number of its deal. One that is gone is told to
     * its deal once, and no sweep asks for it again until it is read somewhere.
     */
    async readMissingInvoice({
      beganAt,
      invoiceId,
    }: CompanyContext & { readonly beganAt: string; readonly invoiceId: string }): Promise<'found' | 'gone'> {
      const known = await ledger.getInvoice(invoiceId);
      const [matched] = await feeds.matchInvoicesToDeals([known]);
      const deal = matched?.deal;
      const found = await toTemporalFailures(
        async () =>
          (await undefinedIfNotFound(businessCentral.getInvoice(invoiceId))) ??
          (deal && (await businessCentral.findInvoices(deal.recordId)).find(({ id }) => id === invoiceId)),
      );
      if (found) {
        await take([found], new Date(beganAt));
        return 'found';
      }
      await feeds.recordInvoiceGone(companyId, known);
      if (deal) await notifyDeal(deal, toHint(known));
      await feeds.markInvoiceReported(known);
      return 'gone';
    },
  };
}

export type InvoiceSweepActivities = ReturnType<typeof createInvoiceSweepActivities>;

/** One request to Business Central names as many ids. */
const UNMET_PAGE_SIZE = 20;

/** The question to the ledger, beside the deals: nothing of it is a request. */
export function createInvoiceSweepLedgerSteps({ ledger }: { readonly ledger: Pick<Ledger, 'businessCentralFeeds'> }) {
  return {
    /** Ids of invoices that are open in the ledger and that the sweep has not met; none at the end. */
    listUnmetInvoices({ companyId, beganAt, after }: UnmetPage): Promise<string[]> {
      const place = { beganAt: new Date(beganAt), after, limit: UNMET_PAGE_SIZE };
      return ledger.businessCentralFeeds.listUnmetInvoices(companyId, place);
    },
  };
}

export type InvoiceSweepLedgerSteps = ReturnType<typeof createInvoiceSweepLedgerSteps>;
