import type { Queryable } from './database.js';
import { rowsOf, selectRow, selectRows, textColumn } from './read-rows.js';

/**
 * Who may do what in the ledger. The owner of the tables migrates and grants; the application can add to the audit trail and
 * not change it (I4); a reader sees everything but secrets and what people wrote with a decision.
 */
const LEDGER_ROLES = { application: 'dealbridge_app', reader: 'dealbridge_reader' } as const;

/** Rights of the application by table; where no name fits it reads and writes. */
const APPLICATION: readonly (readonly [RegExp, string])[] = [
  [/^migrations$/, 'SELECT'],
  // Erasing deletes the content; the entries hold its hash.
  [/^audit_personal$/, 'SELECT, INSERT, DELETE'],
  // Also what a later version adds to the trail.
  [/^audit_/, 'SELECT, INSERT'],
];
const READS_AND_WRITES = 'SELECT, INSERT, UPDATE, DELETE';
const NOT_FOR_READERS = /^(credentials|audit_personal)$/;

const nameRow = rowsOf('pg_tables', ['name'], { name: textColumn });

export interface Grants {
  /** Roles that have their rights now. */
  readonly granted: readonly string[];
  readonly absent: readonly string[];
}

/**
 * Gives the roles that exist exactly these rights in the tables that exist; what they had before is taken away. For the owner,
 * after each migration.
 */
export async function grantRights(tx: Queryable): Promise<Grants> {
  const roles = await selectRows(
    tx,
    nameRow,
    `SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY($1) ORDER BY 1`,
    [Object.values(LEDGER_ROLES)],
  );
  const tables = await listTables(tx);
  const schema = (await selectRow(tx, nameRow, 'SELECT quote_ident(current_schema()) AS name'))?.name;
  for (const { name: role } of roles) {
    const statements = [
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${role}`,
      `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
      ...(role === LEDGER_ROLES.application
        ? [
            `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`,
            ...tables.map((table) => `GRANT ${applicationRights(table)} ON ${table} TO ${role}`),
          ]
        : tables.filter((table) => !NOT_FOR_READERS.test(table)).map((table) => `GRANT SELECT ON ${table} TO ${role}`)),
    ];
    for (const statement of statements) await tx.query(statement);
  }
  const granted = roles.map(({ name }) => name);
  return { granted, absent: Object.values(LEDGER_ROLES).filter((role) => !granted.includes(role)) };
}

/** What the program itself needs in a table. */
export function applicationRights(table: string): string {
  return APPLICATION.find(([pattern]) => pattern.test(table))?.[1] ?? READS_AND_WRITES;
}

/** Names of ours, which need no quotes. */
export async function listTables(db: Queryable): Promise<string[]> {
  const rows = await selectRows(
    db,
    nameRow,
    `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
