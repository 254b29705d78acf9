import { randomUUID } from 'node:crypto';
import { entityOf } from './entities.js';
import { dialog } from './errors.js';
import { checkCustomer, keepDocument } from './headers.js';
import { roundInvoice } from './invoice-rounding.js';
import { KINDS } from './kinds.js';
import { appendDeductions, takeDeductions } from './prepayments.js';
import type { Company, Row, SalesDocument } from './store.js';
import { big, computeTotals, isFullyShipped, rounded } from './totals.js';
import { emptyRow, NO_DATE } from './values.js';

/**
 * Posting of drafts and orders (reference/business-central 4.3, 4.4 and 4.8); the first failure alone is told, and
 * nothing is posted.
 */

/** The id stays, the number changes, the lines get new ids. */
export function postDraft(company: Company, document: SalesDocument): void {
  const { set, table } = KINDS[document.kind];
  if (document.isPosted) throw dialog(`The action can be applied to a draft ${table.toLowerCase()} only.`);
  if (document.lines.length === 0) throw dialog(`Please add at least one line item to the ${table.toLowerCase()}.`);
  checkApproval(company, document);
  company.commit();
  checkPosting(company, document, 'invoice');
  checkAmounts(company, document);
  // The number is drawn and committed before the ledgers are written: the next attempt takes the same (4.3, step 7).
  document.postingNumber ??= toPostingNumber(company, document);
  company.commit();
  checkEntry(document);
  checkStock(company, document, 'quantity');
  document.isPosted = true;
  document.postedRecordId = randomUUID();
  document.preAssignedNumber = String(document.row['number']);
  document.row['number'] = document.postingNumber;
  for (const line of document.lines) line.id = randomUUID();
  if (document.kind === 'invoice') roundInvoice(company, document);
  document.row['status'] = statusOf(document.row);
  if (document.kind === 'invoice') document.row['remainingAmount'] = document.row['totalAmountIncludingTax'] ?? '0';
  if (document.kind === 'creditMemo') applyToInvoice(company, document);
  takeStock(company, document, 'quantity');
  writeLedger(company, document);
  company.commit();
  company.touch(document.row, set, 'updated');
}

/** What a posted document leaves in the general ledger, as far as it proves that it is posted: the revenue, in one entry. */
function writeLedger(company: Company, { kind, row }: SalesDocument): void {
  const amount = row['totalAmountExcludingTax'] ?? '0';
  if (big(amount).eq(0)) return;
  const account = company.findByNumber('accounts', '8400');
  company.insert('generalLedgerEntries', {
    entryNumber: company.count('generalLedgerEntries') + 1,
    postingDate: row['postingDate'] ?? NO_DATE,
    documentNumber: row['number'] ?? '',
    documentType: kind === 'creditMemo' ? 'Credit_x0020_Memo' : 'Invoice',
    accountId: account?.['id'] ?? '',
    accountNumber: '8400',
    description: row['customerName'] ?? '',
    [kind === 'creditMemo' ? 'debitAmount' : 'creditAmount']: amount,
  });
}

/** A number of the posted series, unless that is the draft's own (codeunit 80, UpdatePostingNos). */
function toPostingNumber(company: Company, { kind, row }: SalesDocument): string {
  if (kind !== 'invoice') return company.draw('postedCreditMemo');
  return company.setup.oneInvoiceSeries ? String(row['number']) : company.draw('posted');
}

function checkApproval(company: Company, document: SalesDocument): void {
  const { table } = KINDS[document.kind];
  if (document.isPendingApproval || (company.setup.approvalWorkflow && !document.isReleased)) {
    throw dialog(
      `Sales ${table} ${document.row['number']} must be approved and released before you can perform this action.`,
    );
  }
}

