import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ConfirmInput,
  cancelUpdate,
  confirmSignal,
  confirmUpdate,
  rejectSignal,
  rejectUpdate,
  replayUpdate,
  retryUpdate,
} from '../../src/workflows/deals/messages.js';
import { type DealRun, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What people decide of a deal that waits: by update, which answers, and by signal, which is ignored when it does not fit. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const BY_SIGNAL = { name: 'ann', source: 'signal', isVerified: false };
const BOB = { name: 'bob', source: 'desk', isVerified: true } as const;

async function startWaiting() {
  const world = makeDealWorld(skipping);
  const deal = await world.start();
  await deal.until('awaiting-confirmation');
  return { world, deal };
}

async function startHeld() {
  const world = makeDealWorld(skipping);
  world.books.isItemBlocked = true;
  const deal = await world.start();
  await deal.until('held');
  return { world, deal };
}

/** The reason that a person reads who is refused. */
async function reasonOf(update: Promise<unknown>): Promise<string> {
  const error = await update.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error('the update was accepted', { cause: error });
  return error.cause?.message ?? '';
}

describe('confirm', () => {
  it('by update posts exactly these figures, in the name of who confirmed', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    await deal.confirm();
    expect(await deal.handle.result()).toEqual({ outcome: 'written-back', invoiceNumber: 'INV-1' });
    expect(world.books.posted).toEqual([figures]);
    expect(world.trail).toEqual([{ actor: BY_SIGNAL, action: 'confirm', facts: { figures, note: '' } }]);
    expect(world.states).toEqual(['awaiting-confirmation', 'confirmed', 'written-back']);
  });

  it('by signal does the same', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    await deal.handle.signal(confirmSignal, { by: ' ann ', figures, note: 'as agreed' });
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.trail).toEqual([{ actor: BY_SIGNAL, action: 'confirm', facts: { figures, note: 'as agreed' } }]);
  });

  it('takes the whole actor from our own programs', async () => {
    const { world, deal } = await startWaiting();
    await deal.handle.executeUpdate(confirmUpdate, { args: [{ actor: BOB, figures: await deal.figures() }] });
    await deal.handle.result();
    expect(world.trail).toMatchObject([{ actor: BOB, action: 'confirm' }]);
  });

  it('is in the trail before the document is posted', async () => {
    const { world, deal } = await startWaiting();
    let trailAtPosting = 0;
    const { post } = world.standIns;
    world.standIns.post = (input) => {
      trailAtPosting = world.trail.length;
      return post(input);
    };
    await deal.confirm();
    await deal.handle.result();
    expect(trailAtPosting).toBe(1);
  });

  it('is refused with other figures, without all figures, without a name and with anything else', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    const send = (input: unknown) =>
      reasonOf(deal.handle.executeUpdate(confirmUpdate, { args: [input as ConfirmInput] }));
    expect(await reasonOf(deal.confirm({ totalIncludingTax: '1.11' }))).toBe('the draft amounts to 100.00, not 1.11');
    expect(await reasonOf(deal.confirm({ documentNumber: 'D-9' }))).toBe('the draft is D-1, not D-9');
    expect(await reasonOf(deal.confirm({ currency: 'USD' }))).toBe('the draft is in EUR, not USD');
    const { currency: _, ...incomplete } = figures;
    expect(await send({ by: 'ann', figures: incomplete })).toMatch(/^figures\.currency: expected an ISO code/);
    expect(await send({ by: 'ann' })).toMatch(/^figures: expected an object .*, got nothing$/);
    expect(await send({ figures })).toBe('by: expected a text of 1 to 100 characters, got nothing');
    expect(await send({ by: '  ', figures })).toMatch(/^by: expected a text/);
    expect(await send({ by: 'rule', figures })).toMatch(/^by: expected the name of a person/);
    expect(await send({ by: 'ann', actor: BOB, figures })).toMatch(/^by: expected nothing beside actor/);
    expect(await send({ by: 'ann', figures, ok: true })).toMatch(/^input: expected no other fields .*, got "ok"$/);
    expect(await send(undefined)).toMatch(/^input: expected an object/);
    expect((await deal.status()).state).toBe('awaiting-confirmation');
    expect(world.books.posted).toEqual([]);
    expect(world.trail).toEqual([]);
  });

  it('by a signal that does not fit is ignored, and shown', async () => {
    const { world, deal } = await startWaiting();
    await deal.handle.signal(confirmSignal, { by: 'ann' } as unknown as ConfirmInput);
    const status = await deal.status();
    expect(status).toMatchObject({ state: 'awaiting-confirmation' });
    expect(status.ignoredSignal).toMatch(/^confirm: figures: expected an object/);
    expect(world.books.posted).toEqual([]);
    // The ledger has it, for whoever looks with `show`.
    await expect.poll(() => world.notices).toEqual(['signal-ignored']);
  });

  it('by a signal under another name is ignored, and shown', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    await deal.handle.signal('Confirm', { by: 'ann', figures });
    expect((await deal.status()).ignoredSignal).toBe('Confirm: expected one of confirm, reject, changed');
    expect(world.books.posted).toEqual([]);
    await expect.poll(() => world.notices).toEqual(['signal-ignored']);
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('names who was first, also once the document is being posted', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    let finish = (): void => undefined;
    const isAsked = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { post } = world.standIns;
    world.standIns.post = async (input) => {
      await isAsked;
      return post(input);
    };
    await deal.confirm();
    await deal.until('confirmed');
    const late = deal.handle.executeUpdate(confirmUpdate, { args: [{ actor: BOB, figures }] });
    expect(await reasonOf(late)).toBe('the deal is confirmed, nobody is asked to confirm: already confirmed by ann');
    finish();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('is refused when nobody is asked', async () => {
    const { deal } = await startHeld();
    const figures = { documentNumber: 'D-1', totalIncludingTax: '1', currency: 'EUR' };
    const confirm = deal.handle.executeUpdate(confirmUpdate, { args: [{ by: 'ann', figures }] });
    expect(await reasonOf(confirm)).toBe('the deal is held, nobody is asked to confirm');
    await deal.handle.terminate();
  });
});

