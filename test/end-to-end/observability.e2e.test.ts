import { fileURLToPath } from 'node:url';
import type { LoggedRequest } from '@dealbridge/simulators/kernel/server.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startProcess, stopProcess } from '../../tools/stage/process.js';
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.js';
import { createDealer, until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

let collector: Collector;
let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let said = '';

beforeAll(async () => {
  collector = await startCollector();
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/automatic.yaml',
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20for-the-collector',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      LOG_LEVEL: 'info',
      WORKER_STATUS_PORT: '0',
      STARTER_STATUS_PORT: '0',
    },
    listen: (chunk) => {
      said += chunk.toString();
    },
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
});
afterAll(async () => {
  await stage?.close();
  await collector?.close();
});

const submitted: SeedDocument[] = [];
const toSubmission = ({ id }: SeedDocument): string => `PATCH /api/data/v9.2/salesorders(${id})`;

async function handOver(deal: SeedDocument): Promise<void> {
  submitted.push(deal);
  await seller.submitOrder(deal.id);
  await stage.simulators.dataverse.webhooks.settle();
  await dealer.result(deal);
}

interface Line {
  readonly name: string;
  readonly msg: string;
  readonly level: number;
  readonly port?: number;
  readonly traceId?: string;
  readonly dealId?: string;
  readonly state?: string;
}

function lines(): Line[] {
  const whole = said.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  return whole.map((line) => JSON.parse(line) as Line);
}

function ask(process: 'worker' | 'starter', path: string): Promise<Response> {
  const line = lines().find(({ name, msg }) => name === process && msg.startsWith('status at'));
  return fetch(`http://127.0.0.1:${line?.port}${path}`);
}

const traceIdOf = ({ traceparent = '' }: LoggedRequest): string => traceparent.split('-')[1] ?? '';
const spanIdOf = ({ traceparent = '' }: LoggedRequest): string => traceparent.split('-')[2] ?? '';
const toLine = ({ method, path }: LoggedRequest): string => `${method} ${path}`;

/** What is asked for no deal: which environments these are, when a process starts and now and then. Tokens are Entra's. */
const OF_NO_DEAL = [/^GET \/api\/data\/v9\.2\/WhoAmI/, /^GET \S*\/companies(\?|$)/, /^GET \S*\/environments\/v1\.2$/];
const isOfNoDeal = (request: LoggedRequest): boolean =>
  traceIdOf(request) === '' && OF_NO_DEAL.some((one) => one.test(toLine(request)));

