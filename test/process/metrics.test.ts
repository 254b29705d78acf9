import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Metrics, startMetrics } from '../../src/process/telemetry/metrics.js';
import { count, type Observation, setGauge } from '../../src/telemetry/instruments.js';

let metrics: Metrics | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await metrics?.close();
});

const waiting = (reason: string, value: number): Observation => ({
  name: 'dealbridge_waiting_deals',
  value,
  labels: { reason },
});

/** What `/metrics` shows of the names that begin like this, without what describes them. */
async function readSeries(prefix: string): Promise<string[]> {
  const text = (await metrics?.read()) ?? '';
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

describe('what is looked up', () => {
  it('is shown no more once it is over: nobody is called for a hold that was cleared', async () => {
    let found: readonly Observation[] = [waiting('internal-error', 2), waiting('item-missing', 1)];
    metrics = await startMetrics(
      async () => found,
      async () => '',
    );
    expect(await readSeries('dealbridge_waiting_deals')).toEqual([
      'dealbridge_waiting_deals{reason="internal-error"} 2',
      'dealbridge_waiting_deals{reason="item-missing"} 1',
    ]);
    found = [waiting('item-missing', 3)];
    expect(await readSeries('dealbridge_waiting_deals')).toEqual(['dealbridge_waiting_deals{reason="item-missing"} 3']);
    found = [];
    expect(await readSeries('dealbridge_waiting_deals')).toEqual([]);
    found = [waiting('internal-error', 1)];
    expect(await readSeries('dealbridge_waiting_deals')).toEqual([
      'dealbridge_waiting_deals{reason="internal-error"} 1',
    ]);
  });

  it('is shown to each of two that ask at once', async () => {
    metrics = await startMetrics(
      async () => [waiting('item-missing', 1)],
      async () => '',
    );
    const both = await Promise.all([
      readSeries('dealbridge_waiting_deals'),
      readSeries('dealbridge_waiting_deals'),
      readSeries('process_resident_memory_bytes'),
    ]);
    expect(both.map((lines) => lines.length)).toEqual([1, 1, 1]);
  });
});

it('what is counted, and what was said last, stays between two readings', async () => {
  metrics = await startMetrics(
    async () => [],
    async () => '',
  );
  count('dealbridge_ledger_failures', { verb: 'SELECT' });
  setGauge('dealbridge_quota_requests_per_second', 20, { system: 'business-central', lane: 'bc' });
  for (const times of [1, 2]) {
    expect(await readSeries('dealbridge_ledger_failures_total')).toEqual([
      `dealbridge_ledger_failures_total{verb="SELECT"} ${times}`,
    ]);
    expect(await readSeries('dealbridge_quota')).toEqual([
      'dealbridge_quota_requests_per_second{system="business-central",lane="bc"} 20',
    ]);
    count('dealbridge_ledger_failures', { verb: 'SELECT' });
  }
});

it('a quota that a server named is forgotten after its five minutes, where nothing was asked since', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  metrics = await startMetrics(
    async () => [],
    async () => '',
  );
  const lane = { system: 'dataverse', lane: 'dataverse' };
  setGauge('dealbridge_quota_remaining_requests', 300, lane);
  setGauge('dealbridge_quota_requests_per_second', 20, lane);
  vi.advanceTimersByTime(299_000);
  const left = 'dealbridge_quota_remaining_requests{system="dataverse",lane="dataverse"} 300';
  expect(await readSeries('dealbridge_quota_remaining_requests')).toEqual([left]);
  vi.advanceTimersByTime(2_000);
  expect(await readSeries('dealbridge_quota_remaining_requests')).toEqual([]);
  // What a setting says holds on.
  expect(await readSeries('dealbridge_quota_requests_per_second')).toHaveLength(1);
});
