import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate, migrateAsOwner } from '../../src/ledger/migrate.js';
import { listChangeableTrail, listMissingRights } from '../../src/ledger/upkeep/probe.js';
import { writeChain } from '../support/audit.js';

/** The roles of docs/audit.md, made by the statements of the page itself, so that what is printed there works. */
export function testAuditRights(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the roles of docs/audit.md on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let admin: Database;
    let owner: Database;
    let application: Database;
    let reader: Database;
    const databaseName = `dealbridge_roles_${randomUUID().replaceAll('-', '')}`;
    const password = randomUUID();

    beforeAll(async () => {
      server = await open();
      admin = openDatabase(server.url, { connections: 1 });
      for (const statement of statementsOfPage()) {
        const sql = statement.replace('DATABASE dealbridge', `DATABASE ${databaseName}`);
        // A role belongs to the server: another run may have made it.
        await admin.query(sql).catch((error: unknown) => expect(error).toMatchObject({ code: '42710' }));
      }
      for (const role of ['owner', 'app', 'reader'])
        await admin.query(`ALTER ROLE dealbridge_${role} PASSWORD '${password}'`);
      owner = openAs('dealbridge_owner');
      application = openAs('dealbridge_app');
      reader = openAs('dealbridge_reader');
    });
    afterAll(async () => {
      await Promise.all([application?.close(), owner?.close(), reader?.close()]);
      await admin?.query(`DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`);
      await admin?.close();
      await server?.stop();
    });

    function openAs(role: string): Database {
      const url = new URL(server.url);
      url.username = role;
      url.password = password;
      url.pathname = `/${databaseName}`;
      return openDatabase(url.href, { connections: 2 });
    }

    it('the application does not start before the owner has migrated, and says what to run', async () => {
      await expect(migrate(application)).rejects.toThrow(
        /^The ledger lacks 0001-deals\.sql, .*: run `dealbridge ledger migrate` with the DATABASE_URL of the owner of its tables$/,
      );
      const { applied, granted, absent } = await migrateAsOwner(owner);
      expect(applied).toContain('0002-audit.sql');
      expect({ granted, absent }).toEqual({ granted: ['dealbridge_app', 'dealbridge_reader'], absent: [] });
      expect(await migrate(application)).toEqual([]);
    });

    it('nobody but the owner of the tables is told that rights were given', async () => {
      for (const [role, database] of [
        ['dealbridge_app', application],
        ['dealbridge_reader', reader],
      ] as const)
        await expect(migrateAsOwner(database)).rejects.toThrow(
          `The tables of the ledger belong to dealbridge_owner and not to ${role}: run`,
        );
      expect((await migrateAsOwner(owner)).granted).toEqual(['dealbridge_app', 'dealbridge_reader']);
    });

    it('the application writes, seals, erases and verifies, and the doctor finds its rights right', async () => {
      const recordId = await writeChain(application, 3);
      const ledger = createLedger(application);
      await ledger.register({ table: 'quote', recordId });
      await ledger.change(
        recordId,
        { kind: 'ended', state: 'cancelled', by: 'Sales' },
        { actor: 'ann', action: 'confirm', personal: { note: 'x' } },
      );
      await sealAudit(application);
      expect(await ledger.erasePersonal({ recordId, by: 'ann', reason: 'asked for' })).toMatchObject({ entries: 1 });
      expect((await verifyAudit(application, { recordId })).findings).toEqual([]);
      expect(await listMissingRights(application)).toEqual([]);
      expect(await listChangeableTrail(application)).toEqual([]);
      expect(await listChangeableTrail(owner)).toContain('audit_entries');
    });

    it('the application is refused everything that could hide something', async () => {
      await writeChain(application, 1);
      for (const sql of [
        `UPDATE audit_entries SET actor = 'mallory'`,
        'DELETE FROM audit_entries',
        'TRUNCATE audit_entries',
        'DELETE FROM audit_seals',
        'DELETE FROM audit_seal_heads',
        `UPDATE audit_personal SET content = '{}'`,
        'TRUNCATE audit_personal',
        'TRUNCATE source_records',
        'DELETE FROM migrations',
        'ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_are_append_only',
        'DROP TRIGGER audit_entries_are_chained ON audit_entries',
        `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      ]) {
        await expect(application.query(sql), sql).rejects.toThrow(/permission denied|must be owner/);
      }
    });

    it('a reader reads deals and trail, but no secrets and not what people wrote, and changes nothing', async () => {
      expect((await createLedger(reader).listRecords({ limit: 1 })).rows.length).toBe(1);
      expect((await reader.query('SELECT 1 FROM audit_entries LIMIT 1')).rows).toHaveLength(1);
      for (const sql of [
        'SELECT * FROM credentials',
        'SELECT * FROM audit_personal',
        `UPDATE source_records SET state = 'settled'`,
        'CREATE TABLE mine (id int)',
      ]) {
        await expect(reader.query(sql), sql).rejects.toThrow(/permission denied/);
      }
    });

    it('what a later version brings gets its rights with the next migration, the trail only reading and adding', async () => {
      await owner.query('CREATE TABLE later (id int); CREATE TABLE audit_later (id int)');
      expect(await listMissingRights(application)).toEqual(['audit_later', 'later']);
      await migrateAsOwner(owner);
      await application.query(
        'INSERT INTO later VALUES (1); UPDATE later SET id = 2; INSERT INTO audit_later VALUES (1)',
      );
      await expect(application.query('UPDATE audit_later SET id = 2')).rejects.toThrow(/permission denied/);
      expect((await reader.query('SELECT id FROM later')).rows).toEqual([{ id: 2 }]);
    });

    it('a right that somebody took away is found by name', async () => {
      await owner.query('REVOKE INSERT ON source_records FROM dealbridge_app');
      expect(await listMissingRights(application)).toEqual(['source_records']);
    });
  });
}

function statementsOfPage(): string[] {
  const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const sql = /```sql\n([^`]*CREATE ROLE[^`]*)```/.exec(page)?.[1];
  if (!sql) throw new Error('docs/audit.md shows no roles');
  return sql
    .split('\n')
    .map((line) => line.replace(/--.*/, '').trim())
    .filter((line) => line !== '');
}
