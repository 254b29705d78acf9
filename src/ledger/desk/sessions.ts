import { z } from 'zod';
import type { Database } from '../database.js';
import { rowsOf, selectRow, textColumn } from '../read-rows.js';

/** Who is signed in at the desk. */

export interface SignedIn {
  readonly subject: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly isVerified: boolean;
}

export interface SessionLimits {
  /** Without a request the session ends after this. */
  readonly idleMinutes: number;
  /** And after this whatever happens: then the issuer is asked again for the roles. */
  readonly maxHours: number;
}

export interface SessionLedger {
  start(sessionHash: string, signedIn: SignedIn): Promise<void>;
  /**
   * Undefined when it has ended.
   *
   * @param isActivity whether a person asks, and not a page that looks for news by itself
   */
  find(sessionHash: string, isActivity: boolean): Promise<SignedIn | undefined>;
  end(sessionHash: string): Promise<void>;
}

const sessionRow = rowsOf('desk_sessions', ['session_hash'], {
  session_hash: textColumn,
  subject: textColumn,
  name: textColumn,
  roles: z.array(z.string()),
  is_verified: z.boolean(),
});

/** A full disk or too little of something else, a standby, `default_transaction_read_only`. */
const NO_WRITES = /^(25006|53)/;

/** Whoever is signed in goes on reading while the ledger takes no writes; only his session is not prolonged by it. */
function unlessNoWrites(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!NO_WRITES.test(code)) throw error;
}

const IS_LIVE = `seen_at > now() - make_interval(mins => $1) AND started_at > now() - make_interval(hours => $2)`;

export function createSessionLedger(database: Database, { idleMinutes, maxHours }: SessionLimits): SessionLedger {
  return {
    async start(sessionHash, { subject, name, roles, isVerified }) {
      await database.query(`DELETE FROM desk_sessions WHERE NOT (${IS_LIVE})`, [idleMinutes, maxHours]);
      await database.query(
        `INSERT INTO desk_sessions (session_hash, subject, name, roles, is_verified) VALUES ($1, $2, $3, $4, $5)`,
        [sessionHash, subject, name, roles, isVerified],
      );
    },
    async find(sessionHash, isActivity) {
      const values = [idleMinutes, maxHours, sessionHash];
      const row = await selectRow(
        database,
        sessionRow,
        `SELECT session_hash, subject, name, roles, is_verified FROM desk_sessions WHERE session_hash = $3 AND ${IS_LIVE}`,
        values,
      );
      if (!row) return undefined;
      // Once a minute is enough, since a page makes several requests; where a session lasts for minutes, sooner.
      if (isActivity)
        await database
          .query(
            `UPDATE desk_sessions SET seen_at = now() WHERE session_hash = $1
             AND seen_at < now() - least(interval '1 minute', make_interval(mins => $2) / 10)`,
            [sessionHash, idleMinutes],
          )
          .catch(unlessNoWrites);
      const { subject, name, roles, is_verified: isVerified } = row;
      return { subject, name, roles, isVerified };
    },
    async end(sessionHash) {
      await database.query('DELETE FROM desk_sessions WHERE session_hash = $1', [sessionHash]);
    },
  };
}
