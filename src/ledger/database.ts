import pg from 'pg';
import { observeStatement } from '../telemetry/statements.js';
import type { TrailSigner } from './audit/signatures.js';

/** What the ledger's parts ask of a connection or a pool. */
export interface Queryable {
  /** Rows are read by a format (read-rows.ts); the type parameter is for tests, which know what they wrote. */
  query<Row extends pg.QueryResultRow = Readonly<Record<string, unknown>>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
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
  const pool = new pg.Pool({ connectionString: url, max: connections, idleTimeoutMillis: 30_000 });
  // A session may end at any time, by a failover or `pg_terminate_backend`: an idle one is replaced at the next query, and
  // of one in use its statement fails, which the step asks again. Without a listener on both, the news ends the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    query: (text, values) => observeStatement(text, () => pool.query(text, values ? [...values] : [])),
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work({
          query: (text, values) => observeStatement(text, () => client.query(text, values ? [...values] : [])),
        });
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
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
