import { DataverseError, decimal, type Row, type Store } from './store.js';
import { HEADER_OF, LINES, type Table } from './tables.js';

/**
 * What Sales enforces besides types: locked documents, states by action only, products on lines
 * (reference/dataverse-sales 3.4 to 3.6).
 */

const DOCUMENTS: ReadonlySet<string> = new Set(['quote', 'salesorder', 'invoice']);
const STATE: ReadonlySet<string> = new Set(['statecode', 'statuscode']);

export function isStateChange(values: Row): boolean {
  return 'statecode' in values || 'statuscode' in values;
}

export function checkUpdate(store: Store, table: Table, row: Row, values: Row): void {
  const state = values['statecode'];
  const from = row['statecode'];
  const others = Object.keys(values).some((name) => !STATE.has(name));
  if (DOCUMENTS.has(table.name) && from !== 0 && others) {
    throw new DataverseError(
      400,
      '0x8004022e',
      `Cannot update a read-only entity: the ${table.name} is not in an editable state.`,
    );
  }
  checkLineParent(store, table, row);
  checkChanged(store, table, row, values);
  if (state === undefined || state === from) return;
  if (table.name === 'opportunity' && (state === 1 || state === 2)) {
    throw new DataverseError(
      400,
      '0x80100005',
      'This message can not be used to set the state of opportunity to Won or Lost. In order to set state of opportunity to Won or Lost, use the Win or Lose message instead.',
    );
  }
  if (table.name === 'quote' && (state === 2 || state === 3)) {
    throw new DataverseError(
      400,
      '0x80100005',
      'This message can not be used to set the state of quote. Use the Win or Close message instead.',
    );
  }
  if (table.name === 'quote' && !(from === 0 && state === 1)) {
    throw new DataverseError(400, '0x80100003', 'The quote can be activated only from the draft state.');
  }
  if (table.name === 'salesorder' && state === 2) {
    throw new DataverseError(
      400,
      '0x80100005',
      'This message can not be used to set the state of salesorder to Canceled. Use the CancelSalesOrder message instead.',
    );
  }
  if (table.name === 'salesorder' && state === 3) {
    throw new DataverseError(
      400,
      '0x80100005',
      'This message can not be used to set the state of salesorder to Fulfilled. Use the FulfillSalesOrder message instead.',
    );
  }
  if (table.name === 'invoice' && state === 2 && from !== 0) {
    throw new DataverseError(400, '0x80100000', 'The invoice can be paid only in the active state.');
  }
  if (table.name === 'invoice' && state === 3 && from !== 0 && from !== 2) {
    throw new DataverseError(400, '0x80100001', 'The invoice can be canceled only in the active or paid state.');
  }
}

/** Lines of a document that is closed are closed too. */
export function checkLineParent(store: Store, table: Table, row: Row): void {
  const parent = HEADER_OF.get(table.name);
  if (!parent || !DOCUMENTS.has(parent)) return;
  const via = LINES[parent]?.via ?? '';
  const header = store.find(parent, String(row[via]));
  if (header && header['statecode'] !== 0) {
    throw new DataverseError(400, '0x80043b09', 'The parent object is read-only, so its details cannot be changed.');
  }
}

export function checkRow(store: Store, table: Table, row: Row): void {
  if (HEADER_OF.has(table.name)) checkLine(store, table, row);
  if (DOCUMENTS.has(table.name) || table.name === 'opportunity') {
    checkCustomer(store, row);
    checkCurrency(store, row);
  }
  if (table.name === 'product') checkProduct(store, row);
  if (table.name === 'annotation') checkFile(store, row);
  if (table.name === 'account' || table.name === 'salesorder' || table.name === 'quote' || table.name === 'invoice') {
    const required = table.name === 'account' ? 'name' : undefined;
    if (required && !row[required])
      throw new DataverseError(400, '0x80040200', `${table.name} requires a value for '${required}'.`);
  }
}

const OF_LINE = ['isproductoverridden', 'productid', 'productdescription', 'uomid', 'quantity'];

