import type { Quote } from '../../deal/business-central-document.js';
import type { QuoteSuccessor } from '../../deal/deal.js';
import type { DocumentDraft } from '../../deal/document.js';
import { isNumberOf } from '../../deal/document-number.js';
import { distance, isLess, multiply, subtract } from '../../deal/money.js';
import { decimalNumber } from '../http/lossless-json.js';
import type { HttpAnswer, HttpTransport } from '../http/transport.js';
import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { toDocumentBody } from './document-body.js';
import { toHeaderTerms } from './document-terms.js';
import { toLine } from './invoices.js';
import { filterOfRecord } from './number-filter.js';
import { type DocumentLineRow, listOf, type QuoteRow, quoteRow } from './rows.js';
import { type Receipt, toPatched, toReceipt } from './transport.js';

export interface QuoteRequests {
  /** Every quote under our number for the record; one that was converted is no longer among them. */
  findQuotes(recordId: string): Promise<Quote[]>;
  /** @throws RemoteApiError `not-found`, also when it was converted. */
  getQuote(id: string): Promise<Quote>;
  createQuote(draft: DocumentDraft, context: WriteContext): Promise<Quote & Receipt>;
  setQuoteDiscount(id: string, etag: string, amount: string, context: WriteContext): Promise<Quote & Receipt>;
  deleteQuote(id: string, etag: string, context: WriteContext): Promise<Receipt>;
  /**
   * `Microsoft.NAV.makeOrder` or `makeInvoice`: the quote is gone afterwards, and what it became is found by our number alone
   * (reference/business-central 4.9). The etag must be the one that was confirmed.
   */
  convertQuote(id: string, etag: string, into: QuoteSuccessor, context: WriteContext): Promise<Receipt>;
}

const WITH_LINES = '$expand=salesQuoteLines';
const ACTIONS = { order: 'makeOrder', invoice: 'makeInvoice' } as const;

export function createQuoteRequests(http: HttpTransport): QuoteRequests {
  const readOne = (asked: string, { body, requestId }: HttpAnswer): Quote =>
    toQuote(readWire('business-central', asked, quoteRow, body, requestId));
  const getQuote = async (id: string): Promise<Quote> => {
    const asked = 'read the quote';
    return readOne(asked, await http.send({ method: 'GET', path: `salesQuotes(${id})?${WITH_LINES}`, asked }));
  };

  return {
    async findQuotes(recordId) {
      const asked = 'look the quote up';
      const filter = encodeURIComponent(filterOfRecord(recordId));
      const path = `salesQuotes?$filter=${filter}&${WITH_LINES}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      // A filter may be read otherwise than it is meant, so it is checked again here (reference/business-central 12.1).
      return readWire('business-central', asked, listOf(quoteRow), body, requestId)
        .value.filter((row) => isNumberOf(row.externalDocumentNumber, recordId))
        .map(toQuote);
    },
    getQuote,
    async createQuote(draft, context) {
      const asked = 'create the quote';
      const body = toDocumentBody(draft, 'quote');
      const answer = await http.send({ method: 'POST', path: `salesQuotes?${WITH_LINES}`, asked, body, context });
      return { ...readOne(asked, answer), ...toReceipt(answer) };
    },
    async setQuoteDiscount(id, etag, amount, context) {
      const asked = 'set the quote discount';
      const answer = await http.send({
        method: 'PATCH',
        path: `salesQuotes(${id})?${WITH_LINES}`,
        asked,
        headers: { 'if-match': etag },
        body: { discountAmount: decimalNumber(amount) },
        context,
      });
      return toPatched(readOne(asked, answer), answer, getQuote);
    },
    async deleteQuote(id, etag, context) {
      const asked = 'delete the quote';
      const headers = { 'if-match': etag };
      return toReceipt(await http.send({ method: 'DELETE', path: `salesQuotes(${id})`, asked, headers, context }));
    },
    async convertQuote(id, etag, into, context) {
      return toReceipt(
        await http.send({
          method: 'POST',
          path: `salesQuotes(${id})/Microsoft.NAV.${ACTIONS[into]}`,
          asked: `make an ${into} of the quote`,
          headers: { 'if-match': etag },
          context,
        }),
      );
    },
  };
}

function toQuote(row: QuoteRow): Quote {
  const lines = row.salesQuoteLines ?? [];
  return {
    id: row.id,
    etag: row['@odata.etag'],
    number: row.number,
    externalDocumentNumber: row.externalDocumentNumber,
    status: row.status,
    customerId: row.customerId,
    customerNumber: row.customerNumber,
    billToId: row.billToCustomerId,
    billToNumber: row.billToCustomerNumber,
    currency: row.currencyCode,
    pricesIncludeTax: lines.some(isGross),
    postingDate: row.postingDate,
    validUntil: row.validUntilDate,
    discount: row.discountAmount,
    excludingTax: row.totalAmountExcludingTax,
    tax: row.totalTaxAmount,
    includingTax: row.totalAmountIncludingTax,
    lastModified: row.lastModifiedDateTime,
    terms: toHeaderTerms(row),
    lines: lines.map(toLine),
  };
}

/** Of a price that includes tax, what is above the net amount is the tax, but for rounding. */
function isGross({
  quantity,
  unitPrice,
  discountAmount,
  amountExcludingTax,
  totalTaxAmount,
}: DocumentLineRow): boolean {
  const above = subtract(subtract(multiply(quantity, unitPrice), discountAmount), amountExcludingTax);
  return isLess(distance(above, totalTaxAmount), distance(above, '0'));
}
