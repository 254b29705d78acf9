import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureKeyFile, findAccessProblem } from '../../src/secrets/key-file.js';
import { openKeyRing, readKeyId, SealError } from '../../src/secrets/key-ring.js';
import { createKeyLine, KeysError, parseKeys } from '../../src/secrets/keys.js';

const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`;
const ring = (...lines: readonly string[]) => openKeyRing({ kind: 'text', text: lines.join(',') });

function failure(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('the key ring', () => {
  it('opens whatever it sealed, with the same associated data', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.string(), (plain, place) => {
        const both = ring(NEW, OLD);
        expect([...both.open(both.seal(plain, place), place)]).toEqual([...plain]);
      }),
    );
  });

  it('the first key seals, every key opens', () => {
    const sealed = ring(OLD).seal(Buffer.from('content'), 'place');
    expect(readKeyId(sealed)).toBe('old');
    const rotated = ring(NEW, OLD);
    expect(rotated.open(sealed, 'place').toString()).toBe('content');
    expect(rotated.newestKeyId()).toBe('new');
    expect(readKeyId(rotated.seal(Buffer.from('content'), 'place'))).toBe('new');
  });

  it('the same content is sealed differently each time', () => {
    const one = ring(NEW);
    expect(one.seal(Buffer.from('content'), 'place').equals(one.seal(Buffer.from('content'), 'place'))).toBe(false);
  });

  it('one changed bit anywhere is noticed, and so is every cut', () => {
    const one = ring(NEW);
    const sealed = one.seal(Buffer.from('the name of a customer'), 'place');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(failure(() => one.open(changed, 'place'))).toBeInstanceOf(SealError);
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(failure(() => one.open(sealed.subarray(0, length), 'place'))).toBeInstanceOf(SealError);
    }
  });

  const refusals: readonly (readonly [string, string, () => unknown])[] = [
    ['other associated data', 'does-not-open', () => ring(NEW).open(ring(NEW).seal(Buffer.from('secret'), 'a'), 'b')],
    [
      'another key under the same id',
      'does-not-open',
      () => ring(`new:${Buffer.alloc(32, 9).toString('base64')}`).open(ring(NEW).seal(Buffer.from('secret'), 'a'), 'a'),
    ],
    ['a key that is not there', 'unknown-key', () => ring(OLD).open(ring(NEW).seal(Buffer.from('secret'), 'a'), 'a')],
    ['what was never sealed', 'not-sealed', () => ring(OLD).open(Buffer.from('a plain secret of some length'), 'a')],
  ];
  for (const [what, code, work] of refusals) {
    it(`${what}: ${code}, without the content`, () => {
      const error = failure(work);
      expect(error).toMatchObject({ name: 'SealError', code });
      expect(String(error)).not.toContain('secret');
    });
  }
});

describe('keys as text', () => {
  it('a fresh line is a key', () => {
    const line = createKeyLine(new Date('2031-05-06T07:08:09Z'));
    expect([...parseKeys(line).keys()][0]).toMatch(/^20310506-[0-9a-f]{6}$/);
    expect(createKeyLine()).not.toBe(createKeyLine());
  });

  it('lines and commas, comments and blanks', () => {
    expect([...parseKeys(`# first\n${NEW}\n\n ${OLD} \n`).keys()]).toEqual(['new', 'old']);
    expect([...parseKeys(`${NEW},${OLD}`).keys()]).toEqual(['new', 'old']);
  });

  const SHORT = Buffer.alloc(16, 7).toString('base64');
  for (const [what, text, right] of [
    ['nothing', ' \n# only a comment', /expected a key, got nothing/],
    ['no id', Buffer.alloc(32).toString('base64'), /key 1: expected id:base64 of 32 bytes, got no usable id/],
    ['a short key', `${NEW},short:${SHORT}`, /key 2 \('short'\): expected the base64 of 32 bytes/],
    ['an id twice', `${NEW},${NEW}`, /expected an id of its own, got 'new' twice/],
    ['an id with a blank', `a b:${SHORT}`, /key 1: expected id:base64 of 32 bytes, got no usable id/],
  ] as const) {
    it(`${what} is refused, and no key is shown`, () => {
      const error = failure(() => parseKeys(text));
      expect(error).toBeInstanceOf(KeysError);
      expect(String(error)).toMatch(right);
      expect(String(error)).not.toContain(SHORT);
    });
  }
});

