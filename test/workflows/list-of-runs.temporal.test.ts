import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What Temporal's list of runs is told of a deal: each telling is an event and a write of the server. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

type Told = Readonly<Record<string, unknown>>;
type Deal = Awaited<ReturnType<ReturnType<typeof makeDealWorld>['start']>>;

async function readTold(deal: Deal): Promise<Told[]> {
  const { events } = await deal.handle.fetchHistory();
  return (events ?? []).flatMap(({ upsertWorkflowSearchAttributesEventAttributes: told }) => {
    const fields = Object.entries(told?.searchAttributes?.indexedFields ?? {});
    const open = ([name, { data }]: (typeof fields)[number]) => [name, JSON.parse(Buffer.from(data ?? []).toString())];
    return told ? [Object.fromEntries(fields.map(open))] : [];
  });
}

describe('the list of runs', () => {
  it('is told once for each state that lasts, with the numbers known by then', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.handle.result();
    const told = await readTold(deal);
    expect(told.map(({ DealState: state }) => state)).toEqual([
      'reading',
      'preparing',
      'awaiting-confirmation',
      'confirmed',
      'posted',
      'written-back',
    ]);
    expect(told[2]).toMatchObject({ DealAmount: expect.any(Number), DealCustomerNumber: expect.any(String) });
    expect(told.at(-1)).toMatchObject({ DealInvoiceNumber: 'INV-1' });
    // When it is told depends on the story alone (I9).
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: inject('workflowBundle') } },
      await deal.handle.fetchHistory(),
    );
  });

  it('is told the reason of a hold, and that it is over', async () => {
    const world = makeDealWorld(skipping);
    world.books.isItemBlocked = true;
    const deal = await world.start();
    await deal.until('held');
    const held = await readTold(deal);
    expect(held.at(-1)).toMatchObject({ DealState: 'held', DealHoldReason: 'item-blocked' });
  });
});
