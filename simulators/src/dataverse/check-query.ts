import type { Expression } from '../odata/filter.js';
import type { QueryOptions } from '../odata/query.js';
import { DataverseError, type Store } from './store.js';
import type { ColumnType, Table } from './tables.js';
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

/** The type of the column that a path leads to. */
function checkPath(store: Store, table: Table, path: readonly string[]): ColumnType {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    if (name === table.id || lookupOf(table, name) !== undefined) return 'guid';
    const column = table.columns.get(name);
    if (!column) throw unknownProperty(name, table);
    return column.type;
  }
  const target = table.navs.get(name)?.target;
  if (target === undefined) throw unknownProperty(name, table);
  return checkPath(store, store.schema.table(target), rest);
}

/** Without the variable of a lambda. */
function ownPath(path: readonly string[], variable: string | undefined): readonly string[] {
  return path[0] === variable ? path.slice(1) : path;
}

function checkExpression(store: Store, table: Table, expression: Expression, variable?: string): void {
  const check = (part: Expression): void => checkExpression(store, table, part, variable);
  switch (expression.kind) {
    case 'literal':
      break;
    case 'path':
      checkPath(store, table, ownPath(expression.path, variable));
      break;
    case 'not':
      check(expression.of);
      break;
    case 'in':
      // AleksandrRogov/DynamicsWebApi issue 121; there is the function Microsoft.Dynamics.CRM.In instead.
      throw new DataverseError(501, '0x80060888', 'The method or operation is not implemented.');
    case 'logic':
      check(expression.left);
      check(expression.right);
      break;
    case 'compare':
      check(expression.left);
      check(expression.right);
      checkOperands(store, table, expression, variable);
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

/** Moments and ids are left alone: the sources do not tell what becomes of those in quotes. */
const EDM_OF: Readonly<Partial<Record<ColumnType, string>>> = {
  text: 'Edm.String',
  int: 'Edm.Int32',
  choice: 'Edm.Int32',
  money: 'Edm.Decimal',
  decimal: 'Edm.Decimal',
  double: 'Edm.Double',
  bool: 'Edm.Boolean',
};
const LITERALS: Readonly<Record<string, string>> = {
  string: 'Edm.String',
  number: 'Edm.Int32',
  boolean: 'Edm.Boolean',
};
const NUMBERS: ReadonlySet<string> = new Set(['Edm.Int32', 'Edm.Decimal', 'Edm.Double']);

function checkOperands(
  store: Store,
  table: Table,
  { left, right }: Expression & { readonly kind: 'compare' },
  variable: string | undefined,
): void {
  const typeOf = (operand: Expression): string | undefined => {
    if (operand.kind === 'path') return EDM_OF[checkPath(store, table, ownPath(operand.path, variable))];
    const isPlain = operand.kind === 'literal' && operand.of !== 'date' && operand.of !== 'guid';
    return isPlain ? LITERALS[typeof operand.value] : undefined;
  };
  const [one, other] = [typeOf(left), typeOf(right)];
  if (one === undefined || other === undefined || one === other || (NUMBERS.has(one) && NUMBERS.has(other))) return;
  const text = `A binary operator with incompatible types was detected. Found operand types '${one}' and '${other}' for operator kind 'Equal'.`;
  // rappen/FetchXMLBuilder issue 753: the code is none.
  throw new DataverseError(400, '0x0', text);
}

/** `PropertyName='createdon'` of a query function. */
function checkProperty(store: Store, table: Table, argument: Expression): void {
  if (argument.kind !== 'compare' || argument.left.kind !== 'path' || argument.right.kind !== 'literal') return;
  if (argument.left.path.join('/') === 'PropertyName') checkPath(store, table, String(argument.right.value).split('/'));
}
