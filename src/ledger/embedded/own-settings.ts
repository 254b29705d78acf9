import type { PGlite } from '@electric-sql/pglite';

/** What is longer is no statement that only sets something. */
const MAX_BYTES = 8_192;
/** At the beginning of a statement: behind type and length of a message, the name that Parse gives, or another statement. */
const SETS = /(?:^[\s\S]{5}|[;\0])\s*(?:SET|RESET)\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)|\bset_config\s*\(/i;
const AS_AT_THE_START = 'SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL';

/**
 * Settings belong to a connection, and PGlite has one session for all: a dump would empty the search path of worker and starter.
 * What a connection has set is sent again when it comes back after another one.
 */
export class OwnSettings {
  private readonly db: Pick<PGlite, 'exec'>;
  private readonly send: (messages: Uint8Array) => Promise<unknown>;
  private readonly sent = new Map<symbol, Uint8Array[]>();
  /** Whose settings the session has; undefined: nobody's. */
  private standing: symbol | undefined;

  constructor(db: Pick<PGlite, 'exec'>, send: (messages: Uint8Array) => Promise<unknown>) {
    this.db = db;
    this.send = send;
  }

  /** Before the connection has the session; within a transaction nobody else had it. */
  async bringBack(connection: symbol): Promise<void> {
    const own = this.sent.get(connection);
    const wanted = own ? connection : undefined;
    if (this.standing === wanted) return;
    await this.db.exec(AS_AT_THE_START);
    for (const messages of own ?? []) await this.send(messages);
    this.standing = wanted;
  }

  note(connection: symbol, messages: Uint8Array): void {
    if (messages.byteLength > MAX_BYTES || !SETS.test(Buffer.from(messages).toString('latin1'))) return;
    const own = Buffer.from(messages);
    // A driver may set the same before each of its statements.
    const others = (this.sent.get(connection) ?? []).filter((before) => !own.equals(before));
    this.sent.set(connection, [...others, own]);
    this.standing = connection;
  }

  forget(connection: symbol): void {
    this.sent.delete(connection);
  }
}
