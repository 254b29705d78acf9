import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { LINES } from '@dealbridge/simulators/dataverse/tables.js';
import type { SourceTable } from '../../src/deal/ids.js';
import { add, isSame, isZero, subtract } from '../../src/deal/money.js';
import { STATE_CODES } from '../../src/deal/state-codes.js';
import type { Books } from './books.js';
import type { Finding } from './findings.js';
import { FREIGHT_ACCOUNT, NUMBER_COLUMN, WRITE_IN_ACCOUNT } from './rules.js';

/** What a right total may hide: other lines of the same sum, and what Sales was told beside the row of the invoice. */

type Row = Readonly<Record<string, unknown>>;

/** The record that carries a deal, as it is in Sales. */
export interface Carrier {
  readonly table: SourceTable;
  readonly id: string;
  readonly row: Row;
}

interface Sum {
  readonly quantity: string;
  readonly net: string;
}

/** By item or account: quantities and amounts of all invoices of a deal, against the lines of the record that carries it. */
export function compareLines({ table, id, row }: Carrier, posted: readonly SalesDocument[], books: Books): Finding[] {
  const sold = soldBy(table, id, row, books);
  const billed = new Map<string, Sum>();
  for (const line of posted.flatMap(({ lines }) => lines)) {
    if (line['lineType'] === 'Comment') continue;
    addTo(billed, String(line['lineObjectNumber']), String(line['quantity']), String(line['amountExcludingTax']));
  }
  const numbers = [...new Set([...sold.keys(), ...billed.keys()])].sort();
  return numbers.flatMap((number): Finding[] => {
    const [wanted, found] = [sold.get(number) ?? NOTHING, billed.get(number) ?? NOTHING];
    if (isSame(wanted.quantity, found.quantity) && isSame(wanted.net, found.net)) return [];
    const say = ({ quantity, net }: Sum): string => `${quantity} for ${net}`;
    return [{ kind: 'wrong-lines', text: `${number}: ${say(wanted)} in Sales, ${say(found)} posted` }];
  });
}

const NOTHING: Sum = { quantity: '0', net: '0' };

function soldBy(table: string, id: string, record: Row, { simulators }: Books): Map<string, Sum> {
  const sold = new Map<string, Sum>();
  const lines = LINES[table];
  const { store } = simulators.dataverse;
  for (const line of lines ? store.children(lines.table, lines.via, id) : []) {
    const product = line['productid'] ? store.find('product', String(line['productid'])) : undefined;
    const net = subtract(String(line['extendedamount'] ?? '0'), String(line['tax'] ?? '0'));
    addTo(sold, String(product?.['productnumber'] ?? WRITE_IN_ACCOUNT), String(line['quantity']), net);
  }
  const freight = String(record['freightamount'] ?? '0');
  if (!isZero(freight)) addTo(sold, FREIGHT_ACCOUNT, '1', freight);
  return sold;
}

function addTo(sums: Map<string, Sum>, number: string, quantity: string, net: string): void {
  const { quantity: before, net: netBefore } = sums.get(number) ?? NOTHING;
  sums.set(number, { quantity: add(before, quantity), net: add(netBefore, net) });
}

/** What is written beside the row: the number on the opportunity, and the state of an order that is invoiced. */
export function compareRecord({ table, row }: Carrier, posted: readonly SalesDocument[]): Finding[] {
  if (table === 'salesorder' && row['statecode'] !== STATE_CODES.salesorder.invoiced)
    return [{ kind: 'lost', text: `the order in Sales is in state ${row['statecode']}, not invoiced` }];
  const numbers = posted.map((invoice) => invoice.row['number']);
  if (table === 'opportunity' && !numbers.includes(row[NUMBER_COLUMN] as string))
    return [{ kind: 'lost', text: `the opportunity names invoice ${row[NUMBER_COLUMN]} instead of ${numbers}` }];
  return [];
}

/** The row of an invoice under the record that carries its deal, and for the deal's account. */
export function compareRow({ table, id }: Carrier, accountId: string, row: Row): Finding[] {
  const what = `the row of invoice ${row['invoicenumber']}`;
  const findings: Finding[] = [];
  const isUnder = (column: string, wanted: string | null): boolean => (row[column] ?? null) === wanted;
  if (!isUnder('salesorderid', table === 'salesorder' ? id : null))
    findings.push({ kind: 'lost', text: `${what} stands under order ${row['salesorderid']}` });
  if (!isUnder('opportunityid', table === 'opportunity' ? id : null))
    findings.push({ kind: 'lost', text: `${what} stands under opportunity ${row['opportunityid']}` });
  if (!isUnder('customerid', accountId))
    findings.push({ kind: 'wrong-customer', text: `${what} is for ${row['customerid']} instead of ${accountId}` });
  return findings;
}
