import { randomUUID } from 'node:crypto';
import { addDimensions, copyDefaultDimensions, dimensionsOf } from './dimensions.js';
import { entityOf } from './entities.js';
import { BcError, dialog, fieldInvalid, noRelation } from './errors.js';
import { KINDS } from './kinds.js';
import type { Company, DocumentLine, Row, SalesDocument, Value } from './store.js';
import { big, computeTotals, rounded } from './totals.js';
import { type Body, checkValue, emptyRow, nested, refuseReadOnly, ZERO_GUID } from './values.js';

/** Sales lines: the type is replayed first, the number re-initialises the line, the rest follows in payload order. */

export function addLine(company: Company, document: SalesDocument, body: Body): DocumentLine {
  const entity = entityOf(KINDS[document.kind].lineSet);
  const { dimensionSetLines, ...values } = body;
  checkEditable(document, Object.keys(values));
  if (given(values, 'itemId') && given(values, 'accountId')) {
    throw dialog('Both "itemId" and "accountId" are specified. Specify only one of them.');
  }
  const last = document.lines.reduce((highest, line) => Math.max(highest, line.sequence), 0);
  const sequence =
    values['sequence'] === undefined ? last + 10_000 : Number(checkValue(entity, 'sequence', values['sequence']));
  if (document.lines.some((line) => line.sequence === sequence)) {
    throw dialog('You cannot insert a line because a line already exists.');
  }
  const line = openLine(company, document, sequence, typeOf(entity, values));
  for (const [name, value] of Object.entries(values)) setLine(company, document, line, name, value);
  keepLine(document, line);
  for (const one of nested(dimensionSetLines)) addDimensions(company, document, line.id, one);
  return line;
}

function openLine(company: Company, document: SalesDocument, sequence: number, lineType: Value): DocumentLine {
  const line: DocumentLine = {
    ...emptyRow(entityOf(KINDS[document.kind].lineSet)),
    id: randomUUID(),
    documentId: String(document.row['id']),
    sequence,
    lineType,
  };
  company.touch(line);
  return line;
}

function keepLine(document: SalesDocument, line: DocumentLine): void {
  document.lines.push(line);
  document.lines.sort((a, b) => a.sequence - b.sequence);
}

function given(body: Body, name: string): boolean {
  return body[name] !== undefined && body[name] !== ZERO_GUID;
}

function typeOf(entity: ReturnType<typeof entityOf>, body: Body): Value {
  if (given(body, 'itemId')) return 'Item';
  if (given(body, 'accountId')) return 'Account';
  return body['lineType'] === undefined ? 'Comment' : checkValue(entity, 'lineType', body['lineType']);
}

export function patchLine(company: Company, document: SalesDocument, line: DocumentLine, body: Body): void {
  company.protect(document);
  const entity = entityOf(KINDS[document.kind].lineSet);
  checkEditable(document, Object.keys(body));
  const { lineType, sequence, lineObjectNumber, ...rest } = body;
  if (sequence !== undefined && sequence !== line.sequence) {
    // Only the page of invoices puts the name in quotes (APIV2SalesInvoiceLines.Page.al, APIV2SalesOrderLines.Page.al).
    const name = document.kind === 'invoice' ? '"sequence"' : 'sequence';
    throw dialog(`The value for ${name} cannot be modified. Delete and insert the line again.`);
  }
  if (
    lineObjectNumber !== undefined &&
    checkValue(entity, 'lineObjectNumber', lineObjectNumber) !== line['lineObjectNumber']
  ) {
    throw dialog('The value for "lineObjectNumber" cannot be modified.');
  }
  if (lineType !== undefined) {
    const type = checkValue(entity, 'lineType', lineType);
    if (type !== line['lineType']) initialise(document, line, { lineType: type, quantity: '0' });
  }
  if (given(rest, 'accountId')) line['lineType'] = 'Account';
  if (given(rest, 'itemId')) line['lineType'] = 'Item';
  for (const [name, value] of Object.entries(rest)) setLine(company, document, line, name, value);
  company.touch(line);
  computeTotals(company, document);
}

