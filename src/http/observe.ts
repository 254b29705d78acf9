import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { count, recordDuration } from '../telemetry/instruments.js';
import { inSpan, inTraceOf, SpanKind } from '../telemetry/spans.js';

/**
 * One span and one count for each request that a server of ours answers, by the pattern of its route: its path may hold a
 * key and its query a secret. A caller that sends `traceparent` goes on in its own trace.
 */
export const observe: MiddlewareHandler = async (c, next) => {
  const began = performance.now();
  const { method } = c.req;
  await inTraceOf({ traceparent: c.req.header('traceparent'), tracestate: c.req.header('tracestate') }, () =>
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
