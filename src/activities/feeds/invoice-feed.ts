import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { Clock } from '../../deal/clock.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { InvoiceFeedRules } from '../../mapping/rules/rules.js';
import { findPlace, findReached } from './growing-page.js';
import { readInvoicePageFrom } from './invoice-page.js';
import { createNotifyDeals, type NotifyDealsDependencies } from './notify-deals.js';

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

export interface InvoiceFeedDependencies extends NotifyDealsDependencies {
  readonly businessCentral: NotifyDealsDependencies['businessCentral'] &
    Pick<BusinessCentralClient, 'readChangedInvoices'>;
  readonly invoiceFeed: InvoiceFeedRules;
  /** How long a transaction may be open: what commits later bears a stamp that is older by as much. */
  readonly ambiguityWindowMs: number;
  readonly clock: Clock;
}

export function createInvoiceFeedActivities(dependencies: InvoiceFeedDependencies) {
  const { businessCentral, companyId, invoiceFeed, ambiguityWindowMs, clock } = dependencies;
  const ledger = dependencies.ledger.businessCentralFeeds;
  const overlapMs = invoiceFeed.overlapSeconds * 1_000;
  const notifyDeals = createNotifyDeals(dependencies);

  async function readPage({ next, beganAt }: InvoicePlaceInReading): Promise<InvoicePageRead> {
    const watermark = await ledger.openInvoiceFeed(companyId, invoiceFeed.from ?? clock.now());
    const since = findPlace(next, watermark, overlapMs);
    const readFrom = await ledger.readClock();
    const page = await readInvoicePageFrom(businessCentral, { since }, invoiceFeed.pageSize);
    const began = beganAt ?? page.answeredAt?.toISOString();
    const notified = await notifyDeals(page.invoices, { readFrom });
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

  return {
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

/** What was seen is kept somewhat longer than a reading goes back. */
const FORGET_LATER_MS = 3_600_000;
