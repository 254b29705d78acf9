import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import { BcError, dialog, fieldInvalid } from './errors.js';
import { checkLength } from './masters.js';
import type { Company, DocumentLine, Invoice, Row } from './store.js';

/** Sales invoices: the two-stage machine of reference section 3, totals, and posting (section 4). */

type Body = Readonly<Record<string, unknown>>;

const ZERO_GUID = '00000000-0000-0000-0000-000000000000';
const NO_DATE = '0001-01-01';

export function createInvoice(company: Company, body: Body): Invoice {
  const { salesInvoiceLines, ...header } = body;
  const invoice: Invoice = {
    row: {},
    lines: [],
    isPosted: false,
    isCancelled: false,
    postingNumber: undefined,
    manualDiscount: undefined,
  };
  if (header['customerId'] === undefined && header['customerNumber'] === undefined) {
    throw dialog('A "customerNumber" or a "customerId" must be provided.');
  }
  // A number that a rolled-back create has drawn is burnt (reference 3.4).
  Object.assign(invoice.row, emptyHeader(company), { id: randomUUID(), number: company.draw('draft') });
  for (const [name, value] of Object.entries(header)) setHeader(company, invoice, name, value);
  if (header['discountAmount'] !== undefined && Number(header['discountAmount']) > 0) {
    throw dialog(
      'Cannot apply an invoice discount because the document does not include lines where the Allow Invoice Disc. field is selected.',
    );
  }
  if (salesInvoiceLines !== undefined && !Array.isArray(salesInvoiceLines))
    throw new BcError(400, 'BadRequest', 'Invalid Request Body');
  for (const line of (salesInvoiceLines ?? []) as Body[]) addLine(company, invoice, line);
  computeTotals(company, invoice);
  company.invoices.set(String(invoice.row['id']), invoice);
  return invoice;
}

function emptyHeader(company: Company): Row {
  const today = company.clock.today();
  return {
    externalDocumentNumber: '',
    invoiceDate: today,
    postingDate: today,
    dueDate: today,
    customerPurchaseOrderReference: '',
    customerId: ZERO_GUID,
    customerNumber: '',
    customerName: '',
    currencyCode: 'EUR',
    orderId: ZERO_GUID,
    orderNumber: '',
    pricesIncludeTax: false,
    salesperson: '',
    remainingAmount: '0',
    discountAmount: '0',
    totalAmountExcludingTax: '0',
    totalTaxAmount: '0',
    totalAmountIncludingTax: '0',
    status: 'Draft',
  };
}

const HEADER_TEXT: Readonly<Record<string, readonly [number, 'code' | 'text']>> = {
  externalDocumentNumber: [35, 'code'],
  customerPurchaseOrderReference: [35, 'text'],
  salesperson: [20, 'code'],
};
const HEADER_DATES: ReadonlySet<string> = new Set(['invoiceDate', 'postingDate', 'dueDate']);
const HEADER_READ_ONLY: ReadonlySet<string> = new Set([
  'id',
  'number',
  'pricesIncludeTax',
  'status',
  'totalAmountExcludingTax',
  'customerName',
  'orderId',
  'orderNumber',
]);

function setHeader(company: Company, invoice: Invoice, name: string, value: unknown): void {
  const { row } = invoice;
  const text = HEADER_TEXT[name];
  if (text) row[name] = checkLength(text[1] === 'code' ? String(value).trim().toUpperCase() : String(value), text[0]);
  else if (HEADER_DATES.has(name)) row[name] = String(value);
  else if (name === 'customerId' || name === 'customerNumber') setCustomer(company, row, name, String(value));
  else if (name === 'currencyCode') setCurrency(company, row, String(value));
  else if (name === 'discountAmount') invoice.manualDiscount = String(value);
  else if (HEADER_READ_ONLY.has(name)) {
    if (row[name] !== value) throw new BcError(400, 'BadRequest_InvalidOperation', `Control '${name}' is read-only.`);
  } else
    throw new BcError(400, 'BadRequest', `The property '${name}' does not exist on type 'Microsoft.NAV.salesInvoice'.`);
}