export function deleteLine(company: Company, document: SalesDocument, line: DocumentLine): void {
  company.protect(document);
  checkEditable(document, []);
  document.lines = document.lines.filter((other) => other !== line);
  computeTotals(company, document);
}

const QUANTITIES_TO_POST: ReadonlySet<string> = new Set(['shipQuantity', 'invoiceQuantity']);

function checkEditable(document: SalesDocument, names: readonly string[]): void {
  const { table } = KINDS[document.kind];
  if (document.isPosted) throw dialog(`The ${table.toLowerCase()} has been posted and can no longer be modified.`);
  const onlyQuantities = names.length > 0 && names.every((name) => QUANTITIES_TO_POST.has(name));
  if ((document.isReleased || document.isPendingApproval) && !onlyQuantities) {
    const status = document.isPendingApproval ? 'Pending Approval' : 'Released';
    throw fieldInvalid(
      `Status must be equal to 'Open' in Sales Header: Document Type=${table}, No.=${document.row['number']}. Current value is '${status}'.`,
    );
  }
}

function setLine(company: Company, document: SalesDocument, line: DocumentLine, name: string, raw: unknown): void {
  const entity = entityOf(KINDS[document.kind].lineSet);
  const value = checkValue(entity, name, raw);
  if (entity.fields.get(name)?.isReadOnly) {
    if (String(line[name]) !== String(value)) refuseReadOnly(name);
    return;
  }
  assignLine(company, document, line, name, value);
}

/** A value that was checked, or is the simulator's own. */
function assignLine(company: Company, document: SalesDocument, line: DocumentLine, name: string, value: Value): void {
  switch (name) {
    case 'sequence':
    case 'lineType':
      return;
    case 'documentId':
      if (value !== line['documentId']) throw dialog('The value for "documentId" cannot be modified.');
      return;
    case 'itemId':
      if (value !== ZERO_GUID) setItem(company, document, line, company.find('items', String(value)));
      return;
    case 'accountId':
      if (value !== ZERO_GUID) setAccount(company, document, line, company.find('accounts', String(value)));
      return;
    case 'lineObjectNumber':
      setObject(company, document, line, String(value));
      return;
    case 'quantity':
      setQuantity(company, document, line, String(value));
      return;
    case 'unitOfMeasureId':
      if (value !== ZERO_GUID) {
        const unit = company.find('unitsOfMeasure', String(value));
        if (!unit) throw dialog('The "unitOfMeasureId" does not match to a Unit of Measure.');
        setUnit(company, document, line, String(unit['code']));
      }
      return;
    case 'unitOfMeasureCode':
      setUnit(company, document, line, String(value));
      return;
    case 'unitPrice':
      line['unitPrice'] = value;
      setPercent(company, document, line, String(line['discountPercent']));
      return;
    case 'discountAmount':
      setAmount(company, document, line, String(value));
      return;
    case 'discountPercent':
      if (big(value).lt(0) || big(value).gt(100))
        throw dialog(`The value must be between 0 and 100. Value: ${String(value)}.`);
      setPercent(company, document, line, String(value));
      return;
    case 'taxCode':
      setTax(company, document, line, String(value));
      return;
    case 'itemVariantId':
      if (value !== ZERO_GUID && line['lineType'] === 'Item' && line['itemId'] !== ZERO_GUID) {
        const variant = company.find('itemVariants', String(value));
        if (variant?.['itemId'] !== line['itemId']) throw noRowOf('Variant Id', String(value), 'Item Variant');
      }
      line[name] = value;
      return;
    case 'locationId':
      if (value !== ZERO_GUID && !company.find('locations', String(value)))
        throw noRowOf('Location Id', String(value), 'Location');
      line[name] = value;
      return;
    default:
      line[name] = value;
  }
}

/** A table relation of SalesInvoiceLineAggregate.Table.al: a variant has to be one of the line's item. */
function noRowOf(field: string, id: string, related: string): BcError {
  return noRelation(field, 'Sales Invoice Line Aggregate', `{${id.toUpperCase()}}`, related);
}

