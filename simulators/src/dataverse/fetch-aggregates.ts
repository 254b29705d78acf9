import { Big } from 'big.js';
import { orderOf } from '../odata/filter.js';
import { type Joined, valueIn } from './fetch-joins.js';
import { type FetchAttribute, type FetchLink, type FetchQuery, invalid } from './fetch-query.js';
import { DataverseError, decimal, type Value } from './store.js';

/** Aggregates of FetchXML (MicrosoftDocs/powerapps-docs, fetchxml/aggregate-data.md): at most 50,000 rows. */

const MOST = 50_000;

interface Column extends FetchAttribute {
  readonly of: string | undefined;
  readonly as: string;
}

export function aggregateRows(
  query: FetchQuery,
  links: readonly FetchLink[],
  joined: readonly Joined[],
): Record<string, unknown>[] {
  if (joined.length > MOST)
    throw new DataverseError(400, '0x8004e023', 'The maximum record limit is exceeded. Reduce the number of records.');
  const columns = [
    ...query.entity.attributes.map((attribute) => toColumn(attribute, undefined)),
    ...links.flatMap(({ alias, attributes }) => attributes.map((attribute) => toColumn(attribute, alias))),
  ];
  const groups = columns.filter(({ groupBy }) => groupBy);
  const members = new Map<string, { keys: Value[]; rows: Joined[] }>();
  if (groups.length === 0) members.set('', { keys: [], rows: [...joined] });
  for (const one of groups.length === 0 ? [] : joined) {
    const keys = groups.map((column) => keyOf(column, valueIn(query, links, one, column.of, column.name)));
    const group = members.get(JSON.stringify(keys));
    if (group) group.rows.push(one);
    else members.set(JSON.stringify(keys), { keys, rows: [one] });
  }
  const rows = [...members.values()].map(({ keys, rows: own }) => {
    const result: Record<string, unknown> = {};
    for (const column of columns) {
      const value = column.groupBy
        ? (keys[groups.indexOf(column)] ?? null)
        : compute(
            column,
            own.map((one) => valueIn(query, links, one, column.of, column.name)),
          );
      if (value !== null) result[column.as] = value;
    }
    return result;
  });
  return ordered(query, rows);
}

function toColumn(attribute: FetchAttribute, of: string | undefined): Column {
  const { alias, aggregate, groupBy, name } = attribute;
  if (alias === undefined) throw invalid(`The attribute '${name}' of an aggregate needs an alias.`);
  if (aggregate === undefined && !groupBy)
    throw invalid(`The attribute '${name}' of an aggregate needs 'aggregate' or 'groupby'.`);
  return { ...attribute, of, as: alias };
}

function keyOf({ dateGrouping, name }: Column, value: Value): Value {
  if (dateGrouping === undefined || value === null) return value;
  const at = new Date(String(value));
  const month = at.getUTCMonth() + 1;
  switch (dateGrouping) {
    case 'day':
      return at.getUTCDate();
    case 'month':
      return month;
    case 'quarter':
      return Math.ceil(month / 3);
    case 'year':
      return at.getUTCFullYear();
    default:
      throw invalid(`The dategrouping '${dateGrouping}' of '${name}' is not supported: day, month, quarter, year are.`);
  }
}

function compute({ aggregate, distinct, name }: Column, all: readonly Value[]): number | string | boolean | null {
  const values = all.filter((value) => value !== null);
  const numbers = (): Big[] => values.map((value) => decimal(value));
  const sum = (): Big => numbers().reduce((total, one) => total.plus(one), new Big(0));
  switch (aggregate) {
    case 'count':
      return all.length;
    case 'countcolumn':
      return distinct ? new Set(values).size : values.length;
    case 'sum':
      return values.length === 0 ? null : sum().toNumber();
    case 'avg':
      return values.length === 0 ? null : sum().div(values.length).toNumber();
    case 'min':
    case 'max': {
      const sorted = [...values].sort((a, b) => orderOf(a, b, false));
      const found = (aggregate === 'min' ? sorted[0] : sorted.at(-1)) ?? null;
      return typeof found === 'string' && /^-?\d+(?:\.\d+)?$/.test(found) ? Number(found) : found;
    }
    default:
      throw invalid(`The aggregate '${aggregate}' of '${name}' is not supported.`);
  }
}

function ordered({ entity }: FetchQuery, rows: Record<string, unknown>[]): Record<string, unknown>[] {
  return rows.sort((a, b) => {
    for (const { column, descending } of entity.orders) {
      const [left, right] = [a[column], b[column]] as [Value | undefined, Value | undefined];
      const by =
        left === undefined || left === null
          ? right === undefined || right === null
            ? 0
            : -1
          : right === undefined || right === null
            ? 1
            : orderOf(left, right, false);
      if (by !== 0) return descending ? -by : by;
    }
    return 0;
  });
}
