import type { QueryOptions } from '../odata/query.js';
import { DataverseError, type Row, type Store } from './store.js';
import type { Table } from './tables.js';

/**
 * Change tracking (reference/dataverse-sales 4): rows above a version, then deletions, by a token of version and time.
 */

export interface ChangeSettings {
  /** `organization.expirechangetrackingindays` */
  expireDays: number;
  /** Whether pages that are not the last carry a link, too. */
  linkOnEveryPage: boolean;
  /** Whether an answer with annotations has no link (MicrosoftDocs/powerapps-docs issue 439). */
  annotationsHideLink: boolean;
}

export interface ChangePage {
  readonly rows: readonly Row[];
  readonly deleted: readonly string[];
  /** The token of the last page; undefined while more pages exist. */
  readonly deltaToken: string | undefined;
  readonly skipToken: string | undefined;
}

interface Position {
  readonly since: number;
  /** Where this reading ends; rows that change while it goes on come again with the next. */
  readonly until: number;
  /** The last version that was given. */
  readonly given: number;
}

export function checkTracking(table: Table, options: QueryOptions): void {
  if (!table.changeTracking) {
    throw new DataverseError(400, '0x80072491', `Change tracking is not enabled for the entity ${table.name}.`);
  }
  const given = { $filter: options.filter, $orderby: options.orderby, $expand: options.expand, $top: options.top };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    throw new DataverseError(
      400,
      '0x80060888',
      `The "${name}" query parameter isn't supported when Change Tracking is enabled.`,
    );
  }
}

export function findChanges(
  store: Store,
  table: Table,
  start: Position,
  size: number,
  linkOnEveryPage = false,
): ChangePage {
  const { since, until, given } = start;
  const after = Math.max(since, given);
  const rows: Row[] = [];
  for (const row of store.all(table.name)) {
    const version = Number(row['versionnumber']);
    if (version > after && version <= until) rows.push(row);
  }
  rows.sort((a, b) => Number(a['versionnumber']) - Number(b['versionnumber']));
  const page = rows.slice(0, size);
  // Deletions stand at the end; a first reading has none.
  const deletions =
    since === 0 ? [] : store.deletionsOf(table.name).filter(({ version }) => version > since && version <= until);
  const last = page.at(-1);
  if (rows.length > page.length && last) {
    // Ends before this row: reading from it again repeats rows, and misses none.
    const deltaToken = linkOnEveryPage ? tokenOf(store, Number(last['versionnumber'])) : undefined;
    return {
      rows: page,
      deleted: [],
      deltaToken,
      skipToken: `${since}.${until}.${String(last['versionnumber'])}`,
    };
  }
  return {
    rows: page,
    deleted: deletions.map(({ id }) => id),
    deltaToken: tokenOf(store, until),
    skipToken: undefined,
  };
}

export function firstPosition(store: Store): Position {
  return { since: 0, until: store.currentVersion, given: 0 };
}

export function positionOfSkip(token: string): Position | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)$/.exec(token);
  return found ? { since: Number(found[1]), until: Number(found[2]), given: Number(found[3]) } : undefined;
}

/** `<version number>!<MM/DD/YYYY HH:MM:SS>` */
function tokenOf(store: Store, version: number): string {
  const at = store.clock.date().toISOString();
  return `${version}!${at.slice(5, 7)}/${at.slice(8, 10)}/${at.slice(0, 4)} ${at.slice(11, 19)}`;
}

export function positionOfToken(store: Store, token: string, settings: ChangeSettings): Position {
  const found = /^(\d+)!(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)$/.exec(token);
  if (!found) throw new DataverseError(400, '0x80060888', `The delta token '${token}' is not valid.`);
  const at = Date.parse(`${found[4]}-${found[2]}-${found[3]}T${found[5]}Z`);
  if (store.clock.now() - at > settings.expireDays * 86_400_000) {
    throw new DataverseError(
      400,
      '0x80044352',
      'Version stamp associated with the client has expired. Please perform a full sync.',
    );
  }
  return { since: Number(found[1]), until: store.currentVersion, given: 0 };
}
