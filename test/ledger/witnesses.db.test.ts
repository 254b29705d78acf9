import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBucket } from '../../src/clients/object-storage/bucket.js';
import { appendAudit } from '../../src/ledger/audit/audit.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { createWitnessFile } from '../../src/ledger/audit/witness-file.js';
import { noteSeals, type Witness } from '../../src/ledger/audit/witnesses.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createWitnessBucket } from '../../src/process/witness-bucket.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { startSealPace } from '../../src/worker/seal-pace.js';
import { tamper, writeChain } from '../support/audit.js';
import { BUCKET_KEY, startBucket } from '../support/bucket.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';

const KEYS = createKeyLine();
const TABLES = ['audit_entries', 'audit_signatures', 'audit_personal', 'audit_seals', 'audit_seal_heads'];
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-witness-'));
const path = join(folder, 'seals');

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let storage: Awaited<ReturnType<typeof startBucket>>;
let bare: Database;
let database: Database;

beforeAll(async () => {
  server = await openEmbeddedLedger();
  storage = await startBucket({ pageSize: 4 });
  bare = openDatabase(server.url);
  database = signedWith(bare, KEYS);
  await migrate(database);
});
afterAll(async () => {
  await bare?.close();
  await storage?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  for (const table of TABLES) await tamper(bare, `DELETE FROM ${table}`);
  storage.objects.clear();
  storage.deleted.clear();
  rmSync(path, { force: true });
});

const WITNESSES = [
  ['a file', () => createWitnessFile(path)],
  [
    'a bucket',
    () =>
      createWitnessBucket(createBucket({ ...BUCKET_KEY, url: storage.url, timeoutMs: 5_000 }), {
        name: 'bucket trail',
        retentionDays: 365,
      }),
  ],
] as const satisfies readonly (readonly [string, () => Witness])[];

/** So many seals, each over two entries of a chain of its own. */
async function sealTimes(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await writeChain(database, 2);
    await sealAudit(database);
  }
}

const CUT_AFTER = (seal: number): string[] => [
  `DELETE FROM audit_signatures WHERE subject = 'seal' AND number > ${seal}`,
  `DELETE FROM audit_signatures WHERE subject = 'entry'
     AND number > (SELECT last_entry_id FROM audit_seals WHERE seal_number = ${seal})`,
  `DELETE FROM audit_entries WHERE entry_id > (SELECT last_entry_id FROM audit_seals WHERE seal_number = ${seal})`,
  `DELETE FROM audit_seal_heads WHERE seal_number > ${seal}`,
  `DELETE FROM audit_seals WHERE seal_number > ${seal}`,
];

for (const [what, open] of WITNESSES) {
  describe(`${what} as witness`, () => {
    const findingsOf = async () => (await verifyAudit(database, { witnesses: [open()] })).findings;

    it('is given what it lacks, once, however long it was away', async () => {
      expect(await noteSeals(database, open())).toMatchObject({ noted: 0 });
      await sealTimes(1);
      expect(await noteSeals(database, open())).toMatchObject({ noted: 1 });
      await sealTimes(13);
      expect(await noteSeals(database, open())).toMatchObject({ noted: 13 });
      expect(await noteSeals(database, open())).toMatchObject({ noted: 0 });
      expect(await open().findLast('14')).toMatchObject({ number: '14' });
      const { findings, testimonies } = await verifyAudit(database, { witnesses: [open()] });
      expect(findings).toEqual([]);
      expect(testimonies).toMatchObject([{ seals: 14, behind: 0 }]);
    });

    it('that is behind is no finding, and it is said by how much', async () => {
      await sealTimes(2);
      await noteSeals(database, open());
      await sealTimes(3);
      expect((await verifyAudit(database, { witnesses: [open()] })).testimonies).toMatchObject([
        { seals: 2, behind: 3 },
      ]);
    });

    for (const [deed, statements, position] of [
      ['the end cut off with its seals and signatures', CUT_AFTER(2), 3],
      ['the whole trail emptied', TABLES.map((table) => `DELETE FROM ${table}`), 1],
    ] as const) {
      it(`finds ${deed}, which nobody else can`, async () => {
        await sealTimes(4);
        await noteSeals(database, open());
        for (const statement of statements) await tamper(bare, statement);
        expect((await verifyAudit(database)).findings).toEqual([]);
        expect(await findingsOf()).toMatchObject(
          [{ kind: 'seal', position, text: /noted it, and it is missing here/ }].map(({ text, ...rest }) => ({
            ...rest,
            text: expect.stringMatching(text),
          })),
        );
      });
    }

    it('finds a database that was put back and went on, and takes nothing more from it', async () => {
      await sealTimes(4);
      await noteSeals(database, open());
      for (const statement of CUT_AFTER(2)) await tamper(bare, statement);
      await sealTimes(1);
      expect((await verifyAudit(database)).findings).toEqual([]);
      expect((await noteSeals(database, open())).contradiction).toContain('missing here');
      await sealTimes(4);
      const { noted, contradiction } = await noteSeals(database, open());
      expect(noted).toBe(0);
      expect(contradiction).toContain('noted its hash as');
      expect(await findingsOf()).toMatchObject([{ kind: 'seal', position: 3 }]);
    });

    it('finds a trail that was written anew by somebody who has the keys', async () => {
      await sealTimes(3);
      await noteSeals(database, open());
      for (const table of TABLES) await tamper(bare, `DELETE FROM ${table}`);
      await bare.query('ALTER SEQUENCE audit_entries_entry_id_seq RESTART WITH 1');
      await sealTimes(5);
      expect((await verifyAudit(database)).findings).toEqual([]);
      expect(await findingsOf()).toMatchObject([{ kind: 'seal', position: 1 }]);
    });
  });
}

