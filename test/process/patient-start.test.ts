import { ServiceError } from '@temporalio/client';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import { openDatabase } from '../../src/ledger/database.js';
import { describeError } from '../../src/process/log.js';
import { waitFor } from '../../src/process/patient-start.js';
import { answerPostgres, type Front, openFront } from '../support/front.js';

/** What a start meets: it waits for what passes, and ends in one line by what a person has to correct. */

type System = Parameters<typeof waitFor>[0];

async function start(system: System, failures: readonly unknown[]) {
  const left = [...failures];
  const lines: { waitingFor: string; reason: string; retryInMs: number; msg: string }[] = [];
  const pauses: number[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const ask = async () => {
    if (left.length === 0) return 'there';
    throw left.shift();
  };
  const pause = async (ms: number) => void pauses.push(ms);
  const result = await waitFor(system, ask, { log, pause }).catch((error: unknown) => error);
  return { result, lines, pauses };
}

const remote = (code: 'throttled' | 'unavailable' | 'unknown-outcome', status: number, retryAfterMs?: number) =>
  new RemoteApiError('business-central', code, 'look the company up', { status, retryAfterMs, remoteMessage: 'Ann' });
const withCode = (code: string) => Object.assign(new Error('connect failed'), { code });
const grpc = (code: number) =>
  new ServiceError('Failed to connect to Temporal server', {
    cause: Object.assign(new Error(`${code}`), { name: 'Error', code, details: '', metadata: {} }),
  });

/** What a statement fails with at a PostgreSQL that does this to whoever connects; undefined: that does not listen. */
async function failOf(instead: Parameters<Front['answer']>[0] | undefined): Promise<unknown> {
  const front = await openFront('127.0.0.1:9');
  if (instead) await front.answer(instead);
  else await front.refuse();
  const database = openDatabase(`postgres://ann:secret@127.0.0.1:${front.port}/ledger`);
  const failure = await database.query('SELECT 1').catch((error: unknown) => error);
  await database.close();
  await front.close();
  return failure;
}

describe('a start', () => {
  it('waits for Business Central through 429, 503 and lost answers, and says for what', async () => {
    const failures = [remote('throttled', 429, 7_000), remote('unavailable', 503), remote('unknown-outcome', 504)];
    const { result, lines, pauses } = await start('Business Central', failures);
    expect(result).toBe('there');
    expect(lines.map(({ waitingFor, reason, msg }) => [waitingFor, reason, msg])).toEqual([
      ['Business Central', 'look the company up: throttled (429)', 'not started yet: waiting for Business Central'],
      ['Business Central', 'look the company up: unavailable (503)', 'not started yet: waiting for Business Central'],
      [
        'Business Central',
        'look the company up: unknown-outcome (504)',
        'not started yet: waiting for Business Central',
      ],
    ]);
    // What the server says is obeyed to the second (I8).
    expect(pauses[0]).toBe(7_000);
    expect(lines.map(({ retryInMs }) => retryInMs)).toEqual(pauses);
  });

  it('names the setting where an environment restarts, or is none', async () => {
    const facts = { status: 404, remoteCode: 'NoEnvironment' };
    const none = new RemoteApiError('business-central', 'unavailable', 'look the company up', facts);
    const { lines } = await start('Business Central', [none]);
    expect(lines.map(({ reason }) => reason)).toEqual([
      'look the company up: unavailable (404 NoEnvironment): it restarts, or setting BC_ENVIRONMENT names none of the tenant',
    ]);
  });

  it('asks ever more seldom, and at least every minute', async () => {
    const { pauses } = await start(
      'Business Central',
      Array.from({ length: 12 }, () => remote('unavailable', 503)),
    );
    for (const [index, ms] of pauses.entries()) {
      const most = Math.min(1_000 * 2 ** index, 60_000);
      expect(ms).toBeGreaterThanOrEqual(most / 2);
      expect(ms).toBeLessThanOrEqual(most);
    }
    expect(pauses).toHaveLength(12);
  });

  const passing: readonly (readonly [System, string, unknown])[] = [
    ['Sales', 'is asleep', new RemoteApiError('dataverse', 'unavailable', 'look the environment up', { status: 503 })],
    [
      'Business Central',
      'does not find its environment for a moment',
      new RemoteApiError('business-central', 'unavailable', 'look the company up', {
        status: 404,
        remoteCode: 'NoEnvironment',
      }),
    ],
    ['PostgreSQL', 'does not listen yet', withCode('ECONNREFUSED')],
    ['PostgreSQL', 'has no way to it as long as this machine has no network', withCode('ENETUNREACH')],
    ['PostgreSQL', 'is starting up', withCode('57P03')],
    ['PostgreSQL', 'has ended the session', withCode('57P01')],
    ['PostgreSQL', 'has no connection left', withCode('53300')],
    ['Temporal', 'is away', grpc(14)],
    ['Temporal', 'takes no more requests', grpc(8)],
    ['Temporal', 'does not answer in time', new Error('Failed to connect before the deadline')],
  ];
  it.each(passing)('waits for %s, which %s', async (system, _what, failure) => {
    const { result, lines } = await start(system, [failure, failure]);
    expect(result).toBe('there');
    expect(lines.map(({ waitingFor }) => waitingFor)).toEqual([system, system]);
  });

  const others: readonly (readonly [System, System | 'Entra', string, () => unknown])[] = [
    [
      'Business Central',
      'Entra',
      'gives no token',
      () => new RemoteApiError('entra', 'throttled', 'ask for a token', { status: 429 }),
    ],
    [
      'Business Central',
      'Sales',
      'is asked once more before',
      () => new RemoteApiError('dataverse', 'unavailable', 'look the environment up', { status: 503 }),
    ],
    ['Business Central', 'Temporal', 'is away', () => grpc(14)],
    ['Sales', 'PostgreSQL', 'does not listen', () => failOf(undefined)],
    ['Sales', 'PostgreSQL', 'is starting up', () => failOf(answerPostgres('57P03'))],
    ['Business Central', 'PostgreSQL', 'cuts the connection', () => failOf((socket) => socket.end())],
    ['Temporal', 'PostgreSQL', 'cuts the connection', () => failOf((socket) => socket.end())],
  ];
  it.each(others)('that asks %s waits for %s, which %s', async (system, away, _what, fail) => {
    const failure = await fail();
    const { result, lines } = await start(system, [failure, failure]);
    expect(result).toBe('there');
    expect(lines.map(({ waitingFor, msg }) => [waitingFor, msg])).toEqual(
      [1, 2].map(() => [away, `not started yet: waiting for ${away}`]),
    );
  });

  it('asks soon again when another system than before is away', async () => {
    const sales = new RemoteApiError('dataverse', 'unavailable', 'look the environment up', { status: 503 });
    const { pauses } = await start('Sales', [sales, sales, sales, sales, await failOf(undefined)]);
    expect(pauses[3]).toBeGreaterThanOrEqual(4_000);
    expect(pauses[4]).toBeLessThanOrEqual(1_000);
  });

  it('is ended by a refusal of the ledger also while it asks another system', async () => {
    for (const system of ['Sales', 'Business Central', 'Temporal'] as const) {
      const { result, lines } = await start(system, [await failOf(answerPostgres('28P01'))]);
      expect(describeError(result)).toMatch(
        /^setting DATABASE_URL: expected user and password of a role, got .+ \(28P01\); .+doctor.+$/,
      );
      expect(lines).toEqual([]);
    }
  });

  const refused: readonly (readonly [System, unknown, RegExp])[] = [
    [
      'Business Central',
      new RemoteApiError('entra', 'unauthorized', 'ask for a token', { remoteCode: 'invalid_client AADSTS7000222' }),
      /^not ready: setting BC_CLIENT_SECRET: expected a secret that Entra takes, .+credentials set business-central.+, got .+ \(invalid_client AADSTS7000222\)$/,
    ],
    [
      'Sales',
      new RemoteApiError('entra', 'unauthorized', 'ask for a token', { remoteCode: 'invalid_client AADSTS7000215' }),
      /^not ready: setting DATAVERSE_CLIENT_SECRET: expected a secret that Entra takes, .+credentials set dataverse.+, got .+ \(invalid_client AADSTS7000215\)$/,
    ],
    [
      'Sales',
      new RemoteApiError('entra', 'unauthorized', 'ask for a token', {
        remoteCode: 'unauthorized_client AADSTS700016',
      }),
      /^not ready: setting DATAVERSE_CLIENT_ID or ENTRA_TENANT_ID: expected .+, got .+ \(unauthorized_client AADSTS700016\)$/,
    ],
    [
      'Business Central',
      new RemoteApiError('dataverse', 'unauthorized', 'look the environment up', { status: 401 }),
      /^not ready: setting DATAVERSE_CLIENT_ID: expected an app registration that Sales lets in, got .+ \(401\)$/,
    ],
    [
      'Business Central',
      new RemoteApiError('business-central', 'unauthorized', 'look the company up', { status: 401 }),
      /^not ready: setting BC_CLIENT_ID: expected an app registration that Business Central lets in, got .+ \(401\)$/,
    ],
  ];
  it.each(refused)(
    'is not ready while %s refuses it, and says so in one line, once: %s',
    async (system, failure, line) => {
      const { result, lines, pauses } = await start(
        system,
        Array.from({ length: 6 }, () => failure),
      );
      expect(result).toBe('there');
      expect(lines.map(({ msg }) => msg)).toEqual([expect.stringMatching(line)]);
      // Whoever has entered a new secret waits for it to be taken.
      expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    },
  );

  const permanent: readonly (readonly [System, unknown, RegExp])[] = [
    [
      'Business Central',
      new RemoteApiError('business-central', 'not-found', "look the company up: 'X' is none of 'CRONUS'", {}),
      /^setting BC_COMPANY: expected the name of a company .+, got another one \(look the company up: 'X' is none of 'CRONUS': not-found\); .+$/,
    ],
    [
      'Business Central',
      new RemoteApiError('business-central', 'other-environment', 'look the company up', {
        remoteMessage: 'expected the registered environment under x, got another one',
      }),
      /^expected the registered environment under x, got another one; .+doctor.+$/,
    ],
    [
      'Business Central',
      new RemoteApiError('business-central', 'forbidden', 'look the company up', { status: 403 }),
      /^Business Central: look the company up: forbidden \(403\)\. .+$/,
    ],
    [
      'PostgreSQL',
      withCode('28P01'),
      /^setting DATABASE_URL: expected user and password of a role, got .+ \(28P01\); .+doctor.+$/,
    ],
    [
      'PostgreSQL',
      withCode('42P05'),
      /^setting DATABASE_URL: expected the server itself, or a pooler that keeps sessions .+ \(42P05\); .+doctor.+$/,
    ],
    [
      'PostgreSQL',
      withCode('3D000'),
      /^setting DATABASE_URL: expected the name of a database that exists, got .+ \(3D000\); .+doctor.+$/,
    ],
    [
      'PostgreSQL',
      withCode('28000'),
      /^setting DATABASE_URL: expected a role that the server lets in from here .+`sslmode=verify-full`.+ \(28000\); .+doctor.+$/,
    ],
    [
      'PostgreSQL',
      withCode('CERT_HAS_EXPIRED'),
      /^setting DATABASE_URL: expected a server with a certificate that is valid today, got .+ \(CERT_HAS_EXPIRED\); .+doctor.+$/,
    ],
  ];
  it.each(permanent)('is ended by %s in one line: %s', async (system, failure, line) => {
    const { result, lines } = await start(system, [failure]);
    expect(describeError(result)).toMatch(line);
    expect(lines).toEqual([]);
  });

  it('is ended by a bug as by a bug', async () => {
    for (const system of ['PostgreSQL', 'Temporal', 'Business Central'] as const) {
      const bug = new TypeError('x is not a function');
      expect((await start(system, [bug])).result).toBe(bug);
    }
    const bug = new Error('a fault of ours');
    for (const system of ['PostgreSQL', 'Sales'] as const) expect((await start(system, [bug])).result).toBe(bug);
  });
});
