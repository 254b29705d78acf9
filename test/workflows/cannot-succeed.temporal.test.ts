import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelUpdate, rejectUpdate, retryUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** A step that can never succeed holds the deal where everybody sees it; the same run goes on once it is repaired. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

type World = ReturnType<typeof makeDealWorld>;

/** The ledger takes no row of this kind until it is repaired. */
function refuseRows(world: World, isRefused: (row: Parameters<World['standIns']['recordState']>[0]) => boolean) {
  const { recordState } = world.standIns;
  const ledger = { isBroken: true, repair: () => Object.assign(ledger, { isBroken: false }) };
  world.standIns.recordState = async (row) => {
    if (ledger.isBroken && isRefused(row)) throw new TypeError('no such column');
    return recordState(row);
  };
  return ledger;
}

const retry = (deal: Awaited<ReturnType<World['start']>>) =>
  deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });

describe('a step with a fault of the program', () => {
  it('is a hold with owner and advice, after three tries, and goes on when a corrected worker repeats it', async () => {
    const world = makeDealWorld(skipping, { confirmation: { by: 'rule' } });
    const { createDraft } = world.standIns;
    world.standIns.createDraft = () => (undefined as unknown as { draft: () => never }).draft();
    const deal = await world.start();
    const { problems } = await deal.until('held');
    expect(problems).toMatchObject([{ reason: 'internal-error', owner: 'IT' }]);
    expect(problems[0]?.text).toMatch(/^createDraft: TypeError: Cannot read properties of undefined/);
    expect(problems[0]?.nextStep).toMatch(/then retry\.$/);
    expect(world.countOf('createDraft')).toBe(3);
    world.standIns.createDraft = createDraft;
    await retry(deal);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toHaveLength(1);
  });

  it('is shown when it is the very first, and nobody ends a deal of which nothing is known', async () => {
    const world = makeDealWorld(skipping);
    const { loadDealProgress } = world.standIns;
    world.standIns.loadDealProgress = async () => {
      throw new TypeError('no such column');
    };
    const deal = await world.start();
    await deal.until('held');
    const cancel = deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'why' }] });
    await expect(cancel).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^the ledger has not said yet/) },
    });
    world.standIns.loadDealProgress = loadDealProgress;
    await retry(deal);
    await deal.until('awaiting-confirmation');
    await deal.handle.terminate();
  });

  it('holds a replay that cannot be recorded, before anything follows from it', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    const { beginReplay } = world.standIns;
    world.standIns.beginReplay = async () => {
      throw new TypeError('no such column');
    };
    await deal.replay({ by: 'ann', revision: 'never read' });
    const readings = world.countOf('readDeal');
    await deal.until('held');
    expect(world.countOf('readDeal')).toBe(readings);
    world.standIns.beginReplay = beginReplay;
    await deal.replay({ by: 'ann' });
    await expect.poll(() => world.states.at(-1)).toBe('awaiting-confirmation');
    await deal.handle.terminate();
  });
});

