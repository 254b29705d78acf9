import { WorkflowUpdateFailedError } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import {
  type ConfirmInput,
  cancelUpdate,
  changedSignal,
  confirmSignal,
  confirmUpdate,
  type EndInput,
  type ReplayInput,
  type RetryInput,
  rejectSignal,
  rejectUpdate,
  replayUpdate,
  retryUpdate,
} from '../../src/workflows/deals/messages.js';
import { type DealRun, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** Anybody who reaches Temporal may send anything to a deal: nothing wedges it, and nothing posts but exact figures. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const MESSAGES = ['confirm', 'reject', 'retry', 'cancel', 'replay', 'confirm-signal', 'reject-signal', 'hint'] as const;

/** Any JSON, and JSON that is nearly right: known fields with any value. */
const near = fc.record(
  {
    by: fc.oneof(fc.constant('ann'), fc.jsonValue()),
    actor: fc.jsonValue(),
    reason: fc.oneof(fc.constant('why'), fc.jsonValue()),
    note: fc.jsonValue(),
    figures: fc.oneof(
      fc.record({
        documentNumber: fc.oneof(fc.constant('D-1'), fc.jsonValue()),
        totalIncludingTax: fc.oneof(fc.constant('100'), fc.jsonValue()),
        currency: fc.oneof(fc.constant('eur'), fc.jsonValue()),
      }),
      fc.jsonValue(),
    ),
    at: fc.oneof(fc.constantFrom('dataverse', 'business-central', 'masters'), fc.jsonValue()),
    revision: fc.jsonValue(),
    unknown: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const messages = fc.array(fc.tuple(fc.constantFrom(...MESSAGES), fc.oneof(fc.jsonValue(), near)), {
  minLength: 1,
  maxLength: 8,
});

async function send(deal: DealRun, message: (typeof MESSAGES)[number], input: unknown): Promise<void> {
  const { handle } = deal;
  switch (message) {
    case 'confirm':
      return void (await handle.executeUpdate(confirmUpdate, { args: [input as ConfirmInput] }));
    case 'reject':
      return void (await handle.executeUpdate(rejectUpdate, { args: [input as EndInput] }));
    case 'retry':
      return void (await handle.executeUpdate(retryUpdate, { args: [input as RetryInput] }));
    case 'cancel':
      return void (await handle.executeUpdate(cancelUpdate, { args: [input as EndInput] }));
    case 'replay': {
      const { runId } = await handle.describe();
      await handle.executeUpdate(replayUpdate, { args: [input as ReplayInput] });
      // The test server does not answer a query that meets a run which is just being replaced.
      return void (await expect.poll(async () => (await handle.describe()).runId, { timeout: 10_000 }).not.toBe(runId));
    }
    case 'confirm-signal':
      return handle.signal(confirmSignal, input as ConfirmInput);
    case 'reject-signal':
      return handle.signal(rejectSignal, input as EndInput);
    case 'hint':
      return handle.signal(changedSignal, input as ChangeHint);
  }
}

describe('whatever is sent to a deal that waits', () => {
  it('does not wedge it, and posts nothing without a name and exact figures', async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (sent) => {
        const world = makeDealWorld(skipping);
        const deal = await world.start();
        await deal.until('awaiting-confirmation');
        for (const [message, input] of sent) {
          await send(deal, message, input).catch((error: unknown) => {
            // Refused, or the deal has ended by a decision that fits.
            if (!(error instanceof WorkflowUpdateFailedError) && !isGone(error)) throw error;
          });
        }
        // The currency of the drafts is EUR, and the inputs never have it.
        expect(world.books.posted).toEqual([]);
        // It still answers, and goes on as if nothing had been sent unless somebody ended it.
        await expect
          .poll(() => world.states.at(-1), { timeout: 10_000 })
          .toSatisfy((state) => ['awaiting-confirmation', 'rejected', 'cancelled'].includes(state));
        if (!['rejected', 'cancelled'].includes(world.states.at(-1) ?? '')) {
          await deal.until('awaiting-confirmation');
          await deal.confirm();
          expect((await deal.handle.result()).outcome).toBe('written-back');
          expect(world.books.posted).toHaveLength(1);
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});

function isGone(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowNotFoundError';
}
