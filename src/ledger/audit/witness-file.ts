import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { KnownSeal } from './seals.js';
import type { NotedSeal, Witness } from './witnesses.js';

/**
 * A file that is only appended to, on another disk or host than the database: a mounted share, or a file whose owner set
 * `chattr +a`. One line a seal: number, hash, time.
 */

const LINE = /^(\d+) ([0-9a-f]{64}) \S+$/;
/** Longer than two lines, so that the last whole one is in it. */
const TAIL_BYTES = 1_024;

export function createWitnessFile(path: string): Witness {
  return {
    name: `file ${path}`,
    findLast: () => readLast(path),
    append: (seals) => append(path, seals),
    list: () => readLines(path),
  };
}

async function append(path: string, seals: readonly NotedSeal[]): Promise<void> {
  const file = await open(path, 'a+', 0o640);
  try {
    const { size } = await file.stat();
    // A line that was cut by a crash stays as it is: nothing is ever written over.
    const start = size > 0 && (await readEnd(file, size, 1)) !== '\n' ? '\n' : '';
    await file.appendFile(start + seals.map(({ number, sealHash, at }) => `${number} ${sealHash} ${at}\n`).join(''));
    await file.sync();
    if (size === 0) await syncFolder(path);
  } finally {
    await file.close();
  }
}

/** A new file is there for good once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readLast(path: string): Promise<KnownSeal | undefined> {
  const file = await open(path, 'r').catch(undefinedIfMissing);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const lines = (await readEnd(file, size, TAIL_BYTES)).split('\n');
    return lines.flatMap(toSeal).at(-1);
  } finally {
    await file.close();
  }
}

async function readEnd(file: Awaited<ReturnType<typeof open>>, size: number, most: number): Promise<string> {
  const length = Math.min(size, most);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString('utf8', 0, bytesRead);
}

async function* readLines(path: string): AsyncGenerator<KnownSeal> {
  const file = await open(path, 'r').catch(undefinedIfMissing);
  if (!file) return;
  await file.close();
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    yield* toSeal(line);
  }
}

function toSeal(line: string): KnownSeal[] {
  const [, number, sealHash] = LINE.exec(line) ?? [];
  return number !== undefined && sealHash !== undefined ? [{ number, sealHash }] : [];
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
