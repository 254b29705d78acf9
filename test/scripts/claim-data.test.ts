import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { claimData } from '../../scripts/lib/claim-data.mjs';
// @ts-expect-error plain script without types, shared with the other commands
import { isGiven } from '../../scripts/lib/env-file.mjs';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the data folder of `npm start`', () => {
  it('is not opened a second time while somebody has it, and is after that one was killed', async () => {
    const claim = await claimData(folder);
    const ledger = await openEmbeddedLedger();
    claim.note(ledger.url);
    await expect(claimData(folder)).rejects.toThrow(`is open already, at ${new URL(ledger.url).host}`);
    await ledger.stop();
    const next = await claimData(folder);
    next.forget();
    (await claimData(folder)).forget();
  });

  it('is not opened by two that start at once, before the ledger of either answers', async () => {
    const claims = await Promise.allSettled([claimData(folder), claimData(folder), claimData(folder)]);
    const taken = claims.filter((claim) => claim.status === 'fulfilled');
    expect(taken).toHaveLength(1);
    for (const { reason } of claims.filter((claim) => claim.status === 'rejected'))
      expect(String(reason)).toContain('is open already');
    taken[0]?.value.forget();
  });

  it('stays that of whoever has it when one that was refused, or that had it before, ends', async () => {
    const [first] = await Promise.all([claimData(folder)]);
    first.forget();
    const claim = await claimData(folder);
    first.forget();
    const place = join(folder, 'in-use');
    expect(readFileSync(place, 'utf8')).toMatch(/^tcp:/);
    claim.forget();
    expect(existsSync(place)).toBe(false);
  });
});

it('a setting that stands in a file is given: nothing is embedded in its place', () => {
  expect(isGiven({ DATABASE_URL_FILE: '/run/secrets/ledger' }, 'DATABASE_URL')).toBe(true);
  expect(isGiven({ DATABASE_URL: 'postgres://one' }, 'DATABASE_URL')).toBe(true);
  expect(isGiven({ DATABASE_URL: '' }, 'DATABASE_URL')).toBe(false);
});
