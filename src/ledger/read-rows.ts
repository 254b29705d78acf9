import { z } from 'zod';
import { DealbridgeError } from '../deal/errors.js';
import type { Queryable } from './database.js';

/** The second border: what comes back from the database is parsed, column by column, and never cast. */

/** A row that is not what we wrote: somebody changed it by hand, or another version of Dealbridge wrote it. */
export class UnreadableContentError extends DealbridgeError {
  readonly table: string;
  /** The values of its primary key. */
  readonly row: string;
  /** The column, and the path within its content. */
  readonly field: string;

  constructor(table: string, row: string, { path, message }: Pick<z.core.$ZodIssue, 'path' | 'message'>) {
    const field = path.join('.');
    super('unreadable-content', `table ${table}, row ${row}, field ${field}: ${message}`);
    this.table = table;
    this.row = row;
    this.field = field;
  }
}

/** How the rows of a query are read. */
export interface RowFormat<Row> {
  readonly table: string;
  /** The columns that name a row in an error; each query that uses the format has them. */
  readonly key: readonly string[];
  readonly schema: z.ZodType<Row>;
}

export type RowOf<Format> = Format extends RowFormat<infer Row> ? Row : never;

export function rowsOf<Shape extends z.core.$ZodLooseShape>(
  table: string,
  key: readonly (keyof Shape & string)[],
  shape: Shape,
): RowFormat<z.output<z.ZodObject<Shape>>> {
  return { table, key, schema: z.object(shape) };
}

export async function selectRows<Row>(
  db: Queryable,
  format: RowFormat<Row>,
  text: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  const { rows } = await db.query(text, values);
  return rows.map((row) => readRow(format, row));
}

export async function selectRow<Row>(
  db: Queryable,
  format: RowFormat<Row>,
  text: string,
  values?: readonly unknown[],
): Promise<Row | undefined> {
  return (await selectRows(db, format, text, values))[0];
}

export interface ReadableRows<Row> {
  readonly rows: readonly Row[];
  /** One for each of the others; its `row` names it. */
  readonly unreadable: readonly UnreadableContentError[];
}

/** For a page of what belongs to many deals: a row that cannot be read must not stop the others (I13). */
export async function selectReadableRows<Row>(
  db: Queryable,
  format: RowFormat<Row>,
  text: string,
  values?: readonly unknown[],
): Promise<ReadableRows<Row>> {
  const rows: Row[] = [];
  const unreadable: UnreadableContentError[] = [];
  for (const row of (await db.query(text, values)).rows) {
    try {
      rows.push(readRow(format, row));
    } catch (error) {
      if (!(error instanceof UnreadableContentError)) throw error;
      unreadable.push(error);
    }
  }
  return { rows, unreadable };
}

function readRow<Row>({ table, key, schema }: RowFormat<Row>, row: Readonly<Record<string, unknown>>): Row {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  throw unreadable(table, key.map((column) => String(row[column])).join(' '), parsed.error);
}

/** A content whose schema only the caller knows: the result of a remote write, and what it started from. */
export class UnparsedContent {
  private readonly table: string;
  private readonly row: string;
  private readonly column: string;
  private readonly content: unknown;

  constructor(table: string, row: string, column: string, content: unknown) {
    this.table = table;
    this.row = row;
    this.column = column;
    this.content = content;
  }

  /** @throws UnreadableContentError */
  parse<T>(schema: z.ZodType<T>): T {
    const parsed = schema.safeParse(this.content);
    if (parsed.success) return parsed.data;
    throw unreadable(this.table, this.row, parsed.error, [this.column]);
  }
}

function unreadable(
  table: string,
  row: string,
  { issues }: z.core.$ZodError,
  within: readonly string[] = [],
): UnreadableContentError {
  const issue = issues[0];
  return new UnreadableContentError(table, row, {
    path: [...within, ...(issue?.path ?? [])],
    message: issue?.message ?? 'unreadable',
  });
}

/** Columns as `pg` hands them over: int8 and numeric as text, timestamptz as a date. */
export const textColumn = z.string();
export const timeColumn = z.date();
export const countColumn = z.string().regex(/^\d+$/).transform(Number);

/** SQL's null is our undefined. */
export function nullable<T>(column: z.ZodType<T>): z.ZodType<T | undefined> {
  return column.nullable().transform((value) => value ?? undefined);
}
