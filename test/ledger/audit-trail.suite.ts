import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit, readAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import type { Finding } from '../../src/ledger/audit/chain.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { type VerifyOptions, verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { CONFIGURATION_CHANGED, recordConfiguration } from '../../src/ledger/settings/configuration-log.js';
import { listSleepingTriggers } from '../../src/ledger/upkeep/probe.js';
import { tamper, toExportText, verifyOffline, writeChain } from '../support/audit.js';
import { TAMPERED_ENTRIES, TAMPERED_SEALS } from '../support/audit-tampering.js';

/** The audit trail proves itself on every database that claims to carry the ledger (I4). */
export function testAuditTrail(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the audit trail on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    const findingsOf = async (options: VerifyOptions = {}): Promise<readonly Finding[]> =>
      (await verifyAudit(database, options)).findings;

    it('has no trigger that could be switched off without being missed', async () => {
      const { rows } = await database.query<{ table: string; trigger: string }>(
        `SELECT DISTINCT event_object_table::text AS table, trigger_name::text AS trigger FROM information_schema.triggers
         WHERE event_object_table LIKE 'audit_%'`,
      );
      expect(rows.length).toBeGreaterThan(5);
      for (const { table, trigger } of rows) {
        await database.query(`ALTER TABLE ${table} DISABLE TRIGGER ${trigger}`);
        expect(await listSleepingTriggers(database)).toEqual([trigger]);
        await database.query(`ALTER TABLE ${table} ENABLE TRIGGER ${trigger}`);
      }
      expect(await listSleepingTriggers(database)).toEqual([]);
    });

    describe('a chain', () => {
      it('counts without gaps, and each entry holds the hash of the one before', async () => {
        const recordId = await writeChain(database, 4);
        const { rows } = await database.query<{ position: string; previous: string; own: string }>(
          `SELECT chain_position AS position, previous_hash AS previous, entry_hash AS own FROM audit_entries
           WHERE record_id = $1 ORDER BY chain_position`,
          [recordId],
        );
        expect(rows.map((row) => row.position)).toEqual(['1', '2', '3', '4']);
        expect(rows.map((row) => row.previous)).toEqual(['0'.repeat(64), ...rows.slice(0, 3).map((row) => row.own)]);
        expect(await findingsOf({ recordId })).toEqual([]);
      });

      it('does not fork under forty writers at once, each with connections of its own', async () => {
        const recordId = randomUUID();
        const other = openDatabase(server.url, { connections: 5 });
        const facts = { total: '1.00' };
        await Promise.all(
          Array.from({ length: 40 }, (_none, index) =>
            appendAudit(index % 2 === 0 ? database : other, { recordId, actor: 'dealbridge', action: 'retry', facts }),
          ),
        );
        await other.close();
        expect((await readAudit(database, recordId)).map((entry) => entry.position)).toEqual(
          Array.from({ length: 40 }, (_none, index) => index + 1),
        );
        expect(await findingsOf({ recordId })).toEqual([]);
      });

      it('takes several entries of one statement in their order', async () => {
        const recordId = randomUUID();
        await database.query(
          `INSERT INTO audit_entries (record_id, actor, action) SELECT $1, 'dealbridge', 'step ' || n FROM generate_series(1, 5) n`,
          [recordId],
        );
        expect((await readAudit(database, recordId)).map((entry) => entry.action)).toEqual(
          [1, 2, 3, 4, 5].map((step) => `step ${step}`),
        );
        expect(await findingsOf({ recordId })).toEqual([]);
      });

      it('gives position, hashes and time itself, whatever a statement claims', async () => {
        const recordId = await writeChain(database, 1);
        await database.query(
          `INSERT INTO audit_entries (record_id, actor, action, at, chain_position, previous_hash, entry_hash)
           VALUES ($1, 'mallory', 'confirm', '2001-01-01', 1, 'x', 'x')`,
          [recordId],
        );
        const [first, second] = await readAudit(database, recordId);
        expect(second?.position).toBe(2);
        expect(Number(second?.at)).toBeGreaterThanOrEqual(Number(first?.at));
        expect(await findingsOf({ recordId })).toEqual([]);
      });

      it('an entry that was rolled back leaves no gap', async () => {
        const recordId = await writeChain(database, 1);
        const work = database.transaction(async (tx) => {
          await appendAudit(tx, { recordId, actor: 'dealbridge', action: 'retry' });
          throw new RangeError('changed our mind');
        });
        await expect(work).rejects.toThrow('changed our mind');
        await appendAudit(database, { recordId, actor: 'dealbridge', action: 'retry' });
        expect((await readAudit(database, recordId)).map((entry) => entry.position)).toEqual([1, 2]);
      });

      it('waits for nobody who claims the same record (I1 and I4 lock apart)', async () => {
        const recordId = randomUUID();
        const ledger = createLedger(database);
        const other = openDatabase(server.url, { connections: 5 });
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            await ledger.claim(recordId, []);
            await createLedger(other).audit({ recordId, actor: 'dealbridge', action: 'retry' });
          }),
        );
        await other.close();
        expect(await findingsOf({ recordId })).toEqual([]);
      });

      it('keeps what was before and after', async () => {
        const recordId = randomUUID();
        const before = { discount: '0' };
        const after = { discount: '12.50' };
        await appendAudit(database, {
          recordId,
          actor: 'dealbridge',
          action: 'set invoice discount in Business Central',
          before,
          after,
        });
        expect(await readAudit(database, recordId)).toMatchObject([{ before, after }]);
      });
    });

    it('verifies in pages, whose borders fall anywhere', async () => {
      await writeChain(database, 7);
      const verdict = await verifyAudit(database);
      for (const pageSize of [1, 2, 3]) expect(await verifyAudit(database, { pageSize })).toEqual(verdict);
      expect(verdict).toMatchObject({ findings: [] });
      expect(verdict.entries).toBeGreaterThan(50);
    });

    describe('personal content', () => {
      it('stands apart, is proven by the chain and leaves by an export only when asked for', async () => {
        const recordId = randomUUID();
        const personal = { note: 'Jane Roe asked for it' };
        await appendAudit(database, { recordId, actor: 'ann', action: 'confirm', personal });
        expect(await readAudit(database, recordId)).toMatchObject([{ personal, facts: {} }]);
        expect(await findingsOf({ recordId })).toEqual([]);
        const bare = await toExportText(database, { recordId });
        expect(bare).not.toContain('Jane Roe');
        expect(verifyOffline(bare)).toMatchObject({ code: 0 });
        const full = await toExportText(database, { recordId, personal: true });
        expect(full).toContain('Jane Roe');
        expect(verifyOffline(full)).toMatchObject({ code: 0 });
        const forged = verifyOffline(full.replace('Jane Roe', 'John Doe'));
        expect(forged.code).toBe(1);
        expect(forged.said).toContain(`chain ${recordId}, entry 1 has personal content that does not give its hash`);
      });

      it('that was changed or taken away without an erasure is found', async () => {
        const ids = [randomUUID(), randomUUID()] as const;
        for (const recordId of ids) {
          await appendAudit(database, { recordId, actor: 'ann', action: 'confirm', personal: { note: 'yes' } });
        }
        await tamper(database, `UPDATE audit_personal SET content = '{"note":"no"}' WHERE record_id = $1`, [ids[0]]);
        await tamper(database, 'DELETE FROM audit_personal WHERE record_id = $1', [ids[1]]);
        for (const recordId of ids) {
          expect(await findingsOf({ recordId })).toMatchObject([{ kind: 'personal content', position: 1 }]);
          await tamper(database, 'DELETE FROM audit_entries WHERE record_id = $1', [recordId]);
          await tamper(database, 'DELETE FROM audit_personal WHERE record_id = $1', [recordId]);
        }
      });
    });

    describe('seals', () => {
      it('chain what came since the last one, and nothing when nothing came', async () => {
        const recordId = await writeChain(database, 2);
        const first = await sealAudit(database);
        expect(Number(first?.chainCount)).toBeGreaterThan(1);
        expect(await sealAudit(database)).toBeUndefined();
        await appendAudit(database, { recordId, actor: 'ann', action: 'confirm' });
        const second = await sealAudit(database);
        expect(second).toMatchObject({
          previousHash: first?.sealHash,
          changedCount: '1',
          chainCount: first?.chainCount,
        });
        expect(await findingsOf()).toEqual([]);
        const { code, said } = verifyOffline(await toExportText(database));
        expect(said).toContain('the trail is whole');
        expect(code).toBe(0);
      });

      it('miss no entry that is written while they are made', async () => {
        const other = openDatabase(server.url, { connections: 5 });
        const writers = Array.from({ length: 6 }, () => writeChain(other, 12));
        for (let round = 0; round < 8; round += 1) await sealAudit(database);
        await Promise.all(writers);
        await sealAudit(database);
        await other.close();
        expect(await findingsOf()).toEqual([]);
        const { rows } = await database.query(
          `SELECT 1 FROM audit_entries e WHERE NOT EXISTS (SELECT 1 FROM audit_seal_heads h
             WHERE h.chain_id = e.record_id AND h.chain_position >= e.chain_position)`,
        );
        expect(rows).toEqual([]);
      });

      it('that were noted elsewhere must still be there', async () => {
        await writeChain(database, 1);
        const seal = await sealAudit(database);
        if (!seal) throw new Error('nothing was sealed');
        expect(await findingsOf({ knownSeals: [seal] })).toEqual([]);
        const text = await toExportText(database);
        expect(verifyOffline(text, ['--seal', `${seal.number}:${seal.sealHash}`]).code).toBe(0);
        const forged = { ...seal, sealHash: '1'.repeat(64) };
        const future = { ...seal, number: String(Number(seal.number) + 1) };
        for (const known of [forged, future]) {
          expect(await findingsOf({ knownSeals: [known] })).toMatchObject([
            { kind: 'seal', position: Number(known.number) },
          ]);
          expect(verifyOffline(text, ['--seal', `${known.number}:${known.sealHash}`]).code).toBe(1);
        }
      });

      it('refuse to be changed, cut or emptied', async () => {
        for (const table of ['audit_seals', 'audit_seal_heads']) {
          for (const sql of [`UPDATE ${table} SET seal_number = 9`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
            await expect(database.query(sql)).rejects.toThrow(/append-only/);
          }
        }
        await expect(database.query(`UPDATE audit_personal SET content = '{}'`)).rejects.toThrow(/append-only/);
        await expect(database.query('TRUNCATE audit_personal')).rejects.toThrow(/append-only/);
      });
    });

    describe('what the owner of the tables does is found, here and offline', () => {
      for (const [what, expected, said, statements] of TAMPERED_ENTRIES) {
        it(`${what} is found`, async () => {
          const recordId = await writeChain(database, 5);
          await sealAudit(database);
          expect(await findingsOf()).toEqual([]);
          await database.query(`CREATE TABLE kept AS SELECT * FROM audit_entries WHERE record_id = '${recordId}'`);
          for (const statement of statements) await tamper(database, statement, [recordId]);
          const findings = await findingsOf();
          expect(findings).toMatchObject([{ chain: recordId, ...expected }]);
          expect(await findingsOf({ recordId })).toEqual(findings);
          const whole = verifyOffline(await toExportText(database));
          expect(whole.said).toMatch(said);
          expect(whole.said).toContain('NOT whole: 1 fault');
          expect(whole.code).toBe(1);
          expect(verifyOffline(await toExportText(database, { recordId })).said).toMatch(said);

          await tamper(database, 'DELETE FROM audit_entries WHERE record_id = $1', [recordId]);
          await tamper(database, 'INSERT INTO audit_entries OVERRIDING SYSTEM VALUE SELECT * FROM kept');
          await database.query('DROP TABLE kept');
          expect(await findingsOf()).toEqual([]);
        });
      }

      for (const [what, statement] of TAMPERED_SEALS) {
        it(`${what} is found`, async () => {
          await writeChain(database, 2);
          const seal = await sealAudit(database);
          await writeChain(database, 2);
          await sealAudit(database);
          for (const table of ['audit_seals', 'audit_seal_heads']) {
            await database.query(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
          }
          await tamper(database, statement, [seal?.number]);
          expect((await findingsOf()).find((finding) => finding.kind === 'seal')?.position).toBe(Number(seal?.number));
          const offline = verifyOffline(await toExportText(database));
          expect(offline.said).toMatch(new RegExp(`^seal ${seal?.number} is`, 'm'));
          expect(offline.code).toBe(1);
          for (const table of ['audit_seals', 'audit_seal_heads']) {
            await tamper(database, `DELETE FROM ${table}`);
            await tamper(database, `INSERT INTO ${table} SELECT * FROM kept_${table}`);
            await database.query(`DROP TABLE kept_${table}`);
          }
          expect(await findingsOf()).toEqual([]);
        });
      }
    });

    describe('an export', () => {
      it('that was cut, doubled or damaged is found offline', async () => {
        const recordId = await writeChain(database, 3);
        await sealAudit(database);
        const lines = (await toExportText(database, { recordId })).trimEnd().split('\n');
        expect(verifyOffline(lines.join('\n')).code).toBe(0);
        expect(verifyOffline(lines.slice(0, -1).join('\n')).said).toContain('the file was cut');
        expect(verifyOffline(lines.filter((line) => !line.includes('"step 3"')).join('\n')).said).toMatch(
          /entry 3 is cut off/,
        );
        expect(verifyOffline(lines.slice(1).join('\n'))).toMatchObject({ code: 2 });
        expect(verifyOffline(`${lines.join('\n')}\n{"kind`)).toMatchObject({ code: 2 });
        expect(verifyOffline('')).toMatchObject({ code: 2 });
      });

      it('since a time begins in the middle and says so', async () => {
        const recordId = await writeChain(database, 4);
        await sealAudit(database);
        const third = (await readAudit(database, recordId))[2];
        if (!third) throw new Error('there is no third entry');
        // A Date ends at milliseconds, so it may lie before the second entry as well.
        const text = await toExportText(database, { recordId, since: third.at });
        const { code, said } = verifyOffline(text);
        expect(said).toContain('what was before is taken as given');
        expect(text).toContain('"step 4"');
        expect(code).toBe(0);
        expect(verifyOffline(text.replace('"action":"step 4"', '"action":"step 5"')).said).toMatch(
          /entry 4 is altered/,
        );
      });
    });

    describe('the system chain', () => {
      const changesOf = async (actor: string) =>
        (await readAudit(database, SYSTEM_CHAIN)).filter(
          (entry) => entry.actor === actor && entry.action === CONFIGURATION_CHANGED,
        );

      it('tells of a configuration once, and what changed in the next', async () => {
        const settings = { 'rules.createItems': false, 'starter.port': 8080 };
        const other = openDatabase(server.url, { connections: 2 });
        const written = await Promise.all([database, other].map((db) => recordConfiguration(db, 'worker', settings)));
        await other.close();
        expect(written.filter(Boolean)).toHaveLength(1);
        expect(await recordConfiguration(database, 'worker', settings)).toBe(false);
        expect(await recordConfiguration(database, 'worker', { ...settings, 'rules.createItems': true })).toBe(true);
        expect(await recordConfiguration(database, 'starter', settings)).toBe(true);
        expect((await changesOf('worker')).at(-1)).toMatchObject({
          facts: { changed: ['rules.createItems'] },
          before: { 'rules.createItems': false },
          after: { 'rules.createItems': true },
        });
        expect(await changesOf('worker')).toHaveLength(2);
        expect(await changesOf('starter')).toHaveLength(1);
        expect(await findingsOf({ recordId: SYSTEM_CHAIN })).toEqual([]);
      });
    });
  });
}
