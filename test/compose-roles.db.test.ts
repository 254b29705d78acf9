import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../src/ledger/database.js';
import { migrate, migrateAsOwner } from '../src/ledger/migrate.js';
import { startPostgres } from './support/postgres.js';

/**
 * The script that docker-compose.yml gives PostgreSQL, run on a server of this machine. It makes roles and databases by fixed
 * names, so a server that others use will not do.
 */
const server = process.env['TEST_POSTGRES_URL'] ? undefined : await startPostgres();
const SECRETS = 'docker/simulators-secrets';

describe.skipIf(!server || !hasPsql())('the roles of docker-compose.yml', () => {
  const open: Database[] = [];
  const openAs = (role: string, database: string): Database => {
    const url = new URL(server?.url ?? '');
    url.username = role;
    url.pathname = `/${database}`;
    const opened = openDatabase(url.href, { connections: 1 });
    open.push(opened);
    return opened;
  };

  beforeAll(() => {
    const { hostname, port, username } = new URL(server?.url ?? '');
    const env = { ...process.env, SECRETS, POSTGRES_USER: username, PGHOST: hostname, PGPORT: port };
    execFileSync('/bin/sh', ['docker/postgres/10-roles.sh'], { env, stdio: 'pipe' });
  });
  afterAll(async () => {
    await Promise.all(open.map((one) => one.close()));
    await server?.stop();
  });

  it('the owner migrates the ledger, and the application finds all it needs', async () => {
    const { granted } = await migrateAsOwner(openAs('dealbridge_owner', 'dealbridge'));
    expect(granted).toEqual(['dealbridge_app', 'dealbridge_reader']);
    expect(await migrate(openAs('dealbridge_app', 'dealbridge'))).toEqual([]);
  });

  it('Temporal owns its two databases, with the extension that its schema makes, and may not enter the ledger', async () => {
    for (const database of ['temporal', 'temporal_visibility']) {
      await openAs('temporal', database).query('CREATE EXTENSION btree_gin; CREATE TABLE own (id int)');
    }
    await expect(openAs('temporal', 'dealbridge').query('SELECT 1')).rejects.toThrow(/permission denied for database/);
    await expect(openAs('temporal', 'temporal').query('CREATE DATABASE more')).rejects.toThrow(/permission denied/);
  });

  it('nobody of the ledger may enter what is of Temporal, nor make roles', async () => {
    for (const role of ['dealbridge_owner', 'dealbridge_app', 'dealbridge_reader']) {
      await expect(openAs(role, 'temporal').query('SELECT 1')).rejects.toThrow(/permission denied for database/);
      await expect(openAs(role, 'dealbridge').query('CREATE ROLE mallory SUPERUSER')).rejects.toThrow(
        /permission denied|must be superuser/,
      );
    }
  });

  it('each role has the password of its secret, and no two the same', async () => {
    const passwords = ['ledger_owner_url', 'ledger_app_url', 'ledger_reader_url'].map(
      (name) => new URL(readFileSync(`${SECRETS}/${name}`, 'utf8').trim()).password,
    );
    passwords.push(readFileSync(`${SECRETS}/temporal_password`, 'utf8').trim());
    expect(new Set(passwords).size).toBe(4);
    const admin = openDatabase(server?.url ?? '', { connections: 1 });
    open.push(admin);
    const { rows } = await admin.query<{ name: string; secret: string }>(
      `SELECT rolname AS name, rolpassword AS secret FROM pg_authid WHERE rolname ~ '^(dealbridge_|temporal$)' ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'dealbridge_app',
      'dealbridge_owner',
      'dealbridge_reader',
      'temporal',
    ]);
    for (const { secret } of rows) expect(secret).toMatch(/^SCRAM-SHA-256\$/);
  });
});

function hasPsql(): boolean {
  try {
    execFileSync('psql', ['--version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
