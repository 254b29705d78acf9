import { DEAL_STATES, isFinal } from '../../src/deal/states.js';
import { listPendingDeals } from '../../src/ledger/alerts/alert-sources.js';
import { readAudit } from '../../src/ledger/audit/audit.js';
import { countUnsealed } from '../../src/ledger/audit/seals.js';
import type { Database } from '../../src/ledger/database.js';
import { createDealLedger } from '../../src/ledger/deals/deal-ledger.js';
import { createDetections } from '../../src/ledger/deals/detections.js';
import { createHeldSweeps } from '../../src/ledger/deals/held-sweeps.js';
import { createSellerNotes } from '../../src/ledger/deals/seller-notes.js';
import { createWaiting } from '../../src/ledger/deals/waiting.js';
import { createBusinessCentralFeedLedger } from '../../src/ledger/feeds/business-central-feeds.js';
import { countSkipped, listFlows, listNoted } from '../../src/ledger/feeds/flow-lines.js';
import { createFlowLedger } from '../../src/ledger/feeds/flows.js';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { createMasterLedger } from '../../src/ledger/masters/masters.js';
import { listMappings } from '../../src/ledger/settings/mappings.js';
import { countFinalDeals, readWatchedLedger } from '../../src/ledger/upkeep/observe.js';
import { findDeal } from '../../src/operations/deals/find-deal.js';
import { listDeals } from '../../src/operations/deals/list-deals.js';
import { findLatestWork, listWork, type WorkListInput } from '../../src/operations/deals/work-list.js';

/** Everything that desk, command line, doctor, loops and dashboards ask a ledger for, each as its caller does. */

export interface List {
  readonly name: string;
  read(database: Database): Promise<unknown>;
}

const APPROVER = {
  name: 'ann',
  source: 'desk',
  isVerified: true,
  roles: ['Approver', 'Operator', 'Admin'],
} as const;
const OPEN_STATES = DEAL_STATES.filter((state) => !isFinal(state));
const SELLER_RULES = {
  held: true,
  ended: true,
  waitingMs: 3_600_000,
  posted: 'if-told',
  quietMs: 0,
  as: 'note',
  columns: {},
} as const;
const DAY_MS = 86_400_000;

function work(name: string, input: WorkListInput): List {
  return { name: `work list: ${name}`, read: (database) => listWork({ database }, APPROVER, input) };
}

function deal(name: string, named: string): List {
  return { name: `one deal: ${name}`, read: (database) => findDeal(database, named).catch(() => undefined) };
}

/** `lastId` is of the newest deal but one that has ended, `companyId` the company of all of them. */
async function countAll(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _item of items) count += 1;
  return count;
}

