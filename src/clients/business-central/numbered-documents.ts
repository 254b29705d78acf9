import { z } from 'zod';
import type { HttpTransport } from '../http/transport.js';
import { decimal, guid, readWire } from '../http/wire.js';
import { toPath } from './masters.js';
import { pageOf } from './rows.js';

/** Documents of every kind by their External Document No., whoever made them. */

const DOCUMENT_SETS = { quote: 'salesQuotes', order: 'salesOrders', invoice: 'salesInvoices' } as const;

export interface NumberedDocument {
  readonly kind: keyof typeof DOCUMENT_SETS;
  readonly id: string;
  readonly number: string;
  readonly externalDocumentNumber: string;
  readonly status: string;
  readonly customerNumber: string;
  readonly includingTax: string;
  readonly currency: string;
}

export interface NumberedDocumentRequests {
  /** Those that changed after a moment. */
  listNumberedDocuments(since: Date): AsyncIterable<NumberedDocument>;
}

const row = z.object({
  id: guid,
  number: z.string(),
  externalDocumentNumber: z.string(),
  status: z.string(),
  customerNumber: z.string(),
  totalAmountIncludingTax: decimal,
  currencyCode: z.string(),
});
const page = pageOf(row);
const COLUMNS = Object.keys(row.shape).join(',');
const PAGE_SIZE = 1_000;

export function createNumberedDocumentRequests(http: HttpTransport): NumberedDocumentRequests {
  return {
    async *listNumberedDocuments(since) {
      const filter = encodeURIComponent(`lastModifiedDateTime gt ${since.toISOString()}`);
      // In the order in which one becomes the other, so that none is missed that moves on meanwhile.
      for (const kind of ['quote', 'order', 'invoice'] as const) {
        const set = DOCUMENT_SETS[kind];
        const asked = `list the numbers of ${set}`;
        let path: string | undefined = `${set}?$filter=${filter}&$select=${COLUMNS}`;
        while (path !== undefined) {
          const headers = { prefer: `odata.maxpagesize=${PAGE_SIZE}` };
          const { body, requestId } = await http.send({ method: 'GET', path, asked, headers });
          const found: z.infer<typeof page> = readWire('business-central', asked, page, body, requestId);
          for (const { totalAmountIncludingTax, currencyCode, ...document } of found.value)
            yield { kind, ...document, includingTax: totalAmountIncludingTax, currency: currencyCode };
          const next = found['@odata.nextLink'];
          path = next === undefined ? undefined : toPath(next);
        }
      }
    },
  };
}
