import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/deal/actor.js';
import type { Policy } from '../../src/deal/deal.js';
import { changedSignal, confirmUpdate, rejectUpdate } from '../../src/workflows/deals/messages.js';
import { type DealRun, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** Four eyes: documents that two different people confirm, each signed in. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const ANN = { name: 'ann', source: 'desk', isVerified: true } as const;
const BOB = { ...ANN, name: 'bob' };
const TWO: Partial<Policy> = { approval: [{ above: '50', approvers: 2 }] };

async function startWaiting(policy: Partial<Policy> = TWO) {
  const world = makeDealWorld(skipping, policy);
  const deal = await world.start();
  await deal.until('awaiting-confirmation');
  return { world, deal };
}

const confirm = async (deal: DealRun, actor: Actor | { by: string }) => {
  const figures = await deal.figures();
  const who = 'by' in actor ? actor : { actor };
  return deal.handle.executeUpdate(confirmUpdate, { args: [{ ...who, figures }] });
};

async function reasonOf(update: Promise<unknown>): Promise<string> {
  const error = await update.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error('the update was accepted', { cause: error });
  return error.cause?.message ?? '';
}

const approvalOf = async (deal: DealRun) => (await deal.status()).approval;

describe('a document that two people confirm', () => {
  it('goes on waiting after the first, says who is missing, and is posted after the second', async () => {
    const { world, deal } = await startWaiting();
    expect(await approvalOf(deal)).toEqual({ needed: 2, by: [] });
    await confirm(deal, ANN);
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: ['ann'] });
    expect((await deal.status()).state).toBe('awaiting-confirmation');
    expect(world.books.posted).toEqual([]);
    await confirm(deal, BOB);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.trail.map(({ actor, action }) => ({ actor, action }))).toEqual([
      { actor: ANN, action: 'confirm as one of several' },
      { actor: BOB, action: 'confirm' },
    ]);
    expect(world.books.posted).toHaveLength(1);
  });

  it('takes neither the same person twice nor one whom nobody has proved', async () => {
    const { deal } = await startWaiting();
    expect(await reasonOf(confirm(deal, { by: 'carl' }))).toMatch(/nobody proved who this is/);
    await confirm(deal, ANN);
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: ['ann'] });
    expect(await reasonOf(confirm(deal, ANN))).toMatch(/ann has confirmed already/);
    expect((await deal.status()).state).toBe('awaiting-confirmation');
    await deal.handle.terminate();
  });

  it('takes nobody twice who has another name by now, as at the desk and by a token', async () => {
    const { deal } = await startWaiting();
    await confirm(deal, { ...ANN, personId: 'id-of-ann' });
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: ['ann'] });
    expect(await reasonOf(confirm(deal, { ...BOB, personId: 'id-of-ann' }))).toMatch(/bob has confirmed already/);
    await confirm(deal, { ...BOB, personId: 'id-of-bob' });
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('may be rejected after the first', async () => {
    const { world, deal } = await startWaiting();
    await confirm(deal, ANN);
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: ['ann'] });
    await deal.handle.executeUpdate(rejectUpdate, { args: [{ actor: BOB, reason: 'too much' }] });
    expect((await deal.handle.result()).outcome).toBe('rejected');
    expect(world.books.posted).toEqual([]);
  });

  it('asks both again once the deal is another, and says that the first confirmation is void', async () => {
    const { world, deal } = await startWaiting();
    await confirm(deal, ANN);
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: ['ann'] });
    const revision = world.changeRecord({ price: '200.00' });
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision });
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: [] });
    expect(world.trail.map(({ action }) => action)).toEqual(['confirm as one of several', 'confirmation is void']);
    await deal.handle.terminate();
  });

  it('remembers the first when its run becomes long meanwhile, and asks for nobody twice', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    // Hints of what was read already: each is an event, and none is a change.
    for (let hint = 0; hint < 300; hint += 1)
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.revision() });
    await confirm(deal, ANN);
    await expect.poll(async () => (await deal.handle.describe()).runId).not.toBe(deal.firstRunId);
    await deal.until('awaiting-confirmation');
    expect(await approvalOf(deal)).toEqual({ needed: 2, by: ['ann'] });
    // The run that goes on knows what the one before has read.
    await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.revision() });
    expect(await reasonOf(confirm(deal, ANN))).toMatch(/ann has confirmed already/);
    await confirm(deal, BOB);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.trail.map(({ action }) => action)).toEqual(['confirm as one of several', 'confirm']);
    expect(world.books).toMatchObject({ made: 1, deleted: [], posted: [figures] });
  });

  it('asks both again when the draft was edited while the run of the first became long', async () => {
    const { world, deal } = await startWaiting();
    for (let hint = 0; hint < 300; hint += 1)
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.revision() });
    if (world.books.draft) world.books.draft = { ...world.books.draft, etag: '2' };
    await confirm(deal, ANN);
    await expect.poll(async () => (await deal.handle.describe()).runId).not.toBe(deal.firstRunId);
    await deal.until('awaiting-confirmation');
    await confirm(deal, BOB);
    await expect.poll(() => world.trail.map(({ action }) => action)).toEqual(['confirm as one of several', 'confirm']);
    await expect.poll(() => approvalOf(deal)).toEqual({ needed: 2, by: [] });
    expect(world.books.posted).toEqual([]);
    await deal.handle.terminate();
  });
});

describe('the rules', () => {
  it('outweigh a confirmation by rule', async () => {
    const { deal } = await startWaiting({ ...TWO, confirmation: { by: 'rule' } });
    expect(await approvalOf(deal)).toEqual({ needed: 2, by: [] });
    await deal.handle.terminate();
  });

  it('leave a document that meets none as it was', async () => {
    const world = makeDealWorld(skipping, {
      confirmation: { by: 'rule' },
      approval: [
        { above: '100.00', approvers: 2 },
        { newCustomer: true, approvers: 2 },
      ],
    });
    const deal = await world.start();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('ask people of a document in another currency than the amount, whatever its figure is', async () => {
    const { deal } = await startWaiting({
      confirmation: { by: 'rule' },
      approval: [{ above: '100.00', currency: 'CHF', approvers: 2 }],
    });
    expect(await approvalOf(deal)).toEqual({ needed: 2, by: [] });
    await deal.handle.terminate();

    const below = { by: 'rule-below', amount: '1000' } as const;
    const francs = await startWaiting({ confirmation: { ...below, currency: 'CHF' } });
    expect(francs.world.books.posted).toEqual([]);
    await francs.deal.handle.terminate();

    const euros = await makeDealWorld(skipping, { confirmation: { ...below, currency: 'EUR' } }).start();
    expect((await euros.handle.result()).outcome).toBe('written-back');
  });

  it('ask one more person for a draft that somebody changed by hand, and say so', async () => {
    const world = makeDealWorld(skipping, { approval: [{ above: '10.00', approvers: 2 }] });
    world.books.isEdited = true;
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    expect(await approvalOf(deal)).toEqual({ needed: 3, hasOneMore: true, by: [] });
    await deal.handle.terminate();
  });

  it('see a new customer', async () => {
    const world = makeDealWorld(skipping, { approval: [{ newCustomer: true, approvers: 2 }] });
    world.books.isNewCustomer = true;
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    expect(await approvalOf(deal)).toEqual({ needed: 2, by: [] });
    await deal.handle.terminate();
  });
});