export function listsOf(past: { deals: number; companyId: string; lastId: string }): readonly List[] {
  const { companyId, lastId } = past;
  const last = past.deals - 1;
  const ago = (ms: number) => new Date(Date.now() - ms);
  return [
    work('what waits', {}),
    work('to confirm', { view: 'to-confirm' }),
    work('held', { view: 'held' }),
    work('held, by amount', { view: 'held', sort: 'amount' }),
    work('under way', { view: 'under-way' }),
    work('not paid', { view: 'unpaid' }),
    work('done', { view: 'done' }),
    work('all', { view: 'all' }),
    work('all, the oldest first', { view: 'all', sort: 'age' }),
    work('all, by amount', { view: 'all', sort: 'amount' }),
    work('all, by number', { view: 'all', sort: 'number' }),
    work('all, by customer', { view: 'all', sort: 'customer' }),
    work('all, by state', { view: 'all', sort: 'state' }),
    work('all of a company', { view: 'all', company: companyId }),
    work('all in euros above 9,000', { view: 'all', currency: 'EUR', above: '9000' }),
    work('mine', { view: 'all', assignee: 'me' }),
    work('a number, searched for', { view: 'all', search: `OLD-${last}` }),
    work('a customer, searched for', { view: 'all', search: 'Customer 777' }),
    work('nothing found', { view: 'all', search: 'no such thing' }),
    {
      name: 'work list: all, the second page',
      async read(database) {
        const { next } = await listWork({ database }, APPROVER, { view: 'all' });
        return listWork({ database }, APPROVER, { view: 'all', ...(next !== undefined && { cursor: next }) });
      },
    },
    { name: 'desk: whether anything changed', read: (database) => findLatestWork({ database }, APPROVER, {}) },
    {
      name: 'command line: deals',
      read: (database) => listDeals({ database, now: new Date() }, APPROVER, {}),
    },
    {
      name: 'command line: deals held for a day',
      read: (database) => listDeals({ database, now: new Date() }, APPROVER, { state: ['held'], olderThan: '1d' }),
    },
    deal('by its number', `old-${last}`),
    deal('by its invoice', `PS-${last}`),
    deal('by its GUID', lastId),
    deal('by a number that nobody has', 'no such number'),
    { name: 'one deal: its trail', read: (database) => readAudit(database, lastId) },
    { name: 'one deal: its documents', read: (database) => createDealLedger(database).listDocuments(lastId) },
    {
      name: 'one deal: whom it was handed over for',
      read: (database) => createDealLedger(database).listAlreadyHandedOver(lastId),
    },
    {
      name: 'one deal: whether its customer is new',
      read: (database) =>
        createDealLedger(database).isNewCustomer({ recordId: lastId, companyId, customerNumber: 'C77' }),
    },
    { name: 'dashboard: what is under way', read: (database) => readWatchedLedger(database, OPEN_STATES) },
    { name: 'dashboard: what has ended', read: countFinalDeals },
    {
      name: 'alerts: what stands',
      read: (database) => listPendingDeals(database, { waitingBefore: ago(DAY_MS), after: undefined, limit: 500 }),
    },
    { name: 'trail: what is not sealed', read: countUnsealed },
    { name: 'feeds: gaps of a day', read: (database) => createDetections(database).readGaps(ago(DAY_MS), 20) },
    {
      name: 'feeds: rows that are gone',
      read: (database) => createFeedLedger(database).findMissing('salesorder', 1, 500),
    },
    {
      name: 'feeds: invoices that the sweep did not meet',
      read: (database) => {
        const place = { beganAt: new Date(), after: undefined, limit: 20 };
        return createBusinessCentralFeedLedger(database).listUnmetInvoices(companyId, place);
      },
    },
    { name: 'flows: where they stand', read: listFlows },
    { name: 'flows: what was noted', read: (database) => listNoted(database, 50) },
    { name: 'flows: what was skipped', read: countSkipped },
    {
      name: 'flows: invoices of a day',
      read: (database) => createFlowLedger(database, companyId).listInvoiceRows('invoicePdf', ago(DAY_MS), 500),
    },
    {
      name: 'flows: invoices by number',
      read: (database) => createFlowLedger(database, companyId).findInvoiceRows([`PS-${last}`, `PS-${last - 1}`]),
    },
    {
      name: 'flows: open documents',
      read: (database) => createFlowLedger(database, companyId).listOpenDocuments('attachments', undefined, 500),
    },
    {
      name: 'sellers: what is new since the last pass',
      async read(database) {
        const notes = createSellerNotes(database);
        await notes.recordPass(SELLER_RULES, new Date());
        return notes.listOutdated(SELLER_RULES, { now: new Date(), limit: 50 });
      },
    },
    {
      name: 'masters: deals that wait for an account',
      read: (database) => countAll(createWaiting(database).findWaitingDeals([lastId])),
    },
    {
      name: 'masters: deals held for customers',
      async read(database) {
        const sweeps = createHeldSweeps(database);
        await sweeps.ask('customer');
        return sweeps.take({ betweenMs: 0, restMs: 0, limit: 100 });
      },
    },
    {
      name: 'masters: accounts with problems',
      read: (database) =>
        createMasterLedger(database, companyId).listMasters('account', { onlyProblems: true, limit: 500 }),
    },
    {
      name: 'loops: deals without a run',
      read: (database) => createDealLedger(database).listWithRun({ minutes: 10, after: undefined, limit: 500 }),
    },
    { name: 'mappings: deals of each', read: listMappings },
  ];
}