describe('the key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-keys-'));
  const path = join(folder, 'keys');
  const write = (text: string, mode = 0o600): void => {
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode });
  };
  beforeEach(() => write(`${OLD}\n`));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is made once, for its owner alone, and kept', () => {
    rmSync(path);
    ensureKeyFile(path);
    const made = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    ensureKeyFile(path);
    expect(readFileSync(path, 'utf8')).toBe(made);
    expect(parseKeys(made).size).toBe(1);
  });

  it('a key that was added opens at once what another process sealed with it', () => {
    const running = openKeyRing({ kind: 'file', path });
    const early = running.seal(Buffer.from('early'), 'place');
    write(`${NEW}\n${OLD}\n`);
    const late = openKeyRing({ kind: 'file', path }).seal(Buffer.from('late'), 'place');
    expect(readKeyId(late)).toBe('new');
    expect(running.open(late, 'place').toString()).toBe('late');
    expect(running.open(early, 'place').toString()).toBe('early');
    expect(running.newestKeyId()).toBe('new');
  });

  it('a file that becomes unusable is told once, and the keys of before go on', () => {
    const troubles: string[] = [];
    const running = openKeyRing({ kind: 'file', path }, (error) => troubles.push(error.message));
    const sealed = running.seal(Buffer.from('content'), 'place');
    write('half a li');
    const foreign = ring(NEW).seal(Buffer.from('x'), 'place');
    // An unknown key makes it look at the file.
    for (let times = 0; times < 3; times += 1)
      expect(failure(() => running.open(foreign, 'place'))).toBeInstanceOf(SealError);
    expect(troubles).toEqual([expect.stringContaining('key 1: expected id:base64 of 32 bytes, got no usable id')]);
    expect(running.open(sealed, 'place').toString()).toBe('content');
    write(`${NEW}\n${OLD}\n`);
    expect(running.open(foreign, 'place').toString()).toBe('x');
  });

  it('is refused when everybody may read it, when it is empty and when it is not there', () => {
    chmodSync(path, 0o644);
    expect(() => openKeyRing({ kind: 'file', path })).toThrow(
      /everybody on this machine may use it; expected mode 600/,
    );
    write('');
    expect(() => openKeyRing({ kind: 'file', path })).toThrow(/expected a key, got nothing/);
    rmSync(path);
    expect(() => openKeyRing({ kind: 'file', path })).toThrow(/cannot be read: ENOENT/);
  });

  it('is refused when its group may write it, and taken when the group may only read it', () => {
    chmodSync(path, 0o660);
    expect(() => openKeyRing({ kind: 'file', path })).toThrow(/keys: its group may write it; expected mode 600/);
    chmodSync(path, 0o440);
    expect(openKeyRing({ kind: 'file', path }).newestKeyId()).toBe('old');
  });

  it('is refused when somebody else owns it, who could change it at any time', () => {
    const file = { mode: 0o100600, uid: 1001 };
    expect(findAccessProblem(file, 1000)).toBe(
      'user 1001 owns it; expected user 1000, who runs this, or root (`chown 1000`)',
    );
    // Also for root, who could read it all the same.
    expect(findAccessProblem(file, 0)).toMatch(/^user 1001 owns it/);
    expect(findAccessProblem(file, 1001)).toBeUndefined();
    expect(findAccessProblem({ ...file, uid: 0 }, 1000)).toBeUndefined();
    expect(findAccessProblem(file)).toBeUndefined();
  });
});
