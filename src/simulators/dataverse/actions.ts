import { DataverseError, type Row, type Store } from './store.js';
import { LINES, TABLE_BY_NAME, type Table } from './tables.js';
import { fromWire } from './wire.js';

/** What an action did, told to the webhooks. */
export interface SalesEvent {
  readonly message: 'Win' | 'Lose' | 'Close' | 'Cancel' | 'Create' | 'Update';
  readonly table: string;
  readonly recordId: string;
  /** The close activity of Win, Lose, Close and Cancel. */
  readonly close?: {
    readonly parameter: string;
    readonly logicalName: string;
    readonly lookup: string;
    readonly subject: string;
  };
  readonly status?: number;
  readonly attributes?: readonly string[];
}

export interface ActionAnswer {
  readonly created?: { readonly table: Table; readonly row: Row };
  readonly events: readonly SalesEvent[];
}

type Body = Readonly<Record<string, unknown>>;

/** The actions of reference 3.2, by the name in the URL. */
export function runAction(store: Store, name: string, body: Body): ActionAnswer | undefined {
  switch (name) {
    case 'WinOpportunity':
      return closeOpportunity(store, body, 'Win');
    case 'LoseOpportunity':
      return closeOpportunity(store, body, 'Lose');
    case 'WinQuote':
      return closeQuote(store, body, 'Win');
    case 'CloseQuote':
      return closeQuote(store, body, 'Close');
    case 'CancelSalesOrder':
      return cancelOrder(store, body);
    case 'ConvertQuoteToSalesOrder':
      return convertQuote(store, body);
    case 'GenerateSalesOrderFromOpportunity':
      return generate(store, 'salesorder', String(body['OpportunityId']));
    case 'GenerateQuoteFromOpportunity':
      return generate(store, 'quote', String(body['OpportunityId']));
    default:
      return undefined;
  }
}

function table(name: string): Table {
  return TABLE_BY_NAME.get(name) as Table;
}

function readClose(body: Body, parameter: string, logicalName: string, lookup: string): { id: string; values: Row } {
  const close = body[parameter];
  if (typeof close !== 'object' || close === null) {
    throw new DataverseError(400, '0x80048d19', `The parameter '${parameter}' is missing.`);
  }
  const { values } = fromWire(table(logicalName), close as Record<string, unknown>);
  const id = values[lookup];
  if (typeof id !== 'string') throw new DataverseError(400, '0x80040203', `${parameter} names no ${lookup}.`);
  return { id, values };
}

function closeOpportunity(store: Store, body: Body, message: 'Win' | 'Lose'): ActionAnswer {
  const { id, values } = readClose(body, 'OpportunityClose', 'opportunityclose', 'opportunityid');
  const row = store.get(table('opportunity'), id);
  if (row['statecode'] !== 0) throw new DataverseError(400, '0x80040515', 'The opportunity has already been closed.');
  const status = givenStatus(body, message === 'Win' ? 3 : 4);
  store.insert(table('opportunityclose'), { ...values, statecode: 1, statuscode: 2 });
  store.update(row, {
    statecode: message === 'Win' ? 1 : 2,
    statuscode: status,
    actualvalue: values['actualrevenue'] ?? row['estimatedvalue'] ?? null,
    actualclosedate: store.clock.today(),
  });
  return { events: [closed(message, 'opportunity', id, 'OpportunityClose', status, values)] };
}

function closeQuote(store: Store, body: Body, message: 'Win' | 'Close'): ActionAnswer {
  const { id, values } = readClose(body, 'QuoteClose', 'quoteclose', 'quoteid');
  const row = store.get(table('quote'), id);
  if (row['statecode'] !== 1) throw new DataverseError(400, '0x80048408', 'The quote is not active.');
  const status = givenStatus(body, message === 'Win' ? 4 : 5);
  store.insert(table('quoteclose'), { ...values, statecode: 1, statuscode: 2 });
  store.update(row, { statecode: message === 'Win' ? 2 : 3, statuscode: status, closedon: store.clock.today() });
  return { events: [closed(message, 'quote', id, 'QuoteClose', status, values)] };
}

function cancelOrder(store: Store, body: Body): ActionAnswer {
  const { id, values } = readClose(body, 'OrderClose', 'orderclose', 'salesorderid');
  const row = store.get(table('salesorder'), id);
  const status = givenStatus(body, 4);
  store.insert(table('orderclose'), { ...values, statecode: 1, statuscode: 2 });
  store.update(row, { statecode: 2, statuscode: status });
  return { events: [closed('Cancel', 'salesorder', id, 'OrderClose', status, values)] };
}

function givenStatus(body: Body, fallback: number): number {
  const status = body['Status'];
  return typeof status === 'number' && status !== -1 ? status : fallback;
}

function closed(
  message: SalesEvent['message'],
  name: string,
  recordId: string,
  parameter: string,
  status: number,
  values: Row,
): SalesEvent {
  const logicalName = parameter.toLowerCase();
  return {
    message,
    table: name,
    recordId,
    status,
    close: { parameter, logicalName, lookup: `${name}id`, subject: String(values['subject'] ?? '') },
  };
}

function convertQuote(store: Store, body: Body): ActionAnswer {
  const quote = store.get(table('quote'), String(body['QuoteId']));
  if (quote['statecode'] !== 2)
    throw new DataverseError(400, '0x80048408', 'The quote must be won before it is converted.');
  return copyDocument(store, 'quote', quote, 'salesorder', {
    quoteid: String(quote['quoteid']),
    opportunityid: quote['opportunityid'] ?? null,
    ispricelocked: true,
  });
}

function generate(store: Store, target: 'salesorder' | 'quote', opportunityId: string): ActionAnswer {
  const opportunity = store.get(table('opportunity'), opportunityId);
  return copyDocument(store, 'opportunity', opportunity, target, { opportunityid: opportunityId });
}

/** Numbers of their own for new documents: prefix, counter, suffix (reference 2.3). */
function numberOf(store: Store, target: string): Row {
  const count = [...store.all(target)].length + 1;
  const text = `${target === 'quote' ? 'QUO' : 'ORD'}-${String(5_000 + count).padStart(5, '0')}-SIM${count}`;
  return target === 'quote' ? { quotenumber: text, revisionnumber: 0 } : { ordernumber: text };
}

const COPIED = [
  'name',
  'customerid',
  'pricelevelid',
  'transactioncurrencyid',
  'discountamount',
  'discountpercentage',
  'freightamount',
];

function copyDocument(store: Store, from: string, source: Row, target: string, extra: Row): ActionAnswer {
  const sourceTable = table(from);
  const targetTable = table(target);
  const values: Row = { ...numberOf(store, target), ...extra };
  for (const column of COPIED) values[column] = source[column] ?? null;
  const row = store.insert(targetTable, { ...values, pricingerrorcode: 0 });
  const fromLines = LINES[from] as { table: string; via: string };
  const toLines = LINES[target] as { table: string; via: string };
  for (const line of store.children(fromLines.table, fromLines.via, String(source[sourceTable.id]))) {
    const copy: Row = {};
    for (const column of Object.keys(table(toLines.table).columns))
      if (column in line) copy[column] = line[column] ?? null;
    store.insert(table(toLines.table), {
      ...copy,
      productid: line['productid'] ?? null,
      uomid: line['uomid'] ?? null,
      [toLines.via]: String(row[targetTable.id]),
    });
  }
  store.computeTotals(targetTable, row);
  return {
    created: { table: targetTable, row },
    events: [{ message: 'Create', table: target, recordId: String(row[targetTable.id]) }],
  };
}