describe('the bucket of a witness', () => {
  it('still speaks when whoever owns it deleted all names, which only puts a marker before what is locked', async () => {
    const open = () => WITNESSES[1][1]();
    await sealTimes(6);
    await noteSeals(database, open());
    for (const name of storage.objects.keys()) storage.deleted.add(name);
    expect(await noteSeals(database, open())).toMatchObject({ noted: 0 });
    for (const statement of CUT_AFTER(4)) await tamper(bare, statement);
    const { findings, testimonies } = await verifyAudit(database, { witnesses: [open()] });
    expect(findings).toMatchObject([{ kind: 'seal', position: 5, text: expect.stringContaining('missing here') }]);
    expect(testimonies).toMatchObject([{ seals: 6 }]);
    expect((await noteSeals(database, open())).contradiction).toContain('missing here');
  });
});

describe('the file of a witness', () => {
  it('is only appended to, one line a seal, and a line that a crash cut stays and hides no other', async () => {
    await sealTimes(2);
    await noteSeals(database, createWitnessFile(path));
    const before = readFileSync(path, 'utf8');
    expect(before).toMatch(/^1 [0-9a-f]{64} \S+Z\n2 [0-9a-f]{64} \S+Z\n$/);
    appendFileSync(path, '3 0123');
    await sealTimes(1);
    expect(await noteSeals(database, createWitnessFile(path))).toMatchObject({ noted: 1 });
    expect(readFileSync(path, 'utf8').startsWith(`${before}3 0123\n3 `)).toBe(true);
    expect((await verifyAudit(database, { witnesses: [createWitnessFile(path)] })).findings).toEqual([]);
  });

  it('with a line of somebody else speaks against the database, and hides nothing', async () => {
    await sealTimes(2);
    await noteSeals(database, createWitnessFile(path));
    writeFileSync(path, `${readFileSync(path, 'utf8')}1 ${'f'.repeat(64)} 2026-03-01T00:00:00Z\n`);
    expect((await verifyAudit(database, { witnesses: [createWitnessFile(path)] })).findings).toMatchObject([
      { kind: 'seal', position: 1, text: `file ${path} noted its hash as ${'f'.repeat(64)}` },
    ]);
  });
});

describe('under load', () => {
  const paces: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const pace of paces.splice(0)) await pace.stop();
  });

  it('the trail is sealed after a hundred entries, without waiting for the minute', async () => {
    const warnings: unknown[] = [];
    let isRefused = true;
    const seal = () => (isRefused ? Promise.reject(new Error('no')) : sealAudit(database));
    const pace = startSealPace(database, seal, { warn: (facts: unknown) => void warnings.push(facts) });
    paces.push(pace);
    const add = (count: number) =>
      database.transaction(async (tx) => {
        for (let index = 0; index < count; index += 1) {
          await appendAudit(tx, { recordId: '11111111-0000-4000-8000-000000000003', actor: 'ann', action: 'retry' });
        }
      });
    await sealTimes(1);
    const count = async () => Number((await bare.query('SELECT count(*) AS n FROM audit_seals')).rows[0]?.['n']);
    await add(99);
    await pace.look();
    expect(await count()).toBe(1);
    await add(1);
    await pace.look();
    expect(warnings).toHaveLength(1);
    isRefused = false;
    await Promise.all([pace.look(), pace.look()]);
    expect(await count()).toBe(2);
  });
});
