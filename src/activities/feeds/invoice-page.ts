import type { BusinessCentralClient, InvoicePage, InvoicePlace } from '../../clients/business-central/client.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { readGrowingPage } from './growing-page.js';

/** A page of invoices by the stamp of their last change, with the moment at which the next one begins. */
export async function readInvoicePageFrom(
  businessCentral: Pick<BusinessCentralClient, 'readChangedInvoices'>,
  place: InvoicePlace,
  pageSize: number,
): Promise<InvoicePage & { readonly next: string | undefined }> {
  const { page, next } = await readGrowingPage(
    (since, size) => toTemporalFailures(() => businessCentral.readChangedInvoices({ ...place, since }, size)),
    ({ invoices }) => invoices.at(-1),
    place.since,
    pageSize,
  );
  return { ...page, next };
}
