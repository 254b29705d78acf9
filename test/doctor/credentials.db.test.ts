import { expect, it } from 'vitest';
import { examineExpiry } from '../../src/doctor/credentials.js';
import { createStep } from '../../src/doctor/step.js';
import type { Database } from '../../src/ledger/database.js';
import { createVault, type SystemCredential, type Vault } from '../../src/ledger/settings/vault.js';
import type { Config } from '../../src/process/config.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { useLedger } from '../support/use-ledger.js';

/** What the doctor says of the credentials in the ledger: each is opened, also those for which Entra is asked nothing. */

const KEY = `new:${Buffer.alloc(32, 1).toString('base64')}`;
let database: Database;
useLedger((opened) => {
  database = opened;
});

function open(): Vault {
  const ring = openKeyRing({ kind: 'text', text: KEY });
  return createVault({ database, ring, tenantId: 'tenant-one', audit: async () => undefined });
}
const set = (vault: Vault, name: SystemCredential) =>
  vault.set({ name, credential: { kind: 'secret', secret: `secret of ${name}` }, actor: 'ann', overlapHours: 24 });

const known = <T>(value: T) => createStep('known', {}, async () => ({ findings: [], value }));
const SETTINGS = { dataverse: {}, businessCentral: { applications: [] }, starter: {} } as unknown as Config;

async function examine(vault: Vault, ids: readonly string[]): Promise<string[]> {
  const step = examineExpiry({ config: known(SETTINGS), vault: known(vault), database: known(true), ids: known(ids) });
  return (await step.report()).findings.map(({ check, result, found }) => `${check} ${result}: ${found}`);
}

it('a webhook secret or that of the desk that does not open is named beside the others', async () => {
  for (const name of ['dataverse', 'business-central', 'webhook', 'desk'] as const) await set(open(), name);
  await database.query(`UPDATE credentials SET set_by = 'somebody else' WHERE name IN ('webhook', 'desk')`);
  expect((await examine(open(), ['new'])).filter((one) => one.includes(' wrong: '))).toEqual([
    expect.stringMatching(/^webhook wrong: the stored secret does not open: /),
    expect.stringMatching(/^desk wrong: the stored secret does not open: /),
  ]);
});

it('one before that was put back and counts beside the newest is named, since none of its name opens with it', async () => {
  const vault = open();
  for (const name of ['webhook', 'desk'] as const) {
    await database.query('DELETE FROM credentials WHERE name = $1', [name]);
    await set(vault, name);
    await set(vault, name);
  }
  expect((await examine(vault, ['new'])).filter((one) => one.includes(' wrong: '))).toEqual([]);
  await database.query('UPDATE credentials SET valid_until = NULL WHERE generation = 1');
  expect((await examine(vault, ['new'])).filter((one) => one.includes(' wrong: '))).toEqual([
    expect.stringMatching(/^webhook wrong: the stored secret does not open: /),
    expect.stringMatching(/^desk wrong: the stored secret does not open: /),
  ]);
});
