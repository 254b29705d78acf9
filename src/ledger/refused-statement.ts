import pg from 'pg';

/** What PostgreSQL will never take, however often it is asked, and where; never the values, which may be a customer's (I7). */
export interface RefusedStatement {
  readonly sqlState: string;
  readonly where: string;
}

/**
 * Classes of SQLSTATE that name the data and not the moment: 22 a value that does not fit, 23 a constraint, and what our own
 * triggers raise. Connections, locks, serialization and resources have other classes, and pass.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PERMANENT = /^(22|23)|^P0001$/;

export function findRefusedStatement(error: unknown): RefusedStatement | undefined {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined || !PERMANENT.test(error.code)) return undefined;
  const { code: sqlState, table, column, constraint } = error;
  const places = { table, column, constraint };
  const named = Object.entries(places).flatMap(([what, name]) => (name === undefined ? [] : [`${what} ${name}`]));
  return { sqlState, where: named.join(', ') };
}
