import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { documentTail } from '../../src/deal/document-number.js';
import { dealWorkflowId } from '../../src/deal/ids.js';
import { add, isSame, subtract } from '../../src/deal/money.js';
import { type Books, differenceKey, keyOf } from './books.js';
import { type Carrier, compareLines, compareRecord, compareRow } from './compare-content.js';
import type { Deal } from './deals.js';
import type { Finding } from './findings.js';

/**
 * What became of each deal, read from the simulated systems and not from the ledger: what it should hold stands in Sales,
 * what there is stands in Business Central, and the invoice rows in Sales again.
 */

type Row = Readonly<Record<string, unknown>>;

/** Everything that is wrong with a deal, or not there yet. */
export function examineDeal(deal: Deal, books: Books): Finding[] {
  const findings: Finding[] = [];
  const lost = (text: string) => findings.push({ kind: 'lost', text });
  const doubled = (text: string) => findings.push({ kind: 'doubled', text });
  const invoices = deal.records.flatMap(({ id }) => books.invoices.get(documentTail(id)) ?? []);
  const orders = deal.records.flatMap(({ id }) => books.orders.get(documentTail(id)) ?? []);
  const quotes = deal.records.flatMap(({ id }) => books.quotes.get(documentTail(id)) ?? []);
  const documents = new Set([
    ...invoices.map(documentOf),
    ...[...orders, ...quotes].map(({ row }) => String(row['id'])),
  ]);
  const posted = invoices.filter(({ isPosted }) => isPosted);
  const isEnded = deal.isCancelled || (deal.change?.kind === 'cancelled' && !wasFirst(posted, deal.change.at, books));
  if (documents.size === 0 && !isEnded) lost('no document in Business Central');
  if (documents.size > 1)
    findings.push({ kind: 'two-documents', text: `${documents.size} documents in Business Central` });
  const early = findEarly(deal, posted, books);
  findings.push(...early);
  if (documents.size === 1 && isEnded && early.length === 0)
    doubled('a document in Business Central of a deal that ended');
  for (const { row } of orders) lost(`order ${row['number']} is left over`);
  for (const { row } of quotes) lost(`quote ${row['number']} is left over`);
  for (const { row } of invoices.filter((invoice) => !invoice.isPosted)) lost(`draft ${row['number']} is left over`);
  for (const { row } of [...invoices, ...orders, ...quotes]) findings.push(...compareCustomer(deal, row));

  const isJudged = early.length > 0 || (deal.change && wasFirst(posted, deal.change.at, books));
  const carrier = findCarrier(deal, posted, books);
  if (posted.length > 0 && orders.length === 0 && !isJudged)
    findings.push(...compareTotals(deal, carrier, posted, books));
  for (const { row } of posted) findings.push(...findRow(row, books, deal, carrier));
  // What a seller did after the posting may stand in the state of the order instead.
  if (carrier && orders.length === 0 && !deal.change) findings.push(...compareRecord(carrier, posted));
  return findings;
}

/** Posted by a person, or by a request that came before what the seller changed. */
function wasFirst(posted: readonly SalesDocument[], changedAt: number, { postings }: Books): boolean {
  return posted.some((invoice) => (postings.arrivalOf(invoice) ?? 0) < changedAt);
}

/** Posted by a request that came when Sales had something else to say about it. */
function findEarly({ change, records }: Deal, posted: readonly SalesDocument[], books: Books): Finding[] {
  if (!change || posted.length === 0) return [];
  const { store } = books.simulators.dataverse;
  const [record] = records.map(({ table, id }) => store.find(table, id));
  const findings: Finding[] = [];
  for (const invoice of posted) {
    const arrivedAt = books.postings.arrivalOf(invoice);
    if (arrivedAt === undefined || arrivedAt < change.at) continue;
    const late = `invoice ${invoice.row['number']}: the request came ${arrivedAt - change.at} ms after it was ${SAID[change.kind]}`;
    if (change.kind !== 'amount') {
      const mayBePosted = change.wonAgainAt !== undefined && change.wonAgainAt <= arrivedAt;
      if (!mayBePosted) findings.push({ kind: 'posted-though-cancelled', text: late });
      continue;
    }
    const [wanted, found] = [record ? netOf(record) : 'nothing', sumOf(posted)];
    if (record && isSame(wanted, found)) continue;
    findings.push({ kind: 'posted-to-old-figures', text: `${late}, ${wanted} in Sales, ${found} posted` });
  }
  return findings;
}

const SAID = { cancelled: 'cancelled', reopened: 'reopened', amount: 'changed' } as const;

function compareCustomer({ bills, account }: Deal, row: Row): Finding[] {
  const [number, name] = [String(row['customerNumber']), String(row['customerName'])];
  const what = `document ${row['number']}`;
  if (!bills) return [{ kind: 'wrong-customer', text: `${what} goes to ${number} before anybody said who it is` }];
  const isRight =
    (bills.number === undefined || bills.number === number) && (bills.name === undefined || bills.name === name);
  if (isRight) return [];
  const text = `${what} goes to ${number} (${name}) instead of ${bills.number ?? bills.name} for account ${account.id}`;
  return [{ kind: 'wrong-customer', text }];
}