describe('one trace', () => {
  it('shows a deal from its webhook to the invoice row, with every request to both systems', async () => {
    const deal = dealer.takeKnown();
    const { dataverse, businessCentral } = stage.simulators;
    const before = [dataverse.requests.length, businessCentral.requests.length];
    await handOver(deal);
    const isStart = (span: CollectedSpan) =>
      span.name === 'start handOverDeal' && span.attributes['dealbridge.deal_id'] === deal.id;
    await until(async () => collector.spans.some(isStart));
    const start = collector.spans.find(isStart);
    const ofTrace = () => collector.spans.filter((span) => span.traceId === start?.traceId);
    // Whatever came in meanwhile is of this trace, but for the seller's own change and what no deal asks for.
    const came = [...dataverse.requests.slice(before[0]), ...businessCentral.requests.slice(before[1])];
    const isOfTrace = (request: LoggedRequest) => traceIdOf(request) === start?.traceId;
    const others = came.filter((request) => !isOfTrace(request) && !isOfNoDeal(request));
    expect(others.map(toLine)).toEqual([toSubmission(deal)]);
    const asked = came.filter(isOfTrace);
    // The first deal of a customer that Dealbridge does not know yet asks for more than these.
    expect(asked.length).toBeGreaterThanOrEqual(5);
    const has = (id: string | undefined) => ofTrace().some(({ spanId }) => spanId === id);
    const findRoots = () => ofTrace().filter(({ parentSpanId }) => !has(parentSpanId));
    // A step's span comes after those of its requests.
    await until(async () => asked.every((one) => has(spanIdOf(one))) && findRoots().length === 1);
    const trace = ofTrace();
    const client = trace.filter((span) => /^(dataverse|business-central) /.test(span.name));
    expect(client.length).toBe(asked.length);
    // The trail names each request by a GUID that leads to its span.
    const named = (await stage.ledger.readAudit(deal.id)).flatMap(({ correlationId }) => correlationId ?? []);
    expect(named.length).toBeGreaterThanOrEqual(3);
    const derived = client.map(({ traceId, spanId }) => `${traceId.slice(0, 16)}${spanId}`);
    expect(named.map((guid) => guid.replaceAll('-', '')).filter((guid) => !derived.includes(guid))).toEqual([]);
    const names = new Set(trace.map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining([
        'POST /webhooks/dataverse',
        'start handOverDeal',
        'step createInvoiceRow',
        'business-central POST salesInvoices',
        'dataverse POST invoices',
      ]),
    );
    expect([...names].some((name) => name.startsWith('ledger '))).toBe(true);
    expect(new Set(trace.map(({ service }) => service))).toEqual(new Set(['dealbridge-starter', 'dealbridge-worker']));
    // Whatever is in it hangs on the webhook.
    expect(findRoots().map(({ name }) => name)).toEqual(['POST /webhooks/dataverse']);
    // The log tells the same life, each line with deal and trace.
    const told = lines().filter(({ dealId, traceId }) => dealId === deal.id && traceId === start?.traceId);
    expect(told.map(({ msg, state }) => state ?? msg)).toEqual(
      expect.arrayContaining(['webhook', 'drafted', 'confirmed', 'posted', 'written-back']),
    );
  });

  it('no request to the two systems for a deal is outside of a trace, and none carries a name or a secret', () => {
    const { businessCentral, dataverse } = stage.simulators;
    const outside = [...dataverse.requests, ...businessCentral.requests].filter((one) => traceIdOf(one) === '');
    expect(outside.filter((request) => !isOfNoDeal(request)).map(toLine)).toEqual(submitted.map(toSubmission));
    const exported = collector.bodies.join('\n');
    for (const secret of ['WEBHOOK_SECRET', 'DATAVERSE_CLIENT_SECRET', 'BC_CLIENT_SECRET', 'DEALBRIDGE_KEYS'])
      expect(exported).not.toContain(String(stage.env[secret]));
    for (const { name } of stage.simulators.data.accounts) expect(exported).not.toContain(name);
    expect([...collector.authorizations]).toEqual(['Bearer for-the-collector']);
  });
});

