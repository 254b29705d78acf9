import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The questions of `connect` on a real terminal, which only Python's `pty` opens without a package. */

const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;
const CTRL_C = '\u0003';
const ARROW_UP = '\u001b[A';

interface Seen {
  readonly shown: string;
  readonly code: number;
  readonly isRestored: boolean;
  readonly unasked: readonly string[];
}

describe.skipIf(!hasPython)('on a terminal', () => {
  let simulators: Simulators;
  let folder: string;
  beforeAll(async () => {
    simulators = await startSimulators({ products: 1, accounts: 1, documents: 3 });
    folder = mkdtempSync(join(tmpdir(), 'dealbridge-terminal-'));
  });
  afterAll(async () => {
    await simulators?.stop();
    rmSync(folder, { recursive: true });
  });

  async function connect(...answers: readonly (readonly [question: string, answer: string])[]): Promise<Seen> {
    const { PATH } = process.env;
    const { stdout } = await promisify(execFile)(
      'python3',
      [
        resolve('test/support/terminal.py'),
        JSON.stringify([answers, process.execPath, resolve('dist/cli/main.js'), 'connect']),
      ],
      { cwd: folder, env: { PATH, ENTRA_LOGIN_URL: simulators.connection.entra, DEALBRIDGE_ENV_FILES: 'off' } },
    );
    return JSON.parse(stdout);
  }

  it('shows no secret, and a question that is given up ends in one line and leaves nothing behind', async () => {
    const { tenant, dataverse, dataverseApp } = simulators.connection;
    const seen = await connect(
      ['Tenant ID', `${tenant}\r`],
      ['Environment URL', `${dataverse}\r`],
      ['Application (client) ID', `${dataverseApp.clientId}\r`],
      ['Its client secret', 'not-shown\r'],
      ['Environment URL', `${CTRL_C}`],
    );
    expect(seen).toMatchObject({ code: 1, isRestored: true, unasked: [] });
    expect(seen.shown).not.toContain('not-shown');
    expect(seen.shown).toMatch(/WRONG[\s\S]*Once more[\s\S]*\r\ngiven up, nothing was changed\r\n$/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a secret that is given up gives the terminal back', async () => {
    const { tenant, dataverse, dataverseApp } = simulators.connection;
    const seen = await connect(
      ['Tenant ID', `${tenant}\r`],
      ['Environment URL', `${dataverse}\r`],
      ['Application (client) ID', `${dataverseApp.clientId}\r`],
      ['Its client secret', `${ARROW_UP}half${CTRL_C}`],
    );
    expect(seen).toMatchObject({ code: 1, isRestored: true, unasked: [] });
    expect(seen.shown).not.toContain('half');
    expect(seen.shown).toMatch(/\r\ngiven up, nothing was changed\r\n$/);
  });
});
