import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { toUnsealed } from '../../src/deal/unsealed.js';
import { type ConfirmInput, changedSignal, confirmSignal, confirmUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What the codec makes of an input that nobody sealed: it starts nothing and decides nothing, unless it may. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

async function startWaiting(takesUnsealedDecisions: boolean) {
  const world = makeDealWorld(skipping);
  world.progress.takesUnsealedDecisions = takesUnsealedDecisions;
  const deal = await world.start();
  await deal.until('awaiting-confirmation');
  const unsealed = toUnsealed({ by: 'ann', figures: await deal.figures() }) as ConfirmInput;
  return { world, deal, unsealed };
}

describe('an input that nobody sealed', () => {
  it('confirms nothing by signal, and the run goes on and shows that it ignored it', async () => {
    const { world, deal, unsealed } = await startWaiting(false);
    await deal.handle.signal(confirmSignal, unsealed);
    expect(await deal.status()).toMatchObject({
      state: 'awaiting-confirmation',
      ignoredSignal: expect.stringMatching(/^confirm: input: expected no other fields/),
    });
    expect(world.trail.filter(({ action }) => action === 'confirm')).toEqual([]);
    await deal.confirm();
    expect((await deal.handle.result()).outcome).toBe('written-back');
  });

  it('confirms by signal where the setting allows it, and a replay without the setting goes the same way', async () => {
    const { world, deal, unsealed } = await startWaiting(true);
    await deal.handle.signal(confirmSignal, unsealed);
    expect((await deal.handle.result()).outcome).toBe('written-back');
    expect(world.trail).toMatchObject([{ actor: { name: 'ann', isVerified: false }, action: 'confirm' }]);
    // Whoever runs it again, with another setting, takes the same way.
    const history = await deal.handle.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history);
  });

  it('is no hint of a change, whatever the setting says', async () => {
    const { deal } = await startWaiting(true);
    await deal.handle.signal(changedSignal, toUnsealed({ at: 'masters' }) as never);
    expect(await deal.status()).toMatchObject({
      state: 'awaiting-confirmation',
      ignoredSignal: expect.stringMatching(/^changed: /),
    });
    await deal.handle.terminate();
  });

  it('is refused as an update before it enters the history, also where decisions by signal are allowed', async () => {
    const { deal, unsealed } = await startWaiting(true);
    const error = await deal.handle
      .executeUpdate(confirmUpdate, { args: [unsealed] })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((error as WorkflowUpdateFailedError).cause?.message).toBe(
      'confirm: expected a sealed input, got one that is not: use --codec-endpoint',
    );
    await deal.handle.terminate();
  });

  it('starts no run that does anything', async () => {
    skipping.answerWith({});
    for (const type of ['handOverDeal', 'salesFeed', 'applyMatches', 'sweepInvoices']) {
      const handle = await skipping.env.client.workflow.start(type, {
        taskQueue: TASK_QUEUES.deals,
        workflowId: `unsealed-${type}`,
        args: [toUnsealed({ recordId: '11111111-0000-4000-8000-000000000001', table: 'quote' })],
      });
      const error = await handle.result().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause?.message).toBe(
        'input: expected a sealed payload, got one that is not',
      );
    }
  });
});
