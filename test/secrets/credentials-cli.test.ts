import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSecret } from '../../src/cli/read-secret.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { type CliResult, runCli } from '../support/cli.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** `dealbridge credentials …` and `dealbridge keys new` as the processes that people start. */

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-credentials-'));
let simulators: Simulators;
let ledger: EmbeddedLedger;
let env: NodeJS.ProcessEnv;
const KEY = createKeyLine();
/** Each command is a process of its own, and there are a dozen of them in a test. */
const PATIENCE_MS = 180_000;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  ledger = await openEmbeddedLedger();
  const { connection: to } = simulators;
  env = {
    PATH: process.env['PATH'],
    DATABASE_URL: ledger.url,
    DEALBRIDGE_KEYS: KEY,
    ENTRA_TENANT_ID: to.tenant,
    ENTRA_LOGIN_URL: to.entra,
    DATAVERSE_URL: to.dataverse,
    DATAVERSE_CLIENT_ID: to.dataverseApp.clientId,
    BC_URL: to.businessCentral,
    BC_COMPANY: to.company,
    BC_CLIENT_ID: to.businessCentralApp.clientId,
  };
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await ledger?.stop();
  await simulators?.stop();
});

const credentials = (...args: readonly string[]): Promise<CliResult> => runCli(['credentials', ...args], env);
const give = (input: string, ...args: readonly string[]): Promise<CliResult> =>
  runCli(['credentials', 'set', ...args, '--by', 'ann'], env, input);

