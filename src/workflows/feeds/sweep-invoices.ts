import { invoices } from './activities.js';

export interface SweepInvoicesInput {
  /** The default company when it is not given. */
  readonly companyId?: string;
}

/**
 * Every hour: a payment in part moves no stamp in Business Central (reference/business-central 6.3), so that the feed
 * does not hear of it; the open invoices are read as they stand.
 */
export async function sweepInvoices(of: SweepInvoicesInput = {}): Promise<{
  readonly found: number;
  readonly notified: number;
}> {
  let [found, notified] = [0, 0];
  let next: string | undefined;
  do {
    const page = await invoices.readOpenInvoicePage({ ...of, next });
    found += page.found;
    notified += page.notified;
    next = page.next;
  } while (next !== undefined);
  return { found, notified };
}