/** A row as it would be after a change: what it was before, and is not touched, may be as it is. */
function checkChanged(store: Store, table: Table, row: Row, values: Row): void {
  const changed = { ...row, ...values };
  if (HEADER_OF.has(table.name) && OF_LINE.some((name) => name in values)) checkLine(store, table, changed);
  if (table.name === 'product' && 'productnumber' in values) checkProduct(store, changed);
  if (!DOCUMENTS.has(table.name) && table.name !== 'opportunity') return;
  checkCustomer(store, values);
  if ('pricelevelid' in values || 'transactioncurrencyid' in values) checkCurrency(store, changed);
}

/** Only who is assigned has to be active (reference/dataverse-sales 12, trap 17). */
function checkCustomer(store: Store, { customerid: id }: Row): void {
  if (typeof id !== 'string') return;
  const customer = store.find('account', id) ?? store.find('contact', id);
  if (customer?.['statecode'] === 1) throw new DataverseError(400, '0x80040517', 'The customer is inactive.');
}

function checkLine(store: Store, table: Table, row: Row): void {
  const via = LINES[HEADER_OF.get(table.name) ?? '']?.via ?? '';
  if (!row[via]) throw new DataverseError(400, '0x80040200', `${table.name} requires a value for '${via}'.`);
  if (row['isproductoverridden'] === true) {
    if (row['productid']) throw new DataverseError(400, '0x80043afb', 'A write-in product line cannot name a product.');
    if (row['uomid']) throw new DataverseError(400, '0x80043afa', 'A write-in product line cannot name a unit.');
    return;
  }
  const product = row['productid'] ? store.find('product', String(row['productid'])) : undefined;
  if (!product) throw new DataverseError(400, '0x80043b11', 'The product is missing.');
  if (row['productdescription'] && row['iscopied'] !== true) {
    throw new DataverseError(
      400,
      '0x80043afb',
      'Both the product ID and product description cannot be set. Choose one or the other.',
    );
  }
  if (!row['uomid']) throw new DataverseError(400, '0x80043b0d', 'The unit is missing.');
  const places = Number(product['quantitydecimal'] ?? 0);
  const given = decimal(row['quantity']);
  if (!given.round(places).eq(given)) {
    throw new DataverseError(
      400,
      '0x80043b07',
      `The number of decimal places on the quantity is invalid: at most ${places} are allowed.`,
    );
  }
}

function checkCurrency(store: Store, row: Row): void {
  const list = row['pricelevelid'] ? store.find('pricelevel', String(row['pricelevelid'])) : undefined;
  const currency = row['transactioncurrencyid'];
  if (list && currency && list['transactioncurrencyid'] !== currency) {
    throw new DataverseError(
      400,
      '0x80048cf6',
      'The currency of the record does not match the currency of the price list.',
    );
  }
}

function checkProduct(store: Store, row: Row): void {
  if (!row['productnumber']) throw new DataverseError(400, '0x80043b05', 'The product number is missing.');
  for (const other of store.all('product')) {
    if (other['productid'] !== row['productid'] && other['productnumber'] === row['productnumber']) {
      throw new DataverseError(400, '0x80043b06', 'A product with the specified product number already exists.');
    }
  }
}

/** The limit holds for the text in base64 (reference/dataverse-sales 2.18). */
function checkFile(store: Store, row: Row): void {
  const body = row['documentbody'];
  if (typeof body !== 'string') return;
  const [organization] = [...store.all('organization')];
  const blocked = String(organization?.['blockedattachments'] ?? '').split(';');
  const extension = String(row['filename'] ?? '')
    .split('.')
    .at(-1)
    ?.toLowerCase();
  if (body.length <= Number(organization?.['maxuploadfilesize']) && !blocked.includes(extension ?? '')) return;
  throw new DataverseError(
    400,
    '0x80043e09',
    'The attachment is either not a valid type or is too large. It cannot be uploaded or downloaded.',
  );
}

