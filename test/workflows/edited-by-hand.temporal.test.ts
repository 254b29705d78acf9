import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retryUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** What an automatic confirmation leaves to a person. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping?.close());

describe('a draft that somebody changed by hand', () => {
  it.each([{ confirmation: { by: 'rule' } }, { confirmation: { by: 'rule-below', amount: '500' } }] as const)(
    'is posted by no rule, though it agrees with the deal: %o',
    async (policy) => {
      const world = makeDealWorld(skipping, policy);
      world.refuse('post', { reason: 'period-closed', text: 'the period is closed' });
      const deal = await world.start();
      await deal.until('held');
      const edited = 'line 1: number EQ-1002 instead of EQ-1001';
      if (world.books.draft) world.books.draft = { ...world.books.draft, etag: '2', edited };
      world.refuse('post', undefined);
      await deal.handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
      await deal.until('awaiting-confirmation');
      expect((await deal.status()).edited).toBe(edited);
      expect(world.books.posted).toEqual([]);
      await deal.confirm();
      expect((await deal.handle.result()).outcome).toBe('written-back');
      expect(world.books.posted).toHaveLength(1);
    },
  );
});
