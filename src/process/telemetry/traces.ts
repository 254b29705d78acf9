import type { Logger } from 'pino';
import { type ProcessName, parseHeaders, type TelemetryConfig } from '../telemetry-settings.js';
import { VERSION } from '../version.js';

/** Sends spans to the collector, in batches; without one nothing is loaded. A collector that is away costs spans and nothing else. */

/** How long the end of a process waits for the last spans. */
const FLUSH_MS = 2_000;
const EXPORT_MS = 5_000;

export interface Traces {
  close(): Promise<void>;
}

export async function startTraces(
  traces: TelemetryConfig['traces'],
  process: ProcessName,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<Traces> {
  if (!traces) return { close: async () => undefined };
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({
    url: `${traces.endpoint}/v1/traces`,
    headers: parseHeaders(traces.secretHeaders),
    timeoutMillis: EXPORT_MS,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': traces.serviceName ?? `dealbridge-${process}`,
      'service.version': VERSION,
    }),
    spanProcessors: [new BatchSpanProcessor(exporter, { exportTimeoutMillis: EXPORT_MS })],
  });
  provider.register();
  log.info({ collector: new URL(traces.endpoint).origin }, 'traces are sent');
  return {
    async close() {
      const isOver = await Promise.race([
        provider.shutdown().then(
          () => true,
          () => true,
        ),
        after(FLUSH_MS),
      ]);
      if (!isOver) log.warn('the last spans were not taken in time');
    },
  };
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref();
  });
}
