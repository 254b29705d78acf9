import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createVault } from '../../src/ledger/settings/vault.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { freePort } from '../../tools/stage/port.js';
import { forkProgram, stopProcess } from '../../tools/stage/process.js';
import { settingsFor } from '../../tools/stage/settings.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { answerGrpc, answerHttp, answerPostgres, type Front, openFront } from '../support/front.js';
import { createNamespace } from '../support/processes.js';

/**
 * A worker and a starter whose neighbours are all away, and come back one after the other: each of them refuses connections, then
 * answers that it is busy. Neither process ends; both say for what they wait, and become ready.
 */

/** Fronts have the port of what is behind them, at another address of this machine. */
const HOST = '127.0.0.2';
const NEIGHBOURS = ['ledger', 'temporal', 'entra', 'dataverse', 'businessCentral'] as const;
type Neighbour = (typeof NEIGHBOURS)[number];
const LIMIT_MS = 60_000;

interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  readonly statusUrl: string;
  /** What it printed since somebody last looked. */
  said: string;
  isReady: boolean;
}

let simulators: Simulators;
let embedded: EmbeddedLedger;
const fronts: Partial<Record<Neighbour, Front>> = {};
const processes: Started[] = [];

const front = (neighbour: Neighbour): Front => {
  const opened = fronts[neighbour];
  if (!opened) throw new Error(`no front of ${neighbour}`);
  return opened;
};

beforeAll(async () => {
  simulators = await startSimulators({ accounts: 20, documents: 20, publicHost: HOST });
  embedded = await openEmbeddedLedger();
  const { connection: to } = simulators;
  const ledgerUrl = new URL(embedded.url);
  const places: Readonly<Record<Neighbour, string>> = {
    ledger: ledgerUrl.host,
    temporal: inject('temporalAddress'),
    entra: new URL(to.entra).host,
    dataverse: new URL(to.dataverse).host,
    businessCentral: new URL(to.businessCentral).host,
  };
  for (const neighbour of NEIGHBOURS) {
    const port = Number(new URL(`tcp://${places[neighbour]}`).port);
    fronts[neighbour] = await openFront(`127.0.0.1:${port}`, { host: HOST, port });
    await front(neighbour).refuse();
  }
  const namespace = `test-${process.pid}-${Date.now()}`;
  const temporal = await Connection.connect({ address: inject('temporalAddress') });
  await createNamespace(temporal, namespace);
  await temporal.close();
  const key = createKeyLine();
  await sealSecrets(key);
  ledgerUrl.hostname = HOST;
  const env = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: `${HOST}:${front('temporal').port}`,
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: ledgerUrl.href,
    ...settingsFor(to),
    DEALBRIDGE_KEYS: key,
    STARTER_PORT: '0',
    DESK_PORT: '0',
    FEEDS: 'on',
    DEALBRIDGE_ENV_FILES: 'off',
  };
  for (const name of ['worker', 'starter']) {
    const port = await freePort();
    const status = { [`${name.toUpperCase()}_STATUS_PORT`]: String(port) };
    const program = { name, path: resolve(`dist/${name}.js`), args: [], env: { ...env, ...status } };
    const child = forkProgram(program, ['pipe', 'pipe']);
    const started: Started = { name, child, statusUrl: `http://127.0.0.1:${port}`, said: '', isReady: false };
    for (const output of [child.stdout, child.stderr])
      output?.on('data', (chunk: Buffer) => {
        started.said += chunk.toString();
      });
    child.once('message', () => {
      started.isReady = true;
    });
    processes.push(started);
  }
});
afterAll(async () => {
  await Promise.all(processes.map(({ child }) => stopProcess(child, 'SIGKILL')));
  await Promise.all(Object.values(fronts).map((opened) => opened.close()));
  await simulators?.stop();
  await embedded?.stop();
});

/** In the ledger, so that it is asked for them at each sign-in. */
async function sealSecrets(key: string): Promise<void> {
  const { connection: to } = simulators;
  const database = openDatabase(embedded.url);
  await migrate(database);
  const ring = openKeyRing({ kind: 'text', text: key });
  const vault = createVault({ database, ring, tenantId: to.tenant, audit: async () => undefined });
  const secrets = {
    dataverse: to.dataverseApp.clientSecret,
    'business-central': to.businessCentralApp.clientSecret,
    webhook: 'a-webhook-secret-for-tests',
  } as const;
  for (const name of ['dataverse', 'business-central', 'webhook'] as const) {
    const credential = { kind: 'secret', secret: secrets[name] } as const;
    await vault.set({ name, credential, actor: 'test', overlapHours: 24 });
  }
  await database.close();
}

const statusOf = async ({ statusUrl }: Started, path: string) => (await fetch(statusUrl + path)).status;

/** Says it, lives, and is ready or is not. */
async function expectSaid(started: Started, line: RegExp, ready: 200 | 503): Promise<void> {
  await expect
    .poll(() => [started.said, started.child.exitCode], { timeout: LIMIT_MS })
    .toEqual([expect.stringMatching(line), null]);
  expect([started.name, await statusOf(started, '/livez'), await statusOf(started, '/readyz')]).toEqual([
    started.name,
    200,
    ready,
  ]);
}

