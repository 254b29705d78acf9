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
  const [{ MeterProvider }, { PrometheusExporter, PrometheusSerializer }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-prometheus'),
  ]);
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const provider = new MeterProvider({ readers: [reader] });
  const meter: Meter = provider.getMeter('dealbridge');
  startCounting(meter, async () => [...(await observe()), ...observeProcess()]);
  return {
    async read() {
      const [{ resourceMetrics }, others] = await Promise.all([reader.collect(), readOthers()]);
      return `${serializer.serialize(resourceMetrics)}${others}`;
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
