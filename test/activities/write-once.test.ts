import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeOnce } from '../../src/activities/write-once.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { type Counter, openCounter } from '../support/business-central.js';

/** When a write whose answer never came may be asked again (I3). */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter.close());

describe('a write without an answer', () => {
  it('may land for as long after it was given up, however long it waited for a token before it asked', async () => {
    const { recordId } = await counter.win();
    let asked = 0;
    const attempt = () =>
      writeOnce<{ readonly id: string }>(counter.ledger, {
        recordId,
        writeKey: `${recordId}/anything`,
        action: 'write something',
        outcomeMs: 60_000,
        find: async () => undefined,
        write: async () => {
          asked += 1;
          // An hour has passed between the intent and the request.
          await counter.database.query(
            `UPDATE write_intents SET asked_at = now() - interval '1 hour' WHERE record_id = $1`,
            [recordId],
          );
          throw new RemoteApiError('business-central', 'unknown-outcome', 'write something', { status: 504 });
        },
        outcome: () => ({ facts: {} }),
      });
    await expect(attempt()).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    await expect(attempt()).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    expect(asked).toBe(1);
  });
});