/** What they print about what was before is not looked at. */
async function change(act: () => Promise<void>): Promise<void> {
  await act();
  for (const started of processes) started.said = '';
}

const HTTP_ANSWERS = [503, 429] as const;
/** What 503 is for PostgreSQL and for gRPC. */
const CANNOT_CONNECT_NOW = '57P03';
const UNAVAILABLE = 14;

it('a start lives through all of them, says for which it waits, and is ready then', { timeout: 300_000 }, async () => {
  const [worker, starter] = processes;
  if (!worker || !starter) throw new Error('both should have been started');
  const expectBoth = (line: RegExp) => Promise.all(processes.map((one) => expectSaid(one, line, 503)));
  const bothWait = (system: string, reason: string) =>
    expectBoth(new RegExp(`"waitingFor":"${system}","reason":"[^"]*${reason}[^"]*"`));

  await bothWait('PostgreSQL', 'ECONNREFUSED');
  await change(() => front('ledger').answer(answerPostgres(CANNOT_CONNECT_NOW)));
  await bothWait('PostgreSQL', CANNOT_CONNECT_NOW);
  await change(() => front('ledger').pass());
  await bothWait('Temporal', 'Failed to connect before the deadline');
  await change(() => front('temporal').answer(answerGrpc(UNAVAILABLE)));
  await bothWait('Temporal', 'Failed to connect to Temporal server');

  // Gone again between the first contact and what a start asks of it then.
  await change(async () => {
    await front('ledger').refuse();
    await front('temporal').pass();
  });
  await bothWait('PostgreSQL', 'ECONNREFUSED');

  const signInsWait = async (system: string, reason: string) => {
    await expectSaid(worker, new RegExp(`"waitingFor":"${system}","reason":"[^"]*${reason}`), 503);
    await expectSaid(
      starter,
      new RegExp(`not ready: waiting for ${system} \\(sign-in to Sales\\): [^"]*${reason}`),
      503,
    );
  };
  await change(() => front('ledger').pass());
  await signInsWait('Entra', 'unavailable');
  await change(() => front('ledger').refuse());
  await signInsWait('PostgreSQL', 'ECONNREFUSED');
  await front('ledger').pass();
  for (const status of HTTP_ANSWERS) {
    await change(() => front('entra').answer(answerHttp(status)));
    await signInsWait('Entra', `\\(${status}`);
  }

  // The starter needs no more than its sign-ins: it takes webhooks while Sales and Business Central are away.
  await change(() => front('entra').pass());
  await expectSaid(worker, /"waitingFor":"Sales","reason":"[^"]*unavailable/, 503);
  await expectSaid(starter, /WhoAmI failed, retrying|starting the feeds of Business Central failed/, 200);
  expect(starter.isReady).toBe(true);
  for (const status of HTTP_ANSWERS) {
    await change(() => front('dataverse').answer(answerHttp(status)));
    await expectSaid(worker, new RegExp(`"waitingFor":"Sales","reason":"[^"]*\\(${status}`), 503);
  }

  const feedsWait = (reason: string) =>
    expectSaid(
      starter,
      new RegExp(
        `"reason":"[^"]*${reason}[^"]*","retryInMs":\\d+,"msg":"starting the feeds of Business Central failed`,
      ),
      200,
    );
  await change(() => front('dataverse').pass());
  await expectSaid(worker, /"waitingFor":"Business Central","reason":"[^"]*unavailable/, 503);
  await feedsWait('unavailable');
  await change(() => front('ledger').refuse());
  await expectSaid(worker, /"waitingFor":"PostgreSQL","reason":"[^"]*ECONNREFUSED/, 503);
  await expect.poll(() => statusOf(starter, '/readyz'), { timeout: LIMIT_MS }).toBe(503);
  await front('ledger').pass();
  for (const status of HTTP_ANSWERS) {
    await change(() => front('businessCentral').answer(answerHttp(status)));
    await expectSaid(worker, new RegExp(`"waitingFor":"Business Central","reason":"[^"]*\\(${status}`), 503);
    await feedsWait(`\\(${status}`);
    // What the other side says is obeyed to the second (I8).
    expect(starter.said).toContain('"retryInMs":1000');
  }

  await change(async () => {
    await front('temporal').refuse();
    await front('businessCentral').pass();
  });
  await expectSaid(worker, /"waitingFor":"Temporal","reason":".*Connection refused/, 503);
  expect(worker.isReady).toBe(false);
  await front('temporal').pass();
  await expect.poll(() => worker.isReady, { timeout: LIMIT_MS }).toBe(true);
  for (const started of processes) {
    await expect.poll(() => statusOf(started, '/readyz'), { timeout: LIMIT_MS }).toBe(200);
    expect(started.child.exitCode).toBeNull();
  }
});