function checkPosting(company: Company, document: SalesDocument, what: 'invoice' | 'ship'): void {
  const { row, kind } = document;
  const { table } = KINDS[kind];
  const header = `Sales Header: Document Type=${table}, No.=${row['number']}`;
  const date = String(row['postingDate']);
  if (date === NO_DATE) throw dialog(`Posting Date must have a value in ${header}. It cannot be zero or empty.`);
  if (company.setup.externalDocumentNumberMandatory && row['externalDocumentNumber'] === '') {
    const where = kind === 'order' ? header : `Gen. Journal Line: Document No.=${row['number']}`;
    throw dialog(`External Document No. must have a value in ${where}. It cannot be zero or empty.`);
  }
  const { allowPostingFrom: from, allowPostingTo: to } = company.setup;
  if ((from !== NO_DATE && date < from) || (to !== NO_DATE && date > to)) {
    throw dialog('Posting Date is not within your range of allowed posting dates.');
  }
  for (const id of new Set([row['customerId'], row['billToCustomerId']])) {
    const customer = company.find('customers', String(id));
    // A blocked shipment does not keep an invoice from being posted.
    if (customer)
      checkCustomer(company, customer, what === 'ship' ? 'order' : kind === 'order' ? 'invoice' : kind, 'post');
  }
  const currency = String(row['currencyCode']);
  if (
    currency !== 'EUR' &&
    ![...company.all('currencyExchangeRates')].some(
      (rate) => rate['currencyCode'] === currency && String(rate['startingDate']) <= date,
    )
  ) {
    throw dialog(`Currency Factor must have a value in ${header}. It cannot be zero or empty.`);
  }
  for (const line of document.lines) checkLineDimensions(company, document, String(line['itemId']));
  checkItemCharges(document);
}

/**
 * An item charge is assigned to the lines that bear it before it is invoiced, which API v2.0 cannot do (microsoft/BCApps:
 * SalesPost.Codeunit.al, CopyAndCheckItemCharge).
 */
function checkItemCharges({ kind, lines }: SalesDocument): void {
  const quantity = kind === 'order' ? 'invoiceQuantity' : 'quantity';
  const charge = lines.find((line) => line['lineType'] === 'Charge' && !big(line[quantity]).eq(0));
  if (charge) throw dialog(`You must assign item charge ${charge['lineObjectNumber']} if you want to invoice it.`);
}

function checkLineDimensions(company: Company, document: SalesDocument, itemId: string): void {
  for (const rule of company.all('defaultDimensions')) {
    if (rule['postingValidation'] !== 'Code_x0020_Mandatory') continue;
    if (rule['parentId'] !== itemId && rule['parentId'] !== document.row['customerId']) continue;
    const has = [...document.dimensions.values()].some((rows) => rows.some((row) => row['id'] === rule['dimensionId']));
    if (!has) {
      const of = rule['parentType'] === 'Item' ? 'Item' : 'Customer';
      const number = company.find(of === 'Item' ? 'items' : 'customers', String(rule['parentId']))?.['number'];
      throw dialog(
        `Select a Dimension Value Code for the Dimension Code ${rule['dimensionCode']} for ${of} ${number}.`,
      );
    }
  }
}

function checkAmounts(_company: Company, document: SalesDocument): void {
  if (document.lines.every((line) => big(line['quantity']).eq(0))) {
    throw dialog('There is nothing to post because the document does not contain a quantity or amount.');
  }
  checkTotal(document);
}

/** The lines before the invoice discount and the total after it (SalesPost.Codeunit.al, CheckTotalInvoiceAmount). */
function checkTotal({ kind, row, lines }: SalesDocument): void {
  const amount = row['pricesIncludeTax'] === true ? 'amountIncludingTax' : 'amountExcludingTax';
  const sum = lines.reduce((total, line) => total.plus(big(line[amount])), big('0'));
  if (kind === 'invoice' && sum.lt(0) && isNegative(row))
    throw dialog('The total amount for the invoice must be 0 or greater.');
}

