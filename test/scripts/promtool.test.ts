import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { ensureCacheFolder } from '../../scripts/lib/cache.mjs';
// @ts-expect-error plain script without types, shared with the other commands
import * as untyped from '../../scripts/lib/promtool.mjs';
import { stubPath } from '../support/own-path.js';

/** Where the set-up gets promtool from, without asking anybody outside. */

const ensurePromtool: () => Promise<string | undefined> = untyped.ensurePromtool;

let folder: string;
let program: ReturnType<typeof stubPath>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-promtool-'));
  vi.stubEnv('PROMTOOL_PATH', '');
  program = stubPath(folder);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  program('apt-get', ': > prometheus.deb');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const unpack = (content: string) =>
  `mkdir -p usr/bin && printf '${content}' > usr/bin/promtool && chmod 755 usr/bin/promtool`;

it('a package whose unpacking was cut off leaves no half program behind', async () => {
  program('dpkg-deb', `${unpack('half')}; exit 1`);
  expect(await ensurePromtool()).toBeUndefined();
  program('dpkg-deb', unpack('whole'));
  const path = await ensurePromtool();
  expect(readFileSync(String(path), 'utf8')).toBe('whole');
  program('dpkg-deb', 'exit 1');
  expect(await ensurePromtool()).toBe(path);
});

it('a cache folder that cannot be made is said with the setting that names another', () => {
  writeFileSync(join(folder, 'file'), '');
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'file'));
  expect(() => ensureCacheFolder()).toThrow(/cannot be made \(ENOTDIR\): set XDG_CACHE_HOME/);
});
