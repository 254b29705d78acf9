import { afterAll, beforeAll, expect, it } from 'vitest';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { countStrangers } from '../../tools/chaos/misspelled.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

let embedded: EmbeddedLedger;
let database: Database;

beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url, { connections: 1 });
  await migrate(database);
});
afterAll(async () => {
  await database.close();
  await embedded.stop();
});

it('a decision that a signal of nobody made is counted in the trail', async () => {
  const { audit } = createLedger(database);
  const recordId = '11111111-1111-4111-8111-111111111111';
  await audit({ recordId, actor: 'rule', action: 'confirm' });
  await audit({ recordId: SYSTEM_CHAIN, actor: 'worker', action: 'configuration changed' });
  await audit({ recordId, actor: 'Ann of the run', action: 'confirm' });
  expect(await countStrangers(database, ['Ann of the run'])).toBe(0);
  await audit({ recordId, actor: 'ann', action: 'confirm' });
  expect(await countStrangers(database, ['Ann of the run'])).toBe(1);
});
