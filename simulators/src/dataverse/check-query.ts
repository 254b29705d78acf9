import type { Expression } from '../odata/filter.js';
import type { QueryOptions } from '../odata/query.js';
import type { Store } from './store.js';
import type { Table } from './tables.js';
import { lookupOf, unknownProperty } from './wire.js';

/** What a query names is looked up before a row is read: an unknown column is refused also where no row is found. */
export function checkQuery(store: Store, table: Table, options: QueryOptions): void {
  // What is aggregated has names of its own.
  if (options.other['$apply'] !== undefined) return;
  for (const name of options.select ?? []) checkPath(store, table, [name]);
  for (const { path } of options.orderby ?? []) checkPath(store, table, path);
  if (options.filter) checkExpression(store, table, options.filter);
  for (const item of options.expand ?? []) {
    const target = table.navs.get(item.nav)?.target ?? collectionOf(table, item.nav);
    if (target === undefined) throw unknownProperty(item.nav, table);
    checkQuery(store, store.schema.table(target), item.options);
  }
}

function collectionOf(table: Table, nav: string): string | undefined {
  return (table.collections[nav] ?? table.links[nav])?.table;
}

function checkPath(store: Store, table: Table, path: readonly string[]): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    if (name !== table.id && !table.columns.has(name) && lookupOf(table, name) === undefined)
      throw unknownProperty(name, table);
    return;
  }
  const target = table.navs.get(name)?.target;
  if (target === undefined) throw unknownProperty(name, table);
  checkPath(store, store.schema.table(target), rest);
}

function checkExpression(store: Store, table: Table, expression: Expression, variable?: string): void {
  const check = (part: Expression): void => checkExpression(store, table, part, variable);
  switch (expression.kind) {
    case 'literal':
      break;
    case 'path':
      checkPath(store, table, expression.path[0] === variable ? expression.path.slice(1) : expression.path);
      break;
    case 'not':
      check(expression.of);
      break;
    case 'in':
      for (const part of [expression.of, ...expression.list]) check(part);
      break;
    case 'logic':
    case 'compare':
      check(expression.left);
      check(expression.right);
      break;
    case 'call':
      for (const argument of expression.args)
        if (expression.name.includes('.')) checkProperty(store, table, argument);
        else check(argument);
      break;
    case 'lambda': {
      const [nav = ''] = expression.path;
      const child = collectionOf(table, nav);
      if (child === undefined) throw unknownProperty(nav, table);
      if (expression.body) checkExpression(store, store.schema.table(child), expression.body, expression.variable);
    }
  }
}

/** `PropertyName='createdon'` of a query function. */
function checkProperty(store: Store, table: Table, argument: Expression): void {
  if (argument.kind !== 'compare' || argument.left.kind !== 'path' || argument.right.kind !== 'literal') return;
  if (argument.left.path.join('/') === 'PropertyName') checkPath(store, table, String(argument.right.value).split('/'));
}
