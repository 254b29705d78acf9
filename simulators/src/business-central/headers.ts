import { randomUUID } from 'node:crypto';
import { addDimensions, copyDefaultDimensions, dimensionsOf } from './dimensions.js';
import { entityOf } from './entities.js';
import { BcError, dialog, fieldInvalid, noRelation } from './errors.js';
import { KINDS } from './kinds.js';
import { addLine, recreateLines } from './lines.js';
import type { Company, DocumentKind, Row, SalesDocument, Value } from './store.js';
import { computeTotals, setDiscount } from './totals.js';
import { type Body, checkValue, emptyRow, NO_DATE, nested, refuseReadOnly, toCode, ZERO_GUID } from './values.js';

/** Headers of sales documents: the two-stage machine of reference/business-central 3. */

export function createDocument(company: Company, kind: DocumentKind, body: Body): SalesDocument {
  const names = KINDS[kind];
  const { [names.lineSet]: lines, dimensionSetLines, discountAmount, ...header } = body;
  if (header['customerId'] === undefined && header['customerNumber'] === undefined) {
    throw dialog('A "customerNumber" or a "customerId" must be provided.');
  }
  const document = openDocument(company, kind);
  for (const [name, value] of Object.entries(header)) setHeader(company, document, name, value, header);
  // Dates that were sent are validated again at the end, in this order, wherever they stood.
  for (const name of [names.dateField, 'postingDate', 'dueDate']) {
    const field = entityOf(names.set).fields.get(name);
    if (field && header[name] !== undefined) setHeader(company, document, name, header[name], header);
  }
  if (discountAmount !== undefined)
    setDiscount(company, document, checkValue(entityOf(names.set), 'discountAmount', discountAmount));
  for (const one of nested(dimensionSetLines)) addDimensions(company, document, String(document.row['id']), one);
  for (const line of nested(lines)) addLine(company, document, line);
  computeTotals(company, document);
  keepDocument(company, document);
  return document;
}

function openDocument(company: Company, kind: DocumentKind): SalesDocument {
  const names = KINDS[kind];
  const today = company.clock.today();
  const row: Row = {
    ...emptyRow(entityOf(names.set)),
    id: randomUUID(),
    number: company.draw(kind),
    currencyCode: 'EUR',
    status: 'Draft',
    [names.dateField]: today,
    // A quote has none before somebody sets it; what becomes of it takes the day on which it does.
    postingDate: kind === 'quote' || company.setup.postingDateDefault === 'No Date' ? NO_DATE : today,
  };
  if (kind === 'order') row['partialShipping'] = true;
  if (kind === 'quote') setValidity(company, row);
  if ('dueDate' in row) row['dueDate'] = today;
  return {
    kind,
    row,
    lines: [],
    dimensions: new Map(),
    isPosted: false,
    isReleased: false,
    isPendingApproval: false,
    isCancelled: false,
    postingNumber: undefined,
    manualDiscount: undefined,
    postedRecordId: undefined,
  };
}

export function keepDocument(company: Company, document: SalesDocument): void {
  const { set } = KINDS[document.kind];
  const id = String(document.row['id']);
  company.documents[document.kind].set(id, document);
  company.touch(document.row, set, 'created');
  // The header is inserted first and modified when its addresses and lines follow (SalesInvoiceAggregator,
  // PropagateOnInsert), so that a subscriber hears of both.
  company.touch(document.row, set, 'updated');
  company.remember(() => company.documents[document.kind].delete(id));
}

const POSTED_MAY_CHANGE: ReadonlySet<string> = new Set([
  'dueDate',
  'promisedPayDate',
  'disputeStatus',
  'disputeStatusId',
]);
const ONLY_POSTED: ReadonlySet<string> = new Set(['promisedPayDate', 'disputeStatus', 'disputeStatusId']);

