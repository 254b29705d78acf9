import pg from 'pg';
import { InternalError } from '../deal/errors.js';
import { observeStatement } from '../telemetry/statements.js';
import type { TrailSigner } from './audit/signatures.js';

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
  close(): Promise<void>;
}

export function isDatabase(db: Queryable): db is Database {
  return 'transaction' in db;
}

const CONNECTIONS = 5;

export function openDatabase(url: string, connections = CONNECTIONS): Database {
  // Statements of a transaction that do not wait for each other go out together: each way there and back costs as much as what
  // the database does for it.
  const pool = new pg.Pool({ connectionString: url, max: connections, idleTimeoutMillis: 30_000, pipeline: true });
  // A session may end at any time, by a failover or `pg_terminate_backend`: an idle one is replaced at the next query, and
  // of one in use its statement fails, which the step asks again. Without a listener on both, the news ends the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    query: (text, values) => observeStatement(text, () => pool.query(text, values ? [...values] : [])),
    async transaction(work) {
      const client = await pool.connect();
      const last: Promise<unknown>[] = [];
      let isOpen = true;
      // What one of several refused statements leaves to be sent must not be done outside of the transaction.
      const query: Queryable['query'] = (text, values) =>
        isOpen
          ? observeStatement(text, () => client.query(text, values ? [...values] : []))
          : Promise.reject(new InternalError('the transaction of a statement is over'));
      try {
        await client.query('BEGIN');
        const result = await work({ query, sendLast: (text, values) => void last.push(query(text, values)) });
        isOpen = false;
        await Promise.all([...last, client.query('COMMIT')]);
        client.release();
        return result;
      } catch (error) {
        isOpen = false;
        await client.query('ROLLBACK').catch(() => undefined);
        client.release(error instanceof Error ? error : true);
        throw error;
      }
    },
    close: () => pool.end(),
  };
}

/** The same database, whose entries and seals are signed. */
export function withSigner(database: Database, signer: TrailSigner): Database {
  return {
    ...database,
    signer,
    transaction: (work) => database.transaction((tx) => work({ ...tx, signer })),
  };
}
