import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { writeChain } from '../support/audit.js';

/** The rights that docs/audit.md recommends: taken from the page itself, so that what is printed there works. */
export function testAuditRights(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the rights of docs/audit.md on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let owner: Database;
    let application: Database;

    beforeAll(async () => {
      server = await open();
      owner = openDatabase(server.url);
      await migrate(owner);
      const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
      const sql = /```sql\n([^`]*CREATE ROLE[^`]*)```/.exec(page)?.[1];
      if (!sql) throw new Error('docs/audit.md shows no rights');
      await owner.query(sql);
      const url = new URL(server.url);
      url.username = 'dealbridge_app';
      application = openDatabase(url.href);
    });
    afterAll(async () => {
      await application?.close();
      await owner?.close();
      await server?.stop();
    });

    it('let the program start, write, seal and verify', async () => {
      expect(await migrate(application)).toEqual([]);
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
    });

    it('refuse everything that could hide something', async () => {
      await writeChain(application, 1);
      for (const sql of [
        `UPDATE audit_entries SET actor = 'mallory'`,
        'DELETE FROM audit_entries',
        'TRUNCATE audit_entries',
        'DELETE FROM audit_seals',
        'DELETE FROM audit_seal_heads',
        `UPDATE audit_personal SET content = '{}'`,
        'TRUNCATE audit_personal',
        'ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_are_append_only',
        'DROP TRIGGER audit_entries_are_chained ON audit_entries',
        `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      ]) {
        await expect(application.query(sql), sql).rejects.toThrow(/permission denied|must be owner/);
      }
    });
  });
}