/** The record of the deal whose key the documents have. */
function findCarrier({ records }: Deal, posted: readonly SalesDocument[], { simulators }: Books): Carrier | undefined {
  const keys = new Set(posted.map(keyOf));
  const record = records.find(({ id }) => keys.has(documentTail(id)));
  const row = record && simulators.dataverse.store.find(record.table, record.id);
  return record && row ? { ...record, row } : undefined;
}

/** What all postings of a deal amount to, against the record in Sales that carries it, and against the last one of it. */
function compareTotals(
  deal: Deal,
  carrier: Carrier | undefined,
  posted: readonly SalesDocument[],
  books: Books,
): Finding[] {
  const { simulators, invoices } = books;
  const { store } = simulators.dataverse;
  if (!carrier) return [{ kind: 'lost', text: 'the record in Sales is gone' }];
  const findings = compareLines(carrier, posted, books);
  const wanted = netOf(carrier.row);
  const found = sumOf(posted);
  if (!isSame(wanted, found)) {
    findings.push({ kind: 'wrong-total', text: `${wanted} in Sales, ${found} posted in ${posted.length} invoices` });
  }
  for (const { row } of posted) {
    const currency = String(row['currencyCode']);
    if (currency === deal.account.currency) continue;
    const text = `invoice ${row['number']} is in ${currency}, the deal in ${deal.account.currency}`;
    findings.push({ kind: 'wrong-total', text });
  }
  const [last] = deal.records.slice(-1).map(({ table, id }) => store.find(table, id));
  if (!last || deal.acceptsDifference) return findings;
  const differences = deal.records.flatMap(({ id }) => invoices.get(differenceKey(id)) ?? []);
  const billed = add(found, sumOf(differences.filter(({ isPosted }) => isPosted)));
  if (!isSame(netOf(last), billed)) {
    findings.push({ kind: 'lost-difference', text: `${netOf(last)} in the last record of the deal, ${billed} billed` });
  }
  return findings;
}

/** Without tax, as both systems have it. */
export function netOf(record: Row): string {
  return subtract(String(record['totalamount'] ?? '0'), String(record['totaltax'] ?? '0'));
}

function sumOf(posted: readonly SalesDocument[]): string {
  return add('0', ...posted.map(({ row }) => String(row['totalAmountExcludingTax'])));
}

const PAID_IN_SALES = 2;

function findRow(invoice: Row, { rows }: Books, { account }: Deal, carrier: Carrier | undefined): Finding[] {
  const number = String(invoice['number']);
  const found = rows.get(number) ?? [];
  const [row] = found;
  if (!row) return [{ kind: 'lost', text: `invoice ${number} has no row in Sales` }];
  if (found.length > 1) return [{ kind: 'doubled', text: `invoice ${number} has ${found.length} rows in Sales` }];
  const [total, inSales] = [String(invoice['totalAmountIncludingTax']), String(row['totalamount'])];
  if (!isSame(total, inSales)) return [{ kind: 'lost', text: `invoice ${number}: ${total}, in Sales ${inSales}` }];
  if (invoice['status'] === 'Paid' && row['statecode'] !== PAID_IN_SALES)
    return [{ kind: 'lost', text: `invoice ${number} is paid, and its row in Sales does not say so` }];
  return carrier ? compareRow(carrier, account.id, row) : [];
}

const REST: ReadonlySet<string> = new Set(['written-back', 'settled', 'superseded', 'already-handed-over']);

/** A deal that a person ended, and an order whose difference was settled, may rest as cancelled. */
export function isAtRest({ isCancelled, case: of, change }: Deal, state: string | undefined): boolean {
  const mayBeCancelled = isCancelled || of?.name === 'other-order' || change?.kind === 'cancelled';
  return REST.has(state ?? '') || (mayBeCancelled && state === 'cancelled');
}

/** What the ledger says must agree: one record carries the deal, the others say that another does. */
export function examineRest(deal: Deal, states: ReadonlyMap<string, string>): Finding[] {
  if (!deal.isWon) return [{ kind: 'lost', text: 'it was not won in time' }];
  const found = deal.records.map(({ id }) => states.get(id) ?? 'unknown to the ledger');
  const restless = found.filter((state) => !isAtRest(deal, state));
  if (restless.length > 0) return [{ kind: 'lost', text: `not at rest: ${restless.join(', ')}` }];
  const carriers = found.filter((state) => state === 'written-back' || state === 'settled').length;
  const wanted = deal.isCancelled || (deal.change?.kind === 'cancelled' && carriers === 0) ? 0 : 1;
  return carriers === wanted
    ? []
    : [{ kind: carriers > wanted ? 'doubled' : 'lost', text: `${carriers} records carry the deal` }];
}

/** A deal that is at rest has no run: what still runs knows something else of it than the ledger. */
export function examineRuns({ records }: Deal, running: ReadonlySet<string>): Finding[] {
  return records
    .filter(({ id }) => running.has(dealWorkflowId(id)))
    .map(({ id }) => ({ kind: 'lost', text: `the run of ${id} has not ended` }));
}

/** The parts of an order are one document. */
function documentOf({ row }: SalesDocument): string {
  const orderId = String(row['orderId'] ?? '');
  return orderId === '' || orderId.startsWith('00000000') ? String(row['id']) : orderId;
}
