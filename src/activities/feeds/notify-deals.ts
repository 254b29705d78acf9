import type { Invoice } from '../../clients/business-central/client.js';
import { isPlaceholder } from '../../deal/business-central-document.js';
import type { ChangeHint } from '../../deal/change-hints.js';
import type { RecordRef } from '../../deal/deal.js';
import { isSame } from '../../deal/money.js';
import { hasTakenId } from '../../deal/taken-id.js';
import type { MatchedInvoice } from '../../ledger/feeds/invoice-feed.js';
import type { Ledger } from '../../ledger/ledger.js';
import { type CreditMemoList, withCredits } from '../documents/credits.js';
import { compareIfPostedByUs } from '../documents/posted-comparison.js';
import type { PostedList } from '../documents/posted-state.js';
import { toTemporalFailures } from '../remote/write-once.js';

/** What was read of invoices reaches the deals that they belong to, for the feed and for the sweep alike. */

export interface NotifyDealsDependencies {
  readonly companyId: string;
  readonly businessCentral: PostedList & CreditMemoList;
  readonly ledger: Pick<Ledger, 'businessCentralFeeds' | 'wasAsked' | 'saveNotice'>;
  /** Starts or signals the deal, also one that has settled. */
  readonly notifyDeal: (ref: RecordRef, hint: ChangeHint) => Promise<unknown>;
}

/** @returns how many deals were notified */
export type NotifyDeals = (invoices: readonly Invoice[], reading?: InvoiceReading) => Promise<number>;

export interface InvoiceReading {
  /** When it began, by the clock of the ledger. */
  readonly readFrom?: Date;
  /** A sweep compares the amounts, whatever was observed before. */
  readonly isSweep?: true;
}

export function createNotifyDeals(dependencies: NotifyDealsDependencies) {
  const { companyId, notifyDeal } = dependencies;
  const { businessCentralFeeds: ledger } = dependencies.ledger;

  /** Each change once, though pages overlap and an attempt may die between any two lines. */
  const notifyDeals: NotifyDeals = async (invoices, { readFrom, isSweep = false } = {}) => {
    if (invoices.length === 0) return 0;
    const met = await ledger.matchInvoicesToDeals(invoices);
    const passed: Invoice[] = [];
    let notified = 0;
    for (const [index, invoice] of invoices.entries()) {
      const known = met[index];
      // A payment in part changes neither stamp nor etag (reference/business-central 5 and 6.3): a sweep compares the
      // amounts.
      if (!known || (!isSweep && isSeen(known, invoice))) continue;
      const { deal } = known;
      const isForeign = !deal || isPlaceholder(invoice) || hasTakenId(deal.recordId, known.known, invoice);
      if (isForeign || !isNewChange(known, invoice)) {
        passed.push(invoice);
        continue;
      }
      await compareIfPostedByUs(dependencies, deal.recordId, known.known, invoice);
      const withCredited = await toTemporalFailures(() => withCredits(dependencies.businessCentral, invoice));
      await ledger.savePaymentStatus(companyId, deal.recordId, withCredited, readFrom);
      await notifyDeal(deal, toHint(invoice));
      await ledger.markInvoiceReported(invoice);
      notified += 1;
    }
    if (passed.length > 0) await ledger.markIrrelevant(companyId, passed);
    return notified;
  };
  return notifyDeals;
}

export function toHint({ id, etag }: Invoice): ChangeHint {
  return { at: 'business-central', invoiceId: id, etag };
}

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
