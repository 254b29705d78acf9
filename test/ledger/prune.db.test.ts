import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { pruneLedger } from '../../src/ledger/upkeep/prune.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { runCli } from '../support/cli.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';

const OLD = new Date('2020-01-01T00:00:00Z');
const YEAR_AGO = new Date(Date.now() - 365 * 86_400_000);
const KEPT_TABLES = ['source_records', 'claims', 'links', 'documents', 'write_backs', 'notices', 'sales_rows'];

const COLUMNS: Readonly<Record<string, string>> = {
  sales_rows: 'row_id',
  links: 'sales_id',
  alert_messages: 'channel',
};

/** What may go and what may not, on every database that carries the ledger. */
function testPruning(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`pruning on ${name}`, () => {
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

    /** A record with two revisions, an intent, a sighting and one row in every table that is kept. */
    async function plant(state: string, at: Date): Promise<string> {
      const id = randomUUID();
      const run = (sql: string, ...values: unknown[]) => database.query(sql, [id, at, ...values]);
      const ledger = createLedger(database);
      await ledger.register({ table: 'salesorder', recordId: id });
      await ledger.change(id, { kind: 'state', state: 'settled' }, { actor: 'test', action: 'retry' });
      await run(
        `UPDATE source_records SET state = $3, revision = 'W/"2"', changed_at = $2 WHERE record_id = $1`,
        state,
      );
      for (const revision of ['W/"1"', 'W/"2"']) {
        await run(`INSERT INTO deal_revisions VALUES ($1, $3, '{}', $2)`, revision);
      }
      for (const intent of ['done', 'asking']) {
        const sql = 'INSERT INTO write_intents (write_key, record_id, state, asked_at) VALUES ($4, $1, $3, $2)';
        await run(sql, intent, `${id}:${intent}`);
      }
      await run(
        `INSERT INTO detections (source_table, record_id, source, last_at) VALUES ('salesorder', $1, 'feed', $2)`,
      );
      await run(`INSERT INTO claims VALUES ($1, $1, 'claimed', $2)`);
      await run(`INSERT INTO links VALUES ('customer', $1, $1, $1, 'C1', $2)`);
      await run(`INSERT INTO documents VALUES ($1, $1, 'invoice', '{}', NULL, $2)`);
      await run(`INSERT INTO write_backs VALUES ($1, $1, $1, 'etag', '{}', $2)`);
      await run(`INSERT INTO notices VALUES ($1, 'kind', 'subject', $2)`);
      await database.query(
        `INSERT INTO sales_rows (source_table, row_id, version, sweep) VALUES ('salesorder', $1, 1, 1)`,
        [id],
      );
      for (const [sentAt, plannedAt] of [
        [at, at],
        [null, at],
      ]) {
        await database.query(
          `INSERT INTO alert_messages (message_id, channel, owner, content, planned_at, sent_at)
           VALUES (gen_random_uuid(), $1, 'IT', '{}', $2, $3)`,
          [id, plannedAt, sentAt],
        );
      }
      return id;
    }
    const countOf = async (table: string, id: string): Promise<number> => {
      const column = COLUMNS[table] ?? 'record_id';
      const { rows } = await database.query<{ n: string }>(`SELECT count(*) AS n FROM ${table} WHERE ${column} = $1`, [
        id,
      ]);
      return Number(rows[0]?.n);
    };

    it('removes what is old and settled, and nothing of what answers for ever', async () => {
      const old = await plant('settled', OLD);
      const waiting = await plant('awaiting-confirmation', OLD);
      const fresh = await plant('settled', new Date());
      const pruning = { before: YEAR_AGO, by: 'ann' };
      const wouldGo = await pruneLedger(database, { ...pruning, isDryRun: true });
      expect(wouldGo).toEqual({
        deal_revisions: 1,
        write_intents: 1,
        detections: 2,
        observed_invoices: 0,
        alert_messages: 2,
      });
      expect(await countOf('deal_revisions', old)).toBe(2);

      expect(await pruneLedger(database, { ...pruning, isDryRun: false })).toEqual(wouldGo);
      const { rows } = await database.query('SELECT revision FROM deal_revisions WHERE record_id = $1', [old]);
      expect(rows).toEqual([{ revision: 'W/"2"' }]);
      const { rows: intents } = await database.query('SELECT state FROM write_intents WHERE record_id = $1', [old]);
      expect(intents).toEqual([{ state: 'asking' }]);
      for (const id of [waiting, fresh]) {
        expect(await countOf('deal_revisions', id)).toBe(2);
        expect(await countOf('write_intents', id)).toBe(2);
      }
      for (const table of KEPT_TABLES) expect(await countOf(table, old), table).toBe(1);
      expect(await pruneLedger(database, { ...pruning, isDryRun: true })).toEqual({
        deal_revisions: 0,
        write_intents: 0,
        detections: 0,
        observed_invoices: 0,
        alert_messages: 0,
      });
      // Old messages go by their own age, whatever became of a deal; what is still to be sent stays.
      for (const [id, messages] of [
        [old, 1],
        [waiting, 1],
        [fresh, 2],
      ] as const) {
        expect(await countOf('alert_messages', id)).toBe(messages);
      }
    });

    it('tells in the trail what went, and the trail proves itself all the same', async () => {
      const entries = await createLedger(database).readAudit(SYSTEM_CHAIN);
      expect(entries.at(-1)).toMatchObject({
        actor: 'ann',
        action: 'prune the ledger',
        facts: { deal_revisions: 1, write_intents: 1, before: YEAR_AGO.toISOString() },
      });
      // The rows of this test are planted, so that no trail tells of them.
      const { findings } = await verifyAudit(database, {});
      expect(findings.filter(({ kind }) => kind !== 'ledger')).toEqual([]);
    });
  });
}

testPruning('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testPruning('PostgreSQL', async () => postgres);
else {
  describe('pruning on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}

describe('dealbridge ledger prune', () => {
  it('refuses a time in which deals are still followed, and one that is before all times of PostgreSQL', async () => {
    const embedded = await openEmbeddedLedger();
    const env = {
      PATH: process.env['PATH'],
      DATABASE_URL: embedded.url,
      // It writes into the trail, which is signed.
      DEALBRIDGE_KEYS: createKeyLine(),
      ENTRA_TENANT_ID: 'tenant',
      DATAVERSE_URL: 'https://org.crm4.dynamics.com',
      DATAVERSE_CLIENT_ID: 'one',
      BC_COMPANY: 'Company',
      BC_CLIENT_ID: 'two',
    };
    const outcomes = [];
    for (const days of ['20', '9999999', '999999999', '99999999999999999'])
      outcomes.push(await runCli(['ledger', 'prune', '--older-than', `${days}d`, '--dry-run'], env));
    await embedded.stop();
    for (const { code, stderr } of outcomes) {
      expect(stderr).toMatch(/^--older-than: expected from 90 to 36500 days, got \d+\n$/);
      expect(code).toBe(2);
    }
  });
});
