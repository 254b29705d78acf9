import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createEnvironmentLedger, findCompanyNames } from '../../src/ledger/settings/environments.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { runCli } from '../support/cli.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';

/** The command line where Temporal is away, and where nobody reads what it prints. */

const KEYS = createKeyLine();
let embedded: EmbeddedLedger;
let database: Database;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = signedWith(openDatabase(embedded.url), KEYS);
  await migrate(database);
  await database.transaction((tx) => appendAudit(tx, { recordId: SYSTEM_CHAIN, actor: 'ann', action: 'retry' }));
  env = {
    PATH: process.env['PATH'],
    DATABASE_URL: embedded.url,
    DEALBRIDGE_KEYS: KEYS,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    ENTRA_TENANT_ID: 'tenant',
    DATAVERSE_URL: 'https://org.crm4.dynamics.com',
    DATAVERSE_CLIENT_ID: 'one',
    BC_COMPANY: 'Company',
    BC_CLIENT_ID: 'two',
  };
});
afterAll(async () => {
  await database?.close();
  await embedded?.stop();
});

describe('without Temporal', () => {
  it.each([
    ['audit seal', 'seal 1:'],
    ['audit verify', 'the trail is whole'],
    ['audit verify', 'in 1 chain, 1 seal\n'],
    [`audit show ${SYSTEM_CHAIN}`, 'ann'],
    ['audit export', '"action":"retry"'],
    ['feeds', 'No feed of Sales has run yet'],
    ['feeds gaps', 'webhook saw'],
    ['flows list', ''],
    ['accounts', 'no accounts are kept in agreement yet'],
    ['list', 'there is no deal yet'],
    ['list --sort age --limit 5', 'there is no deal yet'],
    ['list --state held', 'no deal fits'],
  ])('`%s` answers, since all of it stands in the ledger', async (command, said) => {
    const { code, stdout, stderr } = await runCli(command.split(' '), env);
    expect(stderr).toBe('');
    expect(stdout).toContain(said);
    expect(code).toBe(0);
  });
});

describe('a company that the ledger does not know', () => {
  const list = (...args: string[]) => runCli(['list', '--company', ...args], env);

  it('is refused with those that it knows, and one without a deal that fits is none of these', async () => {
    const none = await list('Fabrikam');
    expect(none.stderr.trim()).toBe(
      "--company: expected the name or id of a company that the ledger knows, of which there is none yet, got 'Fabrikam'",
    );
    expect(none.code).toBe(2);
    for (const [address, companyName] of Object.entries({ 'https://one': 'Contoso', 'https://two': 'Adventure' }))
      await createEnvironmentLedger(database).ensureRegistered(
        { system: 'business-central', address, identity: { companyId: randomUUID(), companyName } },
        'test',
      );
    const unknown = await list('Fabrikam', '--state', 'held');
    expect(unknown.stderr.trim()).toBe("--company: expected one of Adventure, Contoso, or its id, got 'Fabrikam'");
    expect(unknown.code).toBe(2);
    expect(await list('CONTOSO')).toEqual({ code: 0, stdout: 'no deal fits\n', stderr: '' });
    const [one] = await findCompanyNames(database).then((names) => [...names.keys()]);
    expect(await list(String(one).toUpperCase())).toEqual({ code: 0, stdout: 'no deal fits\n', stderr: '' });
    expect((await list(randomUUID())).code).toBe(2);
  });
});

describe('whose reader has gone, as behind `| head -1`', () => {
  /** Nothing that it prints is taken. */
  function runUnread(...args: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }> {
    const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
      env: { DEALBRIDGE_ENV_FILES: 'off', ...env },
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
  }

  it.each([
    ['audit verify', 0],
    ['audit export', 0],
    ['keys new', 0],
    ['doctor', 1],
  ])('`%s` is done all the same, and no error is shown', async (command, code) => {
    expect(await runUnread(...command.split(' '))).toEqual({ code, stderr: '' });
  });
});
