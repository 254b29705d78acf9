import { log } from '@temporalio/workflow';
import type { CompanyInLane } from '../../deal/lanes.js';
import { useLaneOf } from '../lane-activities.js';
import { invoices, sweepLedger } from './activities.js';

export interface InvoiceSweepResult {
  /** Open invoices of the company. */
  readonly found: number;
  /** Invoices that the ledger holds as open and that are not among them. */
  readonly unmet: number;
  /** Of these, what Business Central does not have any more. */
  readonly gone: number;
  readonly notified: number;
}

/** The others wait for the next sweep: each of them takes two requests. */
const MAX_MISSING_PER_SWEEP = 100;

/**
 * Every hour: a payment in part moves no stamp in Business Central (reference/business-central 6.3), so that the feed
 * does not see it; the open invoices are read as they stand. What the ledger holds as open and is not among them was
 * paid, cancelled, corrected or deleted while the feed missed it: it is read as well.
 */
export async function sweepInvoices(input: CompanyInLane): Promise<InvoiceSweepResult> {
  const { companyId } = input;
  useLaneOf(input);
  let [found, notified] = [0, 0];
  let next: string | undefined;
  let beganAt: string | undefined;
  do {
    const page = await invoices.readOpenInvoicePage({ companyId, next, beganAt });
    found += page.found;
    notified += page.notified;
    ({ next, beganAt } = page);
  } while (next !== undefined);
  const left = await readUnmet(companyId, beganAt);
  return { found, unmet: left.unmet, gone: left.gone, notified: notified + left.notified };
}

async function readUnmet(companyId: string, beganAt: string): Promise<Omit<InvoiceSweepResult, 'found'>> {
  let [unmet, gone, notified, looked] = [0, 0, 0, 0];
  for (let after: string | undefined; ; ) {
    const invoiceIds = await sweepLedger.listUnmetInvoices({ companyId, beganAt, after });
    if (invoiceIds.length === 0) break;
    const page = await invoices.readUnmetInvoices({ companyId, beganAt, invoiceIds });
    unmet += invoiceIds.length;
    notified += page.notified;
    if (!page.showsPosted) {
      // The id of the run names the company.
      log.warn('no posted invoice of the company shows: does the app have the permission to read them?');
      break;
    }
    for (const invoiceId of page.missing.slice(0, MAX_MISSING_PER_SWEEP - looked)) {
      looked += 1;
      if ((await invoices.readMissingInvoice({ companyId, beganAt, invoiceId })) === 'found') continue;
      gone += 1;
      log.warn('the invoice is not in Business Central any more: its deal was notified', { invoiceId });
    }
    after = invoiceIds.at(-1);
  }
  return { unmet, gone, notified };
}
