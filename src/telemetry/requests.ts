import { count, recordDuration, setGauge } from './instruments.js';
import { inSpan, SpanKind, toCorrelationId, toTraceHeaders } from './spans.js';

/** A request to another system: one span, one count. */

export interface ObservedRequest {
  readonly system: string;
  /** Whose quota it counts for: the queue of the app registration, or, when undefined, the system's own. */
  readonly lane?: string | undefined;
  readonly method: string;
  /** Below the base URL, query included; only the name of what it addresses is kept. */
  readonly path: string;
}

/** What goes with a request so that others find it. */
export interface Marks {
  /** They carry the trace. */
  readonly traceHeaders: Readonly<Record<string, string>>;
  /** Makes the GUID of this attempt, by which the other side's support finds it, and names it in the span. */
  readonly correlate: () => string;
}

export interface ObservedAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Of the answering server alone, and of five minutes: reference/dataverse-sales 6.1. */
const REMAINING = {
  dealbridge_quota_remaining_requests: 'x-ms-ratelimit-burst-remaining-xrm-requests',
  dealbridge_quota_remaining_seconds: 'x-ms-ratelimit-time-remaining-xrm-requests',
} as const;

export async function observeRequest<T extends ObservedAnswer>(
  { system, lane = system, method, path }: ObservedRequest,
  send: (marks: Marks) => Promise<T>,
): Promise<T> {
  const kind = `${method} ${nameOf(path)}`;
  const attributes = { 'peer.service': system, 'http.request.method': method };
  const began = performance.now();
  let status = 'none';
  return inSpan(`${system} ${kind}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      const correlate = (): string => {
        const correlationId = toCorrelationId(span);
        span.setAttribute('dealbridge.correlation_id', correlationId);
        return correlationId;
      };
      const answer = await send({ traceHeaders: toTraceHeaders(), correlate });
      status = String(answer.statusCode);
      span.setAttribute('http.response.status_code', answer.statusCode);
      for (const [name, header] of Object.entries(REMAINING) as [keyof typeof REMAINING, string][]) {
        // With or without a separator of thousands: `1,200.00`.
        const remaining = Number.parseFloat(String(answer.headers[header]).replaceAll(',', ''));
        if (Number.isFinite(remaining)) setGauge(name, remaining, { system, lane });
      }
      return answer;
    } finally {
      count('dealbridge_requests', { system, lane, kind, status });
      recordDuration('dealbridge_request_duration_seconds', (performance.now() - began) / 1_000, { system });
    }
  });
}

/** An address that another system gives may name anything: beyond these all are one. */
const MAX_NAMES = 100;
const names = new Set<string>();

/** `salesInvoices(…)/Microsoft.NAV.post?…` is `salesInvoices/Microsoft.NAV.post`: sets and actions, never a key or a filter. */
function nameOf(path: string): string {
  const [address = ''] = path.split('?', 1);
  const parts = address
    .replace(/\([^)]*\)/g, '')
    .split('/')
    .filter((part) => /^\$?[A-Za-z][\w.]{0,59}$/.test(part));
  const name = parts.slice(0, 2).join('/') || 'other';
  if (!names.has(name) && names.size >= MAX_NAMES) return 'other';
  names.add(name);
  return name;
}
