import { describe, expect, it } from 'vitest';
import { describePostingPeriod, findClosedPeriod } from '../../src/deal/posting-period.js';
import { createFindPostingPeriod } from '../../src/operations/deals/posting-periods.js';

describe('a day of posting', () => {
  it.each([
    ['inside', '2031-05-04', '2031-05-01', '2031-05-31', undefined],
    ['on the first day', '2031-05-01', '2031-05-01', '2031-05-31', undefined],
    ['on the last day', '2031-05-31', '2031-05-01', '2031-05-31', undefined],
    ['where both ends are open', '2031-05-04', undefined, undefined, undefined],
    ['before the period', '2031-04-30', '2031-05-01', undefined, '2031-04-30'],
    ['after the period', '2031-06-01', undefined, '2031-05-31', '2031-06-01'],
    ['of a draft that has none', undefined, '2031-05-01', '2031-05-31', undefined],
  ])('%s', (_where, day, from, to, closed) => {
    expect(findClosedPeriod(day, { from, to })?.postingDate).toBe(closed);
  });
});

describe('the period of a company', () => {
  it('is asked once a minute, however many look, and is not known while nobody answers', async () => {
    let now = new Date('2031-05-04T10:00:00Z');
    let asked = 0;
    const period = { from: '2031-05-01', to: undefined };
    const answers = [async () => period, async () => Promise.reject(new Error('no answer'))];
    const find = createFindPostingPeriod({
      read: () => answers[asked++]?.() ?? Promise.reject(new Error('asked too often')),
      now: () => now,
    });
    expect(await Promise.all([find('one'), find('one'), find('one')])).toEqual([period, period, period]);
    expect(asked).toBe(1);
    now = new Date('2031-05-04T10:01:00Z');
    expect(await find('one')).toBeUndefined();
    expect(await find('one')).toBeUndefined();
    expect(asked).toBe(2);
  });
});

describe('the words of a posting period', () => {
  it.each([
    ['open from 2026-01-01 to 2026-12-31', '2026-01-01', '2026-12-31'],
    ['open from 2026-01-01 on', '2026-01-01', undefined],
    ['open until 2026-12-31', undefined, '2026-12-31'],
    ['open for every date', undefined, undefined],
  ])('%s', (words, from, to) => {
    expect(describePostingPeriod({ from, to })).toBe(words);
  });
});