/** Only type, number and quantity survive a new number. */
function initialise(document: SalesDocument, line: DocumentLine, kept: Readonly<Record<string, Value>>): void {
  const { id, documentId, sequence, lineType, quantity } = line;
  const empty = emptyRow(entityOf(KINDS[document.kind].lineSet));
  Object.assign(line, empty, { id, documentId, sequence, lineType, quantity, ...kept });
}

function setObject(company: Company, document: SalesDocument, line: DocumentLine, number: string): void {
  switch (line['lineType']) {
    case 'Item':
      setItem(company, document, line, company.findByNumber('items', number));
      return;
    case 'Account':
      setAccount(company, document, line, company.findByNumber('accounts', number));
      return;
    default:
      line['lineObjectNumber'] = number;
  }
}

function setItem(company: Company, document: SalesDocument, line: DocumentLine, item: Row | undefined): void {
  if (!item) throw dialog('Item does not exist.');
  const number = String(item['number']);
  if (item['blocked'] === true) {
    throw fieldInvalid(`Blocked must be equal to 'No' in Item: No.=${number}. Current value is 'Yes'.`);
  }
  if (company.salesBlocked.has(number)) {
    throw dialog(`You cannot sell Item ${number} because the Sales Blocked check box is selected on the Item card.`);
  }
  initialise(document, line, {
    lineType: 'Item',
    itemId: item['id'] ?? '',
    accountId: ZERO_GUID,
    lineObjectNumber: number,
  });
  line['description'] = item['displayName'] ?? '';
  line['unitOfMeasureCode'] = item['baseUnitOfMeasureCode'] ?? '';
  line['unitOfMeasureId'] =
    company.findByNumber('unitsOfMeasure', String(item['baseUnitOfMeasureCode']))?.['id'] ?? ZERO_GUID;
  line['unitPrice'] = priceOf(company, document, item);
  setTax(company, document, line, String(item['taxGroupCode'] || 'VAT19'));
  setQuantity(company, document, line, String(line['quantity']));
  copyDefaultDimensions(company, document, line.id, String(item['id']));
  inheritDimensions(document, line);
}

function setAccount(company: Company, document: SalesDocument, line: DocumentLine, account: Row | undefined): void {
  if (!account) throw dialog('Account does not exist.');
  const number = String(account['number']);
  if (account['directPosting'] !== true) {
    throw fieldInvalid(`Direct Posting must be equal to 'Yes' in G/L Account: No.=${number}. Current value is 'No'.`);
  }
  if (account['blocked'] === true) {
    throw fieldInvalid(`Blocked must be equal to 'No' in G/L Account: No.=${number}. Current value is 'Yes'.`);
  }
  initialise(document, line, {
    lineType: 'Account',
    accountId: account['id'] ?? '',
    itemId: ZERO_GUID,
    lineObjectNumber: number,
  });
  line['description'] = account['displayName'] ?? '';
  setTax(company, document, line, 'VAT19');
  setQuantity(company, document, line, String(line['quantity']));
  inheritDimensions(document, line);
}

function inheritDimensions(document: SalesDocument, line: DocumentLine): void {
  const own = dimensionsOf(document, line.id);
  for (const row of dimensionsOf(document, String(document.row['id']))) {
    if (!own.some((other) => other['id'] === row['id']))
      own.push({ ...row, parentId: line.id, parentType: `${row['parentType']}_x0020_Line` });
  }
}

/** The item card's price is in local currency; the newest exchange rate turns it into the document's. */
function priceOf(company: Company, document: SalesDocument, item: Row): string {
  const currency = String(document.row['currencyCode']);
  if (currency === 'EUR') return String(item['unitPrice']);
  for (const rate of company.all('currencyExchangeRates')) {
    if (rate['currencyCode'] !== currency) continue;
    const factor = big(rate['exchangeRateAmount']).div(big(rate['relationalExchangeRateAmount']));
    // "Unit-Amount Rounding Precision", which is finer than that of amounts.
    return big(item['unitPrice']).times(factor).round(5).toFixed();
  }
  return String(item['unitPrice']);
}

