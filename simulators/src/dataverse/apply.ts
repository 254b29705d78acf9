import { Big } from 'big.js';
import { parseFilter } from '../odata/filter.js';
import { DataverseError, decimal, type Row } from './store.js';
import type { Table } from './tables.js';
import { fits, lookupOf, resolve, type WireOptions } from './wire.js';

/**
 * `$apply` as far as it is documented: filter, groupby, aggregate; at most 50,000 rows (reference/dataverse-sales 8).
 */

const MOST = 50_000;

export function apply(
  table: Table,
  rows: Iterable<Row>,
  text: string,
  options: WireOptions,
): Record<string, unknown>[] {
  let found = [...rows];
  let result: Record<string, unknown>[] | undefined;
  for (const step of splitSteps(text)) {
    const [, name = '', inner = ''] = /^(\w+)\(([\s\S]*)\)$/.exec(step.trim()) ?? [];
    if (name === 'filter') {
      const filter = parseFilter(inner);
      found = found.filter((row) => fits(table, row, filter, options));
    } else if (name === 'aggregate') {
      check(found);
      result = [aggregate(table, found, inner, options)];
    } else if (name === 'groupby') {
      check(found);
      result = group(table, found, inner, options);
    } else {
      throw new DataverseError(400, '0x80060888', `The transformation '${step}' of $apply is not supported.`);
    }
  }
  return result ?? found.map((row) => ({ ...row }));
}

function check(rows: readonly Row[]): void {
  if (rows.length <= MOST) return;
  throw new DataverseError(
    400,
    '0x8004e023',
    `The maximum record limit of ${MOST} is exceeded. Reduce the number of records.`,
  );
}

/** Steps are separated by slashes outside of parentheses. */
function splitSteps(text: string): string[] {
  const steps: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    else if (text[at] === '/' && depth === 0) {
      steps.push(text.slice(from, at));
      from = at + 1;
    }
  }
  steps.push(text.slice(from));
  return steps;
}

function group(table: Table, rows: readonly Row[], inner: string, options: WireOptions): Record<string, unknown>[] {
  const found = /^\(([^)]*)\)(?:\s*,\s*aggregate\(([\s\S]*)\))?$/.exec(inner.trim());
  if (!found) throw new DataverseError(400, '0x80060888', `groupby(${inner}) cannot be read.`);
  const names = (found[1] ?? '').split(',').map((name) => name.trim());
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(names.map((name) => resolve(table, row, name.split('/'), options)));
    const members = groups.get(key) ?? [];
    members.push(row);
    groups.set(key, members);
  }
  return [...groups].map(([key, members]) => ({
    ...Object.fromEntries((JSON.parse(key) as unknown[]).map((value, index) => [names[index] as string, value])),
    ...(found[2] && aggregate(table, members, found[2], options)),
  }));
}

function aggregate(table: Table, rows: readonly Row[], inner: string, options: WireOptions): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const part of inner.split(',')) {
    const counted = /^\s*\$count\s+as\s+(\w+)\s*$/.exec(part)?.[1];
    if (counted) {
      result[counted] = rows.length;
      continue;
    }
    const [, name = '', method = '', alias = ''] = /^\s*([\w/]+)\s+with\s+(\w+)\s+as\s+(\w+)\s*$/.exec(part) ?? [];
    if (alias === '') throw new DataverseError(400, '0x80060888', `aggregate(${part}) cannot be read.`);
    const column = lookupOf(table, name) ?? name;
    if (!table.columns.has(column) && column === name && name !== table.id) resolve(table, {}, [name], options);
    const values = rows.map((row) => row[column] ?? null).filter((value) => value !== null);
    result[alias] = compute(method, values);
  }
  return result;
}

function compute(method: string, values: readonly Exclude<Row[string], null>[]): unknown {
  const numbers = (): Big[] => values.map((value) => decimal(value));
  const sum = (): Big => numbers().reduce((total, one) => total.plus(one), new Big(0));
  switch (method) {
    case 'sum':
      return sum().toNumber();
    case 'average':
      return values.length === 0 ? null : sum().div(values.length).toNumber();
    case 'min':
    case 'max': {
      const sorted = numbers().sort((a, b) => a.cmp(b));
      return (method === 'min' ? sorted[0] : sorted.at(-1))?.toNumber() ?? null;
    }
    case 'countdistinct':
      return new Set(values).size;
    default:
      throw new DataverseError(400, '0x80060888', `The aggregation method '${method}' is not supported.`);
  }
}
