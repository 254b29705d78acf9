import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { retryUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What Temporal's list of runs is told of a deal: each telling is an event and a write of the server. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

type Listed = Readonly<Record<string, unknown>>;
type Deal = Awaited<ReturnType<ReturnType<typeof makeDealWorld>['start']>>;

async function readListed(deal: Deal): Promise<Listed[]> {
  const { events } = await deal.handle.fetchHistory();
  return (events ?? []).flatMap(({ upsertWorkflowSearchAttributesEventAttributes: listed }) => {
    const fields = Object.entries(listed?.searchAttributes?.indexedFields ?? {});
    const open = ([name, { data }]: (typeof fields)[number]) => [name, JSON.parse(Buffer.from(data ?? []).toString())];
    return listed ? [Object.fromEntries(fields.map(open))] : [];
  });
}

describe('the list of runs', () => {
  it('is told that a deal waits for a person, that it does no more, and how it ended', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    await deal.handle.result();
    const listed = await readListed(deal);
    expect(listed.map(({ DealState: state }) => state)).toEqual(['awaiting-confirmation', 'confirmed', 'written-back']);
    expect(listed[0]).toMatchObject({ DealAmount: expect.any(Number), DealCustomerNumber: expect.any(String) });
    expect(listed.at(-1)).toMatchObject({ DealInvoiceNumber: 'INV-1' });
    // When it is told depends on the story alone (I9).
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: inject('workflowBundle') } },
      await deal.handle.fetchHistory(),
    );
  });

  it('is told of a deal that waits for nobody once, at its end', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    const deal = await world.start();
    await deal.handle.result();
    expect(await readListed(deal)).toEqual([
      expect.objectContaining({ DealState: 'written-back', DealCustomerNumber: 'C-1', DealInvoiceNumber: 'INV-1' }),
    ]);
  });

  it('is told the reason of a hold, and that it is over', async () => {
    const world = makeDealWorld(skipping);
    world.books.isItemBlocked = true;
    const deal = await world.start();
    await deal.until('held');
    const held = await readListed(deal);
    expect(held).toEqual([expect.objectContaining({ DealState: 'held', DealHoldReason: 'item-blocked' })]);
    world.books.isItemBlocked = false;
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    expect((await readListed(deal))[1]).toMatchObject({ DealState: 'preparing' });
  });
});
