import type { Meter } from '@opentelemetry/api';
import { type Observation, startCounting, stopCounting } from '../../telemetry/instruments.js';

/** The numbers of this process as Prometheus reads them; the SDK is loaded only where somebody may ask for them. */

export interface Metrics {
  /** In the text format of Prometheus. */
  read(): Promise<string>;
  close(): Promise<void>;
}

/** @param readOthers the numbers of what measures itself, in the same format. */
export async function startMetrics(
  observe: () => Promise<readonly Observation[]>,
  readOthers: () => Promise<string>,
): Promise<Metrics> {
  const [{ AggregationTemporality, InstrumentType, MeterProvider, MetricReader }, { PrometheusSerializer }] =
    await Promise.all([import('@opentelemetry/sdk-metrics'), import('@opentelemetry/exporter-prometheus')]);
  class Reader extends MetricReader {
    constructor() {
      super({
        // Cumulative, a gauge shows for ever what it was last observed with: a reason that no deal has any more.
        aggregationTemporalitySelector: (type) =>
          type === InstrumentType.OBSERVABLE_GAUGE ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
      });
    }
    protected async onForceFlush(): Promise<void> {}
    protected async onShutdown(): Promise<void> {}
  }
  const reader = new Reader();
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const provider = new MeterProvider({ readers: [reader] });
  const meter: Meter = provider.getMeter('dealbridge');
  startCounting(meter, async () => [...(await observe()), ...observeProcess()]);
  const readAll = async (): Promise<string> => {
    const [{ resourceMetrics }, others] = await Promise.all([reader.collect(), readOthers()]);
    return `${serializer.serialize(resourceMetrics)}${others}`;
  };
  let reading: Promise<string> | undefined;
  return {
    // Of two collections at once the first would take what both observed, and leave the other without.
    read() {
      reading ??= readAll().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    async close() {
      stopCounting();
      await provider.shutdown();
    },
  };
}

function observeProcess(): readonly Observation[] {
  const { user, system } = process.cpuUsage();
  return [
    { name: 'process_resident_memory_bytes', value: process.memoryUsage.rss(), labels: {} },
    { name: 'process_cpu_seconds', value: (user + system) / 1e6, labels: {} },
  ];
}
