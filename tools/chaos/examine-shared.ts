import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { documentTail } from '../../src/deal/document-number.js';
import { type Books, differenceKey, keyOf } from './books.js';
import type { Deal } from './deals.js';
import type { Finding } from './findings.js';

/** What many deals share, and what belongs to none. */
export function examineMasters(
  deals: readonly Deal[],
  books: Books,
  before: { readonly customers: number; readonly items: number; readonly missingItems: readonly string[] },
): Finding[] {
  const { company } = books.simulators.businessCentral;
  const findings: Finding[] = [];
  const count = (kind: string, found: number, wanted: number) => {
    if (found > wanted) findings.push({ kind: 'doubled', text: `${found - wanted} ${kind} too many` });
    if (found < wanted) findings.push({ kind: 'lost', text: `${wanted - found} ${kind} too few` });
  };
  const newAccounts = new Set(deals.map(({ account }) => account).filter((account) => !account.isInBusinessCentral));
  const byDecision = deals.filter(({ bills }) => bills?.isNew).length;
  count('customers', company.count('customers') - before.customers, newAccounts.size + byDecision);
  for (const { number } of newAccounts) {
    const found = [...company.all('customers')].filter((row) => row['number'] === number).length;
    if (found !== 1) findings.push({ kind: found ? 'doubled' : 'lost', text: `${found} customers ${number}` });
  }
  const sold = new Set(deals.flatMap(({ seed }) => seed.lines.map(({ productIndex }) => productIndex)));
  const newItems = before.missingItems.filter((number) =>
    sold.has(books.simulators.data.products.findIndex((product) => product.number === number)),
  );
  count('items', company.count('items') - before.items, newItems.length);
  return findings;
}

/** Documents that belong to no deal of the run, whatever number they have. */
export function findStrayDocuments(deals: readonly Deal[], books: Books, before: ReadonlySet<string>): Finding[] {
  const ids = deals.flatMap(({ records }) => records.map(({ id }) => id));
  const keys = new Set([...ids.map(documentTail), ...ids.map((id) => differenceKey(id))]);
  return documentsOf(books)
    .filter((document) => !before.has(String(document.row['id'])) && !keys.has(keyOf(document)))
    .map(({ row }) => ({
      kind: 'doubled',
      text: `document ${row['number']} under '${row['externalDocumentNumber']}', which is no deal of the run`,
    }));
}

/** The ids of all documents that there are. */
export function documentIds(books: Books): ReadonlySet<string> {
  return new Set(documentsOf(books).map(({ row }) => String(row['id'])));
}

function documentsOf({ invoices, orders, quotes }: Books): SalesDocument[] {
  return [...invoices.values(), ...orders.values(), ...quotes.values()].flat();
}

/** Subscriptions of one resource with one receiver: each of them calls for every change. */
export function findDoubledSubscriptions({ simulators }: Books): Finding[] {
  const counts = new Map<string, number>();
  for (const { notificationUrl, resource } of simulators.businessCentral.subscriptions.list()) {
    const what = `${resource} to ${notificationUrl}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  if (counts.size === 0) return [{ kind: 'lost', text: 'Business Central has no subscription' }];
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([what, count]) => ({ kind: 'doubled', text: `${count} subscriptions of ${what}` }));
}

/** Rows in Sales that no invoice of Business Central stands behind. */
export function findStrayRows(books: Books, before: ReadonlySet<string>): Finding[] {
  const numbers = new Set([...books.invoices.values()].flat().map(({ row }) => String(row['number'])));
  return [...books.rows.keys()]
    .filter((number) => !before.has(number) && !numbers.has(number))
    .map((number) => ({ kind: 'doubled', text: `a row ${number} in Sales without an invoice` }));
}
