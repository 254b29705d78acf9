import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isGuid } from '../../src/deal/ids.js';
import type { Metrics } from '../../src/process/telemetry/metrics.js';
import { startMetrics } from '../../src/process/telemetry/metrics.js';
import {
  COUNTERS,
  count,
  GAUGES,
  HISTOGRAMS,
  OBSERVED,
  recordDuration,
  setGauge,
} from '../../src/telemetry/instruments.js';
import { observeRequest } from '../../src/telemetry/requests.js';
import { inLoop, inSpan, inTraceOf, isInLoop, toTraceHeaders } from '../../src/telemetry/spans.js';
import { observeStatement } from '../../src/telemetry/statements.js';
import { listenToSpans, type SpanListener } from '../support/spans.js';

const namesOf = <Of extends object>(of: Of) => Object.keys(of) as (keyof Of)[];
const labelsOf = ({ labels }: { readonly labels: readonly string[] }) =>
  Object.fromEntries(labels.map((label) => [label, 'any'])) as never;

let metrics: Metrics;
let spans: SpanListener;
beforeEach(async () => {
  metrics = await startMetrics(
    async () => namesOf(OBSERVED).map((name) => ({ name, value: 7, labels: labelsOf(OBSERVED[name]) })),
    async () => 'temporal_request 3\n',
  );
  spans = listenToSpans();
});
afterEach(async () => {
  spans.close();
  await metrics.close();
});

const answer = (statusCode: number, headers = {}) => Promise.resolve({ statusCode, headers });
const ask = (path: string, statusCode = 200, method = 'GET') =>
  observeRequest({ system: 'dataverse', method, path }, () => answer(statusCode));

