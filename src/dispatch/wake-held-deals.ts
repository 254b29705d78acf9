import type { Client } from '@temporalio/client';
import type { Ledger } from '../ledger/ledger.js';
import { startDeal } from './start-deal.js';

/** Customers or items changed in Business Central: whatever waits for one is woken. */
export async function wakeHeldDeals(dependencies: {
  readonly temporal: Client;
  readonly ledger: Ledger;
}): Promise<void> {
  for (const ref of await dependencies.ledger.businessCentralFeeds.listHeldOnMasters()) {
    await startDeal(dependencies, ref, { at: 'masters' });
  }
}