/** Names, prices and numbers that the platform fills in. */
export function fillDefaults(store: Store, table: Table, values: Row): void {
  if (table.name === 'annotation') {
    const { documentbody } = values;
    values['isdocument'] = typeof documentbody === 'string';
    if (typeof documentbody === 'string') values['filesize'] = Buffer.from(documentbody, 'base64').length;
  }
  // An entry of a price list is in the currency of its list.
  if (table.name === 'productpricelevel')
    values['transactioncurrencyid'] ??=
      store.find('pricelevel', String(values['pricelevelid']))?.['transactioncurrencyid'] ?? null;
  if (table.name === 'contact' || table.name === 'lead') {
    values['fullname'] = [values['firstname'], values['lastname']].filter((part) => part).join(' ');
  }
  if (table.columns.has('activitytypecode')) values['activitytypecode'] = table.name;
  if (table.name === 'connection') values['name'] = nameOfConnected(store, table, values['record2id']);
  if (HEADER_OF.has(table.name)) fillLine(store, table, values);
  if (!LINES[table.name]) return;
  values['pricingerrorcode'] ??= 0;
  values['discountamount'] ??= null;
  const customer = values['customerid'];
  if (typeof customer === 'string') {
    const isAccount = store.find('account', customer) !== undefined;
    values[isAccount ? 'accountid' : 'contactid'] = customer;
    if (table.name === 'opportunity') values[isAccount ? 'parentaccountid' : 'parentcontactid'] ??= customer;
  } else if (table.name === 'opportunity' && typeof values['parentaccountid'] === 'string') {
    values['customerid'] = values['parentaccountid'];
  }
  const number = {
    quote: ['quotenumber', 'QUO'],
    salesorder: ['ordernumber', 'ORD'],
    invoice: ['invoicenumber', 'INV'],
  }[table.name];
  if (number && !values[number[0] as string])
    values[number[0] as string] = nextNumber(store, table, number[1] as string);
  if (table.name === 'quote') values['revisionnumber'] ??= 0;
  if (table.name === 'salesorder' || table.name === 'invoice') values['ispricelocked'] ??= false;
}

/** A connection bears the name of the row that it leads to. */
function nameOfConnected(store: Store, table: Table, id: Row[string] | undefined): string | null {
  for (const target of Object.values(table.lookups.get('record2id') ?? {})) {
    const row = typeof id === 'string' ? store.find(target, id) : undefined;
    if (row) return String(row[store.schema.table(target).title] ?? '');
  }
  return null;
}

function fillLine(store: Store, table: Table, values: Row): void {
  const parent = HEADER_OF.get(table.name) ?? '';
  const header = store.find(parent, String(values[LINES[parent]?.via ?? '']));
  const product = values['productid'] ? store.find('product', String(values['productid'])) : undefined;
  values['isproductoverridden'] ??= product === undefined;
  values['pricingerrorcode'] ??= 0;
  values['volumediscountamount'] ??= '0';
  values['manualdiscountamount'] ??= '0';
  values['tax'] ??= '0';
  values['transactioncurrencyid'] = header?.['transactioncurrencyid'] ?? null;
  values['productname'] = product?.['name'] ?? values['productdescription'] ?? null;
  values['producttypecode'] ??= 1;
  if (product && values['ispriceoverridden'] !== true && values['priceperunit'] === undefined) {
    values['priceperunit'] = priceOf(store, header, product, String(values['uomid'])) ?? product['price'] ?? '0';
  }
}

function priceOf(store: Store, header: Row | undefined, product: Row, unitId: string): Row[string] | undefined {
  for (const price of store.children('productpricelevel', 'productid', String(product['productid']))) {
    if (price['pricelevelid'] === header?.['pricelevelid'] && price['uomid'] === unitId)
      return price['amount'] ?? undefined;
  }
  return undefined;
}

const SUFFIX = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';

function nextNumber(store: Store, table: Table, prefix: string): string {
  const count = store.count(table.name) + 5_000;
  let rest = count * 7_919;
  let suffix = '';
  for (let index = 0; index < 6; index += 1) {
    suffix += SUFFIX[rest % SUFFIX.length];
    rest = Math.floor(rest / 3) + 17;
  }
  return `${prefix}-${String(count).padStart(5, '0')}-${suffix}`;
}

export function checkDelete(store: Store, table: Table, row: Row): void {
  if (DOCUMENTS.has(table.name) && row['statecode'] !== 0) {
    throw new DataverseError(400, '0x80040228', `The ${table.name} is read-only and cannot be deleted.`);
  }
  checkLineParent(store, table, row);
}