/** Sets what the customer gives, over whatever came before it in the payload (reference 3.2 and 3.3). */
function setCustomer(company: Company, row: Row, name: string, value: string): void {
  const customer = name === 'customerId' ? company.find('customers', value) : company.findByNumber('customers', value);
  if (!customer) throw dialog(`The "${name}" does not match to a Customer.`);
  const blocked = String(customer['blocked']);
  if (blocked === 'All' || blocked === 'Invoice') {
    throw dialog(
      `You cannot create this type of document when Customer ${customer['number']} is blocked with type ${blocked}`,
    );
  }
  if (company.withoutPostingGroup.has(String(customer['id']))) {
    throw fieldInvalid(
      `Customer Posting Group must have a value in Customer: No.=${customer['number']}. It cannot be zero or empty.`,
    );
  }
  row['customerId'] = String(customer['id']);
  row['customerNumber'] = String(customer['number']);
  row['customerName'] = String(customer['displayName']);
  row['currencyCode'] = String(customer['currencyCode'] || 'EUR');
  row['salesperson'] = String(customer['salespersonCode']);
  row['dueDate'] = addDays(String(row['invoiceDate']), 30);
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function setCurrency(company: Company, row: Row, code: string): void {
  const wanted = code.trim().toUpperCase();
  if (wanted !== 'EUR' && wanted !== '' && !company.findByNumber('currencies', wanted))
    throw dialog('The "currencyCode" does not match to a Currency.');
  row['currencyCode'] = wanted || 'EUR';
}

/** The type is replayed first; validating the number re-initialises the line, so what stood before it is lost. */
function addLine(company: Company, invoice: Invoice, body: Body): void {
  const last = invoice.lines.at(-1)?.sequence ?? 0;
  const sequence = typeof body['sequence'] === 'number' ? body['sequence'] : last + 10_000;
  if (invoice.lines.some((line) => line.sequence === sequence))
    throw dialog('You cannot insert a line because a line already exists.');
  const line: DocumentLine = { ...emptyLine(), id: randomUUID(), documentId: String(invoice.row['id']), sequence };
  line['lineType'] = String(body['lineType'] ?? (body['itemId'] ? 'Item' : body['accountId'] ? 'Account' : 'Comment'));
  for (const [name, value] of Object.entries(body)) setLine(company, invoice, line, name, value);
  invoice.lines.push(line);
}

function emptyLine(): Row {
  return {
    itemId: ZERO_GUID,
    accountId: ZERO_GUID,
    lineType: 'Comment',
    lineObjectNumber: '',
    description: '',
    description2: '',
    unitOfMeasureCode: '',
    quantity: '0',
    unitPrice: '0',
    discountAmount: '0',
    discountPercent: '0',
    amountExcludingTax: '0',
    taxCode: 'VAT19',
    taxPercent: '19',
    totalTaxAmount: '0',
    amountIncludingTax: '0',
    invoiceDiscountAllocation: '0',
    netAmount: '0',
    netTaxAmount: '0',
    netAmountIncludingTax: '0',
  };
}

function setLine(company: Company, invoice: Invoice, line: DocumentLine, name: string, value: unknown): void {
  switch (name) {
    case 'sequence':
    case 'lineType':
      return;
    case 'itemId':
      setObject(company, line, company.find('items', String(value)), 'Item');
      return;
    case 'lineObjectNumber':
      if (line['lineType'] === 'Account')
        setObject(company, line, company.findByNumber('accounts', String(value)), 'Account');
      else setObject(company, line, company.findByNumber('items', String(value)), 'Item');
      return;
    case 'quantity':
      line['quantity'] = String(value);
      line['discountAmount'] = '0';
      return;
    case 'unitOfMeasureCode':
      setUnit(company, line, String(value));
      return;
    case 'unitPrice':
      line['unitPrice'] = String(value);
      return;
    case 'discountAmount':
      if (Number(line['quantity']) === 0)
        throw dialog(
          `Quantity must have a value in Sales Line: Document Type=Invoice, Document No.=${invoice.row['number']}, Line No.=${line.sequence}. It cannot be zero or empty.`,
        );
      line['discountAmount'] = String(value);
      return;
    case 'description':
      line['description'] = checkLength(String(value), 100);
      return;
    case 'description2':
      line['description2'] = checkLength(String(value), 50);
      return;
    default:
      throw new BcError(
        400,
        'BadRequest',
        `The property '${name}' does not exist on type 'Microsoft.NAV.salesInvoiceLine'.`,
      );
  }
}

function setObject(company: Company, line: DocumentLine, row: Row | undefined, kind: 'Item' | 'Account'): void {
  if (!row) throw dialog(`${kind} does not exist.`);
  if (kind === 'Item') {
    if (row['blocked'] === true)
      throw fieldInvalid(
        `Blocked must be equal to 'No'  in Item: No.=${row['number']}. Current value is 'Yes'.`.replace(
          "'No'  in",
          "'No' in",
        ),
      );
    if (company.salesBlocked.has(String(row['id'])))
      throw dialog(
        `You cannot sell Item ${row['number']} because the Sales Blocked check box is selected on the Item card.`,
      );
  }
  const { id, sequence, documentId, quantity = '0' } = line;
  Object.assign(line, emptyLine(), { id, sequence, documentId: documentId ?? '', quantity });
  line['lineType'] = kind;
  line['lineObjectNumber'] = String(row['number']);
  line['description'] = String(row['displayName']);
  line[kind === 'Item' ? 'itemId' : 'accountId'] = String(row['id']);
  if (kind === 'Item') {
    line['unitPrice'] = String(row['unitPrice']);
    line['unitOfMeasureCode'] = String(row['baseUnitOfMeasureCode']);
  }
}

function setUnit(company: Company, line: DocumentLine, code: string): void {
  const unit = code.trim().toUpperCase();
  const item = company.find('items', String(line['itemId']));
  // Which units an item may be sold in is invisible in v2.0; here it is its base unit alone.
  if (!company.findByNumber('unitsOfMeasure', unit) || (item && item['baseUnitOfMeasureCode'] !== unit)) {
    throw new BcError(
      400,
      'Internal_InvalidTableRelation',
      `The field Unit of Measure Code of table Sales Line contains a value (${unit}) that cannot be found in the related table (Item Unit of Measure).`,
    );
  }
  line['unitOfMeasureCode'] = unit;
}

/** Line amounts, the invoice discount over the lines, tax per line, totals; the etag moves. */
export function computeTotals(company: Company, invoice: Invoice): void {
  const customer = company.find('customers', String(invoice.row['customerId']));
  const isDomestic = (customer?.['country'] ?? 'DE') === 'DE' || customer?.['country'] === '';
  const rate = new Big(isDomestic ? '0.19' : '0');
  const amounts = invoice.lines.map((line) =>
    new Big(String(line['quantity']))
      .times(String(line['unitPrice']))
      .minus(String(line['discountAmount']))
      .round(2, Big.roundHalfUp),
  );
  const gross = amounts.reduce((sum, amount) => sum.plus(amount), new Big(0));
  let rest = new Big(invoice.manualDiscount ?? '0');
  let net = new Big(0);
  let tax = new Big(0);
  invoice.lines.forEach((line, index) => {
    const amount = amounts[index] as Big;
    const isLast = index === invoice.lines.length - 1;
    const share =
      isLast || gross.eq(0)
        ? rest
        : new Big(invoice.manualDiscount ?? '0').times(amount).div(gross).round(2, Big.roundHalfUp);
    rest = rest.minus(share);
    const netAmount = amount.minus(share);
    const lineTax = amount.times(rate).round(2, Big.roundHalfUp);
    const netTax = netAmount.times(rate).round(2, Big.roundHalfUp);
    Object.assign(line, {
      taxPercent: rate.times(100).toFixed(),
      amountExcludingTax: amount.toFixed(),
      totalTaxAmount: lineTax.toFixed(),
      amountIncludingTax: amount.plus(lineTax).toFixed(),
      invoiceDiscountAllocation: share.toFixed(),
      netAmount: netAmount.toFixed(),
      netTaxAmount: netTax.toFixed(),
      netAmountIncludingTax: netAmount.plus(netTax).toFixed(),
    });
    net = net.plus(netAmount);
    tax = tax.plus(netTax);
  });
  Object.assign(invoice.row, {
    discountAmount: invoice.manualDiscount ?? '0',
    totalAmountExcludingTax: net.toFixed(),
    totalTaxAmount: tax.toFixed(),
    totalAmountIncludingTax: net.plus(tax).toFixed(),
    remainingAmount: net.plus(tax).toFixed(),
  });
  company.touch(invoice.row);
}

export function patchInvoice(company: Company, invoice: Invoice, body: Body): void {
  if (invoice.isPosted) throw dialog('The invoice has been posted and can no longer be modified.');
  for (const [name, value] of Object.entries(body)) setHeader(company, invoice, name, value);
  computeTotals(company, invoice);
}

export function deleteInvoice(company: Company, invoice: Invoice): void {
  if (invoice.isPosted) {
    throw dialog(
      'The date Allow Document Deletion Before must be set on the page Sales & Receivables Setup before deleting sales documents.',
    );
  }
  company.invoices.delete(String(invoice.row['id']));
}

/** Reference 4.3: the id stays, the number changes, the lines get new ids; the first failure alone is told. */
export function postInvoice(company: Company, invoice: Invoice): void {
  if (invoice.isPosted) throw dialog('The action can be applied to a draft invoice only.');
  if (invoice.lines.length === 0) throw dialog('Please add at least one line item to the invoice.');
  checkPosting(company, invoice);
  invoice.postingNumber ??= company.draw('posted');
  checkPostable(company, invoice);
  invoice.isPosted = true;
  invoice.row['number'] = invoice.postingNumber;
  invoice.row['status'] = 'Open';
  invoice.lines = invoice.lines.map((line) => ({ ...line, id: randomUUID() }));
  company.touch(invoice.row);
}

function checkPosting(company: Company, invoice: Invoice): void {
  const date = String(invoice.row['postingDate']);
  if (date === NO_DATE)
    throw dialog(
      `Posting Date must have a value in Sales Header: Document Type=Invoice, No.=${invoice.row['number']}. It cannot be zero or empty.`,
    );
  const { allowPostingFrom: from, allowPostingTo: to } = company.setup;
  if ((from !== NO_DATE && date < from) || (to !== NO_DATE && date > to)) {
    throw dialog('Posting Date is not within your range of allowed posting dates.');
  }
  const customer = company.find('customers', String(invoice.row['customerId']));
  const blocked = String(customer?.['blocked'] ?? '_x0020_');
  if (blocked === 'All' || blocked === 'Invoice') {
    throw dialog(
      `You cannot post this type of document when Customer ${customer?.['number']} is blocked with type ${blocked}`,
    );
  }
}

function checkPostable(_company: Company, invoice: Invoice): void {
  if (invoice.lines.every((line) => Number(line['quantity']) === 0)) {
    throw dialog('There is nothing to post because the document does not contain a quantity or amount.');
  }
  if (Number(invoice.row['totalAmountIncludingTax']) < 0)
    throw dialog('The total amount for the invoice must be 0 or greater.');
}

export function cancelInvoice(company: Company, invoice: Invoice): void {
  if (!invoice.isPosted) throw dialog('The action can be applied to a posted invoice only.');
  if (invoice.isCancelled) throw dialog('The invoice cannot be canceled because it has already been canceled.');
  invoice.isCancelled = true;
  invoice.row['status'] = 'Canceled';
  invoice.row['remainingAmount'] = '0';
  company.touch(invoice.row);
}