describe('reject', () => {
  for (const how of ['update', 'signal'] as const) {
    it(`by ${how} deletes the draft and ends the deal`, async () => {
      const { world, deal } = await startWaiting();
      const input = { by: 'ann', reason: 'wrong customer' };
      if (how === 'update') await deal.handle.executeUpdate(rejectUpdate, { args: [input] });
      else await deal.handle.signal(rejectSignal, input);
      expect(await deal.handle.result()).toEqual({ outcome: 'rejected' });
      expect(world.books).toMatchObject({ deleted: ['draft-1'], posted: [] });
      expect(world.trail).toEqual([{ actor: BY_SIGNAL, action: 'rejected', facts: { reason: 'wrong customer' } }]);
    });
  }

  it('is shown from the moment it is taken, though the draft is still there', async () => {
    const { world, deal } = await startWaiting();
    const deletion = world.block('deleteDraft');
    const answer = await deal.handle.executeUpdate(rejectUpdate, { args: [{ by: 'ann', reason: 'wrong customer' }] });
    expect(answer.decided).toEqual({ how: 'rejected by ann' });
    await expect.poll(() => world.countOf('deleteDraft')).toBe(1);
    expect(await deal.status()).toMatchObject({ decided: { how: 'rejected by ann' } });
    deletion.release();
    await deal.handle.result();
  });

  it('is in the trail before the draft is deleted', async () => {
    const { world, deal } = await startWaiting();
    let actionsAtDeletion: string[] = [];
    const { deleteDraft } = world.standIns;
    world.standIns.deleteDraft = (input) => {
      actionsAtDeletion = world.trail.map(({ action }) => action);
      return deleteDraft(input);
    };
    await deal.handle.executeUpdate(rejectUpdate, { args: [{ by: 'ann', reason: 'wrong customer' }] });
    await deal.handle.result();
    expect(actionsAtDeletion).toEqual(['rejected']);
  });

  it("of figures that are not the draft's any more is refused with both, and deletes nothing", async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    const input = { by: 'ann', reason: 'too dear' };
    const seen = { ...figures, totalIncludingTax: '1' };
    const refused = deal.handle.executeUpdate(rejectUpdate, { args: [{ ...input, figures: seen }] });
    expect(await reasonOf(refused)).toMatch(/^the draft amounts to .*, not 1$/);
    expect(world.books.deleted).toEqual([]);
    await deal.handle.executeUpdate(rejectUpdate, { args: [{ ...input, figures }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'rejected' });
    const facts = { reason: 'too dear', figures };
    expect(world.trail).toEqual([{ actor: BY_SIGNAL, action: 'rejected', facts }]);
  });

  it('is refused without a reason, and ignored as a signal', async () => {
    const { deal } = await startWaiting();
    const reject = deal.handle.executeUpdate(rejectUpdate, { args: [{ by: 'ann', reason: ' ' }] });
    expect(await reasonOf(reject)).toMatch(/^reason: expected a text/);
    await deal.handle.signal(rejectSignal, { by: 'ann', reason: '' });
    expect((await deal.status()).ignoredSignal).toMatch(/^reject: reason: expected a text/);
    await deal.handle.terminate();
  });
});

