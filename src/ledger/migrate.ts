import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Database, Queryable } from './database.js';
import { rowsOf, selectRow, selectRows, textColumn } from './read-rows.js';

export const MIGRATIONS = new URL('../../migrations/', import.meta.url);
/** Any constant does: of two processes that start together one migrates, the other waits. */
const LOCK = 7_144_091;

/** Brings the schema up to date; safe to run from every process at every start. Returns the names that it applied. */
export async function migrate(database: Database): Promise<string[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  return database.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    // A role that may not create tables can still start when there is nothing to do (docs/audit.md).
    if (!(await hasMigrations(tx))) {
      await tx.query('CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())');
    }
    const applied = await listApplied(tx);
    const missing = names.filter((name) => !applied.has(name));
    for (const name of missing) {
      await tx.query(await readFile(new URL(name, MIGRATIONS), 'utf8'));
      await tx.query('INSERT INTO migrations (name) VALUES ($1)', [name]);
    }
    return missing;
  });
}

const existsRow = rowsOf('pg_class', [], { exists: z.boolean() });
const migrationRow = rowsOf('migrations', ['name'], { name: textColumn });

/** False in a database that no process of ours has started on yet. */
export async function hasMigrations(db: Queryable): Promise<boolean> {
  const row = await selectRow(db, existsRow, `SELECT to_regclass('migrations') IS NOT NULL AS exists`);
  return row?.exists === true;
}

export async function listApplied(db: Queryable): Promise<Set<string>> {
  const rows = await selectRows(db, migrationRow, 'SELECT name FROM migrations ORDER BY name');
  return new Set(rows.map((row) => row.name));
}