export function patchDocument(company: Company, document: SalesDocument, body: Body): void {
  const { set, lineSet, table } = KINDS[document.kind];
  company.protect(document);
  const names = Object.keys(body);
  if (names.some((name) => name === lineSet || name === 'dimensionSetLines')) {
    throw new BcError(400, 'BadRequest', 'Nested entities cannot be changed by an update of their parent.');
  }
  if (document.isPosted && names.some((name) => !POSTED_MAY_CHANGE.has(name))) {
    throw dialog(`The ${table.toLowerCase()} has been posted and can no longer be modified.`);
  }
  if (!document.isPosted && names.some((name) => ONLY_POSTED.has(name))) {
    throw fieldInvalid(
      `Posted must be equal to 'Yes' in Sales Invoice Entity Aggregate: Id=${document.row['id']}. Current value is 'No'.`,
    );
  }
  const { discountAmount, ...header } = body;
  const before = { customer: document.row['customerId'], currency: document.row['currencyCode'] };
  for (const [name, value] of Object.entries(header)) setHeader(company, document, name, value, header);
  if (discountAmount !== undefined)
    setDiscount(company, document, checkValue(entityOf(set), 'discountAmount', discountAmount));
  const isOther = before.customer !== document.row['customerId'] || before.currency !== document.row['currencyCode'];
  if (isOther && document.lines.length > 0) recreateLines(company, document);
  if (!document.isPosted) computeTotals(company, document);
  company.touch(document.row, set, 'updated');
}

/** Sets one property with the validation of the sales header; a value that is stored already is skipped. */
function setHeader(company: Company, document: SalesDocument, name: string, given: unknown, body: Body): void {
  const { row } = document;
  const entity = entityOf(KINDS[document.kind].set);
  const value = checkValue(entity, name, given);
  if (entity.fields.get(name)?.isReadOnly) {
    if (row[name] !== value) refuseReadOnly(name);
    return;
  }
  switch (name) {
    case 'customerId':
    case 'customerNumber':
      setCustomer(company, document, name, String(value), body);
      return;
    case 'billToCustomerId':
    case 'billToCustomerNumber': {
      const payer = findCustomer(company, name, String(value));
      if (row['billToCustomerId'] === payer['id']) return;
      setBillTo(company, document, payer);
      // Dimensions are the bill-to customer's as well (reference/business-central 3.3).
      dimensionsOf(document, String(row['id'])).splice(0);
      copyDefaultDimensions(company, document, String(row['id']), String(payer['id']));
      return;
    }
    case 'currencyId':
    case 'currencyCode':
      setCurrency(company, row, name, String(value));
      return;
    case 'paymentTermsId':
      checkId(company, name, 'paymentTerms', 'Payment Terms', value);
      row[name] = value;
      setDueDate(company, document);
      return;
    case 'shipmentMethodId':
      checkId(company, name, 'shipmentMethods', 'Shipment Method', value);
      break;
    case 'disputeStatusId':
      checkId(company, name, 'disputeStatus', 'Dispute Status', value);
      break;
    case 'salesperson':
      if (value !== '' && !company.findByNumber('salespeoplePurchasers', String(value))) {
        throw noRelation('Salesperson Code', 'Sales Header', String(value), 'Salesperson/Purchaser');
      }
      break;
    case 'sellToCountry':
    case 'billToCountry':
    case 'shipToCountry':
      if (value !== '' && !company.findByNumber('countriesRegions', String(value))) {
        throw noRelation('Country/Region Code', 'Sales Header', String(value), 'Country/Region');
      }
      break;
    case 'shortcutDimension1Code':
    case 'shortcutDimension2Code':
      checkDimensionValue(company, name, value);
      break;
  }
  row[name] = value;
  if (name === KINDS[document.kind].dateField) setDueDate(company, document);
  if (name === 'documentDate' && !('validUntilDate' in body)) setValidity(company, row);
  if (name.startsWith('sellTo') && row['billToCustomerId'] === row['customerId'])
    row[name.replace('sellTo', 'billTo')] = value;
}

