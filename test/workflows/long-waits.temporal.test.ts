import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changedSignal, retryUpdate } from '../../src/workflows/deals/messages.js';
import { type DealRun, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** Deals that wait for very long, or hear of very many changes: no run becomes too long for the server or for a replay. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

/** The length of each run of the deal, the first one first. */
async function eventsOfRuns({ handle, firstRunId }: DealRun): Promise<number[]> {
  const lengths: number[] = [];
  let runId: string | undefined = firstRunId;
  while (runId) {
    const { events } = await skipping.env.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    lengths.push(events?.length ?? 0);
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return lengths;
}

describe('a deal that is held for a year', () => {
  it('for an item costs its history next to nothing, and goes on at the last day', async () => {
    const world = makeDealWorld(skipping);
    Object.assign(world.books, { isWatched: true, isItemBlocked: true });
    const deal = await world.start();
    await deal.until('held');
    await skipping.env.sleep('365 days');
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'item-blocked' }]);
    world.books.isItemBlocked = false;
    await skipping.env.sleep('25 hours');
    await deal.until('awaiting-confirmation');
    const lengths = await eventsOfRuns(deal);
    expect(Math.max(...lengths)).toBeLessThan(500);
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toHaveLength(1);
    // Looked at daily, not hourly.
    expect(world.countOf('watchHold')).toBeGreaterThan(360);
    expect(world.countOf('watchHold')).toBeLessThan(900);
  });

  it('by the posting goes on in new runs with the confirmation of the first, and posts exactly that', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    const confirmed = await deal.figures();
    await deal.confirm();
    await deal.until('held');
    await skipping.env.sleep('365 days');
    expect((await deal.until('held')).figures).toEqual(confirmed);
    const lengths = await eventsOfRuns(deal);
    expect(lengths.length).toBeGreaterThan(5);
    expect(Math.max(...lengths)).toBeLessThan(500);
    world.refuse('post', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books).toMatchObject({ made: 1, deleted: [], posted: [confirmed] });
    expect(world.trail.filter(({ action }) => action === 'confirm')).toHaveLength(1);
  });
});

describe('a hold', () => {
  it('is watched every hour, though nobody says anything, and its step is repeated once something changed', async () => {
    const world = makeDealWorld(skipping);
    Object.assign(world.books, { isWatched: true, isItemBlocked: true });
    const deal = await world.start();
    await deal.until('held');
    const readings = world.countOf('readDeal');
    await skipping.env.sleep('150 minutes');
    // Once for what is seen now, then at the end of each hour, each a little longer than the one before.
    await expect.poll(() => world.countOf('watchHold')).toBe(4);
    expect(world.countOf('readDeal')).toBe(readings);
    expect((await deal.until('held')).problems).toHaveLength(1);
    world.books.isItemBlocked = false;
    await skipping.env.sleep('2 hours');
    await deal.until('awaiting-confirmation');
    expect(world.trail).toEqual([]);
    await deal.confirm();
    await deal.handle.result();
  });

  it('that a person ended is not disturbed by its watch, which no worker answered for a week', async () => {
    const world = makeDealWorld(skipping);
    Object.assign(world.books, { isWatched: true, isItemBlocked: true });
    const deal = await world.start();
    await deal.until('held');
    await expect.poll(() => world.countOf('watchHold')).toBe(2);
    const watch = world.block('watchHold');
    await skipping.env.sleep('2 hours');
    await expect.poll(() => world.countOf('watchHold')).toBeGreaterThan(2);
    world.books.isItemBlocked = false;
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    await skipping.env.sleep('8 days');
    await deal.confirm();
    watch.release();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toHaveLength(1);
  });
});

describe('many changes of one record', () => {
  it.each(['held', 'awaiting-confirmation'] as const)('that is %s are read together', async (state) => {
    const world = makeDealWorld(skipping);
    world.books.isItemBlocked = state === 'held';
    const deal = await world.start();
    await deal.until(state);
    const readings = world.countOf('readDeal');
    for (let edit = 0; edit < 400; edit += 1) {
      const revision = world.changeRecord({ price: `${edit + 1}.00` });
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    }
    await skipping.env.sleep('10 minutes');
    world.books.isItemBlocked = false;
    await skipping.env.sleep('25 hours');
    await deal.until('awaiting-confirmation');
    expect((await deal.figures()).totalIncludingTax).toBe('400.00');
    expect(world.countOf('readDeal') - readings).toBeLessThan(20);
    await deal.confirm();
    await deal.handle.result();
    expect(world.books.posted).toMatchObject([{ totalIncludingTax: '400.00' }]);
  });

  it('that come while its run goes on in a new one are not lost', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'person' } });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    await deal.confirm();
    await deal.until('held');
    for (let hour = 0; hour < 60; hour += 1) {
      await skipping.env.sleep('61 minutes');
      if (hour === 30) {
        await deal.handle.signal(changedSignal, {
          at: 'dataverse',
          revision: world.changeRecord({ price: '200.00' }),
        });
      }
    }
    // The confirmation is void: somebody has to see the new figures.
    expect((await deal.until('awaiting-confirmation')).figures?.totalIncludingTax).toBe('200.00');
    expect(world.books.posted).toEqual([]);
    await deal.handle.terminate();
  });
});