/** Of the entry of the customer alone (GenJnlCheckLine.Codeunit.al, CheckDocType), when the number is drawn already. */
function checkEntry({ kind, row }: SalesDocument): void {
  if (kind === 'invoice' && isNegative(row))
    throw dialog(
      "Amount must be positive in Gen. Journal Line: Journal Template Name='', Journal Batch Name='', Line No.='0'.",
    );
}

function isNegative(row: Row): boolean {
  return big(row['totalAmountIncludingTax']).lt(0);
}

/** Without an open customer ledger entry an invoice is closed (reference/business-central 4.5): one of zero at once. */
function statusOf(row: Row): 'Open' | 'Paid' {
  return big(row['totalAmountIncludingTax']).eq(0) ? 'Paid' : 'Open';
}

function checkStock(company: Company, document: SalesDocument, quantity: 'quantity' | 'shipQuantity'): void {
  if (!company.setup.preventNegativeInventory || document.kind === 'creditMemo') return;
  const wanted = new Map<string, ReturnType<typeof big>>();
  for (const line of document.lines) {
    const number = String(line['lineObjectNumber']);
    if (line['lineType'] !== 'Item' || company.findByNumber('items', number)?.['type'] !== 'Inventory') continue;
    const sum = (wanted.get(number) ?? big('0')).plus(big(line[quantity]));
    wanted.set(number, sum);
    if (sum.gt(big(company.stock.get(number))))
      throw dialog(`You have insufficient quantity of Item ${number} on inventory.`);
  }
}

function takeStock(company: Company, document: SalesDocument, quantity: 'quantity' | 'shipQuantity'): void {
  for (const line of document.lines) {
    const number = String(line['lineObjectNumber']);
    const held = company.stock.get(number);
    if (line['lineType'] !== 'Item' || held === undefined) continue;
    const moved =
      document.kind === 'creditMemo' ? big(held).plus(big(line[quantity])) : big(held).minus(big(line[quantity]));
    company.setStock(number, moved.toFixed());
  }
}

/** Ships and invoices what the lines name; a fully posted order is gone (404), its invoice refers to it. */
export function shipAndInvoice(company: Company, order: SalesDocument): 'deleted' | 'updated' {
  if (order.lines.length === 0) throw dialog('Please add at least one line item to the estimate.');
  checkApproval(company, order);
  company.commit();
  const ships = order.lines.some((line) => !big(line['shipQuantity']).eq(0));
  const invoices = order.lines.some((line) => !big(line['invoiceQuantity']).eq(0));
  checkPosting(company, order, ships ? 'ship' : 'invoice');
  if (!ships && !invoices) {
    throw dialog('There is nothing to post because the document does not contain a quantity or amount.');
  }
  const isPartial = order.lines.some((line) =>
    big(line['shippedQuantity']).plus(big(line['shipQuantity'])).abs().lt(big(line['quantity']).abs()),
  );
  if (order.row['partialShipping'] === false && isPartial) {
    throw dialog(
      `Shipping Advice must not be Complete in Sales Header: Document Type=Order, No.=${order.row['number']}.`,
    );
  }
  for (const line of order.lines) {
    const shipped = big(line['shippedQuantity']).plus(big(line['shipQuantity']));
    if (shipped.abs().gt(big(line['quantity']).abs()))
      throw dialog(
        `You cannot ship more than ${big(line['quantity']).minus(big(line['shippedQuantity'])).toFixed()} units.`,
      );
    if (big(line['invoicedQuantity']).plus(big(line['invoiceQuantity'])).abs().gt(shipped.abs())) {
      throw dialog(`You cannot invoice more than ${shipped.minus(big(line['invoicedQuantity'])).toFixed()} units.`);
    }
  }
  // Before anything is drawn (SalesPost.Codeunit.al: CheckTotalInvoiceAmount, then UpdatePostingNos).
  if (invoices) checkTotal(invoice(company, order, ''));
  if (ships) order.shippingNumber ??= company.draw('shipment');
  if (invoices) order.postingNumber ??= company.draw(company.setup.oneInvoiceSeries ? 'invoice' : 'posted');
  company.commit();
  if (invoices) checkEntry(invoice(company, order, ''));
  checkStock(company, order, 'shipQuantity');
  company.protect(order);
  if (ships && order.shippingNumber !== undefined) ship(company, order, order.shippingNumber);
  if (invoices && order.postingNumber !== undefined) {
    const made = invoice(company, order, order.postingNumber);
    takeDeductions(company, order);
    writeLedger(company, made);
    keepDocument(company, made);
  }
  Object.assign(order, { shippingNumber: undefined, postingNumber: undefined });
  for (const line of order.lines) {
    line['shippedQuantity'] = big(line['shippedQuantity']).plus(big(line['shipQuantity'])).toFixed();
    line['invoicedQuantity'] = big(line['invoicedQuantity']).plus(big(line['invoiceQuantity'])).toFixed();
    const rest = big(line['quantity']).minus(big(line['shippedQuantity'])).toFixed();
    line['shipQuantity'] = company.setup.quantityToShip === 'Blank' ? '0' : rest;
    line['invoiceQuantity'] = big(line['shippedQuantity'])
      .minus(big(line['invoicedQuantity']))
      .plus(big(line['shipQuantity']))
      .toFixed();
    company.touch(line);
  }
  company.commit();
  const id = String(order.row['id']);
  if (order.lines.every((line) => big(line['invoicedQuantity']).abs().gte(big(line['quantity']).abs()))) {
    company.documents.order.delete(id);
    company.announce({ set: 'salesOrders', id, type: 'deleted', at: company.clock.now() });
    return 'deleted';
  }
  order.isReleased = true;
  Object.assign(order.row, { status: 'Open', fullyShipped: isFullyShipped(order) });
  company.touch(order.row, 'salesOrders', 'updated');
  return invoices ? 'deleted' : 'updated';
}