function checkId(company: Company, name: string, set: string, table: string, value: Value): void {
  if (value !== ZERO_GUID && !company.find(set, String(value)))
    throw dialog(`The "${name}" does not match to a ${table}.`);
}

function checkDimensionValue(company: Company, name: string, value: Value): void {
  if (value === '') return;
  const dimension = [...company.all('dimensions')][name === 'shortcutDimension1Code' ? 0 : 1];
  for (const row of company.all('dimensionValues'))
    if (row['dimensionId'] === dimension?.['id'] && row['code'] === value) return;
  throw noRelation(`Shortcut Dimension ${name.charAt(17)} Code`, 'Sales Header', String(value), 'Dimension Value');
}

function findCustomer(company: Company, name: string, value: string): Row {
  const customer = name.endsWith('Id') ? company.find('customers', value) : company.findByNumber('customers', value);
  if (!customer) throw dialog(`The ${name.startsWith('billTo') ? 'bill-to' : 'sell-to'} customer cannot be found.`);
  return customer;
}

/**
 * Sets what the customer gives, over whatever came before it in the payload (reference/business-central 3.2 and 3.3).
 */
function setCustomer(company: Company, document: SalesDocument, name: string, value: string, body: Body): void {
  const { row } = document;
  const customer = findCustomer(company, name, value);
  const { customerId, customerNumber } = body;
  if (name === 'customerNumber' && customerId !== undefined && row['customerId'] !== customer['id']) {
    throw dialog('The sell-to customer values do not match to a specific Customer.');
  }
  if (name === 'customerId' && typeof customerNumber === 'string' && toCode(customerNumber) !== customer['number']) {
    if (Object.keys(body).indexOf('customerId') < Object.keys(body).indexOf('customerNumber')) {
      throw dialog('The sell-to customer values do not match to a specific Customer.');
    }
  }
  if (row['customerId'] === customer['id']) return;
  checkCustomer(company, customer, document.kind, 'create');
  const address = ['AddressLine1', 'AddressLine2', 'City', 'Country', 'State', 'PostCode'] as const;
  const of = {
    AddressLine1: 'addressLine1',
    AddressLine2: 'addressLine2',
    City: 'city',
    Country: 'country',
    State: 'state',
    PostCode: 'postalCode',
  };
  Object.assign(row, {
    customerId: customer['id'],
    customerNumber: customer['number'],
    customerName: customer['displayName'],
  });
  for (const part of address) {
    row[`sellTo${part}`] = customer[of[part]] ?? '';
    if (`shipTo${part}` in row) row[`shipTo${part}`] = customer[of[part]] ?? '';
  }
  if ('shipToName' in row) row['shipToName'] = customer['displayName'] ?? '';
  row['phoneNumber'] = customer['phoneNumber'] ?? '';
  row['email'] = customer['email'] ?? '';
  row['salesperson'] = customer['salespersonCode'] ?? '';
  row['shipmentMethodId'] = customer['shipmentMethodId'] ?? ZERO_GUID;
  setBillTo(company, document, customer);
  copyDefaultDimensions(company, document, String(row['id']), String(customer['id']));
}

/** Terms, currency and posting groups are the bill-to customer's. */
function setBillTo(company: Company, document: SalesDocument, customer: Row): void {
  const { row } = document;
  checkCustomer(company, customer, document.kind, 'create');
  row['billToCustomerId'] = customer['id'] ?? ZERO_GUID;
  row['billToCustomerNumber'] = customer['number'] ?? '';
  row['billToName'] = customer['displayName'] ?? '';
  for (const [part, from] of Object.entries({
    AddressLine1: 'addressLine1',
    AddressLine2: 'addressLine2',
    City: 'city',
    Country: 'country',
    State: 'state',
    PostCode: 'postalCode',
  })) {
    row[`billTo${part}`] = customer[from] ?? '';
  }
  row['currencyId'] = customer['currencyId'] ?? ZERO_GUID;
  row['currencyCode'] = customer['currencyCode'] || 'EUR';
  row['paymentTermsId'] = customer['paymentTermsId'] ?? ZERO_GUID;
  // A quote has it as well, though the API does not show it: what becomes of the quote takes it over.
  if ('pricesIncludeTax' in row || document.kind === 'quote')
    row['pricesIncludeTax'] = company.pricesIncludeTax.has(String(customer['id']));
  setDueDate(company, document);
}

