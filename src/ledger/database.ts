import { createHash } from 'node:crypto';
import pg from 'pg';
import { DealbridgeError, InternalError } from '../deal/errors.js';
import { observeStatement } from '../telemetry/statements.js';
import type { TrailSigner } from './audit/signatures.js';
import { noted } from './ledger-errors.js';

/** What the ledger's parts ask of a connection or a pool. */
export interface Queryable {
  /** Rows are read by a format (read-rows.ts); the type parameter is for tests, which know what they wrote. */
  query<Row extends pg.QueryResultRow = Readonly<Record<string, unknown>>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
  /** In a transaction: sends a statement whose result nobody needs, with COMMIT right behind it; its refusal undoes the whole. */
  sendLast?(text: string, values?: readonly unknown[]): void;
  /** Signs what is appended to the audit trail here; an entry that was written without one is found by a proof with one. */
  readonly signer?: TrailSigner;
}

export interface Database extends Queryable {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /**
   * A transaction in one way there and back: all statements are sent at once, with COMMIT right behind them. They are done as
   * a whole, or not at all when the database refuses one; what their answers say comes too late to undo them.
   */
  together<const Answers extends readonly unknown[]>(
    send: (tx: Queryable) => { readonly [Index in keyof Answers]: Promise<Answers[Index]> },
  ): Promise<Answers>;
  close(): Promise<void>;
}

export function isDatabase(db: Queryable): db is Database {
  return 'transaction' in db;
}

/** Whether pg can read it; that its files of certificates are there is not asked. */
export function isLedgerAddress(url: string): boolean {
  try {
    new pg.Client({ connectionString: url });
    return true;
  } catch (error) {
    return !(
      error instanceof URIError ||
      (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_URL')
    );
  }
}

const CONNECTIONS = 5;
const KEEP_ALIVE_AFTER_MS = 10_000;

export interface DatabaseOptions {
  readonly connections?: number;
  /** For a connection, also where all are in use; none by default. */
  readonly connectMs?: number;
  /** For a statement; none by default: a migration takes as long as it takes. */
  readonly answerMs?: number;
}

/**
 * A server whose machine is gone, or a firewall that forgets, closes no connection. One that rests is tried by the operating
 * system; of one that was just written to it gives up after a quarter of an hour, so that statements have a limit of their own.
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { connections = CONNECTIONS, connectMs, answerMs } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    ...(connectMs !== undefined && { connectionTimeoutMillis: connectMs }),
    ...(answerMs !== undefined && { query_timeout: answerMs }),
    // Statements of a transaction that do not wait for each other go out together: each way there and back costs as much as what
    // the database does for it.
    pipeline: true,
  });
  // A session may end at any time, by a failover or `pg_terminate_backend`: an idle one is replaced at the next query, and
  // of one in use its statement fails, which the step asks again. Without a listener on both, the news ends the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    query: (text, values) =>
      observeStatement(text, () => whilePlansAreOld(connections, () => noted(pool.query(toStatement(text, values))))),
    async transaction(work) {
      const tx = begin(await noted(pool.connect()));
      try {
        const result = await work(tx);
        await tx.commit();
        return result;
      } catch (error) {
        await tx.rollBack(error);
        throw error;
      }
    },
    async together<const Answers extends readonly unknown[]>(
      send: (tx: Queryable) => { readonly [Index in keyof Answers]: Promise<Answers[Index]> },
    ): Promise<Answers> {
      const tx = begin(await noted(pool.connect()));
      try {
        const answers = Promise.all(send(tx));
        await tx.commit(answers);
        // One promise for each answer, in their order.
        return (await answers) as unknown as Answers;
      } catch (error) {
        await tx.rollBack(error);
        throw error;
      }
    },
    close: () => pool.end(),
  };
}

interface Transaction extends Queryable {
  /**
   * Takes no statement after it.
   * @param answers of statements that it goes out with; where one of them was refused, COMMIT itself reports nothing
   */
  commit(answers?: Promise<unknown>): Promise<void>;
  rollBack(error: unknown): Promise<void>;
}

/** BEGIN goes out together with the first statement; should it fail, so does all that comes after it. */
function begin(client: pg.PoolClient): Transaction {
  const last: Promise<unknown>[] = [];
  let isOpen = true;
  // What one of several refused statements leaves to be sent must not be done outside of the transaction.
  const query: Queryable['query'] = (text, values) =>
    isOpen
      ? observeStatement(text, () => noted(client.query(toStatement(text, values))))
      : Promise.reject(new InternalError('the transaction of a statement is over'));
  const begun = noted(client.query('BEGIN'));
  begun.catch(() => undefined);
  return {
    query,
    sendLast(text, values) {
      const sent = query(text, values);
      // Where another statement was refused, nobody asks for this one.
      sent.catch(() => undefined);
      last.push(sent);
    },
    async commit(answers) {
      isOpen = false;
      await Promise.all([answers, begun, ...last, noted(client.query('COMMIT'))]);
      client.release();
    },
    async rollBack(error) {
      isOpen = false;
      const isUndone = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      // What the database refused may be an old plan, which the session would keep; a decision of ours leaves it as it was.
      client.release(!(isUndone && error instanceof DealbridgeError));
    },
  };
}

/** A plan from before a migration was refused, in each session at most once: nothing was done, and the session is closed. */
async function whilePlansAreOld<T>(sessions: number, ask: () => Promise<T>): Promise<T> {
  for (let session = 0; session < sessions; session += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || !OLD_PLAN.has(error.code ?? '')) throw error;
    }
  }
  return ask();
}

/** `feature_not_supported`, for a plan with other columns than when it was made, and `invalid_sql_statement_name`. */
const OLD_PLAN: ReadonlySet<string> = new Set(['0A000', '26000']);

/** A statement with values is prepared once in each session, which then neither parses nor plans it again. */
function toStatement(text: string, values?: readonly unknown[]): pg.QueryConfig {
  if (!values) return { text };
  const name = findName(text);
  return { text, values: [...values], ...(name !== undefined && { name }) };
}

/** More texts than the product has; a text that is put together anew each time must not fill the sessions. */
const MAX_PREPARED = 500;
const names = new Map<string, string>();

/** The same for the same text in every process: the embedded ledger has one session for all of them. */
function findName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_PREPARED) return known;
  const name = `dealbridge_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  names.set(text, name);
  return name;
}

/** The same database, whose entries and seals are signed. */
export function withSigner(database: Database, signer: TrailSigner): Database {
  return {
    ...database,
    signer,
    transaction: (work) => database.transaction((tx) => work({ ...tx, signer })),
    together: (send) => database.together((tx) => send({ ...tx, signer })),
  };
}
