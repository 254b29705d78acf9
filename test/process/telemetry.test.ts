import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { context, propagation, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/process/config.js';
import { ensureSignedIn } from '../../src/process/sign-ins.js';
import { createReadiness, STARTING, toObservations } from '../../src/process/telemetry/readiness.js';
import { openStatusServer, type StatusServer } from '../../src/process/telemetry/status-server.js';
import { startTraces } from '../../src/process/telemetry/traces.js';
import { parseHeaders } from '../../src/process/telemetry-settings.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { inSpan } from '../../src/telemetry/spans.js';

const WHOLE = {
  DATABASE_URL: 'postgres://dealbridge@localhost/dealbridge',
  ENTRA_TENANT_ID: 'tenant',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com',
  DATAVERSE_CLIENT_ID: 'one',
  BC_COMPANY: 'Company',
  BC_CLIENT_ID: 'two',
  DEALBRIDGE_KEYS: createKeyLine(),
};

const servers: StatusServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('the settings', () => {
  it('are off, and the address is of this machine alone', () => {
    expect(loadConfig(WHOLE).telemetry).toEqual({ status: { host: '127.0.0.1', ports: {} }, traces: undefined });
  });

  it.each([
    ['WORKER_STATUS_PORT', '70000', /WORKER_STATUS_PORT: expected a number of at most 65535, got '70000'/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317', /OTEL_EXPORTER_OTLP_ENDPOINT: expected an address such as/],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'https://ann:hidden@collector.example',
      /expected an address without user name and password, got 'https:\/\/…@collector.example'/,
    ],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'hidden',
      /OTEL_EXPORTER_OTLP_HEADERS: expected pairs such as .*, got a value that is not shown/,
    ],
  ])('%s=%s is refused with what would be right', (name, value, message) => {
    const load = () => loadConfig({ ...WHOLE, [name]: value });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(message);
  });

  it('headers are read as OpenTelemetry writes them', () => {
    expect(parseHeaders('authorization=Bearer%20a%3Db, x-tenant = one=1')).toEqual({
      authorization: 'Bearer a=b',
      'x-tenant': 'one=1',
    });
    expect(parseHeaders('x=100%')).toEqual({ x: '100%' });
  });

  it('nothing but the interface of OpenTelemetry is loaded before a setting asks for it', async () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
    const loaded = files.flatMap((name) =>
      [...readFileSync(join('src', name), 'utf8').matchAll(/from '(@opentelemetry\/[^']+)'/g)].map(([, from]) => from),
    );
    expect([...new Set(loaded)]).toEqual(['@opentelemetry/api']);
    const log = { info: () => expect.unreachable(), warn: () => expect.unreachable() };
    await (await startTraces(undefined, 'worker', log)).close();
  });
});

describe('a collector that takes the connection and never answers', () => {
  it('keeps no process from its end', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const said: string[] = [];
    const log = { info: () => undefined, warn: (text: string) => said.push(text) } as never;
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const traces = await startTraces({ endpoint, secretHeaders: undefined, serviceName: undefined }, 'worker', log);
    try {
      await inSpan('step', {}, async () => undefined);
      const began = performance.now();
      await traces.close();
      expect(performance.now() - began).toBeLessThan(4_000);
      expect(said).toEqual(['the last spans were not taken in time']);
    } finally {
      trace.disable();
      context.disable();
      propagation.disable();
      silent.close();
    }
  });
});

const ok = async (): Promise<void> => undefined;

describe('readiness', () => {
  it('is there when ledger, Temporal, keys and sign-ins are', async () => {
    const readiness = await createReadiness({ ledger: ok, temporal: ok, keys: ok, signIn: ok })();
    expect(readiness).toEqual({
      isReady: true,
      takesRequests: true,
      checks: { ledger: 'ok', temporal: 'ok', keys: 'ok', signIn: 'ok' },
    });
  });

  it('names what failed and what does not answer, and not why', async () => {
    const never = () => new Promise<void>(() => undefined);
    const fails = () => Promise.reject(new Error('password of dealbridge_app'));
    const readiness = await createReadiness({ ledger: fails, temporal: never, keys: ok, signIn: fails }, 10)();
    expect(readiness).toEqual({
      isReady: false,
      takesRequests: false,
      checks: { ledger: 'failed', temporal: 'no answer in time', keys: 'ok', signIn: 'failed' },
    });
    expect(toObservations(readiness).map(({ labels, value }) => `${Object.values(labels)} ${value}`)).toEqual([
      'ledger 0',
      'temporal 0',
      'keys 1',
      'signIn 0',
    ]);
  });

  it('lets requests come while a sign-in is refused, and not before one was tried', async () => {
    const others = { ledger: ok, temporal: ok, keys: ok };
    const refused = await createReadiness({ ...others, signIn: () => Promise.reject(new Error('refused')) })();
    expect(refused).toMatchObject({ isReady: false, takesRequests: true, checks: { signIn: 'failed' } });
    const starting = await createReadiness({ ...others, signIn: async () => ensureSignedIn(undefined) })();
    expect(starting).toMatchObject({ isReady: false, takesRequests: false, checks: { signIn: 'not asked yet' } });
  });

  it('asks once a second at most, whoever probes how often', async () => {
    let times = 0;
    const ask = createReadiness({ ledger: async () => (times += 1), temporal: ok, keys: ok, signIn: ok });
    await Promise.all(Array.from({ length: 20 }, ask));
    expect(times).toBe(1);
  });
});

async function open(port = 0, change: Partial<Parameters<typeof openStatusServer>[0]> = {}): Promise<string> {
  const server = await openStatusServer({
    host: '127.0.0.1',
    port,
    setting: 'WORKER_STATUS_PORT',
    askReadiness: async () => STARTING,
    readMetrics: async () => 'dealbridge_deals 1\n',
    ...change,
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

describe('the status server', () => {
  it('lives and is not ready while a process waits for its systems', async () => {
    const url = await open();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz?verbose`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual(STARTING.checks);
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect(await metrics.text()).toBe('dealbridge_deals 1\n');
  });

  it('does nothing else, and shows no error', async () => {
    const url = await open(0, { readMetrics: () => Promise.reject(new Error('password')) });
    expect((await fetch(`${url}/livez`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/`)).status).toBe(404);
    const broken = await fetch(`${url}/metrics`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('password');
  });

  it('a port that is taken names its setting', async () => {
    const url = await open();
    const again = open(Number(new URL(url).port));
    await expect(again).rejects.toThrow(/setting WORKER_STATUS_PORT: expected an address .*\(EADDRINUSE\)/);
  });
});
