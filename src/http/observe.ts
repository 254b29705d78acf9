import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { count, recordDuration } from '../telemetry/instruments.js';
import { inSpan, inTraceOf, SpanKind } from '../telemetry/spans.js';

/**
 * One span and one count for each request that a server of ours answers, by the pattern of its route: its path may hold a
 * key and its query a secret. A caller that sends `traceparent` goes on in its own trace, if it records it: proxies often record
 * one request of a hundred, and a deal is to have a trace whatever they do.
 */
export const observe: MiddlewareHandler = async (c, next) => {
  const began = performance.now();
  const { method } = c.req;
  const traceparent = c.req.header('traceparent');
  const caller = isRecorded(traceparent) ? { traceparent, tracestate: c.req.header('tracestate') } : {};
  await inTraceOf(caller, () =>
    inSpan(method, { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } }, async (span) => {
      await next();
      const route = c.res.status === 404 ? 'none' : routePath(c, -1);
      const status = String(c.res.status);
      span.updateName(`${method} ${route}`);
      span.setAttributes({ 'http.route': route, 'http.response.status_code': c.res.status });
      count('dealbridge_http_requests', { route, status });
      recordDuration('dealbridge_http_duration_seconds', (performance.now() - began) / 1_000, { route });
    }),
  );
};

/** The last bit of its flags, the fourth part (W3C Trace Context, 3.2.2.5). */
function isRecorded(traceparent: string | undefined): boolean {
  return (Number.parseInt(traceparent?.split('-')[3] ?? '', 16) & 1) === 1;
}
