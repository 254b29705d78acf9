import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../src/deal/errors.js';
import type { UnverifiedDecisions } from '../../src/deal/unverified-decisions.js';
import type { Person } from '../../src/identity/person.js';
import { confirmDeal } from '../../src/operations/deals/decide.js';

/** A run takes a confirmation and finds it void only afterwards: whoever gives one that cannot count is told before. */

const figures = { documentNumber: '1002', totalIncludingTax: '169.46', currency: 'EUR' };
const deal = '6f9619ff-8b86-4011-b42d-00c04fc964ff';

const database = { query: () => Promise.reject(new Error('asked for the deal')) };

const confirm = (unverified: UnverifiedDecisions, of: Pick<Person, 'source' | 'isVerified'>): Promise<unknown> =>
  confirmDeal(
    { database, deals: {} as never, unverified } as never,
    { name: 'ann', roles: ['Admin'], ...of },
    { deal, figures },
  );

describe('a confirmation that nobody proved', () => {
  it.each(['refused', 'by-signal'] as const)('is refused where the setting is %s', async (unverified) => {
    for (const source of ['cli', 'desk'] as const) {
      const attempt = confirm(unverified, { source, isVerified: false });
      await expect(attempt).rejects.toThrow(RefusedError);
      await expect(attempt).rejects.toThrow(`DESK_UNVERIFIED_DECISIONS is '${unverified}'`);
    }
  });

  it('goes on where it counts, as a proved one does everywhere', async () => {
    await expect(confirm('accepted', { source: 'cli', isVerified: false })).rejects.toThrow('asked for the deal');
    for (const unverified of ['refused', 'by-signal', 'accepted'] as const)
      await expect(confirm(unverified, { source: 'desk', isVerified: true })).rejects.toThrow('asked for the deal');
  });
});
