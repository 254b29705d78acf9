import type { SimRequest, SimResponse } from '../kernel/server.js';
import { type Api, answer } from './answers.js';
import { distinct, renamed, sort } from './fetch.js';
import { aggregateRows } from './fetch-aggregates.js';
import { type Joined, join } from './fetch-joins.js';
import { applied, contextOf, nextLink, PAGE, skipOf } from './reads.js';
import { readSql, type SqlQuery } from './sql.js';
import type { Table } from './tables.js';
import { pageCookie, type WireOptions } from './wire.js';

/** The rows of a SELECT, 5,000 a page; a column without a value is null, and bears its own name or that of AS. */
export function selectSql(api: Api, table: Table, text: string, request: SimRequest, wire: WireOptions): SimResponse {
  const select = readSql(api.store, table, text);
  const rows = rowsOf(api, select, wire);
  const asked = rows.slice(select.offset, select.most === undefined ? undefined : select.offset + select.most);
  const token = /\$skiptoken=([^&]*)/i.exec(request.rawUrl)?.[1];
  const from = skipOf(token === undefined ? undefined : decodeURIComponent(token));
  const page = asked.slice(from, from + PAGE);
  const rest = from + page.length;
  return answer(
    200,
    {
      '@odata.context': contextOf(api, table, { other: {} }),
      value: page,
      ...(asked.length > rest && {
        '@odata.nextLink': nextLink(api, request, table.set, pageCookie(rest, PAGE, false)),
      }),
    },
    applied(request),
  );
}

function rowsOf(api: Api, { query, links, shown }: SqlQuery, wire: WireOptions): Record<string, unknown>[] {
  const joined = join(api, query, links);
  if (query.isAggregate)
    return aggregateRows(query, links, joined).map((row) =>
      Object.fromEntries(shown.map(({ as }) => [as, row[as] ?? null])),
    );
  sort(query, links, joined);
  const rows = joined.map((one) => toRow(api, shown, one, wire));
  return query.isDistinct ? distinct(rows) : rows;
}

function toRow(
  api: Api,
  shown: SqlQuery['shown'],
  { row, linked }: Joined,
  wire: WireOptions,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { of, table, name, as } of shown) {
    const own = of === undefined ? row : linked.get(of);
    if (own) Object.assign(result, renamed(api, table, own, name, as, wire));
    else result[as] = null;
  }
  return result;
}