/** reference/business-central 11.1: who may be sold what; `ship` blocks only what ships. */
export function checkCustomer(company: Company, customer: Row, kind: DocumentKind, verb: 'create' | 'post'): void {
  const number = customer['number'];
  const blocked = String(customer['blocked']);
  const shipBlocks = kind === 'order' || kind === 'quote';
  if (company.privacyBlocked.has(String(customer['id']))) {
    throw dialog(`You cannot ${verb} this type of document when Customer ${number} is blocked for privacy.`);
  }
  if (blocked === 'All' || (blocked === 'Invoice' && kind !== 'creditMemo') || (blocked === 'Ship' && shipBlocks)) {
    throw dialog(`You cannot ${verb} this type of document when Customer ${number} is blocked with type ${blocked}`);
  }
  if (company.withoutGeneralPostingGroup.has(String(customer['id']))) {
    throw fieldInvalid(
      `Gen. Bus. Posting Group must have a value in Customer: No.=${number}. It cannot be zero or empty.`,
    );
  }
  if (company.withoutPostingGroup.has(String(customer['id']))) {
    throw fieldInvalid(
      `Customer Posting Group must have a value in Customer: No.=${number}. It cannot be zero or empty.`,
    );
  }
}

function setCurrency(company: Company, row: Row, name: string, value: string): void {
  if (value === '' || value === ZERO_GUID || value === 'EUR') {
    Object.assign(row, { currencyId: ZERO_GUID, currencyCode: 'EUR' });
    return;
  }
  const currency =
    name === 'currencyId' ? company.find('currencies', value) : company.findByNumber('currencies', value);
  if (!currency) throw dialog(`The "${name}" does not match to a Currency.`);
  Object.assign(row, { currencyId: currency['id'], currencyCode: currency['code'] });
}

function setDueDate(company: Company, { kind, row }: SalesDocument): void {
  if (!('dueDate' in row)) return;
  const terms = company.find('paymentTerms', String(row['paymentTermsId']));
  row['dueDate'] = addFormula(String(row[KINDS[kind].dateField]), String(terms?.['dueDateCalculation'] ?? ''));
}

/** "Quote Validity Calculation" of the set-up counts from the document's date; without it a quote is valid for ever. */
function setValidity({ setup }: Company, row: Row): void {
  if (setup.quoteValidity !== '') row['validUntilDate'] = addFormula(String(row['documentDate']), setup.quoteValidity);
}

/** The date formulas that payment terms use: `30D`, `2W`, `1M`, `CM`, `CM+15D`. */
function addFormula(date: string, formula: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (date === NO_DATE || Number.isNaN(day.getTime())) return date;
  for (const [, sign, current, count, unit] of formula.toUpperCase().matchAll(/([+-]?)(C?)(\d*)([DWMQY])/g)) {
    const by = (sign === '-' ? -1 : 1) * Number(count || 1);
    if (current === 'C') day.setUTCMonth(day.getUTCMonth() + 1, 0);
    else if (unit === 'D') day.setUTCDate(day.getUTCDate() + by);
    else if (unit === 'W') day.setUTCDate(day.getUTCDate() + 7 * by);
    else if (unit === 'M') day.setUTCMonth(day.getUTCMonth() + by);
    else if (unit === 'Q') day.setUTCMonth(day.getUTCMonth() + 3 * by);
    else day.setUTCFullYear(day.getUTCFullYear() + by);
  }
  return day.toISOString().slice(0, 10);
}
