import { afterEach, expect, it, vi } from 'vitest';
import type { BackfillRow } from '../../src/ledger/masters/backfill.js';
import { startBackfillPace } from '../../src/worker/backfill-pace.js';

/** Who begins the runs of a full reading, without Temporal. */

const LIMITS = { maxAlone: 2, maxBesideDeals: 1, aloneMs: 1, besideDealsMs: 1 };

afterEach(() => void vi.useRealTimers());

function stage(
  waiting: BackfillRow[],
  refuses: (rowId: string) => boolean = () => false,
  { limits = LIMITS, isBesideDeals = false } = {},
) {
  const begun: string[] = [];
  const warnings: string[] = [];
  const asked: unknown[] = [];
  const begin = async (kind: string, rowId: string, isBackfill: boolean | undefined): Promise<void> => {
    if (refuses(rowId)) throw new Error('Temporal is away');
    begun.push(`${kind} ${rowId} ${isBackfill}`);
  };
  const pace = startBackfillPace(
    {
      backfill: {
        add: () => Promise.reject(new Error('only the feeds add')),
        async take(allowed) {
          asked.push(allowed);
          return { rows: waiting.splice(0, 2), isBesideDeals };
        },
        giveBack: async (rowId) => void waiting.push({ table: 'account', rowId }),
        end: () => Promise.reject(new Error('only a pass ends')),
        count: () => Promise.reject(new Error('nobody asks')),
      },
      follow: {
        followAccount: (table, rowId, _request, isBackfill) => begin(table, rowId, isBackfill),
        followProduct: (rowId, _request, isBackfill) => begin('product', rowId, isBackfill),
      },
      log: { warn: (...said: unknown[]) => void warnings.push(String(said[1])) },
    },
    limits,
  );
  return { begun, warnings, asked, pace };
}

it('begins each row as its table asks, behind everything else, until none waits', async () => {
  const { begun, asked, pace } = stage([
    { table: 'account', rowId: 'A' },
    { table: 'contact', rowId: 'C' },
    { table: 'product', rowId: 'P' },
  ]);
  await expect.poll(() => begun).toEqual(['account A true', 'contact C true', 'product P true']);
  await pace.stop();
  expect(asked[0]).toMatchObject({ maxAlone: 2, maxBesideDeals: 1 });
});

it('gives a row back that could not be begun, says why, and begins it later', async () => {
  let isAway = true;
  const { begun, warnings, pace } = stage(
    [
      { table: 'account', rowId: 'A' },
      { table: 'account', rowId: 'B' },
    ],
    (rowId) => rowId === 'A' && isAway,
  );
  await expect.poll(() => warnings.length).toBeGreaterThan(0);
  expect(warnings[0]).toBe('rows of a full reading were not begun, the next look tries again');
  expect(begun).toEqual(['account B true']);
  isAway = false;
  await expect.poll(() => begun).toEqual(['account B true', 'account A true']);
  await pace.stop();
});

it('looks again at once while rows begin, and after a while beside deals or when none waits', async () => {
  vi.useFakeTimers();
  const limits = { ...LIMITS, aloneMs: 100, besideDealsMs: 1_000 };
  const row: BackfillRow = { table: 'account', rowId: 'A' };
  for (const { rows, isBesideDeals, restMs } of [
    { rows: [row], isBesideDeals: false, restMs: 100 },
    { rows: [row], isBesideDeals: true, restMs: 1_000 },
    { rows: [], isBesideDeals: false, restMs: 1_000 },
  ]) {
    const { asked, pace } = stage([...rows], undefined, { limits, isBesideDeals });
    await vi.advanceTimersByTimeAsync(restMs - 1);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    await pace.stop();
  }
});
