import { type EvaluateOptions, type Expression, matches, orderOf } from '../odata/filter.js';
import type { QueryOptions } from '../odata/query.js';
import type { Entity } from './entities.js';
import { BcError } from './errors.js';
import { checkFilter, findColumn, findField } from './filter-check.js';
import { readFilterValue } from './filter-values.js';
import type { Row, Value } from './store.js';
import { emptyValue, findOption, toCode } from './values.js';

/** Filters, order and pages as BC's OData gives them (reference/business-central 6). */

export const MAX_PAGE_SIZE = 20_000;

export interface Page {
  readonly rows: readonly Row[];
  readonly count: number | undefined;
  /** Where the next page goes on; undefined on the last one. */
  readonly skipToken: string | undefined;
}

export interface Source {
  readonly entity: Entity;
  readonly rows: Iterable<Row>;
  /** Rows that carry one of these numbers, when the filter asks for nothing else. */
  readonly byNumber?: (number: string) => Row | undefined;
}

export function findPage(source: Source, options: QueryOptions, pageSize: number): Page {
  const { entity } = source;
  if (options.filter) checkFilter(entity, options.filter);
  const filter = options.filter && prepare(entity, options.filter);
  for (const { path } of options.orderby ?? []) findColumn(entity, path.join('/'));
  for (const name of options.select ?? []) findField(entity, name);
  const fits = filter ? (row: Row) => matches(filter, evaluation(entity, row)) : () => true;
  const candidates = (filter && indexed(source, filter)) ?? source.rows;
  const skipToken = options.other['$skiptoken'];
  const limit = Math.min(pageSize, options.top ?? Number.POSITIVE_INFINITY);
  if (options.orderby?.length) return ordered(candidates, fits, options, limit, skipToken);
  const rows: Row[] = [];
  let skip = options.skip ?? 0;
  let count = 0;
  let hasStarted = skipToken === undefined;
  let hasMore = false;
  for (const row of candidates) {
    if (!fits(row)) continue;
    count += 1;
    if (!hasStarted) hasStarted = row['id'] === skipToken;
    else if (skip > 0) skip -= 1;
    else if (rows.length < limit) rows.push(row);
    else {
      hasMore = true;
      if (!options.count) break;
    }
  }
  return { rows, count: options.count ? count : undefined, skipToken: next(rows, hasMore, options, pageSize) };
}

function ordered(
  candidates: Iterable<Row>,
  fits: (row: Row) => boolean,
  options: QueryOptions,
  limit: number,
  skipToken: string | undefined,
): Page {
  const found: Row[] = [];
  for (const row of candidates) if (fits(row)) found.push(row);
  const keys = (options.orderby ?? []).map(({ path, descending }) => ({
    name: path.join('/'),
    sign: descending ? -1 : 1,
  }));
  found.sort((a, b) => {
    for (const { name, sign } of keys) {
      const order = orderOf(a[name] ?? '', b[name] ?? '', true) * sign;
      if (order !== 0) return order;
    }
    return 0;
  });
  const from = skipToken === undefined ? (options.skip ?? 0) : found.findIndex((row) => row['id'] === skipToken) + 1;
  const rows = found.slice(from, from + limit);
  const hasMore = from + rows.length < found.length;
  return { rows, count: options.count ? found.length : undefined, skipToken: next(rows, hasMore, options, limit) };
}

/** A `$top` within a page is a cap: no link follows it. */
function next(rows: readonly Row[], hasMore: boolean, options: QueryOptions, pageSize: number): string | undefined {
  if (!hasMore || (options.top !== undefined && options.top <= pageSize)) return undefined;
  return rows.length > 0 ? String(rows.at(-1)?.['id']) : undefined;
}

function indexed(source: Source, filter: Expression): Row[] | undefined {
  const { numberField } = source.entity;
  const { byNumber } = source;
  if (!numberField || !byNumber) return undefined;
  const numbers = numbersOf(filter, numberField);
  if (!numbers || numbers.some((number) => number.includes('*'))) return undefined;
  const found: Row[] = [];
  for (const number of new Set(numbers)) {
    const row = byNumber(number);
    if (row) found.push(row);
  }
  return found;
}

/** The numbers of `number eq 'A' or number eq 'B'`; undefined for any other shape. */
function numbersOf(filter: Expression, field: string): string[] | undefined {
  if (filter.kind === 'logic' && filter.op === 'or') {
    const [left, right] = [numbersOf(filter.left, field), numbersOf(filter.right, field)];
    return left && right && [...left, ...right];
  }
  if (filter.kind === 'logic') return numbersOf(filter.left, field) ?? numbersOf(filter.right, field);
  if (filter.kind !== 'compare' || filter.op !== 'eq' || filter.left.kind !== 'path' || filter.right.kind !== 'literal')
    return undefined;
  return filter.left.path.join('/') === field && typeof filter.right.value === 'string'
    ? [filter.right.value]
    : undefined;
}

