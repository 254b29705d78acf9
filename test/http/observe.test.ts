import { Hono } from 'hono';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observe } from '../../src/http/observe.js';
import { listenToSpans, type SpanListener } from '../support/spans.js';

/** Whose trace a request belongs to. */

let spans: SpanListener;
beforeEach(() => {
  spans = listenToSpans();
});
afterEach(() => spans.close());

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

async function traceIdsOf(flags: string): Promise<readonly string[]> {
  const app = new Hono().use(observe).get('/deals', (c) => c.text('ok'));
  await app.request('/deals', { headers: { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-${flags}` } });
  return spans.ended().map(({ traceId }) => traceId);
}

it('is the trace of the caller who records it, whatever else the flags say', async () => {
  expect(await traceIdsOf('01')).toEqual([TRACE_ID]);
  expect(await traceIdsOf('03')).toEqual([TRACE_ID, TRACE_ID]);
});

it('is one of its own where the caller records nothing, such as a proxy that samples one request of a hundred', async () => {
  for (const flags of ['00', '02']) {
    const ids = await traceIdsOf(flags);
    expect(ids.at(-1)).toMatch(/^[0-9a-f]{32}$/);
    expect(ids).not.toContain(TRACE_ID);
  }
});
