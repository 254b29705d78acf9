import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';

/** The deals that are handed over, and what a ledger knows before the first of them. */

/** Submitted orders of customers that Business Central has: locked, so that nothing waits for them to settle. */
export function chooseDeals({ data, dataverse }: Simulators): SeedDocument[] {
  const chosen = data.documents.filter(
    (deal) =>
      deal.kind === 'salesorder' &&
      deal.discount === '0' &&
      deal.state === 0 &&
      data.accounts[deal.accountIndex]?.isInBusinessCentral,
  );
  for (const deal of chosen) {
    const row = dataverse.store.find('salesorder', deal.id);
    if (!row) throw new Error(`no order ${deal.id}`);
    Object.assign(row, { statecode: 1, statuscode: 3 });
  }
  return chosen;
}

/** A third of the seed are orders, two thirds of them for customers that exist. */
export function documentsFor(deals: number): number {
  return Math.ceil(deals * 12);
}

/** The ledger knows customers and items, as after the first deal of each. */
export async function linkMasters({ data, businessCentral, abroad }: Simulators, ledgerUrl: string): Promise<void> {
  const database = openDatabase(ledgerUrl, { connections: 1 });
  for (const { company } of [businessCentral, ...(abroad ? [abroad] : [])]) await linkCompany(database, data, company);
  await database.close();
}

async function linkCompany(
  database: Database,
  data: Simulators['data'],
  company: Simulators['businessCentral']['company'],
): Promise<void> {
  const ledger = createLedger(database);
  const link = (kind: 'customer' | 'item', salesId: string, row: Readonly<Record<string, unknown>> | undefined) =>
    row && ledger.saveLink(kind, company.id, { salesId, bcId: String(row['id']), bcNumber: String(row['number']) });
  for (const { id, number } of data.accounts) await link('customer', id, company.findByNumber('customers', number));
  for (const { id, number } of data.products) await link('item', id, company.findByNumber('items', number));
}

/** Invoice rows that were made in Sales since it was asked for; of the simulators' own record, which costs nobody anything. */
export function countInvoiceRows({ dataverse }: Simulators): () => number {
  let seen = dataverse.requests.length;
  let found = 0;
  return () => {
    for (; seen < dataverse.requests.length; seen += 1) {
      const request = dataverse.requests[seen];
      if (request?.method === 'POST' && request.path.includes('/invoices') && request.status === 201) found += 1;
    }
    return found;
  };
}

const ONLINE_REQUESTS = 6_000;

/** What Business Central and Sales allow in five minutes; without it the processor is the limit. */
export function setQuotas({ businessCentral, dataverse, abroad }: Simulators, quotas: 'none' | 'as online'): void {
  const requests = quotas === 'none' ? 0 : ONLINE_REQUESTS;
  for (const { limits } of [businessCentral, dataverse, ...(abroad ? [abroad] : [])]) {
    limits.reset();
    limits.settings.requests = requests;
  }
}