function evaluation(entity: Entity, row: Row): EvaluateOptions {
  return {
    resolve: (path) => readField(entity, row, path[0] ?? ''),
    caseSensitive: true,
    wildcards: true,
  };
}

function readField(entity: Entity, row: Row, name: string): Value {
  const field = entity.fields.get(name);
  return row[name] ?? (field ? emptyValue(field) : '');
}

/** Codes are compared in upper case; an over-long literal and `or` over two fields are refused. */
function prepare(entity: Entity, filter: Expression): Expression {
  switch (filter.kind) {
    case 'logic': {
      const left = prepare(entity, filter.left);
      const right = prepare(entity, filter.right);
      if (filter.op === 'or' && new Set([...namesOf(left), ...namesOf(right)]).size > 1) {
        throw new BcError(
          400,
          'BadRequest_InvalidRequestUrl',
          "The 'OR' operator is not supported on distinct fields on an OData filter.",
        );
      }
      return { ...filter, left, right };
    }
    case 'compare':
      return filterValue(entity, { ...filter, ...sides(entity, filter.left, filter.right) });
    case 'call':
      return { ...filter, args: callArguments(entity, filter.args) };
    case 'in':
      // dynamics365smb-devitpro-pb, webservices/use-filter-expressions-in-odata-uris.md: from $schemaversion=2.1 on.
      throw new BcError(400, 'BadRequest', "The operator 'in' in a filter: not supported before $schemaversion=2.1.");
    case 'lambda':
      // Not supported, and silently ignored: everything comes back (reference/business-central 6.1).
      return { kind: 'literal', value: true, of: 'word' };
    default:
      return filter;
  }
}

function sides(entity: Entity, left: Expression, right: Expression): { left: Expression; right: Expression } {
  if (left.kind === 'literal' && right.kind === 'path') {
    const { left: l, right: r } = sides(entity, right, left);
    return { left: r, right: l };
  }
  return { left: prepare(entity, left), right: literalFor(entity, left, prepare(entity, right)) };
}

function filterValue(entity: Entity, filter: Expression & { readonly kind: 'compare' }): Expression {
  const { op, left, right } = filter;
  if ((op !== 'eq' && op !== 'ne') || left.kind !== 'path' || right.kind !== 'literal') return filter;
  const field = entity.fields.get(left.path.join('/'));
  if (typeof right.value !== 'string' || (field?.kind !== 'code' && field?.kind !== 'text')) return filter;
  const read = readFilterValue(left, right.value);
  if (!read) {
    throw new BcError(
      400,
      'Application_FilterErrorException',
      `The filter "${right.value}" is not valid for the ${field.name} field on the ${entity.table} table.`,
    );
  }
  return op === 'eq' ? read : { kind: 'not', of: read };
}

function callArguments(entity: Entity, args: readonly Expression[]): Expression[] {
  const [first, ...rest] = args;
  if (!first) return [];
  return [prepare(entity, first), ...rest.map((arg) => literalFor(entity, first, prepare(entity, arg)))];
}

function literalFor(entity: Entity, of: Expression, literal: Expression): Expression {
  if (of.kind !== 'path' || literal.kind !== 'literal' || typeof literal.value !== 'string') return literal;
  const field = entity.fields.get(of.path.join('/'));
  if (field?.kind === 'enum') return { ...literal, value: findOption(field, literal.value) ?? literal.value };
  if (!field || (field.kind !== 'code' && field.kind !== 'text')) return literal;
  if (literal.value.length > field.length) {
    throw new BcError(
      400,
      'Application_FilterErrorException',
      `The filter "${literal.value}" is not valid for the ${field.name} field on the ${entity.table} table. The length of the string is ${literal.value.length}, but it must be less than or equal to ${field.length} characters. Value: ${literal.value}`,
    );
  }
  return field.kind === 'code' ? { ...literal, value: toCode(literal.value) } : literal;
}

function namesOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'path':
      return [expression.path.join('/')];
    case 'not':
      return namesOf(expression.of);
    case 'call':
      return expression.args.flatMap(namesOf);
    case 'logic':
    case 'compare':
      return [...namesOf(expression.left), ...namesOf(expression.right)];
    default:
      return [];
  }
}
