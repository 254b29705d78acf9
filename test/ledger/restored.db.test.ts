import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeKey } from '../../src/deal/ids.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { openIntent, startDrafting } from '../../src/ledger/deals/intents.js';
import { migrate } from '../../src/ledger/migrate.js';
import { clearRestores, recordRestore } from '../../src/ledger/upkeep/restores.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';

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

async function see(): Promise<string> {
  const recordId = randomUUID();
  await database.query("INSERT INTO source_records (record_id, source_table) VALUES ($1, 'salesorder')", [recordId]);
  await database.query("INSERT INTO claims (record_id, carrier_id, state) VALUES ($1, $1, 'claimed')", [recordId]);
  return recordId;
}

const open = async (recordId: string, step: string): Promise<string> =>
  (await openIntent(database, writeKey(recordId, step), recordId, new Date())).state;
const draft = async (recordId: string): Promise<string | undefined> => {
  const drafting = {
    carrierId: recordId,
    relatives: [],
    externalNumber: 'ORD-1-X',
    writeKey: writeKey(recordId, 'draft'),
    startedFrom: {},
  };
  return (await startDrafting(database, drafting, new Date()))?.intent.state;
};

describe('the first attempt of a write', () => {
  it('asks at once where nothing was restored', async () => {
    const recordId = await see();
    expect([await open(recordId, 'post'), await draft(recordId)]).toEqual(['first', 'first']);
  });

  it('looks after a restore; once the gap is closed still for each record of before, and for no later one', async () => {
    const [held, waiting] = [await see(), await see()];
    await recordRestore(database, 'ann', '0');
    const ofTheGap = await see();
    expect([await open(held, 'post'), await draft(held)]).toEqual(['asking', 'asking']);
    await clearRestores(database, 'ann');
    // In the gap the one was posted and the other drafted, which this ledger does not know: it would be done again.
    expect([await open(waiting, 'post'), await draft(waiting)]).toEqual(['asking', 'asking']);
    expect([await open(ofTheGap, 'post'), await draft(ofTheGap)]).toEqual(['asking', 'asking']);
    const later = await see();
    expect([await open(later, 'post'), await draft(later)]).toEqual(['first', 'first']);
  });
});
