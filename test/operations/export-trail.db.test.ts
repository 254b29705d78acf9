import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Person } from '../../src/identity/person.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import type { Database } from '../../src/ledger/database.js';
import { exportTrail } from '../../src/operations/audit/audit.js';
import { tamper, verifyOffline, writeChain } from '../support/audit.js';
import { useLedger } from '../support/use-ledger.js';

const ANN: Person = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] };

let database: Database;
useLedger((opened) => {
  database = opened;
});

async function toText(recordId: string): Promise<string> {
  let text = '';
  for await (const line of await exportTrail({ database }, ANN, { recordId })) text += `${JSON.stringify(line)}\n`;
  return text;
}

it('a record of which the trail knows nothing is not exported: its proof would say that all is whole', async () => {
  const recordId = randomUUID();
  await expect(toText(recordId)).rejects.toThrow(`the trail holds no entry of ${recordId}`);
});

it('a record of which only seals know is exported, and the proof misses its entries', async () => {
  const recordId = await writeChain(database, 2);
  await sealAudit(database);
  await tamper(database, 'DELETE FROM audit_entries WHERE record_id = $1', [recordId]);
  const { code, said } = verifyOffline(await toText(recordId));
  expect(said).toContain('cut off');
  expect(code).toBe(1);
});
