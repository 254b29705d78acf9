import { readdir, readFile } from 'node:fs/promises';
import type { Database } from './database.js';

export const MIGRATIONS = new URL('../../migrations/', import.meta.url);
/** Any constant does: it keeps two processes that start together from migrating at once. */
const LOCK = 7_144_091;

/** Brings the schema up to date; safe to run from every process at every start. Returns the names that it applied. */
export async function migrate(database: Database): Promise<string[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  return database.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const { rows: tables } = await tx.query<{ found: string | null }>(
      `SELECT to_regclass('migrations')::text AS found`,
    );
    // A role that may not create tables can still start when there is nothing to do (docs/audit.md).
    if (tables[0]?.found === null) {
      await tx.query('CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())');
    }
    const { rows } = await tx.query<{ name: string }>('SELECT name FROM migrations');
    const done = new Set(rows.map((row) => row.name));
    const missing = names.filter((name) => !done.has(name));
    for (const name of missing) {
      await tx.query(await readFile(new URL(name, MIGRATIONS), 'utf8'));
      await tx.query('INSERT INTO migrations (name) VALUES ($1)', [name]);
    }
    return missing;
  });
}
