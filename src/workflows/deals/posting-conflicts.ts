import { sleep } from '@temporalio/workflow';
import type { DealHandlers } from './deal-handlers.js';

/** How often the draft was another in the moment of its posting, without the deal being another. */
export class PostingConflicts {
  private rounds = 0;

  /** Somebody or something keeps writing to the draft: it is left alone for longer each time, and in the end for a person. */
  async rest(handlers: DealHandlers): Promise<void> {
    this.rounds += 1;
    await sleep(FIRST_REST_MS * 2 ** (this.rounds - 1));
    if (this.rounds < MAX_ROUNDS) return;
    const text = `the draft was changed in Business Central ${MAX_ROUNDS} times in the moment of its posting`;
    await handlers.runUnlessHeld('waiting for the draft to rest', async (isRepeat) =>
      isRepeat ? undefined : { held: [{ reason: 'draft-changed' as const, text }] },
    );
    this.rounds = 0;
  }
}

const FIRST_REST_MS = 1_000;
const MAX_ROUNDS = 5;
