import { randomUUID } from 'node:crypto';
import type { Big } from 'big.js';
import { entityOf } from './entities.js';
import { keepDocument } from './headers.js';
import type { Company, DocumentLine, Row, SalesDocument } from './store.js';
import { big, computeTotals, rounded } from './totals.js';
import { emptyRow, ZERO_GUID } from './values.js';

/**
 * Prepayments of orders (SalesPostPrepayments.Codeunit.al; SalesPost.Codeunit.al, CreatePrepaymentLines), compressed as the header
 * is at first: one line for all that is taxed alike.
 */

/** The Sales Prepayments Account of the general posting set-up. */
export const PREPAYMENT_ACCOUNT = '2410';

/**
 * Posts a prepayment invoice. It has the External Document No. of its order and nothing else of it: "Prepayment Order No." is in no
 * API, and "Order No." stays empty.
 */
export function postPrepayment(company: Company, order: SalesDocument, percent: string): SalesDocument {
  const prepaid = new Map(order.prepaid);
  const byRate = new Map<string, Big>();
  for (const line of order.lines) {
    const amount = rounded(company, order, lineAmount(line).times(percent).div(100));
    if (amount.lte(0)) continue;
    prepaid.set(line.sequence, (prepaid.get(line.sequence) ?? big('0')).plus(amount));
    addTo(byRate, String(line['taxPercent']), amount);
  }
  const id = randomUUID();
  const entity = entityOf('salesInvoices');
  const row: Row = { ...emptyRow(entity) };
  for (const name of entity.fields.keys()) if (order.row[name] !== undefined) row[name] = order.row[name] as string;
  const { row: ordered } = order;
  Object.assign(row, { id, number: company.draw('posted'), invoiceDate: ordered['orderDate'], status: 'Open' });
  const invoice: SalesDocument = {
    kind: 'invoice',
    row,
    lines: [],
    dimensions: new Map(),
    isPosted: true,
    isReleased: false,
    isPendingApproval: false,
    isCancelled: false,
    postingNumber: String(row['number']),
    manualDiscount: '0',
    postedRecordId: id,
  };
  for (const [rate, amount] of byRate) append(company, invoice, '1', amount, rate);
  computeTotals(company, invoice);
  keepDocument(company, invoice);
  order.prepaid = prepaid;
  return invoice;
}

/** What an invoice of the order takes off again, by line: in proportion to what it invoices of the rest. */
function findDeductions(company: Company, order: SalesDocument): Map<number, Big> {
  const found = new Map<number, Big>();
  for (const line of order.lines) {
    const rest = big(line['quantity']).minus(big(line['invoicedQuantity']));
    const left = order.prepaid?.get(line.sequence);
    if (!left || rest.lte(0)) continue;
    found.set(line.sequence, rounded(company, order, left.times(big(line['invoiceQuantity'])).div(rest)));
  }
  return found;
}

/** Lines of their own behind the others, of quantity -1. */
export function appendDeductions(company: Company, order: SalesDocument, invoice: SalesDocument): void {
  const byRate = new Map<string, Big>();
  for (const [sequence, amount] of findDeductions(company, order)) {
    const rate = order.lines.find((line) => line.sequence === sequence)?.['taxPercent'];
    if (amount.gt(0)) addTo(byRate, String(rate), amount);
  }
  for (const [rate, amount] of byRate) append(company, invoice, '-1', amount, rate);
}

/** Before the quantities of the order move. */
export function takeDeductions(company: Company, order: SalesDocument): void {
  for (const [sequence, amount] of findDeductions(company, order))
    order.prepaid?.set(sequence, (order.prepaid.get(sequence) ?? big('0')).minus(amount));
}

function lineAmount(line: Row): Big {
  return big(line['quantity']).times(big(line['unitPrice'])).minus(big(line['discountAmount']));
}

function addTo(sums: Map<string, Big>, key: string, amount: Big): void {
  sums.set(key, (sums.get(key) ?? big('0')).plus(amount));
}

function append(company: Company, invoice: SalesDocument, quantity: string, amount: Big, taxPercent: string): void {
  const account = company.findByNumber('accounts', PREPAYMENT_ACCOUNT);
  const line: DocumentLine = {
    ...emptyRow(entityOf('salesInvoiceLines')),
    id: randomUUID(),
    documentId: String(invoice.row['id']),
    sequence: (invoice.lines.at(-1)?.sequence ?? 0) + 10_000,
    lineType: 'Account',
    accountId: account?.['id'] ?? ZERO_GUID,
    lineObjectNumber: PREPAYMENT_ACCOUNT,
    description: account?.['displayName'] ?? '',
    quantity,
    unitPrice: amount.toFixed(),
    taxPercent,
  };
  company.touch(line);
  invoice.lines.push(line);
}
