import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError } from '../deal/errors.js';
import type { Database, Queryable } from './database.js';
import { rowsOf, selectRow, selectRows, textColumn } from './read-rows.js';
import { type Grants, grantRights } from './rights.js';

export const MIGRATIONS = new URL('../../migrations/', import.meta.url);
/** Any constant does: of two processes that start together one migrates, the other waits. */
const LOCK = 7_144_091;

/**
 * Brings the schema up to date and gives the roles their rights in what is new; safe to run from every process at every start.
 * Returns the names that it applied. @throws ConfigError when something is missing and our role is not the owner.
 * @param onWait another process migrates, and this one waits until it has ended, however long that takes
 */
export async function migrate(database: Database, onWait: () => void = () => undefined): Promise<string[]> {
  return database.transaction(async (tx) => {
    const applied = await applyMissing(tx, onWait);
    if (applied.length > 0) await grantRights(tx);
    return applied;
  });
}

/**
 * For the owner: also grants anew, so that roles which came after the tables get their rights. @throws ConfigError for any other
 * role, of whom PostgreSQL takes a GRANT with no more than a warning.
 */
export async function migrateAsOwner(
  database: Database,
  onWait: () => void = () => undefined,
): Promise<Grants & { applied: string[] }> {
  return database.transaction(async (tx) => {
    const applied = await applyMissing(tx, onWait);
    const other = await selectRow(tx, ownerRow, OTHER_OWNER);
    if (other) {
      throw new ConfigError(
        `The tables of the ledger belong to ${other.owner} and not to ${other.role}: run \`dealbridge ledger migrate\` with the DATABASE_URL of ${other.owner}`,
      );
    }
    return { applied, ...(await grantRights(tx)) };
  });
}

async function applyMissing(tx: Queryable, onWait: () => void): Promise<string[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  const taken = await selectRow(tx, existsRow, 'SELECT pg_try_advisory_xact_lock($1) AS exists', [LOCK]);
  if (taken?.exists !== true) {
    onWait();
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  }
  const isNew = !(await hasMigrations(tx));
  const applied = isNew ? new Set<string>() : await listApplied(tx);
  const missing = names.filter((name) => !applied.has(name));
  // A role that may not create tables can still start when there is nothing to do (docs/audit.md).
  if (missing.length > 0 && !(await mayCreate(tx, isNew))) {
    throw new ConfigError(
      `The ledger lacks ${missing.join(', ')}: run \`dealbridge ledger migrate\` with the DATABASE_URL of the owner of its tables`,
    );
  }
  if (isNew) {
    await tx.query('CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())');
  }
  for (const name of missing) {
    await apply(tx, name);
    await tx.query('INSERT INTO migrations (name) VALUES ($1)', [name]);
  }
  return missing;
}

/** @throws ConfigError for a schema that is not what the table of migrations says, such as after a restore of some tables */
async function apply(tx: Queryable, name: string): Promise<void> {
  try {
    await tx.query(await readFile(new URL(name, MIGRATIONS), 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!OTHER_SCHEMA.test(code)) throw error;
    throw new ConfigError(
      `The ledger does not take ${name} (${code}), and nothing of it was done: its tables are not those of its table \`migrations\`. Restore it as a whole (docs/operations.md, Restore)`,
    );
  }
}

/** Something is there already, or is missing or of another type; not a right, which is another matter. */
const OTHER_SCHEMA = /^42(?!501)/;

/** Whoever makes the first table owns the ledger; later it is the owner's turn, whatever the schema lets others do. */
async function mayCreate(db: Queryable, isNew: boolean): Promise<boolean> {
  const sql = isNew
    ? `SELECT has_schema_privilege(current_schema(), 'CREATE') AS exists`
    : `SELECT pg_has_role(relowner, 'USAGE') AS exists FROM pg_class WHERE oid = to_regclass('migrations')`;
  return (await selectRow(db, existsRow, sql))?.exists === true;
}

const ownerRow = rowsOf('pg_tables', ['owner'], { owner: textColumn, role: textColumn });
/** A copy that was restored without its owners may have some of each. */
const OTHER_OWNER = `SELECT tableowner::text AS owner, current_user::text AS role FROM pg_tables
  WHERE schemaname = current_schema() AND NOT pg_has_role(tableowner, 'USAGE') ORDER BY tablename LIMIT 1`;

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