describe('retry', () => {
  it('lets a held deal go on, in the name of who repaired it', async () => {
    const { world, deal } = await startHeld();
    world.books.isItemBlocked = false;
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    expect(world.trail).toEqual([{ actor: BY_SIGNAL, action: 'retry', facts: { reasons: ['item-blocked'] } }]);
    await deal.handle.terminate();
  });

  it('is refused when nothing is held, and without a name', async () => {
    const { deal } = await startWaiting();
    const retry = deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect(await reasonOf(retry)).toBe('the deal is awaiting-confirmation, nothing waits for a retry');
    expect(await reasonOf(deal.handle.executeUpdate(retryUpdate, { args: [{ by: '' }] }))).toMatch(/^by: expected/);
    await deal.handle.terminate();
  });
});

describe('cancel', () => {
  it('ends a deal that waits, and deletes its draft', async () => {
    const { world, deal } = await startWaiting();
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'ordered twice' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books).toMatchObject({ deleted: ['draft-1'], posted: [] });
    expect(world.trail).toEqual([{ actor: BY_SIGNAL, action: 'cancelled', facts: { reason: 'ordered twice' } }]);
  });

  it('ends a deal that is held before anything is made', async () => {
    const { world, deal } = await startHeld();
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'ordered twice' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books.deleted).toEqual([]);
  });

  it('deletes the draft as well that a restored ledger has forgotten', async () => {
    const { world, deal } = await startHeld();
    world.books.isForgotten = true;
    await deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'ordered twice' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.books).toMatchObject({ draft: undefined, deleted: ['draft-1'] });
  });

  it('is refused once the document is posted', async () => {
    const { world, deal } = await startWaiting();
    world.refuse('createInvoiceRow', { reason: 'refused-by-sales', text: 'no privilege' });
    await deal.confirm();
    await deal.until('held');
    const cancel = deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'ordered twice' }] });
    expect(await reasonOf(cancel)).toBe('its document is posted: cancel that');
    world.refuse('createInvoiceRow', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('is refused just so in a run that begins with the posted deal held', async () => {
    const { world, deal } = await startWaiting();
    world.refuse('createInvoiceRow', { reason: 'refused-by-sales', text: 'no privilege' });
    await deal.confirm();
    await deal.until('held');
    await deal.replay({ by: 'bob' });
    await expect.poll(() => world.countOf('createInvoiceRow')).toBe(2);
    await deal.until('held');
    const cancel = deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'ordered twice' }] });
    expect(await reasonOf(cancel)).toBe('its document is posted: cancel that');
    world.refuse('createInvoiceRow', undefined);
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('is refused after another decision', async () => {
    const { world, deal } = await startWaiting();
    const deletion = world.block('deleteDraft');
    await deal.handle.executeUpdate(rejectUpdate, { args: [{ by: 'ann', reason: 'wrong price' }] });
    const cancel = deal.handle.executeUpdate(cancelUpdate, { args: [{ by: 'bob', reason: 'ordered twice' }] });
    expect(await reasonOf(cancel)).toBe('already rejected by ann');
    deletion.release();
    expect((await deal.handle.result()).outcome).toBe('rejected');
  });
});

