import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { isGiven } from '../../scripts/lib/env-file.mjs';
// @ts-expect-error plain script without types, shared with the other commands
import { ensureLedgerIsClosed, forgetLedger, noteLedger } from '../../scripts/lib/open-ledger.mjs';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the data folder of `npm start`', () => {
  it('is not opened a second time while somebody has it, and is after that one was killed', async () => {
    await ensureLedgerIsClosed(folder);
    const ledger = await openEmbeddedLedger();
    noteLedger(folder, ledger.url);
    await expect(ensureLedgerIsClosed(folder)).rejects.toThrow(`is open already, at ${new URL(ledger.url).host}`);
    await ledger.stop();
    await ensureLedgerIsClosed(folder);
    forgetLedger(folder);
    await ensureLedgerIsClosed(folder);
  });
});

it('a setting that stands in a file is given: nothing is embedded in its place', () => {
  expect(isGiven({ DATABASE_URL_FILE: '/run/secrets/ledger' }, 'DATABASE_URL')).toBe(true);
  expect(isGiven({ DATABASE_URL: 'postgres://one' }, 'DATABASE_URL')).toBe(true);
  expect(isGiven({ DATABASE_URL: '' }, 'DATABASE_URL')).toBe(false);
});
