import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { clearRestores, recordRestore } from '../../src/ledger/upkeep/restores.js';
import { ensureLedgerIsComplete, findLastSealOutside } from '../../src/process/ledger-age.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';

/** A start sees that the ledger is older than what was seen of it elsewhere. */

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let database: Database;
beforeAll(async () => {
  server = await openEmbeddedLedger();
  database = signedWith(openDatabase(server.url));
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

const warnings: object[] = [];
const log = { warn: (facts: object) => void warnings.push(facts) };
const witness = (number: string | undefined) => ({
  name: 'Temporal',
  findLast: async () => (number === undefined ? undefined : { number }),
});
const seal = async (): Promise<string> => {
  await createLedger(database).audit({ recordId: randomUUID(), actor: 'ann', action: 'retry' });
  return (await sealAudit(database))?.number ?? '';
};

describe('the start', () => {
  it('goes on where nobody has seen more than the ledger has', async () => {
    const newest = await seal();
    await ensureLedgerIsComplete(database, [], log);
    await ensureLedgerIsComplete(database, [witness(undefined), witness('1'), witness(newest)], log);
  });

  it('ends in one line that says what to do, until somebody says that the ledger was restored', async () => {
    const newest = await seal();
    const later = String(BigInt(newest) + 5n);
    const start = () => ensureLedgerIsComplete(database, [witness('1'), witness(later)], log);
    await expect(start()).rejects.toThrow(
      `the ledger went back: its newest seal is ${newest}, and Temporal has seen ${later}. Was it restored? Then run \`dealbridge ledger restored\` before the start; else correct DATABASE_URL`,
    );
    await recordRestore(database, 'ann', later);
    await start();
    // Also once the gap is closed, and for as long as the seals of the gap are not made up for.
    await clearRestores(database, 'ann');
    await start();
    const again = String(BigInt(later) + 1n);
    await expect(ensureLedgerIsComplete(database, [witness(again)], log)).rejects.toThrow('went back');
  });

  it('asks every place, and one that is away keeps nothing from starting', async () => {
    const away = { name: 'file /mnt/away', findLast: () => Promise.reject(new Error('EIO')) };
    await ensureLedgerIsComplete(database, [away], log);
    expect(warnings).toEqual([{ witness: 'file /mnt/away', problem: 'EIO' }]);
    expect(await findLastSealOutside([away, witness('4'), witness(undefined), witness('3')], log)).toBe(4n);
  });
});
