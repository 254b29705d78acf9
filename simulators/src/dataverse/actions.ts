import { bulkDelete } from './bulk-delete.js';
import { publish } from './components.js';
import { completeState, readPayload } from './payload.js';
import { fillDefaults } from './rules.js';
import { DataverseError, type Row, type Store } from './store.js';
import { createTable } from './table-writes.js';
import { LINES, type Table } from './tables.js';

/** What an action or a request did, told to the webhooks. */
export interface SalesEvent {
  readonly message: 'Win' | 'Lose' | 'Close' | 'Cancel' | 'Create' | 'Update' | 'Delete';
  readonly table: string;
  readonly recordId: string;
  /** Who caused it. */
  readonly userId?: string;
  /** The close activity of Win, Lose, Close and Cancel. */
  readonly close?: {
    readonly parameter: string;
    readonly logicalName: string;
    readonly lookup: string;
    readonly values: Row;
  };
  readonly status?: number;
  /** What the request sent. */
  readonly values?: Row;
}

export interface ActionAnswer {
  readonly created?: { readonly table: Table; readonly row: Row };
  /** The complex type of the answer, and what it holds. */
  readonly answer?: { readonly type: string; readonly [name: string]: unknown };
  readonly events: readonly SalesEvent[];
}

type Body = Readonly<Record<string, unknown>>;

/** What the sources could not confirm (reference/dataverse-sales 14). */
export interface ActionSwitches {
  /** Whether WinOpportunity is refused while quotes are open, as in the user interface. */
  openQuotesBlockWin: boolean;
}

/** The unbound actions of reference/dataverse-sales 3.2, by the name in the URL. */
export function runAction(store: Store, name: string, body: Body, switches: ActionSwitches): ActionAnswer | undefined {
  const id = (parameter: string): string => {
    const value = body[parameter];
    if (typeof value === 'string') return value;
    throw new DataverseError(400, '0x80048d19', `The parameter '${parameter}' is missing or is no GUID.`);
  };
  switch (name) {
    case 'WinOpportunity':
      return closeOpportunity(store, body, 'Win', switches);
    case 'LoseOpportunity':
      return closeOpportunity(store, body, 'Lose', switches);
    case 'WinQuote':
      return closeQuote(store, body, 'Win');
    case 'CloseQuote':
      return closeQuote(store, body, 'Close');
    case 'ReviseQuote':
      return reviseQuote(store, id('QuoteId'));
    case 'CancelSalesOrder':
      return closeOrder(store, body, 2, 4, 'Cancel');
    case 'FulfillSalesOrder':
      return closeOrder(store, body, 3, 100_001, undefined);
    case 'ConvertQuoteToSalesOrder':
      return convertQuote(store, id('QuoteId'));
    case 'ConvertSalesOrderToInvoice':
      return convertOrder(store, id('SalesOrderId'));
    case 'GenerateSalesOrderFromOpportunity':
      return generate(store, 'salesorder', id('OpportunityId'));
    case 'GenerateQuoteFromOpportunity':
      return generate(store, 'quote', id('OpportunityId'));
    case 'GenerateInvoiceFromOpportunity':
      return generate(store, 'invoice', id('OpportunityId'));
    case 'GetQuoteProductsFromOpportunity':
      return copyProducts(store, id('OpportunityId'), 'quote', id('QuoteId'));
    case 'GetSalesOrderProductsFromOpportunity':
      return copyProducts(store, id('OpportunityId'), 'salesorder', id('SalesOrderId'));
    case 'GetInvoiceProductsFromOpportunity':
      return copyProducts(store, id('OpportunityId'), 'invoice', id('InvoiceId'));
    case 'UnlockSalesOrderPricing':
      return lockPricing(store, 'salesorder', id('SalesOrderId'), false);
    case 'UnlockInvoicePricing':
      return lockPricing(store, 'invoice', id('InvoiceId'), false);
    case 'BulkDelete':
      return { events: [], answer: { type: 'BulkDeleteResponse', JobId: bulkDelete(store, body) } };
    case 'CreateEntities':
      return createEntities(store, body);
    case 'PublishAllXml':
      publish(store, undefined);
      return { events: [] };
    case 'PublishXml':
      publish(store, body['ParameterXml']);
      return { events: [] };
    default:
      return undefined;
  }
}

/** Several tables at once, as microsoft/PowerPlatform-DataverseClient-Python does it (data/_odata.py). */
function createEntities(store: Store, { Entities: entities }: Body): ActionAnswer {
  if (!Array.isArray(entities) || entities.length === 0)
    throw new DataverseError(400, '0x80048d19', "The parameter 'Entities' has at least one definition.");
  for (const definition of entities) createTable(store, definition);
  return { events: [] };
}

