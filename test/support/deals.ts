import { scheduler } from 'node:timers/promises';
import type { Invoice } from '@dealbridge/simulators/business-central/store.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { isNumberOf } from '../../src/deal/document-number.js';
import type { DealStatus, HandOverResult } from '../../src/workflows/deals/messages.js';
import type { Stage } from './processes.js';

/** Sales orders of the seed, each handed out once, so that no two tests of a stage share one. */
export function createDealer(stage: Stage) {
  const { simulators } = stage;
  const taken = new Set<string>();

  function take(fits: (deal: SeedDocument) => boolean = () => true): SeedDocument {
    const deal = simulators.data.documents.find(
      (other) => other.kind === 'salesorder' && !taken.has(other.id) && other.discount === '0' && fits(other),
    );
    if (!deal) throw new Error('the seed holds no order that fits');
    taken.add(deal.id);
    return deal;
  }

  const account = (deal: SeedDocument) => {
    const found = simulators.data.accounts[deal.accountIndex];
    if (!found) throw new Error(`no account of ${deal.number}`);
    return found;
  };

  function invoicesOf(deal: SeedDocument): Invoice[] {
    const all = [...simulators.businessCentral.company.invoices.values()];
    return all.filter(({ row }) => isNumberOf(String(row['externalDocumentNumber']), deal.id));
  }

  return {
    take,
    account,
    invoicesOf,
    takeKnown: (fits: (deal: SeedDocument) => boolean = () => true) =>
      take((deal) => account(deal).isInBusinessCentral && fits(deal)),
    takeNew: () => take((deal) => !account(deal).isInBusinessCentral && !isShared(deal)),
    salesInvoicesOf: (deal: SeedDocument) => simulators.dataverse.store.children('invoice', 'salesorderid', deal.id),
    customersOf: (deal: SeedDocument) =>
      [...simulators.businessCentral.company.all('customers')].filter((row) => row['number'] === account(deal).number),
    result: async (deal: SeedDocument) => (await stage.temporal.workflow.getHandle(deal.id).result()) as HandOverResult,
    status: async (deal: SeedDocument) =>
      (await stage.temporal.workflow.getHandle(deal.id).query('status')) as DealStatus,
    /** Waits until the ledger says that the deal is in this state. */
    async untilState(deal: SeedDocument, state: string): Promise<void> {
      await until(async () => (await stage.ledger.findRecord(deal.id))?.state === state);
    },
  };

  function isShared(deal: SeedDocument): boolean {
    return [...taken].some(
      (id) => simulators.data.documents.find((other) => other.id === id)?.accountIndex === deal.accountIndex,
    );
  }
}

/** A loop that never pauses takes a whole core from the processes that it waits for. */
const BETWEEN_LOOKS_MS = 10;

/** Waits for a state, never for a time: the test's own time limit ends a state that does not come. */
export async function until(reached: () => boolean | Promise<boolean>, betweenMs = BETWEEN_LOOKS_MS): Promise<void> {
  while (!(await reached())) await scheduler.wait(betweenMs);
}