describe('a deal that is ending', () => {
  const cancel = ({ handle }: DealRun) =>
    handle.executeUpdate(cancelUpdate, { args: [{ by: 'ann', reason: 'ordered twice' }] });
  const ENDING = 'the deal is ending already';

  it('takes no other decision while its draft is deleted', async () => {
    const { world, deal } = await startWaiting();
    const figures = await deal.figures();
    const deletion = world.block('deleteDraft');
    await cancel(deal);
    await expect.poll(() => world.countOf('deleteDraft')).toBe(1);
    const { handle } = deal;
    expect(await reasonOf(handle.executeUpdate(confirmUpdate, { args: [{ by: 'bob', figures }] }))).toBe(ENDING);
    expect(await reasonOf(handle.executeUpdate(rejectUpdate, { args: [{ by: 'bob', reason: 'no' }] }))).toBe(ENDING);
    expect(await reasonOf(handle.executeUpdate(replayUpdate, { args: [{ by: 'bob' }] }))).toBe(ENDING);
    expect(await reasonOf(cancel(deal))).toBe(ENDING);
    expect((await deal.status()).decided).toEqual({ how: 'cancelled by ann' });
    deletion.release();
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
  });

  it('takes none either that was held before, unless its end is held', async () => {
    const { world, deal } = await startWaiting();
    world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
    await deal.confirm();
    await deal.until('held');
    const deletion = world.block('deleteDraft');
    await cancel(deal);
    await expect.poll(() => world.countOf('deleteDraft')).toBe(1);
    const retry = () => deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'bob' }] });
    expect(await reasonOf(retry())).toBe(ENDING);
    expect(await reasonOf(deal.handle.executeUpdate(replayUpdate, { args: [{ by: 'bob' }] }))).toBe(ENDING);
    world.refuse('deleteDraft', { reason: 'draft-edited', text: 'it was edited' });
    deletion.release();
    await expect.poll(async () => (await deal.status()).problems[0]?.reason).toBe('draft-edited');
    world.refuse('deleteDraft', undefined);
    await retry();
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
  });

  it('because somebody ended it while a retry was recorded has that in its history before anything follows', async () => {
    const { world, deal } = await startHeld();
    const { recordState } = world.standIns;
    let ending: Promise<unknown> | undefined;
    world.standIns.recordState = async (change) => {
      // The answer comes only when the task with it ends, which lasts as long as this step.
      if (change.decision?.action === 'retry') {
        ending ??= cancel(deal);
        await ending;
      }
      return recordState(change);
    };
    await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'bob' }] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(world.trail.at(-1)).toMatchObject({ action: 'cancelled', actor: { name: 'ann' } });
    const events = (await deal.handle.fetchHistory()).events ?? [];
    const cancelled = events.findLastIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    expect(events.slice(cancelled).filter((event) => event.timerStartedEventAttributes)).toHaveLength(1);
  });
});

describe('replay', () => {
  it('begins a deal again that waits, in a new run, which adopts the draft', async () => {
    const { world, deal } = await startWaiting();
    await deal.replay({ actor: BOB });
    await deal.until('awaiting-confirmation');
    expect(world.books).toMatchObject({ made: 1, deleted: [], posted: [] });
    expect(world.trail).toMatchObject([{ actor: BOB, action: 'replay' }]);
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.books.posted).toHaveLength(1);
  });

  it('begins a held deal again', async () => {
    const { world, deal } = await startHeld();
    world.books.isItemBlocked = false;
    await deal.replay({ by: 'ann' });
    await deal.until('awaiting-confirmation');
    expect(world.trail).toMatchObject([{ actor: BY_SIGNAL, action: 'replay' }]);
    await deal.handle.terminate();
  });

  it('is refused without a name, and while a step runs', async () => {
    const { world, deal } = await startWaiting();
    const nameless = deal.handle.executeUpdate(replayUpdate, { args: [{} as { by: string }] });
    expect(await reasonOf(nameless)).toMatch(/^by: expected a text/);
    const posting = world.block('post');
    await deal.confirm();
    await deal.until('confirmed');
    const replay = deal.handle.executeUpdate(replayUpdate, { args: [{ by: 'ann' }] });
    expect(await reasonOf(replay)).toBe('the deal is confirmed and cannot be replayed now');
    posting.release();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });
});
