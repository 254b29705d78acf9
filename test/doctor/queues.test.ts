import { expect, it } from 'vitest';
import { findIdleVersions, toIdle, toPolled } from '../../src/doctor/temporal.js';

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

it('names workers of a version to which no task goes, and how it is made the current one', () => {
  expect(findIdleVersions(['v1', 'v2'], ['v2'])).toBeUndefined();
  expect(findIdleVersions(['v2'], ['v1', 'v2'])).toBeUndefined();
  expect(findIdleVersions([undefined], [undefined])).toBeUndefined();
  // Nobody at all is said by another line.
  expect(findIdleVersions([], ['v2'])).toBeUndefined();
  expect(findIdleVersions(['v2', 'v2'], [undefined])).toEqual(['v2']);
  expect(findIdleVersions([undefined], ['v1'])).toEqual([undefined]);
  expect(toIdle('deals', ['v2'], 'v1', 'sales')).toMatchObject({
    result: 'wrong',
    found: 'polled by version v2, and its tasks go to version v1: nothing of it is done',
    advice:
      'Start a worker of that version, or `temporal worker deployment set-current-version -n sales --deployment-name dealbridge --build-id v2 --yes`.',
  });
  expect(toIdle('deals', [undefined], 'v1', 'sales').advice).toContain(
    '--deployment-name dealbridge --unversioned --yes',
  );
});