/** `salesorders(<id>)/Microsoft.Dynamics.CRM.LockSalesOrderPricing` and its kin. */
export function runBoundAction(
  store: Store,
  table: Table,
  id: string | undefined,
  name: string,
  body: Body,
): ActionAnswer | undefined {
  if (table.name === 'salesorder' && name === 'FulfillSalesOrder')
    return closeOrder(store, body, 3, 100_001, undefined);
  if (id === undefined) return undefined;
  if (table.name === 'salesorder' && name === 'LockSalesOrderPricing')
    return lockPricing(store, 'salesorder', id, true);
  if (table.name === 'invoice' && name === 'LockInvoicePricing') return lockPricing(store, 'invoice', id, true);
  return undefined;
}

function readClose(store: Store, body: Body, parameter: string, lookup: string): { id: string; values: Row } {
  const close = body[parameter];
  if (typeof close !== 'object' || close === null) {
    throw new DataverseError(400, '0x80048d19', `The parameter '${parameter}' is missing.`);
  }
  const { values } = readPayload(store, store.schema.table(parameter.toLowerCase()), close as Record<string, unknown>);
  const id = values[lookup];
  if (typeof id !== 'string') throw new DataverseError(400, '0x80040203', `${parameter} names no ${lookup}.`);
  return { id, values };
}

function change(store: Store, table: string, row: Row, values: Row): void {
  const target = store.schema.table(table);
  completeState(target, values, row);
  store.update(target, row, values);
}

function closeOpportunity(store: Store, body: Body, message: 'Win' | 'Lose', switches: ActionSwitches): ActionAnswer {
  const { id, values } = readClose(store, body, 'OpportunityClose', 'opportunityid');
  const row = store.get(store.schema.table('opportunity'), id);
  if (row['statecode'] !== 0) throw new DataverseError(400, '0x80040515', 'The opportunity has already been closed.');
  const quotes = store.children('quote', 'opportunityid', id);
  if (message === 'Win' && switches.openQuotesBlockWin && quotes.some((quote) => Number(quote['statecode']) < 2)) {
    throw new DataverseError(400, '0x80040516', 'The opportunity cannot be closed while it has active quotes.');
  }
  const status = givenStatus(body);
  const actual = values['actualrevenue'] ?? row['estimatedvalue'] ?? row['totalamount'] ?? null;
  const end = String(values['actualend'] ?? store.clock.date().toISOString());
  change(store, 'opportunity', row, {
    statecode: message === 'Win' ? 1 : 2,
    ...(status !== undefined && { statuscode: status }),
    actualvalue: actual,
    actualclosedate: end.slice(0, 10),
  });
  store.insert(store.schema.table('opportunityclose'), {
    ...values,
    actualrevenue: actual,
    actualend: end,
    statecode: 1,
    statuscode: 2,
  });
  return { events: [closed(message, 'opportunity', id, 'OpportunityClose', 'opportunityid', status, values)] };
}

function closeQuote(store: Store, body: Body, message: 'Win' | 'Close'): ActionAnswer {
  const { id, values } = readClose(store, body, 'QuoteClose', 'quoteid');
  const row = store.get(store.schema.table('quote'), id);
  if (row['statecode'] !== 1)
    throw new DataverseError(400, '0x80048408', 'The quote cannot be closed because it is not in the active state.');
  const status = givenStatus(body);
  change(store, 'quote', row, {
    statecode: message === 'Win' ? 2 : 3,
    ...(status !== undefined && { statuscode: status }),
    closedon: store.clock.today(),
  });
  store.insert(store.schema.table('quoteclose'), {
    ...values,
    quotenumber: row['quotenumber'] ?? null,
    statecode: 1,
    statuscode: 2,
  });
  return { events: [closed(message, 'quote', id, 'QuoteClose', 'quoteid', status, values)] };
}

function closeOrder(
  store: Store,
  body: Body,
  state: number,
  fallback: number,
  message: 'Cancel' | undefined,
): ActionAnswer {
  const { id, values } = readClose(store, body, 'OrderClose', 'salesorderid');
  const row = store.get(store.schema.table('salesorder'), id);
  if (row['statecode'] !== 0 && row['statecode'] !== 1) {
    throw new DataverseError(400, '0x80048408', 'The order is closed already.');
  }
  const status = givenStatus(body) ?? fallback;
  change(store, 'salesorder', row, { statecode: state, statuscode: status });
  store.insert(store.schema.table('orderclose'), {
    ...values,
    ordernumber: row['ordernumber'] ?? null,
    statecode: 1,
    statuscode: 2,
  });
  // FulfillSalesOrder is no event of its own (reference/dataverse-sales 3.8); the state change is.
  const update: SalesEvent = {
    message: 'Update',
    table: 'salesorder',
    recordId: id,
    values: { statecode: state, statuscode: status },
  };
  return {
    events: message ? [closed(message, 'salesorder', id, 'OrderClose', 'salesorderid', status, values)] : [update],
  };
}

function givenStatus(body: Body): number | undefined {
  const status = body['Status'];
  return typeof status === 'number' && status !== -1 ? status : undefined;
}

