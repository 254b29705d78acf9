import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openLedger } from '../../src/process/foundation.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
beforeAll(async () => {
  server = await openEmbeddedLedger();
  const owner = openDatabase(server.url);
  await migrate(owner);
  await owner.close();
});
afterAll(() => server?.stop());

it('a command that opened no keys writes no entry, since nobody could tell it from a forged one', async () => {
  const { ledger, close } = openLedger(server.url);
  const recordId = randomUUID();
  await expect(ledger.audit({ recordId, actor: 'ann', action: 'retry' })).rejects.toThrow('no key is open');
  expect(await ledger.readAudit(recordId)).toEqual([]);
  await close();
});
