import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** A process that could only fail, or would leave everything open, does not start and says what is missing. */

let ledger: EmbeddedLedger;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  ledger = await openEmbeddedLedger();
  env = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    DATABASE_URL: ledger.url,
    DEALBRIDGE_KEYS: createKeyLine(),
    ENTRA_TENANT_ID: 'tenant',
    DATAVERSE_URL: 'http://127.0.0.1:9',
    DATAVERSE_CLIENT_ID: 'one',
    BC_COMPANY: 'Company',
    BC_CLIENT_ID: 'two',
    STARTER_PORT: '0',
  };
});
afterAll(() => ledger?.stop());

function start(name: 'worker' | 'starter', change: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [`dist/${name}.js`], { env: { ...env, ...change } });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

describe('does not start', () => {
  const cases: readonly (readonly [string, 'worker' | 'starter', NodeJS.ProcessEnv, RegExp])[] = [
    [
      'without keys',
      'worker',
      { DEALBRIDGE_KEYS: undefined },
      /DEALBRIDGE_KEYS or DEALBRIDGE_KEY_FILE: expected one of them, got neither/,
    ],
    [
      'without a credential for Sales',
      'worker',
      {},
      /There is no credential 'dataverse': run `dealbridge credentials set dataverse`, or set DATAVERSE_CLIENT_SECRET; `dealbridge doctor` tells more\n$/,
    ],
    [
      'without a credential for Business Central',
      'worker',
      { DATAVERSE_CLIENT_SECRET: 'a-secret-in-the-settings' },
      /There is no credential 'business-central'/,
    ],
    ['without a webhook secret', 'starter', {}, /There is no credential 'webhook'/],
  ];
  for (const [what, name, change, right] of cases) {
    it(`the ${name} ${what}`, async () => {
      const { code, said } = await start(name, change);
      expect(code).toBe(1);
      expect(said).toMatch(right);
      expect(said).not.toMatch(/\n {4}at |a-secret-in-the-settings/);
    });
  }
});

describe('a process that still waits', () => {
  const cases = [
    ['worker', { ENTRA_LOGIN_URL: 'http://127.0.0.1:9', BC_URL: 'http://127.0.0.1:9' }, 'waiting for Entra'],
    ['starter', { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/dealbridge' }, 'waiting for PostgreSQL'],
  ] as const;
  // As the first process of a container it would not hear a signal that it does not take.
  it.each(cases)(
    'the %s ends at the first signal by itself, and leaves nothing running',
    async (name, away, waiting) => {
      const secrets = { DATAVERSE_CLIENT_SECRET: 'a-secret-of-sales', BC_CLIENT_SECRET: 'a-secret-of-finance' };
      const child = spawn(process.execPath, [`dist/${name}.js`], { env: { ...env, ...secrets, ...away } });
      onTestFinished(() => void child.kill('SIGKILL'));
      await new Promise<void>((resolve) => {
        child.stderr.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes(waiting)) resolve();
        });
      });
      child.kill('SIGTERM');
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    },
  );
});
