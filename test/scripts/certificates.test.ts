import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { makeCertificates } from '../../scripts/lib/certificates.mjs';

/** The CA of compose, and what it signs. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-certificates-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('are made by the next run where one was broken off, such as by an OpenSSL that cannot sign', async () => {
  mkdirSync(join(folder, 'server'));
  for (const [name, text] of [
    ['openssl.cnf', ''],
    ['ca.key', 'of the run before'],
    ['server/ca.crt', 'of the run before'],
  ] as const)
    writeFileSync(join(folder, name), text, { mode: 0o400 });
  await makeCertificates(folder);
  expect(readdirSync(folder).sort()).toEqual(['ca.crt', 'ca.key', 'client', 'server']);
  expect(readdirSync(join(folder, 'client')).sort()).toEqual(['ca.crt', 'client.crt', 'client.key']);
});

it('are never made over those that are there', async () => {
  await makeCertificates(folder);
  await expect(makeCertificates(folder)).rejects.toThrow('has certificates already');
});
