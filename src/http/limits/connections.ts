import type { Server, Socket } from 'node:net';
import type { Context } from 'hono';
import type { Sources } from './sources.js';
import { toSource } from './sources.js';

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
}

/**
 * A new connection is always taken: where there are too many, the oldest one closes that has proved nothing. An honest
 * request needs milliseconds, one that stalls is old soon.
 */
export function createConnections({ total, perSource, sources }: ConnectionOptions): Connections {
  const strangers = new Set<Socket>();
  const bySource = new Map<string, Set<Socket>>();
  const proven = new WeakSet<Socket>();
  const forget = (socket: Socket, source: string | undefined): void => {
    strangers.delete(socket);
    if (source === undefined) return;
    const others = bySource.get(source);
    others?.delete(socket);
    if (others?.size === 0) bySource.delete(source);
  };
  const closeOldest = (sockets: Iterable<Socket>): void => {
    for (const socket of sockets) {
      socket.destroy();
      return;
    }
  };
  const forgets = new WeakMap<Socket, () => void>();
  return {
    watch(server) {
      server.on('connection', (socket: Socket) => {
        const address = socket.remoteAddress ?? '';
        // Behind a proxy of ours everybody comes from one address; what they may do is counted by request.
        const source = sources.isProxy(address) ? undefined : toSource(address);
        strangers.add(socket);
        if (source !== undefined) bySource.set(source, (bySource.get(source) ?? new Set()).add(socket));
        const end = (): void => forget(socket, source);
        forgets.set(socket, end);
        socket.once('close', end);
        const mine = source === undefined ? undefined : bySource.get(source);
        if (mine && mine.size > perSource) closeOldest(mine);
        if (strangers.size > total) closeOldest(strangers);
      });
    },
    prove(c) {
      const socket = socketOf(c);
      if (!socket || proven.has(socket)) return;
      proven.add(socket);
      forgets.get(socket)?.();
    },
  };
}

/** The connection below a request; none in tests that ask the app itself. */
function socketOf(c: Context): Socket | undefined {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: { readonly socket?: Socket } };
  return incoming?.socket;
}
