import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { OwnSettings } from './own-settings.js';

/**
 * PostgreSQL without an installation: PGlite served over a socket, so that the same `pg` code runs.
 *
 * PGlite has one session. Its own socket server queues single protocol messages, so the unnamed statements of two
 * connections can meet; here the unit is everything up to Sync, and an open transaction keeps the session to itself.
 */
export interface EmbeddedLedger {
  readonly url: string;
  stop(): Promise<void>;
}

const SSL_REQUEST = 80_877_103;
const CANCEL_REQUEST = 80_877_102;
const SYNC = 'S'.charCodeAt(0);
const SIMPLE_QUERY = 'Q'.charCodeAt(0);
const TERMINATE = 'X'.charCodeAt(0);
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);
const PARSE = 'P'.charCodeAt(0);
const PARSE_HEADER_BYTES = 5;
/** Without content: its type, and the length of the length. */
const PARSE_COMPLETE = Uint8Array.of('1'.charCodeAt(0), 0, 0, 0, 4);
const ERROR = 'E'.charCodeAt(0);
/** The field of the SQLSTATE `feature_not_supported`: a plan that returns other columns than when it was made. */
const OLD_PLAN = 'C0A000\0';

export interface EmbeddedLedgerOptions {
  /** Without one it is kept in memory. */
  readonly dataDir?: string;
  /** Any free one unless it is named. */
  readonly port?: number;
  /** A data folder that PGlite has dumped: initializing a new one takes seconds. */
  readonly image?: Blob;
}

export async function startEmbeddedLedger(options: EmbeddedLedgerOptions = {}): Promise<EmbeddedLedger> {
  const { dataDir = 'memory://', image } = options;
  const db = await PGlite.create(dataDir, image && { loadDataDir: image });
  const session = new Session(db);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // A client that goes away while it is answered is no fault of the ledger.
    socket.on('error', () => undefined);
    void serveConnection(socket, session).finally(() => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await db.close();
    },
  };
}

/** The one session behind all connections; whoever is in a transaction has it until the transaction ends. */
class Session {
  private readonly db: PGlite;
  private readonly settings: OwnSettings;
  private readonly prepared = new Map<string, string>();
  private hasOldPlan = false;
  private owner: symbol | undefined;
  private waiting: (() => void)[] = [];

  constructor(db: PGlite) {
    this.db = db;
    this.settings = new OwnSettings(db, (messages) => this.ask(messages));
  }

  async run(connection: symbol, messages: Uint8Array): Promise<Uint8Array> {
    while (this.owner !== undefined && this.owner !== connection) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
    this.owner = connection;
    let isDone = true;
    try {
      await this.settings.bringBack(connection);
      const answer = await this.ask(messages);
      this.settings.note(connection, messages);
      isDone = isIdle(answer);
      if (isDone) await this.forgetOldPlans();
      return answer;
    } finally {
      if (isDone) this.release();
    }
  }

  /** What one connection has prepared the others find prepared, under the same name if it is the same text. */
  private async ask(messages: Uint8Array): Promise<Uint8Array> {
    const parse = readParse(messages);
    if (parse && this.prepared.get(parse.name) === parse.statement) {
      const answer = await this.db.execProtocolRaw(messages.subarray(parse.length));
      return Buffer.concat([PARSE_COMPLETE, answer]);
    }
    // PGlite answers in a buffer that its next answer overwrites, and a socket may still be reading this one.
    const answer = Uint8Array.from(await this.db.execProtocolRaw(messages));
    if (parse && answer[0] === PARSE_COMPLETE[0]) this.prepared.set(parse.name, parse.statement);
    if (answer[0] === ERROR && Buffer.from(answer).includes(OLD_PLAN)) this.hasOldPlan = true;
    return answer;
  }

  /** A migration has changed what a statement returns: all are prepared anew. */
  private async forgetOldPlans(): Promise<void> {
    if (!this.hasOldPlan) return;
    this.hasOldPlan = false;
    this.prepared.clear();
    await this.db.exec('DEALLOCATE ALL');
  }

  /** A connection that went away in the middle of a transaction leaves nothing behind. */
  async leave(connection: symbol): Promise<void> {
    this.settings.forget(connection);
    if (this.owner !== connection) return;
    await this.db.exec('ROLLBACK');
    this.release();
  }

  private release(): void {
    this.owner = undefined;
    const waiting = this.waiting;
    this.waiting = [];
    for (const wake of waiting) wake();
  }
}

/** The Parse of a named statement at the beginning of a block; `statement` is its text with the types of its values. */
function readParse(messages: Uint8Array) {
  if (messages[0] !== PARSE) return undefined;
  const buffer = Buffer.from(messages.buffer, messages.byteOffset, messages.byteLength);
  const length = 1 + buffer.readInt32BE(1);
  const nameEnd = buffer.indexOf(0, PARSE_HEADER_BYTES);
  const name = buffer.toString('utf8', PARSE_HEADER_BYTES, nameEnd);
  return name === '' ? undefined : { name, length, statement: buffer.toString('latin1', nameEnd, length) };
}

/** The answer ends in ReadyForQuery, whose last byte tells whether a transaction is open. */
function isIdle(answer: Uint8Array): boolean {
  const at = answer.length - 6;
  return at < 0 || answer[at] !== READY_FOR_QUERY || answer[at + 5] === IDLE;
}

async function serveConnection(socket: Socket, session: Session): Promise<void> {
  const connection = Symbol('connection');
  let buffer = Buffer.alloc(0);
  let hasStarted = false;
  try {
    for await (const chunk of socket) {
      buffer = Buffer.concat([buffer, chunk as Buffer]);
      if (!hasStarted) {
        if (buffer.length < 8 || buffer.length < buffer.readInt32BE(0)) continue;
        const length = buffer.readInt32BE(0);
        const code = buffer.readInt32BE(4);
        const message = buffer.subarray(0, length);
        buffer = buffer.subarray(length);
        if (code === CANCEL_REQUEST) return;
        if (code === SSL_REQUEST) {
          socket.write('N');
          continue;
        }
        hasStarted = true;
        socket.write(await session.run(connection, message));
      }
      for (;;) {
        const end = findBlock(buffer);
        if (end === undefined) break;
        if (end === 'terminate') return;
        const block = buffer.subarray(0, end);
        buffer = buffer.subarray(end);
        socket.write(await session.run(connection, block));
      }
    }
  } catch {
    // The other end is gone or the session is closed; what was open is rolled back below.
  } finally {
    socket.destroy();
    await session.leave(connection).catch(() => undefined);
  }
}

/** The length of everything up to and including the next Sync or simple query; undefined until it is all there. */
function findBlock(buffer: Buffer): number | 'terminate' | undefined {
  let at = 0;
  while (buffer.length >= at + 5) {
    const type = buffer[at];
    const end = at + 1 + buffer.readInt32BE(at + 1);
    if (type === TERMINATE) return 'terminate';
    if (buffer.length < end) return undefined;
    if (type === SYNC || type === SIMPLE_QUERY) return end;
    at = end;
  }
  return undefined;
}
