import type { Context } from 'hono';
import { refuse } from './refusals.js';

/** How much may be held of what callers send, and for how long they may send it. */

/** Bytes of bodies that are being read or worked on. */
export interface ByteBudget {
  /** Undefined: there is no room. What comes back gives the room back. */
  take(source: string, bytes: number): (() => void) | undefined;
}

/** A body costs this much, however small it is: one that never ends holds a connection and its buffers. */
const MIN_COST_BYTES = 16 * 1024;

export function createByteBudget({
  total,
  perSource,
}: {
  readonly total: number;
  readonly perSource: number;
}): ByteBudget {
  const taken = new Map<string, number>();
  let sum = 0;
  const add = (source: string, bytes: number): void => {
    sum += bytes;
    const left = (taken.get(source) ?? 0) + bytes;
    if (left === 0) taken.delete(source);
    else taken.set(source, left);
  };
  return {
    take(source, bytes) {
      const cost = Math.max(bytes, MIN_COST_BYTES);
      if (sum + cost > total || (taken.get(source) ?? 0) + cost > perSource) return undefined;
      add(source, cost);
      let isHeld = true;
      return () => {
        if (isHeld) add(source, -cost);
        isHeld = false;
      };
    },
  };
}

export interface BodyRule {
  readonly maxBytes: number;
  /** For the whole body. */
  readonly withinMs: number;
  /** Only for callers who have proved who they are: nobody can tell beforehand how much will come. */
  readonly takesChunks: boolean;
  /** Where there is no room: Dataverse tries 503 once more, and loses what is answered with 429. */
  readonly busyStatus: 429 | 503;
  readonly budget: ByteBudget;
}

export function isChunked(c: Context): boolean {
  return c.req.header('transfer-encoding') !== undefined;
}

/** Everything that can be known before the body: its length and whether there is room for it. */
export function findLengthProblem(c: Context, maxBytes: number): Response | undefined {
  // The parser of HTTP has seen to it that this is a number.
  if (Number(c.req.header('content-length') ?? 0) <= maxBytes) return undefined;
  return refuse(c, 413, `a body over ${toSize(maxBytes)} is refused`);
}

/**
 * Reads the body, so that whoever comes next has it at once, and holds its room until everything is answered.
 * @returns why it was refused
 */
export async function takeBody(
  c: Context,
  source: string,
  rule: BodyRule,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const length = Number(c.req.header('content-length') ?? 0);
  if (length === 0 && !isChunked(c)) {
    await next();
    return undefined;
  }
  if (isChunked(c) && !rule.takesChunks) return refuse(c, 411, 'a body without Content-Length is refused');
  const tooLarge = findLengthProblem(c, rule.maxBytes);
  if (tooLarge) return tooLarge;
  const giveBack = rule.budget.take(source, isChunked(c) ? rule.maxBytes : length);
  if (!giveBack) {
    c.header('retry-after', '1');
    return refuse(c, rule.busyStatus, 'too many requests with a body at once');
  }
  try {
    const end = await within(rule.withinMs, isChunked(c) ? readChunks(c, rule.maxBytes) : readWhole(c));
    if (end === 'late') return refuse(c, 408, `the body did not arrive within ${rule.withinMs / 1_000} s`);
    if (end === 'too-large') return refuse(c, 413, `a body over ${toSize(rule.maxBytes)} is refused`);
    if (end === 'broken') return refuse(c, 400, 'the body broke off');
    await next();
    return undefined;
  } finally {
    giveBack();
  }
}

type Read = 'whole' | 'too-large' | 'broken';

async function readWhole(c: Context): Promise<Read> {
  try {
    // Hono keeps it for whoever asks next.
    await c.req.arrayBuffer();
    return 'whole';
  } catch {
    return 'broken';
  }
}

async function readChunks(c: Context, maxBytes: number): Promise<Read> {
  // Of GET and HEAD nobody reads one, and no request of theirs can be given one.
  if (c.req.raw.body === null) return 'whole';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of c.req.raw.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBytes) return 'too-large';
      chunks.push(chunk);
    }
  } catch {
    return 'broken';
  }
  c.req.raw = new Request(c.req.raw, { body: Buffer.concat(chunks) });
  return 'whole';
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function toSize(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`;
}
