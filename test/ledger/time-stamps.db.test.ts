import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { noteAt, openWitnesses } from '../../src/process/witnesses.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { tamper, writeChain } from '../support/audit.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';
import { startTimeStampAuthority, type TestAuthority } from '../support/time-stamp-authority.js';

/** Seals that a time-stamping authority signs: what the tokens prove, and that nobody waits for them. */

const TABLES = ['audit_entries', 'audit_signatures', 'audit_personal', 'audit_seals', 'audit_seal_heads'];

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let authority: TestAuthority;
let bare: Database;
let database: Database;

beforeAll(async () => {
  [server, authority] = await Promise.all([openEmbeddedLedger(), startTimeStampAuthority()]);
  bare = openDatabase(server.url);
  database = signedWith(bare, createKeyLine());
  await migrate(database);
});
afterAll(async () => {
  await bare?.close();
  await server?.stop();
  await authority?.stop();
});
beforeEach(async () => {
  for (const table of [...TABLES, 'audit_stamps']) await tamper(bare, `DELETE FROM ${table}`);
  authority.answerWith(undefined);
});

const witnesses = () => {
  const timeStamps = { url: authority.url, certificates: authority.certificates.ca };
  return openWitnesses({ witnesses: { file: undefined, bucket: undefined, timeStamps } }, database);
};
const note = () => noteAt(database, witnesses());
const verify = () => verifyAudit(database, { witnesses: witnesses() });

async function sealTimes(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await writeChain(database, 2);
    await sealAudit(database);
  }
}

describe('time stamps of seals', () => {
  it('are kept beside them and prove them; after an outage one stamp is enough', async () => {
    await sealTimes(1);
    expect(await note()).toMatchObject([{ noted: 1 }]);
    authority.answerWith(() => ({ status: 503, body: Buffer.from('busy') }));
    await sealTimes(3);
    expect(await note()).toMatchObject([{ problem: 'ask for a time stamp: 503' }]);
    const asked = authority.asked();
    authority.answerWith(undefined);
    expect(await note()).toMatchObject([{ noted: 3 }]);
    expect(authority.asked() - asked).toBe(1);
    expect(await note()).toMatchObject([{ noted: 0 }]);
    const { findings, testimonies } = await verify();
    expect(findings).toEqual([]);
    expect(testimonies).toMatchObject([{ seals: 2, behind: 0 }]);
  });

  it('find a trail that was written anew by somebody who has the keys', async () => {
    await sealTimes(3);
    await note();
    for (const table of TABLES) await tamper(bare, `DELETE FROM ${table}`);
    await bare.query('ALTER SEQUENCE audit_entries_entry_id_seq RESTART WITH 1');
    await sealTimes(5);
    expect((await verifyAudit(database)).findings).toEqual([]);
    expect((await verify()).findings).toMatchObject([
      { kind: 'seal', position: 3, text: expect.stringContaining('noted its hash as') },
    ]);
    expect((await note())[0]).toMatchObject({ noted: 0, contradiction: expect.stringContaining('noted its hash as') });
  });

  it.each([
    [
      'the hash beside it was made to fit a seal that was made anew',
      `UPDATE audit_stamps SET seal_hash = repeat('f', 64)`,
    ],
    ['it was moved to another seal', 'UPDATE audit_stamps SET seal_number = 1'],
    ['it was made up', `UPDATE audit_stamps SET token = 'AAAA'`],
  ])('prove nothing when %s', async (_deed, statement) => {
    await sealTimes(2);
    await note();
    await tamper(bare, statement);
    expect((await verify()).findings).toMatchObject([
      { kind: 'seal', text: expect.stringContaining('its time stamp does not prove it') },
    ]);
  });

  it('are not altered by statements', async () => {
    await sealTimes(1);
    await note();
    for (const statement of ['DELETE FROM audit_stamps', `UPDATE audit_stamps SET token = ''`])
      await expect(bare.query(statement)).rejects.toThrow();
  });
});
