import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withFoundationAtRest } from '../../src/cli/context.js';
import { toCommandLinePerson } from '../../src/identity/person.js';
import { setCredential } from '../../src/operations/settings/credentials.js';

let folder: string;
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-at-rest-'));
  Object.assign(process.env, {
    DEALBRIDGE_ENV_FILES: 'off',
    ENTRA_TENANT_ID: 'tenant',
    DATAVERSE_URL: 'https://org.crm4.dynamics.com',
    DATAVERSE_CLIENT_ID: 'one',
    BC_COMPANY: 'Company',
    BC_CLIENT_ID: 'two',
  });
  for (const name of ['DATABASE_URL', 'DEALBRIDGE_KEYS', 'DEALBRIDGE_KEY_FILE']) delete process.env[name];
});
afterEach(() => {
  process.env = { ...before };
  rmSync(folder, { recursive: true });
});

it('a secret is stored in the embedded ledger while nothing runs, and is there afterwards', async () => {
  mkdirSync(join(folder, '.data', 'ledger'), { recursive: true });
  const person = toCommandLinePerson('ann');
  await withFoundationAtRest(
    ({ vault }) =>
      setCredential({ vault }, person, { name: 'business-central-us', secret: 'a-secret', overlapHours: 0 }),
    folder,
  );
  const names = await withFoundationAtRest(async ({ vault }) => (await vault.list()).map(({ name }) => name), folder);
  expect(names).toEqual(['business-central-us']);
});

it('no ledger is made where none is: DATABASE_URL is asked for', async () => {
  await expect(withFoundationAtRest(async () => 'opened', folder)).rejects.toThrow('setting DATABASE_URL');
});
