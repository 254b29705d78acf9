import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import { entityOf } from './entities.js';
import type { Company, DocumentLine, SalesDocument } from './store.js';
import { big, computeTotals } from './totals.js';
import { emptyRow, ZERO_GUID } from './values.js';

/** The Invoice Rounding Account of the customer posting group. */
export const ROUNDING_ACCOUNT = '8490';

/** Posting appends a line that brings the total to the precision of invoices (reference/business-central 3.8). */
export function roundInvoice(company: Company, document: SalesDocument): void {
  const total = big(document.row['totalAmountIncludingTax']);
  const precision = precisionOf(company, document);
  if (!company.setup.invoiceRounding || precision.lte(0)) return;
  const difference = total.div(precision).round(0, Big.roundHalfUp).times(precision).minus(total);
  if (difference.eq(0)) return;
  const last = document.lines.reduce((highest, { sequence }) => Math.max(highest, sequence), 0);
  const account = company.findByNumber('accounts', ROUNDING_ACCOUNT);
  const line: DocumentLine = {
    ...emptyRow(entityOf('salesInvoiceLines')),
    id: randomUUID(),
    documentId: String(document.row['id']),
    sequence: last + 10_000,
    lineType: 'Account',
    accountId: account?.['id'] ?? ZERO_GUID,
    lineObjectNumber: ROUNDING_ACCOUNT,
    description: account?.['displayName'] ?? '',
    quantity: '1',
    unitPrice: difference.toFixed(),
    taxCode: 'VAT0',
  };
  company.touch(line);
  document.lines.push(line);
  computeTotals(company, document);
}

/** In spite of its name that property of a currency is its Invoice Rounding Precision (reference/business-central 3.8). */
function precisionOf(company: Company, { row }: SalesDocument): Big {
  const currency = company.findByNumber('currencies', String(row['currencyCode']));
  return big(currency?.['amountRoundingPrecision'] ?? company.setup.invoiceRoundingPrecision);
}