const RAW_TYPES: Readonly<Record<string, string>> = {
  Account: 'G_x002F_L_x0020_Account',
  Comment: '_x0020_',
  Charge: 'Charge_x0020__x0028_Item_x0029_',
};

function ship(company: Company, order: SalesDocument, number: string): void {
  const entity = entityOf('salesShipments');
  const row: Row = { ...emptyRow(entity), id: randomUUID() };
  for (const name of entity.fields.keys())
    if (order.row[name] !== undefined && name !== 'id') row[name] = order.row[name] as string;
  const shipment = company.insert('salesShipments', {
    ...row,
    number,
    orderNumber: order.row['number'] ?? '',
    invoiceDate: order.row['orderDate'] ?? NO_DATE,
  });
  const shipmentId = String(shipment['id']);
  const dimensions = order.dimensions.get(String(order.row['id'])) ?? [];
  company.shipmentDimensions.set(
    shipmentId,
    dimensions.map((one) => ({ ...one, parentId: shipmentId, parentType: 'Sales_x0020_Shipment' })),
  );
  // Every line of the order, also comments and what is not shipped now (reference/business-central 4.4).
  for (const line of order.lines) {
    company.insert('salesShipmentLines', {
      documentId: shipment['id'] ?? '',
      documentNo: number,
      sequence: line.sequence,
      lineType: RAW_TYPES[String(line['lineType'])] ?? line['lineType'] ?? '_x0020_',
      lineObjectNumber: line['lineObjectNumber'] ?? '',
      description: line['description'] ?? '',
      description2: line['description2'] ?? '',
      unitOfMeasureCode: line['unitOfMeasureCode'] ?? '',
      unitPrice: line['unitPrice'] ?? '0',
      quantity: line['shipQuantity'] ?? '0',
      discountPercent: line['discountPercent'] ?? '0',
      taxPercent: line['taxPercent'] ?? '0',
    });
  }
  takeStock(company, order, 'shipQuantity');
}