describe('the status of a process', () => {
  it.each(['worker', 'starter'] as const)('%s: lives, is ready, and says what is checked', async (process) => {
    expect((await ask(process, '/livez')).status).toBe(200);
    const ready = await ask(process, '/readyz');
    expect(await ready.json()).toEqual({ ledger: 'ok', temporal: 'ok', keys: 'ok', signIn: 'ok' });
    expect(ready.status).toBe(200);
    expect((await ask(process, '/other')).status).toBe(404);
  });

  it('the numbers tell of requests, of the win, of the ledger, and of the SDK of Temporal', async () => {
    const worker = await (await ask('worker', '/metrics')).text();
    expect(worker).toMatch(
      /^dealbridge_requests_total\{system="dataverse",lane="dataverse",kind="POST invoices",status="2\d\d"\} [1-9]/m,
    );
    expect(worker).toMatch(/^dealbridge_won_to_written_back_seconds_count [1-9]/m);
    expect(worker).toMatch(/^dealbridge_ledger_duration_seconds_count\{verb="INSERT"\} [1-9]/m);
    expect(worker).toMatch(
      /^dealbridge_quota_requests_per_second\{system="business-central",lane="business-central"\} 500$/m,
    );
    expect(worker).toMatch(/^temporal_workflow_task_execution_latency_seconds_count\{/m);
    const starter = await (await ask('starter', '/metrics')).text();
    expect(starter).toMatch(/^dealbridge_deals\{state="held"\} 0$/m);
    expect(starter).toMatch(/^dealbridge_ready\{check="ledger"\} 1$/m);
    expect(starter).toMatch(/^dealbridge_http_requests_total\{route="\/webhooks\/dataverse",status="202"\} [1-9]/m);
  });
});

describe('a worker with a secret that Entra does not take', () => {
  it('polls its queues, says which setting is refused, and is ready once it is taken', async () => {
    const secret = 'another-secret-that-comes-later';
    let heard = '';
    const starting = startProcess(
      {
        name: 'another worker',
        path: fileURLToPath(new URL('../../dist/worker.js', import.meta.url)),
        args: [],
        env: { ...stage.env, BC_CLIENT_SECRET: secret, WORKER_STATUS_PORT: '0' },
      },
      ['pipe', 'pipe'],
      (chunk) => {
        heard += chunk.toString();
      },
    );
    await until(() => heard.includes('not ready: setting BC_CLIENT_SECRET: expected a secret that Entra takes'));
    expect(heard).not.toContain('worker ready');
    const ready = await fetch(`http://127.0.0.1:${/"port":(\d+),[^{}]*"msg":"status at/.exec(heard)?.[1]}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ledger: 'ok', signIn: 'failed' });
    const { entra, businessCentralApp } = stage.simulators.connection;
    await fetch(`${entra}/_sim/apps`, {
      method: 'POST',
      body: JSON.stringify({ clientId: businessCentralApp.clientId, clientSecret: secret }),
    });
    const { child } = await starting;
    expect(heard).toContain('worker ready');
    await stopProcess(child, 'SIGTERM');
  });
});

describe('a starter with a secret that Entra does not take', () => {
  it('opens the desk, says which setting is refused, and is ready once it is taken', async () => {
    const secret = 'a-secret-that-comes-later';
    let heard = '';
    const starting = startProcess(
      {
        name: 'another starter',
        path: fileURLToPath(new URL('../../dist/starter.js', import.meta.url)),
        args: [],
        env: { ...stage.env, DATAVERSE_CLIENT_SECRET: secret, STARTER_PORT: '0', DESK_PORT: '0' },
      },
      ['pipe', 'pipe'],
      (chunk) => {
        heard += chunk.toString();
      },
    );
    const find = (pattern: RegExp): string | undefined => pattern.exec(heard)?.[1];
    await until(() => find(/(not ready: .*?; the desk is open at http:\/\/[\d.:]+)"/) !== undefined);
    expect(heard).toContain('not ready: setting DATAVERSE_CLIENT_SECRET: expected a secret that Entra takes');
    expect(heard).not.toContain('starter ready');
    const readyUrl = `http://127.0.0.1:${find(/"port":(\d+),[^{}]*"msg":"status at/)}/readyz`;
    const ready = await fetch(readyUrl);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ledger: 'ok', signIn: 'failed' });
    // By which the chart lets requests come to it.
    expect((await fetch(`${readyUrl}?exclude=signIn`)).status).toBe(200);
    expect((await fetch(`${find(/the desk is open at (http:\/\/[\d.:]+)"/)}/sign-in`)).status).toBeLessThan(500);
    const { entra, dataverseApp } = stage.simulators.connection;
    await fetch(`${entra}/_sim/apps`, {
      method: 'POST',
      body: JSON.stringify({ clientId: dataverseApp.clientId, clientSecret: secret }),
    });
    const { child } = await starting;
    await until(() => heard.includes('starter ready'));
    await stopProcess(child, 'SIGTERM');
  });
});

describe('without its collector', () => {
  it('a deal is handed over as before, and nobody is alarmed', async () => {
    await collector.close();
    const before = said.length;
    const deal = dealer.takeKnown();
    await handOver(deal);
    expect(dealer.salesInvoicesOf(deal)).toHaveLength(1);
    expect((await ask('worker', '/readyz')).status).toBe(200);
    await stage.stopWorker();
    expect(stage.worker.exitCode).toBe(0);
    expect(said.slice(before)).not.toMatch(/"level":(50|60)/);
  });
});
