import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostInput } from '../../src/activities/documents/confirmed-write.js';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import type { Policy } from '../../src/deal/deal.js';
import { cancelUpdate, changedSignal, rejectUpdate, retryUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What a deal hears before its posting is obeyed, and nothing is posted or ended by what was known before (I1, I2). */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const BY_RULE: Partial<Policy> = { confirmation: { by: 'rule' } };
const OF_RECORD: ChangeHint = { at: 'dataverse' };
const REJECTION = { by: 'ann', reason: 'ordered twice' };

describe('a rule', () => {
  it.each(['dead', 'open'] as const)('confirms nothing of a record that is %s by now', async (state) => {
    const world = makeDealWorld(skipping, BY_RULE);
    const draft = world.block('createDraft');
    const deal = await world.start();
    await expect.poll(() => world.countOf('createDraft')).toBe(1);
    world.changeRecord({ state });
    await deal.handle.signal(changedSignal, OF_RECORD);
    draft.release();
    await deal.handle.result();
    expect(world.books).toMatchObject({ posted: [], deleted: ['draft-1'] });
    expect(world.trail.map(({ action }) => action)).not.toContain('confirm');
  });

  it('confirms other figures when the amount is another by now', async () => {
    const world = makeDealWorld(skipping, BY_RULE);
    const draft = world.block('createDraft');
    const deal = await world.start();
    await expect.poll(() => world.countOf('createDraft')).toBe(1);
    world.changeRecord({ price: '200.00' });
    await deal.handle.signal(changedSignal, OF_RECORD);
    draft.release();
    await deal.handle.result();
    expect(world.books.posted).toMatchObject([{ totalIncludingTax: '200.00' }]);
  });
});

describe('a posting', () => {
  const inputsOf = (world: ReturnType<typeof makeDealWorld>) => {
    const inputs: PostInput[] = [];
    const { post } = world.standIns;
    world.standIns.post = async (input) => {
      inputs.push(input);
      return post(input);
    };
    return inputs;
  };

  it('that is told that the record changed brings the draft up to date', async () => {
    const world = makeDealWorld(skipping, BY_RULE);
    const { post } = world.standIns;
    let isFirst = true;
    world.standIns.post = async (input) => {
      if (!isFirst) return post(input);
      isFirst = false;
      world.changeRecord({ price: '200.00' });
      return 'changed';
    };
    const deal = await world.start();
    await deal.handle.result();
    expect(world.books).toMatchObject({ posted: [{ totalIncludingTax: '200.00' }], deleted: ['draft-1'] });
  });

  it('needs no look-up when it follows at once, and one when a person was asked or a step was held', async () => {
    const sure = makeDealWorld(skipping, BY_RULE);
    sure.books.isCertain = true;
    const asked = makeDealWorld(skipping);
    asked.books.isCertain = true;
    const held = makeDealWorld(skipping, BY_RULE);
    held.books.isCertain = true;
    const inputs = [inputsOf(sure), inputsOf(asked), inputsOf(held)];
    await (await sure.start()).handle.result();
    const waiting = await asked.start();
    await waiting.until('awaiting-confirmation');
    await waiting.confirm();
    await waiting.handle.result();
    held.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    const closed = await held.start();
    await closed.until('held');
    held.refuse('post', undefined);
    await closed.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await closed.handle.result();
    expect(inputs.map((of) => of.map(({ mustLookUp }) => mustLookUp))).toEqual([[false], [true], [true]]);
  });

  it('whose draft changes each time backs off, and is a hold after five rounds, with five lines in the trail', async () => {
    const world = makeDealWorld(skipping, BY_RULE);
    const { post } = world.standIns;
    let isTouched = true;
    world.standIns.post = async (input) => (isTouched ? 'conflict' : post(input));
    const deal = await world.start();
    await skipping.env.sleep('1 minute');
    expect((await deal.until('held')).problems).toMatchObject([{ reason: 'draft-changed' }]);
    expect(world.trail.filter(({ action }) => action === 'confirm')).toHaveLength(5);
    isTouched = false;
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toHaveLength(1);
  });
});

describe('the end of a deal', () => {
  it('comes after a draft whose answer was lost has landed, which is deleted', async () => {
    const world = makeDealWorld(skipping);
    world.standIns.findUnansweredDraft = async () => 'draft-late';
    world.refuse('createDraft', { reason: 'permission', text: 'no right to look it up' });
    const deal = await world.start();
    await deal.until('held');
    world.progress.isDraftUnanswered = true;
    await deal.handle.executeUpdate(cancelUpdate, { args: [REJECTION] });
    expect((await deal.handle.result()).outcome).toBe('cancelled');
    expect(world.books.deleted).toEqual(['draft-late']);
  });

  it('that comes after somebody posted the draft is in the trail, and what was posted is followed', async () => {
    const world = makeDealWorld(skipping);
    const deal = await world.start();
    await deal.until('awaiting-confirmation');
    const { draft } = world.books;
    if (!draft) throw new Error('a draft is needed');
    world.standIns.deleteDraft = async () => {
      world.books.invoices.push({ id: draft.id, number: 'INV-7', status: 'open' });
      return 'posted';
    };
    await deal.handle.executeUpdate(rejectUpdate, { args: [REJECTION] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.trail).toMatchObject([{ action: 'rejected', facts: { reason: 'ordered twice' } }]);
    expect(world.notices).toEqual(['posted-by-hand']);
    expect(world.rows).toEqual([draft.id]);
  });
});
