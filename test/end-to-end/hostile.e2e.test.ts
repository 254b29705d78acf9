import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createNoticeSecrets, getNewestNoticeSecret } from '../../src/process/credentials.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { attack } from '../../tools/bench/hostile-requests.js';
import { type Program, startProcess, stopProcess } from '../../tools/stage/process.js';
import { openStage } from '../../tools/stage/stage.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** A starter that the internet reaches, with its limits of every day. `npm run bench:hostile` sends ten times as many. */

const SECRET = 'a-webhook-secret-for-tests';
const REQUESTS = 2_000;
const STALLED = 600;
const MAX_MEMORY_MIB = 256;

let simulators: Simulators;
let ledger: EmbeddedLedger;
let starter: ChildProcess;
let url: string;
let said = '';

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  ledger = await openEmbeddedLedger();
  const stage = await openStage<ChildProcess>({
    temporalAddress: inject('temporalAddress'),
    simulators,
    programs: pathToFileURL(`${resolve('dist')}/`),
    ledger: { url: ledger.url },
    workers: 0,
    webhookSecret: SECRET,
    settings: {
      DEALBRIDGE_KEYS: createKeyLine(),
      STARTER_RATE_PER_SECOND: '50',
      CODEC_TOKEN: 'a-codec-token-for-tests',
    },
    launch: async (program: Program) => {
      const { child, ready } = await startProcess(program, ['pipe', 'pipe'], (chunk) => {
        said += chunk.toString();
      });
      return { process: child, ready };
    },
  });
  ({ starter, starterUrl: url } = stage);
});
afterAll(async () => {
  if (starter) await stopProcess(starter, 'SIGTERM');
  await ledger?.stop();
  await simulators?.stop();
});

it.runIf(existsSync('/proc/self/status'))(
  'nonsense and bodies that never end cost little memory, and every honest webhook is answered meanwhile',
  async () => {
    const find = createNoticeSecrets(async () => [{ kind: 'secret', secret: SECRET }], undefined);
    const report = await attack({
      port: Number(new URL(url).port),
      pid: starter.pid ?? 0,
      webhookSecret: SECRET,
      ...(await getNewestNoticeSecret(find)),
      requests: REQUESTS,
      stalled: STALLED,
      seed: 15,
    });
    expect(report.honest.failed).toEqual([]);
    expect(report.honest.sent).toBeGreaterThan(10);
    expect(report.memoryMib.peak).toBeLessThan(MAX_MEMORY_MIB);
    expect(report.closed).toBe(STALLED);
    expect(Object.keys(report.statuses).map(Number)).not.toContain(500);
    expect(starter.exitCode).toBeNull();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(said).toContain('wrong secret refused');
    expect(said).not.toMatch(/request failed|UnhandledPromise/);
  },
);
