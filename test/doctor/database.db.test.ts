import { expect, it } from 'vitest';
import { examineDatabase } from '../../src/doctor/database.js';
import { createStep } from '../../src/doctor/step.js';
import type { Database } from '../../src/ledger/database.js';
import { useLedger } from '../support/use-ledger.js';

/** What the doctor says of a database that answers. */

let database: Database;
useLedger((opened) => {
  database = opened;
});

async function examine(): Promise<string[]> {
  const step = examineDatabase(createStep('known', {}, async () => ({ findings: [], value: database })));
  return (await step.report()).findings.map(({ check, result, found }) => `${check} ${result}: ${found}`);
}

it('a database that takes no writes is wrong, whatever the rights say', async () => {
  expect(await examine()).toContain('writes ok: the database is not read-only');
  // As of all sessions after ALTER DATABASE … SET default_transaction_read_only, and of each on a standby.
  await database.query('SET default_transaction_read_only = on');
  try {
    expect(await examine()).toContain('writes wrong: none: transactions are read-only here');
  } finally {
    await database.query('SET default_transaction_read_only = off');
  }
});
