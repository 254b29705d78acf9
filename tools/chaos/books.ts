import type { Simulators } from '@dealbridge/simulators';
import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { documentKey, findTail } from '../../src/deal/document-number.js';
import type { Postings } from './postings.js';

/** What the simulated systems hold, by the keys that documents and deals share. */

export interface Books {
  readonly invoices: ReadonlyMap<string, readonly SalesDocument[]>;
  readonly orders: ReadonlyMap<string, readonly SalesDocument[]>;
  /** Those that nobody has converted. */
  readonly quotes: ReadonlyMap<string, readonly SalesDocument[]>;
  /** Invoice rows of Sales by their number. */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
  readonly simulators: Simulators;
  readonly postings: Postings;
}

type Row = Readonly<Record<string, unknown>>;

export function openBooks(simulators: Simulators, postings: Postings): Books {
  const { company } = simulators.businessCentral;
  return {
    invoices: groupBy(
      [...company.documents.invoice.values()].filter(({ isPlaceholder }) => !isPlaceholder),
      keyOf,
    ),
    orders: groupBy(company.documents.order.values(), keyOf),
    quotes: groupBy(company.documents.quote.values(), keyOf),
    rows: groupBy(simulators.dataverse.store.all('invoice'), (row: Row) => String(row['invoicenumber'])),
    simulators,
    postings,
  };
}

/** Of the document with which bookkeeping bills what an order has more than its quote. */
export function differenceKey(orderId: string): string {
  return `D-${documentKey(orderId)}`;
}

export function keyOf({ row }: SalesDocument): string {
  const number = String(row['externalDocumentNumber']);
  return findTail(number) ?? number;
}

function groupBy<T>(all: Iterable<T>, keyFor: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyFor(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}