describe('a decision that the ledger does not take', () => {
  const isDecision = ({ decision }: { readonly decision?: unknown }) => decision !== undefined;

  it('posts nothing before it is in the trail, and then posts once', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    const ledger = refuseRows(world, ({ decision }) => decision?.action === 'confirm');
    await deal.confirm();
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'internal-error', owner: 'IT' }]);
    expect(world.books.posted).toEqual([]);
    ledger.repair();
    await retry(deal);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toHaveLength(1);
    expect(world.trail.map(({ action }) => action)).toEqual(['retry', 'confirm']);
  });

  it('is void when the deal changed while it was held', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    const ledger = refuseRows(world, ({ decision }) => decision?.action === 'confirm');
    await deal.confirm();
    await deal.until('held');
    const revision = world.changeRecord({ price: '250.00' });
    await deal.handle.signal('changed', { at: 'dataverse', revision });
    await deal.until('awaiting-confirmation');
    await expect.poll(async () => (await deal.figures()).totalIncludingTax).toBe('250.00');
    ledger.repair();
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toMatchObject([{ totalIncludingTax: '250.00' }]);
  });

  it('can still be decided otherwise while it is held', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    refuseRows(world, ({ decision }) => decision?.action === 'confirm');
    await deal.confirm();
    await deal.until('held');
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'bob', reason: 'ordered twice' }] });
    expect((await deal.handle.result()).outcome).toBe('cancelled');
    expect(world.books).toMatchObject({ posted: [], deleted: ['draft-1'] });
  });

  for (const [name, update] of [
    ['a rejection', rejectUpdate],
    ['a cancellation', cancelUpdate],
  ] as const) {
    it(`deletes no draft: ${name} is held, and ends the deal once it is recorded`, async () => {
      const world = makeDealWorld(skipping);
      const deal = await world.start();
      await deal.until('awaiting-confirmation');
      const ledger = refuseRows(world, isDecision);
      await deal.handle.executeUpdate(update, { args: [{ by: 'ann', reason: 'wrong price' }] });
      await deal.until('held');
      expect(world.books.deleted).toEqual([]);
      const again = deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'bob', reason: 'ordered twice' }] });
      await expect(again).rejects.toMatchObject({ cause: { message: 'the deal is ending already' } });
      ledger.repair();
      await retry(deal);
      expect((await deal.handle.result()).outcome).toMatch(/^(rejected|cancelled)$/);
      expect(world.books.deleted).toEqual(['draft-1']);
    });
  }

  it('leaves the deal held: a retry that cannot be recorded does nothing', async () => {
    const world = makeDealWorld(skipping);
    world.books.isItemBlocked = true;
    const deal = await world.start();
    await deal.until('held');
    const ledger = refuseRows(world, ({ decision }) => decision?.action === 'retry');
    world.books.isItemBlocked = false;
    const looks = world.countOf('findItems');
    await retry(deal);
    await expect
      .poll(async () => (await deal.status()).problems.map(({ reason }) => reason))
      .toEqual(['item-blocked', 'internal-error']);
    expect(world.countOf('findItems')).toBe(looks);
    ledger.repair();
    await retry(deal);
    await deal.until('awaiting-confirmation');
    await deal.handle.terminate();
  });
});

describe('a hold that the ledger does not take', () => {
  it('is shown by the run all the same, with both reasons', async () => {
    const world = makeDealWorld(skipping);
    world.books.isItemBlocked = true;
    const ledger = refuseRows(world, ({ state }) => state === 'held');
    const deal = await world.start();
    await expect
      .poll(async () => (await deal.status()).problems.map(({ reason }) => reason))
      .toEqual(['item-blocked', 'internal-error']);
    ledger.repair();
    world.books.isItemBlocked = false;
    await retry(deal);
    await deal.until('awaiting-confirmation');
    await deal.handle.terminate();
  });
});

describe('a draft that Business Central does not let go', () => {
  it('holds the deal that was rejected, and a retry ends it', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    world.refuse('deleteDraft', { reason: 'permission', text: 'no right to delete' });
    await deal.handle.executeUpdate(rejectUpdate, { args: [{ by: 'ann', reason: 'wrong price' }] });
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'permission' }]);
    world.refuse('deleteDraft', undefined);
    await retry(deal);
    expect((await deal.handle.result()).outcome).toBe('rejected');
    expect(world.trail.map(({ action }) => action)).toEqual(['rejected', 'retry']);
  });
});

describe('an order that is cancelled in Sales', () => {
  it('is deleted only after the trail says so', async () => {
    const world = makeDealWorld(skipping, { documentKind: 'order', orderPosting: 'warehouse' });
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('awaiting-shipment');
    let actionsAtDeletion: string[] = [];
    const { deleteDraft } = world.standIns;
    world.standIns.deleteDraft = (input) => {
      actionsAtDeletion = world.trail.map(({ action }) => action);
      return deleteDraft(input);
    };
    const revision = world.changeRecord({ state: 'dead' });
    const again = await world.start({ hint: { at: 'dataverse', revision } });
    expect((await again.handle.result()).outcome).toBe('cancelled');
    expect(actionsAtDeletion).toEqual(['confirm', 'cancelled']);
    expect(world.states.at(-1)).toBe('cancelled');
  });
});
