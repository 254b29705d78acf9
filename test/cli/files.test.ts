import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGivenYaml } from '../../src/cli/files.js';
import { withOptionNames } from '../../src/cli/option-names.js';
import { parseAnswers } from '../../src/operations/connect/answers.js';
import { runCli } from '../support/cli.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => runCli(args, { DEALBRIDGE_ENV_FILES: 'off' });

describe('a file that is named on the command line', () => {
  it('is named with its argument when it cannot be read, without a stack', async () => {
    const file = join(folder, 'none.yaml');
    const { code, stderr } = await run('mapping', 'check', file);
    expect(stderr.trim()).toBe(`file: expected a file that can be read, got '${file} (ENOENT)'`);
    expect(code).toBe(2);
  });

  it('is named with its line when it is no UTF-8: its letters would be others in Business Central', async () => {
    const file = join(folder, 'latin.yaml');
    writeFileSync(file, Buffer.from('mapping:\n  customer: { city: { constant: Büro } }\n', 'latin1'));
    const checked = await run('mapping', 'check', file);
    expect(checked.stderr.trim()).toBe(`file: expected a file in UTF-8, got '${file}, whose line 2 is none'`);
    expect(checked.code).toBe(2);
  });

  it('is named with its option when its folder is not there, before the work is done', async () => {
    const file = join(folder, 'none', 'fit.html');
    const { code, stderr } = await run('fit', '--out', file);
    expect(stderr.trim()).toBe(
      `--out: expected a file in a folder that is there and can be written, got '${file} (ENOENT)'`,
    );
    expect(code).toBe(2);
  });

  it('is named with the line where it is no YAML', () => {
    const file = join(folder, 'decisions.yaml');
    writeFileSync(file, '- { account: x, customer: new }\n- { account: [ }\n');
    expect(() => readGivenYaml('--apply', file)).toThrow(`${file}:2: expected YAML (Flow sequence`);
    writeFileSync(file, '- { account: x, customer: *new }\n');
    expect(() => readGivenYaml('--apply', file)).toThrow(`${file}: expected YAML (Unresolved alias`);
  });

  it.each([
    ['keys', 'a:hunter2=\nb:hunter2=\n'],
    ['keys and comments', '# one\na:hunter2=\n# two\nb:hunter2=\n'],
    ['a password that begins with a star', '*hunter2'],
    ['a password that begins with a bar', '|hunter2'],
  ])('is not quoted when it is another one by mistake: %s', (_what, content) => {
    const file = join(folder, 'other.yaml');
    writeFileSync(file, content);
    for (const read of [() => readGivenYaml('--apply', file), () => parseAnswers(content, file)]) {
      expect(read).toThrow(/expected (YAML|a (list|map) in YAML)/);
      expect(read).not.toThrow(/hunter2/);
    }
  });

  it('nor by `mapping check`', async () => {
    const file = join(folder, 'keys');
    writeFileSync(file, 'a:hunter2=\nb:hunter2=\n');
    const { code, stdout, stderr } = await run('mapping', 'check', file);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:1:1  rule (the whole): found a file that is no map in YAML`);
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

describe('an option that does not fit', () => {
  it('stands beside what would make it be passed over', async () => {
    const { code, stderr } = await run('preview', 'salesorder', 'x', '--since', '2026-01-01');
    expect(stderr.trim()).toBe('preview: expected <table> <guid>, or --since <date>, not both');
    expect(code).toBe(2);
  });

  it('is not passed over beside another: what the last comparison found is nothing that is repaired', async () => {
    const { code, stderr } = await run('drift', '--fix', '--last');
    expect(stderr.trim()).toBe('drift: expected --fix, which compares anew, or --last, not both');
    expect(code).toBe(2);
  });

  it('is named as the help names it where it is an argument', () => {
    const typed = ['accounts', 'retry', '11111111-2222-4333-8444-555555555555'];
    expect(withOptionNames('rowId: expected the GUID in Sales', typed)).toBe('<guid>: expected the GUID in Sales');
  });

  it('is named as it is typed', () => {
    const typed = ['list', '--state', 'bogus', '--older-than=2x', '--days', '0'];
    const said =
      "state.0: expected one of held, got 'bogus'; olderThan: expected a time such as 2d; table: expected one of quote";
    expect(withOptionNames(said, typed)).toBe(
      "--state: expected one of held, got 'bogus'; --older-than: expected a time such as 2d; table: expected one of quote",
    );
  });

  it.each(['812', '12:9f2c…'])('is named with what was typed: a seal %s', async (seal) => {
    const { code, stderr } = await run('audit', 'verify', '--seal', seal);
    expect(stderr.trim()).toBe(
      `--seal: expected NUMBER:HASH as 'audit seal' prints it, the hash of 64 digits, got '${seal}'`,
    );
    expect(code).toBe(2);
  });
});
