import { randomUUID } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';
import type { SimResponse } from '../kernel/server.js';

export interface Refusal {
  readonly error: string;
  readonly code: number;
  readonly text: string;
}

/** An error as the token endpoint says it (entra-docs, docs/identity-platform/reference-error-codes.md). */
export function refuse(clock: SimClock, status: number, { error, code, text }: Refusal): SimResponse {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const timestamp = `${clock.date().toISOString().replace('T', ' ').slice(0, 19)}Z`;
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}

export function missingParameter(names: string): Refusal {
  const text = `The request body must contain the following parameter: ${names}.`;
  return { error: 'invalid_request', code: 900_144, text };
}
