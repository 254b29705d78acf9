import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { createDocument } from '@dealbridge/simulators/business-central/headers.js';
import { postDraft } from '@dealbridge/simulators/business-central/posting.js';
import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentKey } from '../../src/deal/document-number.js';
import { postByHand } from '../../tools/chaos/by-hand.js';
import { chooseDeals, type Deal } from '../../tools/chaos/deals.js';
import { netOf } from '../../tools/chaos/examine.js';
import { hidePosted } from '../../tools/chaos/lies.js';

let simulators: Simulators;
let deals: Deal[];

beforeAll(async () => {
  simulators = await startSimulators({ seed: 7, products: 20, accounts: 12, documents: 60 });
  deals = chooseDeals(simulators, { deals: 2, orders: 0, cases: new Map(), byHand: 1, roll: () => 0.1 });
});
afterAll(() => simulators.stop());

function draft({ seed, account, records }: Deal, more = 0): SalesDocument {
  const { company } = simulators.businessCentral;
  const { store } = simulators.dataverse;
  const [record] = records.map(({ table, id }) => store.find(table, id));
  if (!record) throw new Error('the deal has no record');
  if (!company.findByNumber('customers', account.number)) company.insert('customers', { number: account.number });
  const unitPrice = Number(netOf(record)) + more;
  return createDocument(company, 'invoice', {
    customerNumber: account.number,
    externalDocumentNumber: documentKey(seed.id),
    salesInvoiceLines: [{ lineType: 'Account', lineObjectNumber: '8400', quantity: 1, unitPrice }],
  });
}

it('somebody posts a draft by hand once it comes to what was sold, and no other', async () => {
  const [right, wrong] = [draft(deals[0] as Deal), draft(deals[1] as Deal, 1)];
  const colleague = postByHand(simulators, deals, () => 0);
  await expect.poll(() => right.isPosted).toBe(true);
  colleague.stop();
  expect(colleague.posted).toBe(1);
  expect(wrong.isPosted).toBe(false);
});

it('an invoice cannot be read once its posting was done without an answer', async () => {
  const { company, faults, requests } = simulators.businessCentral;
  const stop = hidePosted(simulators);
  const [answered, lost] = [draft(deals[0] as Deal), draft(deals[1] as Deal)];
  for (const [invoice, status] of [[answered, 204] as const, [lost, 'cut'] as const]) {
    postDraft(company, invoice);
    const path = `/salesInvoices(${invoice.row['id']})/Microsoft.NAV.post`;
    const at = { startedAt: new Date().toISOString(), durationMs: 1 };
    requests.push({ method: 'POST', path, status, who: '', faults: [], ...at });
  }
  const read = ({ row }: SalesDocument) =>
    faults.take({ method: 'GET', path: `/salesInvoices(${row['id']})`, client: '' }).map(({ effect }) => effect.kind);
  await expect.poll(() => faults.list()).toHaveLength(1);
  stop();
  expect(read(answered)).toEqual([]);
  expect(read(lost)).toEqual(['not-found']);
});
