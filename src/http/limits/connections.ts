import type { Server, Socket } from 'node:net';
import type { Context } from 'hono';
import { type Sources, toSource } from './sources.js';

/** How many connections may be open at once, in total and from one source. */
export interface Connections {
  watch(server: Server): void;
  /** Whoever has proved who it is keeps its connection while strangers come and go. */
  prove(c: Context): void;
}

export interface ConnectionOptions {
  readonly total: number;
  readonly perSource: number;
  readonly sources: Sources;
  readonly now: () => number;
}

/** Time to show a secret, also for whoever comes in the same moment as many others from his address. */
const GRACE_MS = 1_000;
/** So many times the number of a source when all of them have come within that time. */
const GRACE_FACTOR = 8;
/** Behind a proxy of ours everybody comes from one address; what they may do is counted by request. */
const PROXY = 'proxy';

/**
 * A new connection is always taken: where there are too many, the oldest one closes that has proved nothing, in total one of
 * the source that has most. An honest request needs milliseconds, one that stalls is old soon.
 */
export function createConnections({ total, perSource, sources, now }: ConnectionOptions): Connections {
  /** Those that have proved nothing, the oldest first, with when they came. */
  const bySource = new Map<string, Map<Socket, number>>();
  const sourceOf = new WeakMap<Socket, string>();
  let count = 0;

  const forget = (socket: Socket): void => {
    const source = sourceOf.get(socket) ?? '';
    const strangers = bySource.get(source);
    if (!strangers?.delete(socket)) return;
    count -= 1;
    if (strangers.size === 0) bySource.delete(source);
  };
  const closeOldest = (strangers: ReadonlyMap<Socket, number>, olderThanMs: number): void => {
    for (const [socket, cameAt] of strangers) {
      if (now() - cameAt < olderThanMs) return;
      forget(socket);
      socket.destroy();
      return;
    }
  };
  const findLargest = (): ReadonlyMap<Socket, number> =>
    [...bySource.values()].reduce((largest, one) => (one.size > largest.size ? one : largest));

  return {
    watch(server) {
      server.on('connection', (socket: Socket) => {
        const address = socket.remoteAddress ?? '';
        const source = sources.isProxy(address) ? PROXY : toSource(address);
        const strangers = bySource.get(source) ?? new Map<Socket, number>();
        bySource.set(source, strangers.set(socket, now()));
        sourceOf.set(socket, source);
        count += 1;
        socket.once('close', () => forget(socket));
        if (source !== PROXY && strangers.size > perSource)
          closeOldest(strangers, strangers.size > perSource * GRACE_FACTOR ? 0 : GRACE_MS);
        if (count > total) closeOldest(findLargest(), 0);
      });
    },
    prove(c) {
      const socket = socketOf(c);
      if (socket) forget(socket);
    },
  };
}

/** The connection below a request; none in tests that ask the app itself. */
function socketOf(c: Context): Socket | undefined {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: { readonly socket?: Socket } };
  return incoming?.socket;
}
