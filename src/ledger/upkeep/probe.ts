import { readdir } from 'node:fs/promises';
import type { Queryable } from '../database.js';
import { MIGRATIONS } from '../migrate.js';

/** Questions about the database itself that change nothing. */

export interface DatabaseFacts {
  readonly version: string;
  readonly versionNumber: number;
  readonly role: string;
  readonly maxConnections: number;
  readonly usedConnections: number;
}

export async function readDatabaseFacts(db: Queryable): Promise<DatabaseFacts> {
  const { rows } = await db.query<{ version: string; number: string; role: string; max: string; used: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
       current_user::text AS role, current_setting('max_connections') AS max,
       (SELECT count(*) FROM pg_stat_activity)::text AS used`,
  );
  const [row] = rows;
  return {
    version: row?.version ?? '',
    versionNumber: Number(row?.number ?? 0),
    role: row?.role ?? '',
    maxConnections: Number(row?.max ?? 0),
    usedConnections: Number(row?.used ?? 0),
  };
}

/** What this version of the program brings and the database lacks, and what the database has that we do not know. */
export async function compareMigrations(
  db: Queryable,
): Promise<{ readonly missing: readonly string[]; readonly unknown: readonly string[] }> {
  const ours = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  const { rows: tables } = await db.query<{ found: string | null }>(`SELECT to_regclass('migrations')::text AS found`);
  if (tables[0]?.found === null) return { missing: ours, unknown: [] };
  const { rows } = await db.query<{ name: string }>('SELECT name FROM migrations ORDER BY name');
  const applied = new Set(rows.map((row) => row.name));
  return {
    missing: ours.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !ours.includes(name)),
  };
}

/** Tables in which our role may not do what the program does. */
export async function listMissingRights(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'migrations'
       AND NOT has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'SELECT, INSERT')
     ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

const KEPT = ['audit_entries', 'audit_seals', 'audit_seal_heads'];

/** Tables of the trail that our role could change, were it not for their triggers. */
export async function listChangeableTrail(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
     WHERE has_table_privilege(name, 'UPDATE') OR has_table_privilege(name, 'DELETE')`,
    [KEPT],
  );
  return rows.map((row) => row.name);
}

/** Triggers of the trail that somebody switched off or removed. */
export async function listSleepingTriggers(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
     WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = name AND tgenabled IN ('O', 'A'))`,
    [
      [
        'audit_entries_are_kept',
        'audit_entries_are_chained',
        'audit_personal_is_kept',
        'audit_seals_are_kept',
        'audit_seal_heads_are_kept',
      ],
    ],
  );
  return rows.map((row) => row.name);
}

/** Since when first attempts look before they write; undefined when they need not. */
export async function findRestore(db: Queryable): Promise<Date | undefined> {
  const { rows } = await db.query<{ at: Date | null }>('SELECT max(restored_at) AS at FROM ledger_restores');
  return rows[0]?.at ?? undefined;
}
