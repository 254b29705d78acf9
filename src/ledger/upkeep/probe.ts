import { readdir } from 'node:fs/promises';
import type { Queryable } from '../database.js';
import { hasMigrations, listApplied, MIGRATIONS } from '../migrate.js';
import { countColumn, nullable, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { applicationRights, listTables } from '../rights.js';

/** Questions about the database itself that change nothing. */

export interface DatabaseFacts {
  readonly version: string;
  readonly versionNumber: number;
  readonly role: string;
  readonly maxConnections: number;
  readonly usedConnections: number;
  /** A standby, or a database whose sessions are told to write nothing. */
  readonly isReadOnly: boolean;
}

const factsRow = rowsOf('pg_settings', [], {
  version: textColumn,
  number: countColumn,
  role: textColumn,
  max: countColumn,
  used: countColumn,
  read_only: textColumn,
});
const nameRow = rowsOf('pg_class', ['name'], { name: textColumn });
const restoreRow = rowsOf('ledger_restores', [], { at: nullable(timeColumn) });

export async function readDatabaseFacts(db: Queryable): Promise<DatabaseFacts> {
  const row = await selectRow(
    db,
    factsRow,
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
       current_user::text AS role, current_setting('max_connections') AS max,
       (SELECT count(*) FROM pg_stat_activity)::text AS used, current_setting('transaction_read_only') AS read_only`,
  );
  return {
    version: row?.version ?? '',
    versionNumber: row?.number ?? 0,
    role: row?.role ?? '',
    maxConnections: row?.max ?? 0,
    usedConnections: row?.used ?? 0,
    isReadOnly: row?.read_only === 'on',
  };
}

/** What this version of the program brings and the database lacks, and what the database has that we do not know. */
export async function compareMigrations(
  db: Queryable,
): Promise<{ readonly missing: readonly string[]; readonly unknown: readonly string[] }> {
  const ours = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  if (!(await hasMigrations(db))) return { missing: ours, unknown: [] };
  const applied = await listApplied(db);
  return {
    missing: ours.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !ours.includes(name)),
  };
}

/** Tables in which our role may not do what the program does. */
export async function listMissingRights(db: Queryable): Promise<string[]> {
  const wanted = (await listTables(db)).flatMap((table) =>
    applicationRights(table)
      .split(', ')
      .map((right) => ({ table, right })),
  );
  const rows = await selectRows(
    db,
    nameRow,
    `SELECT DISTINCT wanted.table AS name FROM unnest($1::text[], $2::text[]) AS wanted ("table", "right")
     WHERE NOT has_table_privilege(wanted.table, wanted.right) ORDER BY 1`,
    [wanted.map(({ table }) => table), wanted.map(({ right }) => right)],
  );
  return rows.map((row) => row.name);
}

const APPEND_ONLY = ['audit_entries', 'audit_signatures', 'audit_seals', 'audit_seal_heads', 'audit_stamps'];

/** Tables of the trail that our role could change, were it not for their triggers. */
export async function listChangeableTrail(db: Queryable): Promise<string[]> {
  const rows = await selectRows(
    db,
    nameRow,
    `SELECT name FROM unnest($1::text[]) AS name WHERE has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE')`,
    [APPEND_ONLY],
  );
  return rows.map((row) => row.name);
}

/** Triggers of the trail that somebody switched off or removed. */
export async function listSleepingTriggers(db: Queryable): Promise<string[]> {
  const rows = await selectRows(
    db,
    nameRow,
    `SELECT name FROM unnest($1::text[]) AS name
     WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = name AND tgenabled IN ('O', 'A'))`,
    [
      [
        'audit_entries_are_append_only',
        'audit_entries_are_chained',
        'audit_signatures_are_append_only',
        'audit_personal_is_never_updated',
        'audit_seals_are_append_only',
        'audit_seal_heads_are_append_only',
        'audit_stamps_are_append_only',
      ],
    ],
  );
  return rows.map((row) => row.name);
}

/** Since when first attempts look before they write; undefined when they need not. */
export async function findRestore(db: Queryable): Promise<Date | undefined> {
  return (
    await selectRow(db, restoreRow, 'SELECT max(restored_at) AS at FROM ledger_restores WHERE cleared_at IS NULL')
  )?.at;
}