describe('what is counted', () => {
  it('is exported, every name of it, with what measures itself', async () => {
    for (const name of namesOf(COUNTERS)) count(name, labelsOf(COUNTERS[name]));
    for (const name of namesOf(HISTOGRAMS)) recordDuration(name, 1, labelsOf(HISTOGRAMS[name]));
    for (const name of namesOf(GAUGES)) setGauge(name, 1, labelsOf(GAUGES[name]));
    const text = await metrics.read();
    const found = new Set(text.match(/^\w+/gm));
    const wanted = [
      ...Object.keys(COUNTERS).map((name) => `${name}_total`),
      ...Object.keys(HISTOGRAMS).flatMap((name) => ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`)),
      ...Object.keys(GAUGES),
      ...Object.keys(OBSERVED),
      'temporal_request',
    ];
    expect(wanted.filter((name) => !found.has(name))).toEqual([]);
  });

  it('names sets and actions of a request, never a key, a filter or a value', async () => {
    await ask("salesInvoices(8e57227f-a9fa-4d0d-815d-542637d1c0ac)/Microsoft.NAV.post?company='CRONUS'", 204, 'POST');
    await ask("accounts?$filter=name eq 'Somebody'");
    await ask('companies(1)/salesInvoices(2)/pdfDocument/content');
    await ask('Somebody GmbH/secret key');
    const text = await metrics.read();
    const kinds = [...text.matchAll(/^dealbridge_requests_total\{[^}]*kind="([^"]*)",status="(\d+)"\} 1/gm)];
    expect(kinds.map(([, kind, status]) => `${kind} ${status}`)).toEqual([
      'POST salesInvoices/Microsoft.NAV.post 204',
      'GET accounts 200',
      'GET companies/salesInvoices 200',
      'GET other 200',
    ]);
    expect(JSON.stringify(spans.ended())).not.toMatch(/Somebody|CRONUS|8e57227f/);
  });

  it('knows a request without an answer, and what the server says is left', async () => {
    const lost = observeRequest({ system: 'entra', method: 'POST', path: 'token' }, () =>
      Promise.reject(Object.assign(new Error('Somebody'), { code: 'ECONNRESET' })),
    );
    await expect(lost).rejects.toThrow('Somebody');
    await observeRequest({ system: 'dataverse', method: 'GET', path: 'accounts' }, () =>
      answer(200, {
        'x-ms-ratelimit-burst-remaining-xrm-requests': '5999',
        'x-ms-ratelimit-time-remaining-xrm-requests': '1,198.25',
      }),
    );
    await ask('accounts');
    const text = await metrics.read();
    expect(text).toContain('dealbridge_requests_total{system="entra",lane="entra",kind="POST token",status="none"} 1');
    expect(text).toContain('dealbridge_quota_remaining_requests{system="dataverse",lane="dataverse"} 5999');
    expect(text).toContain('dealbridge_quota_remaining_seconds{system="dataverse",lane="dataverse"} 1198.25');
    const [failed] = spans.ended();
    expect(failed).toMatchObject({ attributes: { 'error.type': 'Error/ECONNRESET' }, status: { code: 2 } });
    expect(JSON.stringify(failed)).not.toContain('Somebody');
  });
});

it('a request counts for the lane of its application', async () => {
  await observeRequest(
    { system: 'business-central', lane: 'business-central-north', method: 'GET', path: 'items' },
    () => answer(429),
  );
  expect(await metrics.read()).toContain(
    'dealbridge_requests_total{system="business-central",lane="business-central-north",kind="GET items",status="429"} 1',
  );
});

describe('a trace', () => {
  it('goes with the request', async () => {
    const sent = await inSpan('step', {}, async () =>
      observeRequest({ system: 'dataverse', method: 'GET', path: 'accounts' }, async (marks) => ({
        statusCode: 200,
        headers: { ...marks.traceHeaders },
        correlationId: marks.correlate(),
      })),
    );
    const [request, step] = spans.ended();
    expect(sent.headers['traceparent']).toBe(`00-${request?.traceId}-${request?.spanId}-01`);
    const { correlationId } = sent;
    // Whoever has the GUID has the span, and the first half of the trace.
    expect(correlationId.replaceAll('-', '')).toBe(`${request?.traceId.slice(0, 16)}${request?.spanId}`);
    expect(isGuid(correlationId)).toBe(true);
    expect(request).toMatchObject({
      traceId: step?.traceId,
      parentSpanId: step?.spanId,
      attributes: { 'dealbridge.correlation_id': correlationId, 'http.response.status_code': 200 },
    });
  });

  it('goes on where a header names it, and begins anew where none does', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await inTraceOf({ traceparent }, () => inSpan('of it', {}, async () => undefined));
    await inSpan('outer', {}, () => inTraceOf({}, () => inSpan('of none', {}, async () => undefined)));
    const [ofIt, ofNone, outer] = spans.ended();
    expect(ofIt).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
    expect(ofNone?.traceId).not.toBe(outer?.traceId);
  });

  it('of what a loop starts is its own, and names the reading that found it', async () => {
    await inLoop(() =>
      inSpan('read the feed', {}, async () => {
        expect(isInLoop()).toBe(true);
        await inSpan('start', { isOwnTrace: isInLoop() }, async () => undefined);
      }),
    );
    const [start, reading] = spans.ended();
    expect(start?.traceId).not.toBe(reading?.traceId);
    expect(start?.links).toEqual([reading?.spanId]);
  });

  it('has a statement of the ledger only where something of it asks, and neither text nor values', async () => {
    const text = `UPDATE source_records SET state = $1 WHERE record_number = 'SO-1'`;
    await observeStatement(text, async () => undefined);
    expect(spans.ended()).toEqual([]);
    await inSpan('step', {}, () => observeStatement(text, async () => undefined));
    const [statement] = spans.ended();
    expect(statement).toMatchObject({
      name: 'ledger UPDATE source_records',
      attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'UPDATE' },
    });
    expect(JSON.stringify(statement)).not.toContain('SO-1');
    expect(await metrics.read()).toContain('dealbridge_ledger_duration_seconds_count{verb="UPDATE"} 2');
  });

  it('is not there without a collector: nothing is sent and the work is done', async () => {
    spans.close();
    const sent = await inSpan('step', { isOwnTrace: true }, async () => toTraceHeaders());
    expect(sent).toEqual({});
    const attempt = () =>
      observeRequest({ system: 'dataverse', method: 'GET', path: 'accounts' }, async ({ correlate }) => ({
        ...{ statusCode: 200, headers: {} },
        correlationId: correlate(),
      }));
    const ids = [(await attempt()).correlationId, (await attempt()).correlationId];
    expect(ids.every(isGuid)).toBe(true);
    expect(new Set(ids).size).toBe(2);
  });
});

// The last one: what is known by then stays known to the process.
describe('the number of kinds', () => {
  it('stays bounded, whatever addresses others name', async () => {
    for (let which = 0; which < 300; which += 1) await ask(`set${which}s`);
    const text = await metrics.read();
    const kinds = new Set(
      [...text.matchAll(/^dealbridge_requests_total\{[^}]*kind="([^"]*)"/gm)].map(([, kind]) => kind),
    );
    expect(kinds.size).toBeLessThanOrEqual(101);
    expect(kinds).toContain('GET other');
  });
});
