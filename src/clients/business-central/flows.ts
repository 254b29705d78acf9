import type { Download, HttpTransport } from '../http/transport.js';

/** What flows back to Sales beside the invoices, and the files that documents are given. */

export interface ChangedPage<Row> {
  /** In the order of their last change. */
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
  /** By the clock of Business Central, to the second. */
  readonly answeredAt: Date | undefined;
}

export interface FlowRequests {
  /** Rendered when it is asked for (reference/business-central 2.8). */
  downloadInvoicePdf(invoiceId: string, maxBytes: number): Promise<Download>;
}

/** @param http below the company */
export function createFlowRequests(http: HttpTransport): FlowRequests {
  return {
    downloadInvoicePdf: (invoiceId, maxBytes) =>
      http.download(
        { path: `salesInvoices(${invoiceId})/pdfDocument/pdfDocumentContent`, asked: 'read the invoice as PDF' },
        maxBytes,
      ),
  };
}
