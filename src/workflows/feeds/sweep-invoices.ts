import type { CompanyInLane } from '../../deal/lanes.js';
import { useLaneOf } from '../lane-activities.js';
import { invoices } from './activities.js';

/**
 * Every hour: a payment in part moves no stamp in Business Central (reference/business-central 6.3), so that the feed
 * does not see it; the open invoices are read as they stand.
 */
export async function sweepInvoices(input: CompanyInLane): Promise<{
  readonly found: number;
  readonly notified: number;
}> {
  const { companyId } = input;
  useLaneOf(input);
  let [found, notified] = [0, 0];
  let next: string | undefined;
  do {
    const page = await invoices.readOpenInvoicePage({ companyId, next });
    found += page.found;
    notified += page.notified;
    next = page.next;
  } while (next !== undefined);
  return { found, notified };
}