function setQuantity(company: Company, document: SalesDocument, line: DocumentLine, quantity: string): void {
  if ((quantity.split('.')[1]?.length ?? 0) > 5) {
    throw dialog(
      `The value ${quantity} in field Quantity is of lower precision than expected. \\The expected precision is 0.00001.`,
    );
  }
  line['quantity'] = quantity;
  if ('shipQuantity' in line) {
    const rest =
      company.setup.quantityToShip === 'Blank' ? '0' : big(quantity).minus(big(line['shippedQuantity'])).toFixed();
    line['shipQuantity'] = rest;
    line['invoiceQuantity'] = rest;
  }
  setPercent(company, document, line, String(line['discountPercent']));
}

function setUnit(company: Company, document: SalesDocument, line: DocumentLine, code: string): void {
  const unit = company.findByNumber('unitsOfMeasure', code);
  const item =
    line['lineType'] === 'Item' ? company.findByNumber('items', String(line['lineObjectNumber'])) : undefined;
  const isKnown =
    !item || item['baseUnitOfMeasureCode'] === code || company.itemUnits.get(String(item['number']))?.has(code);
  // Which units an item may be sold in is invisible in v2.0 (reference/business-central 2.4).
  if (!unit || !isKnown) throw noRelation('Unit of Measure Code', 'Sales Line', code, 'Item Unit of Measure');
  if (line['unitOfMeasureCode'] === code) return;
  Object.assign(line, { unitOfMeasureCode: code, unitOfMeasureId: unit['id'] });
  if (item) line['unitPrice'] = priceOf(company, document, item);
  setPercent(company, document, line, String(line['discountPercent']));
}

/** Domestic customers pay the rate of the tax code, others none. */
function setTax(company: Company, document: SalesDocument, line: DocumentLine, code: string): void {
  if (!company.findByNumber('taxGroups', code))
    throw noRelation('VAT Prod. Posting Group', 'Sales Line', code, 'VAT Product Posting Group');
  const country = document.row['sellToCountry'];
  const isDomestic = country === 'DE' || country === '';
  line['taxCode'] = code;
  line['taxPercent'] = isDomestic ? code.replace(/\D/g, '') || '0' : '0';
}

function setAmount(company: Company, document: SalesDocument, line: DocumentLine, amount: string): void {
  if (big(line['quantity']).eq(0)) {
    if (big(amount).eq(0)) return;
    throw fieldInvalid(
      `Quantity must have a value in Sales Line: Document Type=${KINDS[document.kind].table}, Document No.=${document.row['number']}, Line No.=${line.sequence}. It cannot be zero or empty.`,
    );
  }
  const full = rounded(company, document, big(line['quantity']).times(big(line['unitPrice'])));
  const discount = rounded(company, document, big(amount));
  const percent = full.eq(0) ? big('0') : discount.div(full).times(100).round(5);
  if (percent.lt(0) || percent.gt(100))
    throw dialog('The value in the Line Discount % field must be between 0 and 100.');
  line['discountAmount'] = discount.toFixed();
  line['discountPercent'] = percent.toFixed();
}

function setPercent(company: Company, document: SalesDocument, line: DocumentLine, percent: string): void {
  line['discountPercent'] = percent;
  const full = rounded(company, document, big(line['quantity']).times(big(line['unitPrice'])));
  line['discountAmount'] = rounded(company, document, full.times(percent).div(100)).toFixed();
}

/**
 * Another customer or currency: new line ids, prices from the item again, manual prices lost
 * (reference/business-central 3.8).
 */
export function recreateLines(company: Company, document: SalesDocument): void {
  const lines = document.lines;
  document.lines = [];
  for (const before of lines) {
    checkEditable(document, ['lineType']);
    const line = openLine(company, document, before.sequence, before['lineType'] ?? 'Comment');
    const kept = before['lineType'] === 'Comment' ? ['description'] : ['lineObjectNumber', 'quantity'];
    for (const name of kept) assignLine(company, document, line, name, before[name] ?? '');
    keepLine(document, line);
  }
}

export function findLine(document: SalesDocument, id: string): DocumentLine {
  const line = document.lines.find((other) => other.id === id.toLowerCase());
  if (!line) throw new BcError(404, 'Internal_RecordNotFound', 'The Sales Line does not exist.');
  return line;
}
