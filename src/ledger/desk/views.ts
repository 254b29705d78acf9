import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';

/** Filters and sorting of the work list that a person saved under a name. */
export interface SavedView {
  readonly name: string;
  /** As it stands in the address of the page. */
  readonly query: string;
}

const viewRow = rowsOf('desk_views', ['person', 'name'], { person: textColumn, name: textColumn, query: textColumn });

export async function listViews(db: Queryable, person: string): Promise<SavedView[]> {
  const select = 'SELECT person, name, query FROM desk_views WHERE person = $1 ORDER BY lower(name)';
  return (await selectRows(db, viewRow, select, [person])).map(({ name, query }) => ({ name, query }));
}

/** Under a name that is there it takes the place of the one before. */
export async function saveView(db: Queryable, person: string, { name, query }: SavedView): Promise<void> {
  await db.query(
    `INSERT INTO desk_views (person, name, query) VALUES ($1, $2, $3)
     ON CONFLICT (person, name) DO UPDATE SET query = excluded.query, saved_at = now()`,
    [person, name, query],
  );
}

export async function forgetView(db: Queryable, person: string, name: string): Promise<void> {
  await db.query('DELETE FROM desk_views WHERE person = $1 AND name = $2', [person, name]);
}
