import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { loadConfig } from '../../src/process/config.js';
import { describeError } from '../../src/process/log.js';
import { openRuntime } from '../../src/process/runtime.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { runCli, runProgram } from '../support/cli.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { answerPostgres } from '../support/front.js';

/** What people get wrong at a start, and the one line that each of it is answered with: the setting, what was expected, what came. */

let ledger: EmbeddedLedger;
let folder: string;
let whole: NodeJS.ProcessEnv;
const servers: Server[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-mistakes-'));
  ledger = await openEmbeddedLedger();
  whole = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    DATABASE_URL: ledger.url,
    DEALBRIDGE_KEYS: createKeyLine(),
    ENTRA_TENANT_ID: 'tenant',
    DATAVERSE_URL: 'https://org.crm4.dynamics.com',
    DATAVERSE_CLIENT_ID: 'one',
    DATAVERSE_CLIENT_SECRET: 'a-secret-of-sales',
    BC_COMPANY: 'Company',
    BC_CLIENT_ID: 'two',
    BC_CLIENT_SECRET: 'a-secret-of-finance',
    WEBHOOK_SECRET: 'a-secret-of-the-webhook',
    FEEDS: 'off',
  };
});
afterAll(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  await ledger?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** A PostgreSQL that refuses everybody by this code, as the real one does before a session. */
async function refusingPostgres(code: string): Promise<string> {
  const server = createServer(answerPostgres(code));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `postgres://ann:secret-password@127.0.0.1:${(server.address() as AddressInfo).port}/ledger`;
}

/** As a command starts: everything but the process around it. */
async function start(change: NodeJS.ProcessEnv): Promise<string> {
  try {
    const runtime = await openRuntime({ ...loadConfig({ ...whole, ...change }), logLevel: 'silent' }, 'cli');
    await runtime.close();
    return 'started';
  } catch (error) {
    return describeError(error);
  }
}

type Mistake = readonly [what: string, change: () => NodeJS.ProcessEnv | Promise<NodeJS.ProcessEnv>, line: RegExp];

const mistakes: readonly Mistake[] = [
  ['no ledger', () => ({ DATABASE_URL: undefined }), /setting DATABASE_URL: expected .+, got nothing$/m],
  [
    'a ledger that is no PostgreSQL',
    () => ({ DATABASE_URL: 'localhost:5432/ledger' }),
    /setting DATABASE_URL: expected the address of the ledger, such as postgres:\S+, got a value that is not shown$/m,
  ],
  [
    'a ledger with a password that is not encoded',
    () => ({ DATABASE_URL: 'postgres://ann:pass/word@127.0.0.1:9/ledger' }),
    /setting DATABASE_URL: expected an address that can be read: in its password \/ is %2F, .+, got a value that is not shown$/m,
  ],
  ...['http://127.0.0.1:7233', '127.0.0.1:seven', ':7233'].map(
    (TEMPORAL_ADDRESS): Mistake => [
      `an address of Temporal such as '${TEMPORAL_ADDRESS}'`,
      () => ({ TEMPORAL_ADDRESS }),
      /setting TEMPORAL_ADDRESS: expected host and port of Temporal, such as \S+, got '.+'$/m,
    ],
  ),
  [
    'a collector without an address',
    () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }),
    /setting OTEL_EXPORTER_OTLP_ENDPOINT: expected an address such as \S+, got 'collector'$/m,
  ],
  [
    'a key of Temporal with the line end of Windows',
    () => ({ TEMPORAL_API_KEY: 'key-of-temporal\r' }),
    /setting TEMPORAL_API_KEY: expected a secret without blanks around it and control characters, got one with them$/m,
  ],
  ['no tenant', () => ({ ENTRA_TENANT_ID: undefined }), /setting ENTRA_TENANT_ID: expected a text, got nothing$/m],
  [
    'an address of Sales without https',
    () => ({ DATAVERSE_URL: 'org.crm4.dynamics.com' }),
    /setting DATAVERSE_URL: expected an address such as \S+, got 'org\.crm4\.dynamics\.com'$/m,
  ],
  ['no company', () => ({ BC_COMPANY: '' }), /setting BC_COMPANY: expected a text, got ''$/m],
  [
    'no keys',
    () => ({ DEALBRIDGE_KEYS: undefined }),
    /setting DEALBRIDGE_KEYS or DEALBRIDGE_KEY_FILE: expected one of them, got neither; `dealbridge keys new` prints a key$/m,
  ],
  [
    'a key file that is not there',
    () => ({ DEALBRIDGE_KEYS: undefined, DEALBRIDGE_KEY_FILE: '/nowhere/keys' }),
    /setting DEALBRIDGE_KEY_FILE: \/nowhere\/keys cannot be read: ENOENT$/m,
  ],
  [
    'a key file that everybody may read',
    () => ({ DEALBRIDGE_KEYS: undefined, DEALBRIDGE_KEY_FILE: file('keys', `${createKeyLine()}\n`, 0o644) }),
    /setting DEALBRIDGE_KEY_FILE: .+ expected mode 600/m,
  ],
  [
    'a short secret of the webhook',
    () => ({ WEBHOOK_SECRET: 'short' }),
    /setting WEBHOOK_SECRET: expected at least 16 characters, got 5 characters$/m,
  ],
  [
    'a port that no machine has',
    () => ({ STARTER_PORT: '99999' }),
    /setting STARTER_PORT: expected a number of at most 65535, got '99999'$/m,
  ],
  [
    'a rules file that is not there',
    () => ({ DEALBRIDGE_RULES: '/nowhere/rules.yaml' }),
    /setting DEALBRIDGE_RULES: expected a file that can be read, got '\/nowhere\/rules\.yaml' \(ENOENT\)$/m,
  ],
  [
    'a rules file that is no UTF-8',
    () => ({ DEALBRIDGE_RULES: file('latin.yaml', Buffer.from('# Büro\nconfirmation: automatic\n', 'latin1')) }),
    /setting DEALBRIDGE_RULES: expected a file in UTF-8, got '.+latin\.yaml', whose line 1 is none$/m,
  ],
  [
    'a rule that is misspelt',
    () => ({ DEALBRIDGE_RULES: file('rules.yaml', 'confirm: automatic\n') }),
    /^ {2}rules\.yaml:1:1.+confirm/m,
  ],
  ['another word for on', () => ({ FEEDS: 'yes' }), /setting FEEDS: expected one of on, off, got 'yes'$/m],
  [
    'a public address without https',
    () => ({ STARTER_PUBLIC_URL: 'http://dealbridge.example.com' }),
    /setting STARTER_PUBLIC_URL: expected an https address, .+, got 'http:\/\/dealbridge\.example\.com'$/m,
  ],
  [
    'requests that outlast what they may still do',
    () => ({ BC_AMBIGUITY_WINDOW_MS: '1000' }),
    /setting BC_AMBIGUITY_WINDOW_MS: .+/m,
  ],
  [
    'a secret in a file that is not there',
    () => ({ BC_CLIENT_SECRET: undefined, BC_CLIENT_SECRET_FILE: '/nowhere/secret' }),
    /setting BC_CLIENT_SECRET_FILE: expected a file that can be read, got '\/nowhere\/secret' \(ENOENT\)$/m,
  ],
  [
    'an API key without TLS',
    () => ({ TEMPORAL_TLS: 'off', TEMPORAL_API_KEY: 'key' }),
    /setting TEMPORAL_TLS: expected on, because TEMPORAL_API_KEY would go unencrypted .+, got 'off'$/m,
  ],
  [
    'a ledger where nobody listens',
    () => ({ DATABASE_URL: 'postgres://ann:secret-password@127.0.0.1:9/ledger' }),
    /^setting DATABASE_URL: expected PostgreSQL at 127\.0\.0\.1:9\/ledger, got no answer \(ECONNREFUSED\)/,
  ],
  [
    'a wrong password of the ledger',
    async () => ({ DATABASE_URL: await refusingPostgres('28P01') }),
    /^setting DATABASE_URL: expected user and password of a role, got a refusal of PostgreSQL's \(28P01\)/,
  ],
  [
    'a ledger that does not exist',
    async () => ({ DATABASE_URL: await refusingPostgres('3D000') }),
    /^setting DATABASE_URL: expected the name of a database that exists, got a refusal of PostgreSQL's \(3D000\)/,
  ],
  [
    'a namespace that does not exist',
    () => ({ TEMPORAL_NAMESPACE: 'nowhere' }),
    /^setting TEMPORAL_NAMESPACE: expected a namespace of the server, got one that it does not know/,
  ],
];

