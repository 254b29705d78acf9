import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import * as untyped from '../../scripts/lib/one-at-a-time.mjs';

const oneAtATime: <T>(path: string, work: () => Promise<T>) => Promise<T> = untyped.oneAtATime;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-set-up-'));
  path = join(folder, 'data/set-up');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a second set-up of the same folder begins when the first one has ended, also by a failure', async () => {
  const seen: string[] = [];
  let fail = (_error: Error): void => undefined;
  const first = oneAtATime(path, () => {
    seen.push('first begins');
    return new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
  });
  const second = oneAtATime(path, async () => seen.push('second begins'));
  seen.push('first ends');
  fail(new Error('no packages'));
  await expect(first).rejects.toThrow('no packages');
  await second;
  expect(seen).toEqual(['first begins', 'first ends', 'second begins']);
  expect(existsSync(path)).toBe(false);
});

it.each([
  ['that was interrupted', String(spawnSync(process.execPath, ['--version']).pid)],
  ['of which nothing is known', ''],
])('does not wait for one %s', async (_what, named) => {
  await oneAtATime(path, async () => undefined);
  writeFileSync(path, named);
  expect(await oneAtATime(path, async () => 'done')).toBe('done');
});
