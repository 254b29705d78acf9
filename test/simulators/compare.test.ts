import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRuns } from '../../tools/compare/differences.js';
import { ensureAllowed, runCompare } from '../../tools/compare/main.js';
import type { Exchange, Run } from '../../tools/compare/records.js';

const exchange = (more: Partial<Exchange> = {}): Exchange => ({
  method: 'GET',
  path: 'accounts',
  status: 200,
  headers: { 'content-type': 'application/json; odata.metadata=minimal' },
  body: { value: [{ name: 'A', accountid: '1' }] },
  ...more,
});

const run = (...exchanges: Exchange[]): Run => ({ outcome: 'passed', exchanges });

function detailsOf(simulator: Run, tenant: Run): readonly string[] {
  const of = (one: Run) => new Map([['a case', one]]);
  return compareRuns({ simulator: of(simulator), tenant: of(tenant), left: [] }).differences.flatMap(
    (one) => one.details,
  );
}

describe('what counts as a difference', () => {
  it('data do not: ids, names, moments, the order of header parameters', () => {
    const other = exchange({
      headers: { 'content-type': 'odata.metadata=minimal;application/json' },
      body: { value: [{ name: 'B', accountid: '2' }] },
    });
    expect(detailsOf(run(exchange()), run(other))).toEqual([]);
    const refused = (id: string) =>
      exchange({ status: 404, body: { error: { code: '0x80040217', message: `With Id = ${id}` } } });
    const [one, two] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
    expect(detailsOf(run(refused(one)), run(refused(two)))).toEqual([]);
  });

  it('status, error code and text, headers that clients act on, and fields do', () => {
    const refused = (code: string, message: string) => exchange({ status: 400, body: { error: { code, message } } });
    expect(detailsOf(run(refused('A', 'one')), run(refused('B', 'two')))).toEqual([
      'GET accounts: error code: tenant b, simulator a',
      'GET accounts: error text: tenant two, simulator one',
    ]);
    expect(detailsOf(run(exchange()), run(exchange({ status: 206 })))).toEqual([
      'GET accounts: status: tenant 206, simulator 200',
    ]);
    expect(detailsOf(run(exchange()), run(exchange({ body: { value: [{ name: 'A', fax: '' }] } })))).toEqual([
      'GET accounts: fields that only the tenant has: fax',
      'GET accounts: fields that only the simulator has: accountid',
    ]);
  });

  it('a case that only one of the two passes does', () => {
    const failed: Run = { outcome: 'failed', failure: 'expected 1 to be 2', exchanges: [] };
    expect(detailsOf(run(), failed)).toEqual(['outcome: tenant failed (expected 1 to be 2), simulator passed']);
  });
});

describe('a production environment', () => {
  const production = { isProduction: true, companyName: 'Nordwerk GmbH' };

  it('is left alone until --write is typed and the company named', () => {
    expect(() => ensureAllowed(production, { write: false })).toThrow(
      "--write: expected it typed, with --confirm 'Nordwerk GmbH'",
    );
    expect(() => ensureAllowed(production, { write: true })).toThrow("--confirm: expected 'Nordwerk GmbH'");
    expect(() => ensureAllowed(production, { write: true, confirm: 'nordwerk' })).toThrow('--confirm');
    expect(() => ensureAllowed(production, { write: true, confirm: 'Nordwerk GmbH' })).not.toThrow();
  });

  it('a sandbox is not one', () => {
    expect(() => ensureAllowed({ ...production, isProduction: false }, { write: false })).not.toThrow();
  });
});

describe('npm run simulators:compare', () => {
  let standIn: Simulators;
  let folder: string;
  beforeAll(async () => {
    standIn = await startSimulators({ products: 20, accounts: 12, documents: 3 });
    folder = mkdtempSync(join(tmpdir(), 'dealbridge-compare-test-'));
    const { connection: to } = standIn;
    const settings = {
      ENTRA_LOGIN_URL: to.entra,
      ENTRA_TENANT_ID: to.tenant,
      DATAVERSE_URL: to.dataverse,
      DATAVERSE_CLIENT_ID: to.dataverseApp.clientId,
      DATAVERSE_CLIENT_SECRET: to.dataverseApp.clientSecret,
      BC_URL: to.businessCentral,
      BC_ENVIRONMENT: to.environment,
      BC_COMPANY: to.company,
      BC_CLIENT_ID: to.businessCentralApp.clientId,
      BC_CLIENT_SECRET: to.businessCentralApp.clientSecret,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(join(folder, 'env'), lines.join(''));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await standIn.stop();
  });

  const plant = (switches: object) =>
    fetch(`${standIn.connection.businessCentral}/_sim/switches`, { method: 'POST', body: JSON.stringify(switches) });

  async function compare(...args: string[]): Promise<{ code: number; said: string }> {
    const said: string[] = [];
    const code = await runCompare({
      root: process.cwd(),
      args: ['--env', join(folder, 'env'), ...args],
      say: (text) => said.push(text),
    });
    return { code, said: said.join('\n') };
  }

  it('refuses a production environment before a case runs', async () => {
    await expect(compare()).rejects.toThrow('--write: expected it typed');
  });

  it('finds the difference that was planted, and writes nothing', async () => {
    await plant({ environmentType: 'Sandbox', unknownIdCode: 'BadRequest_NotFound' });
    const before = await (await fetch(`${standIn.connection.businessCentral}/_sim/state`)).text();
    const { code, said } = await compare('--only', 'business-central');
    expect(code).toBe(1);
    expect(said).toMatch(/error code: tenant badrequest_notfound, simulator internal_\w+$/m);
    expect(said).toMatch(/^\d+ cases compared, 1 differ, \d+ skipped$/m);
    expect(await (await fetch(`${standIn.connection.businessCentral}/_sim/state`)).text()).toBe(before);
  });

  it('with --write deletes what it made, and names what cannot be deleted', async () => {
    await plant({ environmentType: 'Sandbox' });
    const accounts = async (): Promise<number> => {
      const state = await (await fetch(`${standIn.connection.dataverse}/_sim/state`)).text();
      return Number(/"account":(\d+)/.exec(state)?.[1]);
    };
    const before = await accounts();
    const { code, said } = await compare('--write', '--only', 'dataverse');
    expect(said).toMatch(/^\d+ cases compared, 0 differ, \d+ skipped$/m);
    expect(code).toBe(0);
    expect(await accounts()).toBe(before + [...said.matchAll(/^left in the tenant .*\/accounts\(/gm)].length);
    // Orders and quotes that were closed stay, and their customers with them.
    expect(await accounts()).toBeLessThan(before + 10);
  });
});