describe('a start with a typical mistake', () => {
  it('goes well without one', async () => {
    expect((await runCli(['ping'], whole)).stdout).toBe('ledger and Temporal answer\n');
  });

  it.each(mistakes)('%s: says so in one line', async (_what, change, line) => {
    const said = await start(await change());
    expect(said).toMatch(line);
    expect(said).toMatch(/`dealbridge doctor` tells more$/);
    // One line a mistake; several settings stand below a heading.
    expect(
      said.split('\n').filter((one) => !/^The configuration is not usable:|^The rules|doctor` tells more$/.test(one))
        .length,
    ).toBeLessThan(2);
    expect(said).not.toMatch(/\n +at |secret-password|a-secret-of/);
  });

  it('a port that is taken: the starter says so in one line', async () => {
    const taken = createServer();
    servers.push(taken);
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const settings = { ...whole, STARTER_PORT: String(port), DESK_PORT: '0', LOG_LEVEL: 'fatal' };
    const { code, stderr } = await runProgram('starter', settings);
    expect(stderr).toBe(
      `setting STARTER_PORT: expected an address on which this process may listen, got 127.0.0.1:${port} (EADDRINUSE); \`dealbridge doctor\` tells more\n`,
    );
    expect(code).toBe(1);
  });

  it('a port of the desk that is taken: the starter says so in one line', async () => {
    const taken = createServer();
    servers.push(taken);
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const settings = { ...whole, STARTER_PORT: '0', DESK_PORT: String(port), LOG_LEVEL: 'fatal' };
    const { code, stderr } = await runProgram('starter', settings);
    expect(stderr).toBe(
      `setting DESK_PORT: expected an address on which this process may listen, got 127.0.0.1:${port} (EADDRINUSE); \`dealbridge doctor\` tells more\n`,
    );
    expect(code).toBe(1);
  });

  it.each(['worker', 'starter'] as const)('a misspelt name of a setting: the %s names it and goes on', async (name) => {
    const taken = createServer();
    servers.push(taken);
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    // It ends at the port, behind the warning.
    const { port } = taken.address() as AddressInfo;
    const settings = { ...whole, [`${name.toUpperCase()}_STATUS_PORT`]: String(port), BC_RATE_PER_SECONDS: '5' };
    const { stderr } = await runProgram(name, settings);
    const [warning = '', refusal] = stderr.split('\n');
    expect(JSON.parse(warning)).toMatchObject({
      ...{ level: 40, name, setting: 'BC_RATE_PER_SECONDS', nearest: 'BC_RATE_PER_SECOND' },
      msg: 'unknown setting BC_RATE_PER_SECONDS is ignored, the nearest right name is BC_RATE_PER_SECOND',
    });
    expect(refusal).toContain('EADDRINUSE');
  });

  it('a command that only needs the ledger, and finds none, says so in one line', async () => {
    const { code, stderr } = await runCli(['list'], { ...whole, DATABASE_URL: 'postgres://ann@127.0.0.1:9/ledger' });
    expect(stderr).toMatch(
      /^setting DATABASE_URL: expected PostgreSQL at 127\.0\.0\.1:9\/ledger, got no answer \(ECONNREFUSED\); .+\n$/,
    );
    expect(code).toBe(1);
  });
});
