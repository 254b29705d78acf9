import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendAudit } from '../../src/ledger/audit/audit.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { tamper, writeChain } from '../support/audit.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { FORGERIES, PLAIN_INSERT } from '../support/forgeries.js';
import { signedWith } from '../support/signed-ledger.js';

/** Whoever owns the database can do all of this; what they cannot do is sign. */

const KEYS = createKeyLine();
const TABLES = ['audit_entries', 'audit_signatures', 'audit_personal', 'audit_seals', 'audit_seal_heads'];

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let bare: Database;
let database: Database;

beforeAll(async () => {
  server = await openEmbeddedLedger();
  bare = openDatabase(server.url);
  database = signedWith(bare, KEYS);
  await migrate(database);
});
afterAll(async () => {
  await bare?.close();
  await server?.stop();
});
beforeEach(async () => {
  for (const table of TABLES) await tamper(bare, `DELETE FROM ${table}`);
});

describe('a trail that is signed', () => {
  for (const { what, finds, statements } of FORGERIES) {
    it(`${what}: found`, async () => {
      const recordId = await writeChain(database, 3);
      await appendAudit(database, { recordId, actor: 'ann', action: 'confirm', personal: { note: 'as agreed' } });
      await sealAudit(database);
      await writeChain(database, 2);
      await appendAudit(database, {
        recordId,
        actor: 'dealbridge',
        action: 'post invoice in Business Central',
        facts: { number: 'INV-1' },
      });
      expect((await verifyAudit(database)).findings).toEqual([]);
      for (const statement of statements) await tamper(bare, statement, statement.includes('$1') ? [recordId] : []);
      // Hashes, links and seals fit: whoever looks at them alone sees nothing.
      if (finds.kind !== 'personal content') expect((await verifyAudit(bare)).findings).toEqual([]);
      const { findings } = await verifyAudit(database);
      expect(findings.map(({ kind, position }) => ({ kind, position }))).toContainEqual(finds);
    });
  }

  it('finds what was added by a plain INSERT with our own rights', async () => {
    const recordId = await writeChain(database, 2);
    await bare.query(PLAIN_INSERT, [recordId]);
    await sealAudit(bare);
    expect((await verifyAudit(bare)).findings).toEqual([]);
    expect((await verifyAudit(database)).findings).toMatchObject([
      { kind: 'signature', chain: recordId, position: 3 },
      { kind: 'seal', chain: 'seals', position: 1 },
    ]);
  });

  it('goes on over an exchange of keys, and says so of an entry whose key is gone', async () => {
    const recordId = await writeChain(database, 2);
    const next = createKeyLine();
    const both = signedWith(bare, `${next},${KEYS}`);
    await appendAudit(both, { recordId, actor: 'ann', action: 'confirm' });
    await sealAudit(both);
    expect((await verifyAudit(both)).findings).toEqual([]);
    const { findings } = await verifyAudit(signedWith(bare, next));
    expect(findings).toMatchObject([{ kind: 'signature', position: 1 }]);
    expect(findings[0]?.text).toContain(`key '${KEYS.split(':')[0]}', which the key ring does not hold`);
  });
});

describe('a database whose functions somebody replaced', () => {
  const restore = async (name: string): Promise<(() => Promise<unknown>) | undefined> => {
    const { rows } = await bare.query<{ text: string }>('SELECT pg_get_functiondef($1::regproc) AS text', [name]);
    const text = rows[0]?.text;
    return text === undefined ? undefined : () => bare.query(text);
  };

  const entry = {
    recordId: '11111111-0000-4000-8000-000000000002',
    action: 'confirm' as const,
    facts: { total: '12.50' },
  };
  const replaced = (body: string): string =>
    `CREATE OR REPLACE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       NEW.entry_id := nextval('audit_entries_entry_id_seq'); NEW.chain_position := 1; NEW.previous_hash := repeat('0', 64);
       ${body} NEW.entry_hash := audit_entry_hash(NEW); RETURN NEW; END $$`;

  for (const [what, name, statement] of [
    ['alters the figures', 'chain_audit_entry', replaced(`NEW.facts := '{"v": 1, "total": "1.00"}';`)],
    ['names another person', 'chain_audit_entry', replaced(`NEW.actor := 'mallory';`)],
    ['writes to another chain', 'chain_audit_entry', replaced('NEW.record_id := gen_random_uuid();')],
    ['drops the hash of what a person wrote', 'chain_audit_entry', replaced('NEW.personal_hash := NULL;')],
    [
      'gives hashes of its own',
      'audit_entry_hash',
      `CREATE OR REPLACE FUNCTION audit_entry_hash(entry audit_entries) RETURNS text LANGUAGE sql STABLE AS $$ SELECT repeat('1', 64) $$`,
    ],
  ] as const) {
    it(`and which ${what}: the entry is refused and nothing is signed`, async () => {
      const undo = await restore(name);
      await bare.query(statement);
      const appended = appendAudit(database, { ...entry, actor: 'ann', personal: { note: 'as agreed' } });
      await expect(appended).rejects.toThrow(
        /the database stored entry \d+ \('confirm' of .*\) otherwise than it was given/,
      );
      await undo?.();
      for (const table of ['audit_entries', 'audit_signatures', 'audit_personal']) {
        expect((await bare.query(`SELECT FROM ${table}`)).rows).toEqual([]);
      }
    });
  }

  it('and which seals other heads than there are: the seal is refused', async () => {
    await writeChain(database, 2);
    const undo = await restore('seal_audit');
    await bare.query(`CREATE OR REPLACE FUNCTION seal_audit() RETURNS SETOF audit_seals LANGUAGE sql AS $$
      INSERT INTO audit_seals VALUES (1, now(), repeat('0', 64), 1, 1, 1, repeat('1', 64)) RETURNING * $$`);
    await expect(sealAudit(database)).rejects.toThrow('seal 1 does not give its hash');
    await undo?.();
    expect((await bare.query('SELECT FROM audit_seals')).rows).toEqual([]);
  });
});