/**
 * One invoice a call: every line of the order with the quantity that is invoiced now, also comments and those of which nothing
 * is, and their shares of the invoice discount (SalesInvoiceLine.Table.al, InitFromSalesLine; SalesPost.Codeunit.al, DivideAmount).
 */
function invoice(company: Company, order: SalesDocument, number: string): SalesDocument {
  const entity = entityOf('salesInvoices');
  const row: Row = { ...emptyRow(entity) };
  for (const name of entity.fields.keys()) if (order.row[name] !== undefined) row[name] = order.row[name] as string;
  const id = randomUUID();
  Object.assign(row, {
    id,
    number,
    invoiceDate: order.row['orderDate'],
    dueDate: order.row['postingDate'],
    orderId: order.row['id'],
    orderNumber: order.row['number'],
    status: 'Open',
  });
  const lineEntity = entityOf('salesInvoiceLines');
  const shareOf = (line: Row, field: string) =>
    big(line['quantity']).eq(0)
      ? big('0')
      : rounded(company, order, big(line[field]).times(big(line['invoiceQuantity'])).div(big(line['quantity'])));
  const lines = order.lines.map((line) => {
    const made: Row = { ...emptyRow(lineEntity) };
    for (const name of lineEntity.fields.keys()) if (line[name] !== undefined) made[name] = line[name] as string;
    return {
      ...made,
      id: randomUUID(),
      documentId: id,
      sequence: line.sequence,
      quantity: String(line['invoiceQuantity']),
      discountAmount: shareOf(line, 'discountAmount').toFixed(),
    };
  });
  const discount = order.lines.reduce((sum, line) => sum.plus(shareOf(line, 'invoiceDiscountAllocation')), big('0'));
  const document: SalesDocument = {
    kind: 'invoice',
    row,
    lines,
    dimensions: new Map([[id, order.dimensions.get(String(order.row['id'])) ?? []]]),
    isPosted: true,
    isReleased: false,
    isPendingApproval: false,
    isCancelled: false,
    postingNumber: number,
    manualDiscount: discount.toFixed(),
    // Of invoices that came from orders the API's id is the record's own.
    postedRecordId: id,
  };
  appendDeductions(company, order, document);
  computeTotals(company, document);
  roundInvoice(company, document);
  document.row['remainingAmount'] = document.row['totalAmountIncludingTax'] ?? '0';
  document.row['status'] = statusOf(document.row);
  return document;
}

/** A credit memo with an Applies-to Doc. No. closes as much of that invoice as is open, and is closed itself where all of it fits. */
function applyToInvoice(company: Company, { row }: SalesDocument): void {
  const { invoiceNumber } = row;
  const invoice = [...company.invoices.values()].find((one) => one.isPosted && one.row['number'] === invoiceNumber);
  if (!invoice || invoice.isPlaceholder) return;
  const [open, credit] = [big(invoice.row['remainingAmount']), big(row['totalAmountIncludingTax'])];
  if (open.lte(0) || credit.lte(0)) return;
  if (credit.lte(open)) row['status'] = 'Paid';
  pay(company, invoice, (credit.lt(open) ? credit : open).toFixed());
}

/** Money that arrives for a posted invoice; the status moves when nothing is left. */
export function pay(company: Company, document: SalesDocument, amount: string | undefined): void {
  if (!document.isPosted) throw new RangeError('only posted invoices are paid');
  const left = big(document.row['remainingAmount']).minus(amount ?? String(document.row['remainingAmount']));
  if (left.lt(0)) throw new RangeError(`${document.row['remainingAmount']} is left to be paid`);
  document.row['remainingAmount'] = left.toFixed();
  if (left.eq(0)) {
    document.row['status'] = 'Paid';
    // Payment moves the stamp of the API's row only when the status changes (reference/business-central 6.3).
    company.touch(document.row, KINDS[document.kind].set, 'updated');
  }
}
