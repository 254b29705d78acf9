import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStep } from '../../src/doctor/step.js';
import { examineWitnesses } from '../../src/doctor/witnesses.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createEnvironmentLedger } from '../../src/ledger/settings/environments.js';
import type { Config } from '../../src/process/config.js';
import { noteAt, openWitnesses } from '../../src/process/witnesses.js';
import { writeChain } from '../support/audit.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startTimeStampAuthority, type TestAuthority } from '../support/time-stamp-authority.js';

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-doctor-'));
let authority: TestAuthority;
let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let database: Database;

beforeAll(async () => {
  authority = await startTimeStampAuthority();
  server = await openEmbeddedLedger();
  database = openDatabase(server.url);
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
  await authority?.stop();
  rmSync(folder, { recursive: true });
});

type Witnesses = Config['witnesses'];

const configWith = (file: string | undefined, timeStamps?: Witnesses['timeStamps']) => ({
  witnesses: { file, bucket: undefined, timeStamps },
});

async function examineAll(file: string | undefined, timeStamps?: Witnesses['timeStamps']) {
  const known = <T>(value: T) => createStep('known', {}, async () => ({ findings: [], value }));
  const { findings } = await examineWitnesses({
    config: known(configWith(file, timeStamps) as Config),
    database: known(true),
    db: known(database),
  }).report();
  return findings;
}

const examine = async (file: string | undefined) => (await examineAll(file))[0];

const note = (file: string) => noteAt(database, openWitnesses(configWith(file), database));

/** As if what stands there had been written earlier; its hashes do not fit any more, which nobody looks at here. */
async function age(table: 'audit_seals' | 'audit_entries', by: string): Promise<void> {
  await database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await database.query(`UPDATE ${table} SET at = at - $1::interval`, [by]);
  await database.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
}

const register = (environmentType: string, address: string) =>
  createEnvironmentLedger(database).ensureRegistered(
    { system: 'business-central', address, identity: { companyId: address, environmentType } },
    'test',
  );

describe('the doctor on witnesses', () => {
  it('warns without one, and calls it wrong once an environment is production', async () => {
    expect(await examine(undefined)).toMatchObject({ result: 'warning', found: expect.stringMatching(/^none: /) });
    await register('Sandbox', 'https://one');
    expect(await examine(undefined)).toMatchObject({ result: 'warning' });
    await register('Production', 'https://two');
    expect(await examine(undefined)).toMatchObject({
      result: 'wrong',
      found: expect.stringContaining('production needs one'),
      advice: expect.stringContaining('AUDIT_WITNESS_FILE'),
    });
  });

  it('gives a seal the time to be noted, says whether it keeps up, and when it speaks against the database', async () => {
    const file = join(folder, 'seals');
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'empty: nothing has been sealed yet' });
    await writeChain(database, 1);
    await sealAudit(database);
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'empty: the first seal is on its way' });
    // A place that takes none is found before there is much to lose.
    await age('audit_seals', '3 minutes');
    expect(await examine(file)).toMatchObject({ result: 'warning', found: 'does not have the one seal that there is' });
    await note(file);
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'has seal 1' });
    for (let seal = 1; seal < 12; seal += 1) {
      await writeChain(database, 1);
      await sealAudit(database);
    }
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'has seal 1' });
    await age('audit_seals', '9 minutes');
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'has seal 1' });
    await age('audit_seals', '2 minutes');
    expect(await examine(file)).toMatchObject({ result: 'warning', found: 'lacks the newest 11 seals' });
    await note(file);
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'has seal 12' });
    writeFileSync(file, `13 ${'f'.repeat(64)} 2026-03-01T00:00:00Z\n`);
    expect(await examine(file)).toMatchObject({ result: 'wrong', found: expect.stringContaining('missing here') });
  });

  it('says that the trail is not sealed, which no witness could tell', async () => {
    const file = join(folder, 'unsealed');
    await note(file);
    await writeChain(database, 1);
    expect(await examine(file)).toMatchObject({ result: 'ok', found: 'has seal 12' });
    await age('audit_entries', '11 minutes');
    expect(await examineAll(file)).toMatchObject([
      { check: 'seals', result: 'warning', found: 'entries of the trail have not been sealed for 11 min' },
      { result: 'ok', found: 'has seal 12' },
    ]);
    await sealAudit(database);
    expect(await examineAll(file)).toMatchObject([{ result: 'ok', found: 'has seal 12' }]);
  });

  it('counts time stamps, and warns where nothing else is there', async () => {
    const timeStamps = { url: authority.url, certificates: authority.certificates.ca };
    await noteAt(database, openWitnesses(configWith(undefined, timeStamps), database));
    expect(await examineAll(undefined, timeStamps)).toMatchObject([
      { check: `authority ${authority.url}`, result: 'ok', found: expect.stringMatching(/^has seal \d+$/) },
      { result: 'warning', found: expect.stringContaining('time stamps alone') },
    ]);
    const file = join(folder, 'both');
    expect((await examineAll(file, timeStamps)).filter(({ found }) => found.includes('alone'))).toEqual([]);
  });
});
