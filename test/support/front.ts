import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** In front of a system: it can cut every connection at once, refuse new ones, or answer in the place of the system. */
export interface Front {
  readonly port: number;
  /** As a failover does; whoever connects again is let through. */
  cut(): void;
  /** As a machine that is gone does: who is connected never hears of it. Whoever connects again is let through. */
  silence(): void;
  /** Nobody listens any more. */
  refuse(): Promise<void>;
  /** Whoever connects gets this instead of the system. */
  answer(instead: (socket: Socket) => void): Promise<void>;
  /** Lets through again. */
  pass(): Promise<void>;
  close(): Promise<void>;
}

/** @param behind host and port. @param at where it listens: any port of this machine unless it is named. */
export async function openFront(
  behind: string,
  at: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<Front> {
  const { hostname, port: portBehind } = new URL(`tcp://${behind}`);
  const sockets = new Set<Socket>();
  let instead: ((socket: Socket) => void) | undefined;
  const keep = (socket: Socket, onClose: () => void): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      onClose();
    });
  };
  const server = createServer((near) => {
    if (instead) {
      keep(near, () => undefined);
      instead(near);
      return;
    }
    const far = connect(Number(portBehind), hostname);
    // Also when the system resets it: else the client would wait for an answer on half a connection.
    keep(near, () => far.destroy());
    keep(far, () => near.destroy());
    near.pipe(far).pipe(near);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const silence = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  const listen = async (port: number): Promise<void> => {
    if (server.listening) return;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, at.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  };
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  };
  await listen(at.port);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut,
    silence,
    refuse,
    async answer(how) {
      instead = how;
      cut();
      await listen(port);
    },
    async pass() {
      instead = undefined;
      cut();
      await listen(port);
    },
    close: refuse,
  };
}

/** Each request is answered by this status, and by when to ask again. */
export function answerHttp(status: number): (socket: Socket) => void {
  const server = createHttpServer((_request, response) => response.writeHead(status, { 'retry-after': '1' }).end());
  return (socket) => void server.emit('connection', socket);
}

/** Each call of gRPC is answered by this status. */
export function answerGrpc(status: number): (socket: Socket) => void {
  const server = createHttp2Server();
  const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status) };
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond(answer, { endStream: true });
  });
  server.on('sessionError', () => undefined);
  return (socket) => void server.emit('connection', socket);
}

/** As PostgreSQL does before a session. */
export function answerPostgres(code: string): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mrefused\0\0`);
      const head = Buffer.alloc(5);
      head.write('E');
      head.writeInt32BE(fields.length + 4, 1);
      socket.end(Buffer.concat([head, fields]));
    });
  };
}
