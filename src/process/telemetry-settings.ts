import { z } from 'zod';
import { port } from './setting-numbers.js';

/** The settings by which worker and starter are watched; those of OpenTelemetry have the names that it gives them. */

const endpoint = z
  .url({ protocol: /^https?$/, abort: true })
  .refine((text) => new URL(text).username === '', 'an address without user name and password')
  .transform((text) => text.replace(/\/+$/, ''));
const headers = z
  .string()
  .refine(
    (text) => text.split(',').every((pair) => /^\s*[\w-]+\s*=\s*\S[^,]*$/.test(pair)),
    'pairs such as authorization=Bearer%20abc,x-tenant=one',
  );

export const telemetrySettings = z.object({
  STATUS_HOST: z.string().min(1).default('127.0.0.1'),
  WORKER_STATUS_PORT: port.optional(),
  STARTER_STATUS_PORT: port.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
});

export type ProcessName = 'worker' | 'starter';

export interface TelemetryConfig {
  /** Where `/livez`, `/readyz` and `/metrics` are; a process without a port has none. */
  readonly status: { readonly host: string; readonly ports: Readonly<Partial<Record<ProcessName, number>>> };
  /** Undefined: there are no traces, and nothing of them is loaded. */
  readonly traces:
    | {
        readonly endpoint: string;
        /** As the setting has them: {@link parseHeaders}. */
        readonly secretHeaders: string | undefined;
        readonly serviceName: string | undefined;
      }
    | undefined;
}

export function toTelemetryConfig(e: z.output<typeof telemetrySettings>): TelemetryConfig {
  return {
    status: {
      host: e.STATUS_HOST,
      ports: {
        ...(e.WORKER_STATUS_PORT !== undefined && { worker: e.WORKER_STATUS_PORT }),
        ...(e.STARTER_STATUS_PORT !== undefined && { starter: e.STARTER_STATUS_PORT }),
      },
    },
    traces:
      e.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : {
            endpoint: e.OTEL_EXPORTER_OTLP_ENDPOINT,
            secretHeaders: e.OTEL_EXPORTER_OTLP_HEADERS,
            serviceName: e.OTEL_SERVICE_NAME,
          },
  };
}

export function parseHeaders(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const pairs = text.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name.trim(), decode(value.trim())]));
}

/** Values are percent-encoded, as baggage is; one that is not is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
