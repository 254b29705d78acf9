import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toFailure } from '../../src/activities/remote/failures.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { changedSignal, retryUpdate } from '../../src/workflows/deals/messages.js';
import { type DealWorld, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What a person has to repair: how a hold begins, what it shows, and everything that ends it. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

async function startHeld() {
  const world = makeDealWorld(skipping);
  world.books.isItemBlocked = true;
  const deal = await world.start();
  await deal.until('held');
  return { world, deal };
}

/** Of each hold that the ledger records from here on: whether it was told as one that was there before. */
function recordRepetitions(world: DealWorld): boolean[] {
  const repeated: boolean[] = [];
  const { recordState } = world.standIns;
  world.standIns.recordState = async (change) => {
    if (change.state === 'held') repeated.push(change.isRepeated ?? false);
    return recordState(change);
  };
  return repeated;
}

describe('a hold', () => {
  it('names every problem at once, each with its owner and the next step', async () => {
    const world = makeDealWorld(skipping);
    world.record.problems = [
      { reason: 'no-currency', text: 'SO-1 has no currency' },
      { reason: 'write-in-unmapped', text: 'line 1 is a write-in' },
    ];
    const deal = await world.start();
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([
      { reason: 'no-currency', text: 'SO-1 has no currency', owner: 'seller' },
      { reason: 'write-in-unmapped', owner: 'IT' },
    ]);
    for (const { nextStep } of problems) expect(nextStep).toMatch(/then retry/);
    await deal.handle.terminate();
  });

  it('is raised by a step that is refused, and the same run goes on with that step', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    const deal = await world.start();
    await deal.until('held');
    const { runId } = await deal.handle.describe();
    world.refuse('post', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect((await deal.handle.describe()).runId).toBe(runId);
    expect(world.books.made).toBe(1);
    expect(world.books.posted).toHaveLength(1);
    expect(world.states).toEqual(['confirmed', 'held', 'confirmed', 'written-back']);
  });

  it('after the invoice is in Sales leaves the deal where it was before, also in the ledger (I6)', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    Object.assign(world.progress, { closesOrder: true, isClosed: true });
    world.refuse('setOrderInvoiced', { reason: 'permission', text: 'orders may not be written' });
    const deal = await world.start();
    await deal.until('held');
    expect(world.rows).toHaveLength(1);
    world.refuse('setOrderInvoiced', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    expect(world.progress.state).toBe('written-back');
  });

  it.each(['writeOpportunityColumns', 'setOrderInvoiced'] as const)(
    'of %s is not forgotten by a replay, although the invoice is in Sales',
    async (step) => {
      const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
      Object.assign(world.progress, { closesOrder: true, writesColumns: true, isClosed: true });
      world.refuse(step, { reason: 'permission', text: 'the record may not be written' });
      const deal = await world.start();
      await deal.until('held');
      world.refuse(step, undefined);
      const asked = world.countOf(step);
      await deal.replay({ by: 'ann' });
      expect(await deal.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
      expect(world.countOf(step)).toBe(asked + 1);
    },
  );

  it.each(['writeOpportunityColumns', 'setOrderInvoiced'] as const)(
    'of %s that begins in the next run is not forgotten there, although the invoice is in Sales',
    async (step) => {
      const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
      Object.assign(world.progress, { closesOrder: true, writesColumns: true, isClosed: true });
      await (await world.start()).handle.result();
      const asked = world.countOf(step);
      await (await world.start({ continued: {} })).handle.result();
      expect(world.countOf(step)).toBe(asked + 1);
    },
  );

  it('that only repeating the step can end is repeated every hour', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    const deal = await world.start();
    await deal.until('held');
    await skipping.env.sleep('150 minutes');
    await expect.poll(() => world.countOf('post')).toBe(3);
    await deal.handle.terminate();
  });

  it('ends when master data that it may wait for changes', async () => {
    const { world, deal } = await startHeld();
    world.books.isItemBlocked = false;
    await deal.handle.signal(changedSignal, { at: 'masters' });
    await deal.until('awaiting-confirmation');
    await deal.handle.terminate();
  });

  it('ends when the record is corrected in Sales', async () => {
    const world = makeDealWorld(skipping);
    world.record.problems = [{ reason: 'no-currency', text: 'SO-1 has no currency' }];
    const deal = await world.start();
    await deal.until('held');
    const revision = world.changeRecord({ problems: [] });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await deal.until('awaiting-confirmation');
    await deal.handle.terminate();
  });

  it('does not end by a hint of a revision that was read', async () => {
    const { world, deal } = await startHeld();
    const readings = world.countOf('readDeal');
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.revision() });
    expect((await deal.status()).state).toBe('held');
    expect(world.countOf('readDeal')).toBe(readings);
    await deal.handle.terminate();
  });

  it('takes a hint that came while the step was looking', async () => {
    const { world, deal } = await startHeld();
    const looking = world.block('findItems');
    const looks = world.countOf('findItems');
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await expect.poll(() => world.countOf('findItems')).toBe(looks + 1);
    // What the step finds is that the item is blocked; the hint says that this is over.
    await deal.handle.signal(changedSignal, { at: 'masters' });
    const { findItems } = world.standIns;
    world.standIns.findItems = async ({ products }) => {
      world.standIns.findItems = findItems;
      world.books.isItemBlocked = false;
      return { missing: [], blocked: products };
    };
    looking.release();
    await deal.until('awaiting-confirmation');
    await deal.handle.terminate();
  });

  it('is not raised by a sign-in that is refused for an hour: the step is asked again until it is taken', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    const { post } = world.standIns;
    const refused = { status: 401, remoteCode: 'Authentication_InvalidCredentials', retryAfterMs: 30_000 };
    let attempts = 0;
    world.standIns.post = async (input) => {
      attempts += 1;
      // 120 times half a minute.
      if (attempts <= 120) {
        throw toFailure(new RemoteApiError('business-central', 'unauthorized', 'post the invoice', refused));
      }
      if (!post) throw new Error('the world posts');
      return post(input);
    };
    const deal = await world.start();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(attempts).toBe(121);
    expect(world.states).not.toContain('held');
    expect(world.books.posted).toHaveLength(1);
  });

  it('that comes back after its step went on is held anew, and not since it was held first', async () => {
    const { world, deal } = await startHeld();
    const repeated = recordRepetitions(world);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await expect.poll(() => repeated).toEqual([true]);
    // Answered once the hold is recorded.
    await deal.until('held');
    world.books.isItemBlocked = false;
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    world.books.isItemBlocked = true;
    const revision = world.changeRecord({ price: '200.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await deal.until('held');
    expect(repeated).toEqual([true, false]);
    await deal.handle.terminate();
  });

  it('that a change of the record only interrupts has been there since it began', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    const repeated = recordRepetitions(world);
    const deal = await world.start();
    await deal.until('held');
    const postings = world.countOf('post');
    const revision = world.changeRecord({ price: '200.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await expect.poll(() => world.countOf('post')).toBe(postings + 1);
    await deal.until('held');
    expect(repeated).toEqual([false, true]);
    await deal.handle.terminate();
  });

  it('that begins when its run has become long begins in the next one', async () => {
    const world = makeDealWorld(skipping);
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    const repeated = recordRepetitions(world);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    for (let hint = 0; hint < 100; hint += 1) {
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.revision() });
      await deal.status();
    }
    await deal.confirm();
    await expect.poll(() => repeated).toEqual([false]);
    expect((await deal.handle.describe()).runId).not.toBe(deal.firstRunId);
    await deal.handle.terminate();
  });

  it('whose step fails for good for another reason fails the run: that is a bug, not a hold', async () => {
    const world = makeDealWorld(skipping);
    world.standIns.findItems = () => {
      throw ApplicationFailure.nonRetryable('a bug', 'TypeError');
    };
    const deal = await world.start();
    await expect(deal.handle.result()).rejects.toThrow();
  });
});