function closed(
  message: SalesEvent['message'],
  table: string,
  recordId: string,
  parameter: string,
  lookup: string,
  status: number | undefined,
  values: Row,
): SalesEvent {
  return {
    message,
    table,
    recordId,
    status: status ?? -1,
    close: { parameter, logicalName: parameter.toLowerCase(), lookup, values },
  };
}

function reviseQuote(store: Store, id: string): ActionAnswer {
  const table = store.schema.table('quote');
  const quote = store.get(table, id);
  for (const other of store.all('quote')) {
    if (other['quotenumber'] === quote['quotenumber'] && Number(other['statecode']) < 2 && other !== quote) {
      throw new DataverseError(400, '0x80048d00', 'There is an active or draft quote of this number already.');
    }
  }
  if (quote['statecode'] !== 3) change(store, 'quote', quote, { statecode: 3, statuscode: 7 });
  return copyDocument(store, 'quote', quote, 'quote', {
    quotenumber: quote['quotenumber'] ?? null,
    opportunityid: quote['opportunityid'] ?? null,
    revisionnumber: Number(quote['revisionnumber'] ?? 0) + 1,
    quotecreationmethod: 776_160_001,
  });
}

function convertQuote(store: Store, id: string): ActionAnswer {
  const quote = store.get(store.schema.table('quote'), id);
  if (quote['statecode'] !== 2)
    throw new DataverseError(400, '0x80048408', 'The quote must be won before it is converted.');
  return copyDocument(store, 'quote', quote, 'salesorder', {
    quoteid: id,
    opportunityid: quote['opportunityid'] ?? null,
    ispricelocked: true,
    ordercreationmethod: 776_160_001,
  });
}

function convertOrder(store: Store, id: string): ActionAnswer {
  const order = store.get(store.schema.table('salesorder'), id);
  return copyDocument(store, 'salesorder', order, 'invoice', {
    salesorderid: id,
    opportunityid: order['opportunityid'] ?? null,
    ispricelocked: true,
  });
}

function generate(store: Store, target: 'salesorder' | 'quote' | 'invoice', id: string): ActionAnswer {
  const opportunity = store.get(store.schema.table('opportunity'), id);
  return copyDocument(store, 'opportunity', opportunity, target, {
    opportunityid: id,
    ...(target === 'salesorder' && { ordercreationmethod: 776_160_000 }),
  });
}

const NOT_COPIED: ReadonlySet<string> = new Set([
  'statecode',
  'statuscode',
  'createdon',
  'modifiedon',
  'versionnumber',
  'ordernumber',
  'quotenumber',
  'invoicenumber',
  'revisionnumber',
  'ispricelocked',
  'closedon',
  'submitdate',
]);

function copyDocument(store: Store, from: string, source: Row, target: string, extra: Row): ActionAnswer {
  const sourceTable = store.schema.table(from);
  const targetTable = store.schema.table(target);
  const values: Row = {};
  for (const name of [...targetTable.columns.keys(), ...targetTable.lookups.keys()]) {
    if (!NOT_COPIED.has(name) && source[name] !== undefined && name in source && name !== sourceTable.id)
      values[name] = source[name] ?? null;
  }
  Object.assign(values, extra);
  fillDefaults(store, targetTable, values);
  const row = store.insert(targetTable, values);
  copyLines(store, from, String(source[sourceTable.id]), target, String(row[targetTable.id]));
  store.computeTotals(targetTable, row);
  const recordId = String(row[targetTable.id]);
  return { created: { table: targetTable, row }, events: [{ message: 'Create', table: target, recordId, values }] };
}

function copyLines(store: Store, from: string, fromId: string, target: string, targetId: string): void {
  const fromLines = LINES[from];
  const toLines = LINES[target];
  if (!fromLines || !toLines) return;
  const table = store.schema.table(toLines.table);
  for (const line of store.children(fromLines.table, fromLines.via, fromId)) {
    const copy: Row = {};
    for (const name of [...table.columns.keys(), ...table.lookups.keys()]) {
      if (!NOT_COPIED.has(name) && line[name] !== undefined) copy[name] = line[name] ?? null;
    }
    store.insert(table, { ...copy, [toLines.via]: targetId, iscopied: true });
  }
}

function copyProducts(store: Store, opportunityId: string, target: string, targetId: string): ActionAnswer {
  const table = store.schema.table(target);
  const row = store.get(table, targetId);
  copyLines(store, 'opportunity', opportunityId, target, targetId);
  store.computeTotals(table, row);
  return { events: [] };
}

function lockPricing(store: Store, name: string, id: string, isLocked: boolean): ActionAnswer {
  const table = store.schema.table(name);
  const row = store.get(table, id);
  if (row['ispricelocked'] === isLocked) {
    throw isLocked
      ? new DataverseError(400, '0x80043b1d', 'Prices are already locked.')
      : new DataverseError(400, '0x80043b1e', 'Prices are already unlocked.');
  }
  store.update(table, row, { ispricelocked: isLocked });
  return { events: [] };
}
