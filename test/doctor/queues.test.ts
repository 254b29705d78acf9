import { expect, it } from 'vitest';
import { toPolled } from '../../src/doctor/temporal.js';

/** What the doctor says of a queue, by the workers that poll it. */

it('warns where all workers together come near the hundred requests that Business Central takes at once', () => {
  const resultOf = (workers: number, parallel?: number) => toPolled('business-central', workers, parallel).result;
  expect([resultOf(0, 4), resultOf(1, 50), resultOf(19, 4), resultOf(20, 4), resultOf(2, 50)]).toEqual([
    'wrong',
    'ok',
    'ok',
    'warning',
    'warning',
  ]);
  expect(toPolled('business-central', 3, 40).found).toContain('3 workers with 40 steps at once each: 120');
  // Of a queue that has no quota there.
  expect(resultOf(1_000)).toBe('ok');
});
