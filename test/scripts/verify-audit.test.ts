import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

/** A trail that is broken ends with 1, whatever keeps it from being proved with 2: nobody is called for a file that is not there. */

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function verify(args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/verify-audit.mjs', ...args], {
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}` };
}

function write(...lines: readonly string[]): string {
  const path = join(folder, 'trail.jsonl');
  writeFileSync(path, lines.map((line) => `${line}\r\n`).join(''));
  return path;
}

const HEADER = '{"kind":"dealbridge audit export","version":1,"since":null,"record":null,"personal":false}';
const END = '{"kind":"end","entries":0,"seals":0}';

describe('an export that cannot be read', () => {
  it.each([
    ['is not there', () => join(folder, 'nowhere.jsonl'), "nowhere.jsonl' (ENOENT)"],
    ['is a folder', () => folder, `FILE: expected an export of the trail that can be read, got '${folder}' (EISDIR)`],
    ['is empty', () => write(), 'the file is empty'],
    ['is another JSON', () => write('null'), 'line 1 is none of an export'],
    ['has a seal without a number', () => write(HEADER, '{"kind":"seal"}'), 'line 2 is none of an export'],
    ['ends within a line', () => write(HEADER, '{"kind":"ent'), 'line 2 is no JSON'],
  ])('%s', (_what, path, right) => {
    const { status, said } = verify([path()]);
    expect(said.trim().endsWith(right), said).toBe(true);
    expect(said.trim()).not.toContain('\n');
    expect(status).toBe(2);
  });
});

describe('a seal that was noted elsewhere', () => {
  const hash = 'ab'.repeat(32);
  it.each([
    ['without a hash', ['--seal', '1']],
    ['with half a hash', ['--seal', '1:5c0f']],
    ['with nothing', ['--seal']],
    ['as another option', ['--seals', `1:${hash}`]],
  ])('%s is refused, and not left out of the proof', (_what, args) => {
    const { status, said } = verify([write(HEADER, END), ...args]);
    expect(said).toContain('expected --seal with number and hash');
    expect(status).toBe(2);
  });

  it.each([[['--seal', `1:${hash}`]], [[`--seal=1:${hash}`]]])('is asked for: %j', (args) => {
    const { status, said } = verify([write(HEADER, END), ...args]);
    expect(said).toContain('seal 1 was noted elsewhere and is missing here');
    expect(status).toBe(1);
  });

  it('is not asked for where none is named', () => {
    expect(verify([write(HEADER, END)])).toMatchObject({ status: 0 });
  });
});