describe('dealbridge credentials', () => {
  it(
    'sets, lists, tests and rotates, and never shows a value',
    async () => {
      const missing = await credentials('test');
      expect(missing.code).toBe(1);
      expect(missing.stdout).toContain('dataverse: there is none, neither in the settings nor in the ledger');

      const { dataverseApp, businessCentralApp } = simulators.connection;
      const set = await give(`${dataverseApp.clientSecret}\n`, 'dataverse');
      expect(set).toMatchObject({ code: 0, stderr: '' });
      expect(set.stdout).toBe(`dataverse: generation 1 stored, sealed with key ${KEY.split(':')[0]}\n`);
      expect((await give('not the right secret', 'business-central')).code).toBe(0);

      const wrong = await credentials('test');
      expect(wrong.code).toBe(1);
      expect(wrong.stdout).toMatch(/^dataverse \(ledger, secret\): Entra gave a token for http\S+ until 2\d{3}-/m);
      expect(wrong.stdout).toMatch(/^business-central \(ledger, secret\): .*invalid_client AADSTS7000215/m);

      await give(businessCentralApp.clientSecret, 'business-central');
      const right = await credentials('test');
      expect(right.code).toBe(0);
      // The one before still stands for a day; that it is refused is said and does no harm.
      expect(right.stdout).toMatch(/^business-central \(ledger, secret, the one before\): .*AADSTS7000215/m);

      const next = createKeyLine();
      const rotated = await runCli(['credentials', 'rotate'], { ...env, DEALBRIDGE_KEYS: `${next},${KEY}` });
      expect(rotated.stdout).toBe(`3 sealed anew, everything is sealed with key ${next.split(':')[0]}\n`);
      env['DEALBRIDGE_KEYS'] = next;
      expect((await credentials('test')).code).toBe(0);

      const list = await credentials('list');
      expect(list.stdout).toMatch(/^business-central +2 +secret .* ann +- +current$/m);
      expect(list.stdout).toMatch(/^business-central +1 +secret .* ann +- +until /m);
      for (const { stdout, stderr } of [set, wrong, right, rotated, list])
        for (const secret of [dataverseApp.clientSecret, businessCentralApp.clientSecret, 'not the right secret'])
          expect(stdout + stderr).not.toContain(secret);
    },
    PATIENCE_MS,
  );

  it(
    'a certificate: checked, sealed, and good for a token',
    async () => {
      const make = (name: string): { key: string; certificate: string } => {
        const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
        const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=dealbridge'];
        execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
        return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
      };
      const [own, other] = [make('own'), make('other')];
      const mixed = await give(own.key + other.certificate, 'dataverse', '--certificate');
      expect(mixed).toMatchObject({
        code: 2,
        stderr: "--certificate: expected the private key of the certificate, got 'the one of another certificate'\n",
      });
      const half = await give(own.certificate, 'dataverse', '--certificate');
      expect(half.stderr).toMatch(
        /^--certificate: expected private key and certificate in .*, got 'no PRIVATE KEY block'/,
      );

      const kept = await give(own.certificate + own.key, 'dataverse', '--certificate', '--overlap-hours', '0');
      expect(kept.stdout).toMatch(/^dataverse: generation \d stored, .*, certificate until 2/);
      const { entra, dataverseApp } = simulators.connection;
      const body = JSON.stringify({ clientId: dataverseApp.clientId, certificate: own.certificate });
      await fetch(`${entra}/_sim/apps`, { method: 'POST', body });
      const tested = await credentials('test');
      expect(tested.stdout).toMatch(/^dataverse \(ledger, certificate\): Entra gave a token/m);
      expect(tested.stdout).not.toContain('dataverse (ledger, secret, the one before)');
      expect((await credentials('list')).stdout).toMatch(/^dataverse +\d +certificate /m);
    },
    PATIENCE_MS,
  );

  for (const [what, input, args, right] of [
    ['an unknown name', 'x', ['bank'], /name: expected one of dataverse, business-central, webhook/],
    ['nothing', '\n', ['dataverse'], /secret: expected a secret on standard input/],
    ['a short webhook secret', 'too short', ['webhook'], /secret: expected at least 16 characters, got '9 characters'/],
    ['a webhook secret of blanks', ' '.repeat(20), ['webhook'], /secret: expected a secret, got 'nothing but blanks'/],
    [
      'a client secret with a blank behind it',
      'a-client-secret ',
      ['dataverse'],
      /secret: expected a secret without blanks/,
    ],
    [
      'a certificate for a webhook',
      'x',
      ['webhook', '--certificate'],
      /--certificate: expected a secret: the webhook has no certificate/,
    ],
    [
      'no number of hours',
      'x',
      ['dataverse', '--overlap-hours', 'soon'],
      /--overlap-hours: expected a number of hours/,
    ],
    // As a variable of a shell that is not set: 0 hours would end the secret before at once.
    [
      'an empty number of hours',
      'x',
      ['dataverse', '--overlap-hours', ''],
      /--overlap-hours: expected a number of hours/,
    ],
    [
      'more hours than a year',
      'x',
      ['dataverse', '--overlap-hours', '9e9'],
      /--overlap-hours: expected a number of hours/,
    ],
    [
      'ten years',
      'x',
      ['dataverse', '--overlap-hours', '87600'],
      /--overlap-hours: expected a number of hours from 0 to 8760/,
    ],
    ['a secret on the command line', '', ['dataverse', 'my-secret'], /too many arguments/],
  ] as const) {
    it(`${what} is refused with a clear word`, async () => {
      const result = await give(input, ...args);
      expect(result.code).toBe(2);
      expect(result.stderr).toMatch(right);
      expect(result.stderr).not.toMatch(/\n {4}at /);
    });
  }

  for (const command of ['test', 'rotate']) {
    it(`a key that is gone is named by \`credentials ${command}\` in one line, with what it sealed and what to do`, async () => {
      const result = await runCli(['credentials', command], { ...env, DEALBRIDGE_KEYS: createKeyLine() });
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(
        /^credential '[a-z-]+': the key ring does not hold the key of this value \(key '[^']+'\)\. Put the old key back, .+`dealbridge credentials set`.+\n$/,
      );
    });
  }
});

describe('dealbridge keys new', () => {
  it('prints a usable line and needs no configuration', async () => {
    const { code, stdout } = await runCli(['keys', 'new'], { PATH: process.env['PATH'] });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d{8}-[0-9a-f]{6}:[A-Za-z0-9+/]{43}=\n$/);
  });
});

describe('the prompt', () => {
  function terminal() {
    const modes: boolean[] = [];
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => modes.push(mode) });
    const output = new PassThrough();
    return { input, output, modes, shown: () => String(output.read() ?? '') };
  }

  it('takes a line without showing it, with what was erased left out', async () => {
    const { input, output, modes, shown } = terminal();
    const secret = readSecret('secret: ', input, output);
    input.write('sekx');
    input.write('\u007fret\r');
    expect(await secret).toBe('sekret');
    expect(shown()).toBe('secret: \n');
    expect(modes).toEqual([true, false]);
  });

  it('gives the terminal back when it is given up', async () => {
    const { input, output, modes } = terminal();
    const secret = readSecret('secret: ', input, output);
    input.write('sek\u0003');
    await expect(secret).rejects.toThrow('nothing was changed');
    expect(modes).toEqual([true, false]);
  });
});
