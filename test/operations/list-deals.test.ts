import { expect, it } from 'vitest';
import type { Queryable } from '../../src/ledger/database.js';
import { listDeals } from '../../src/operations/deals/list-deals.js';

const ASKED = new Error('the ledger was asked');
const database: Queryable = { query: () => Promise.reject(ASKED) };
const PERSON = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] } as const;

const list = (olderThan: string) => listDeals({ database, now: new Date() }, PERSON, { olderThan });

it.each(['36501d', '876001h', '9999999d', '999999999999d'])(
  'deals that are older than %s are not looked for: PostgreSQL knows no such time',
  async (olderThan) => {
    await expect(list(olderThan)).rejects.toThrow(
      `olderThan: expected a time such as 30m, 12h or 2d, at most 36500d, got '${olderThan}'`,
    );
  },
);

it('a hundred years are looked for, and a time of another unit is named as before', async () => {
  await expect(list('36500d')).rejects.toThrow(ASKED);
  await expect(list('2w')).rejects.toThrow("olderThan: expected a time such as 30m, 12h or 2d, got '2w'");
});
