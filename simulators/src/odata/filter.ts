import { Big } from 'big.js';
import { Cursor, ODataSyntaxError } from './lexer.js';

export type Scalar = string | number | boolean | null;

/** A literal keeps its kind: `'5'` is not `5`. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Scalar; readonly of: 'string' | 'number' | 'guid' | 'date' | 'word' }
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'in'; readonly of: Expression; readonly list: readonly Expression[] }
  /** `lines/any(l:l/quantity gt 5)`; without a body any row will do. */
  | {
      readonly kind: 'lambda';
      readonly path: readonly string[];
      readonly quantifier: 'any' | 'all';
      readonly variable: string;
      readonly body: Expression | undefined;
    }
  | { readonly kind: 'logic'; readonly op: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly op: CompareOp; readonly left: Expression; readonly right: Expression };

export type CompareOp = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
const COMPARE_OPS: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);
const FUNCTIONS: ReadonlySet<string> = new Set([
  'contains',
  'startswith',
  'endswith',
  'tolower',
  'toupper',
  'substring',
  'length',
]);

/** @throws ODataSyntaxError */
export function parseFilter(text: string): Expression {
  const cursor = new Cursor(text);
  const expression = parseOr(cursor);
  cursor.end();
  return expression;
}

function parseOr(cursor: Cursor): Expression {
  let left = parseAnd(cursor);
  while (cursor.takes('or')) left = { kind: 'logic', op: 'or', left, right: parseAnd(cursor) };
  return left;
}

function parseAnd(cursor: Cursor): Expression {
  let left = parseNot(cursor);
  while (cursor.takes('and')) left = { kind: 'logic', op: 'and', left, right: parseNot(cursor) };
  return left;
}

function parseNot(cursor: Cursor): Expression {
  if (cursor.takes('not')) return { kind: 'not', of: parseNot(cursor) };
  const left = parseOperand(cursor);
  if (cursor.takes('in')) return { kind: 'in', of: left, list: parseList(cursor) };
  const op = cursor.peek().text;
  if (cursor.peek().kind !== 'name' || !COMPARE_OPS.has(op)) return left;
  cursor.next();
  return { kind: 'compare', op: op as CompareOp, left, right: parseOperand(cursor) };
}

function parseOperand(cursor: Cursor): Expression {
  const token = cursor.next();
  switch (token.kind) {
    case 'string':
      return { kind: 'literal', value: token.text.slice(1, -1).replaceAll("''", "'"), of: 'string' };
    case 'number':
      return { kind: 'literal', value: Number(token.text), of: 'number' };
    case 'guid':
      return { kind: 'literal', value: token.text.toLowerCase(), of: 'guid' };
    case 'date':
      return { kind: 'literal', value: token.text, of: 'date' };
    case 'name':
      return parseNamed(cursor, token.text, token.at);
    default:
      if (token.text !== '(')
        throw new ODataSyntaxError(`a value expected, '${token.text || 'the end'}' found`, token.at);
  }
  const inner = parseOr(cursor);
  cursor.expects(')');
  return inner;
}

function parseList(cursor: Cursor): Expression[] {
  cursor.expects('(');
  const list = [parseOperand(cursor)];
  while (cursor.takes(',')) list.push(parseOperand(cursor));
  cursor.expects(')');
  return list;
}

function parseLambda(cursor: Cursor, path: readonly string[], quantifier: 'any' | 'all'): Expression {
  cursor.expects('(');
  if (quantifier === 'any' && cursor.takes(')'))
    return { kind: 'lambda', path, quantifier, variable: '', body: undefined };
  const variable = cursor.name();
  cursor.expects(':');
  const body = parseOr(cursor);
  cursor.expects(')');
  return { kind: 'lambda', path, quantifier, variable, body };
}

function parseNamed(cursor: Cursor, name: string, at: number): Expression {
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true', of: 'word' };
  if (name === 'null') return { kind: 'literal', value: null, of: 'word' };
  if (cursor.takes('(')) {
    if (!FUNCTIONS.has(name) && !name.includes('.'))
      throw new ODataSyntaxError(`function '${name}' is not supported`, at);
    if (cursor.takes(')')) return { kind: 'call', name, args: [] };
    const args = [parseArgument(cursor)];
    while (cursor.takes(',')) args.push(parseArgument(cursor));
    cursor.expects(')');
    return { kind: 'call', name, args };
  }
  const path = [name];
  while (cursor.takes('/')) {
    const next = cursor.name();
    if ((next === 'any' || next === 'all') && cursor.peek().text === '(') return parseLambda(cursor, path, next);
    path.push(next);
  }
  return { kind: 'path', path };
}

/** Named arguments of query functions keep their value: `PropertyName='createdon'`. */
function parseArgument(cursor: Cursor): Expression {
  const value = parseOr(cursor);
  if (value.kind !== 'path' || !cursor.takes('=')) return value;
  if (cursor.takes('[')) {
    const list = [parseOperand(cursor)];
    while (cursor.takes(',')) list.push(parseOperand(cursor));
    cursor.expects(']');
    return { kind: 'in', of: value, list };
  }
  return { kind: 'compare', op: 'eq', left: value, right: parseOperand(cursor) };
}

export interface EvaluateOptions {
  readonly resolve: (path: readonly string[]) => Scalar;
  readonly caseSensitive: boolean;
  /** `*` in a literal of `eq` stands for anything, as in Business Central's own filters. */
  readonly wildcards?: boolean;
  /** Whether one (any) or each (all) of the rows below a path fits. */
  readonly lambda?: (lambda: Expression & { readonly kind: 'lambda' }) => boolean;
  /** Query functions with a namespace, such as `Microsoft.Dynamics.CRM.LastXDays`. */
  readonly namespaced?: (call: Expression & { readonly kind: 'call' }) => Scalar;
}

export function matches(expression: Expression, options: EvaluateOptions): boolean {
  return evaluate(expression, options) === true;
}

function evaluate(expression: Expression, options: EvaluateOptions): Scalar {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'path':
      return options.resolve(expression.path);
    case 'not':
      return evaluate(expression.of, options) !== true;
    case 'in': {
      const value = evaluate(expression.of, options);
      return expression.list.some((one) => compare('eq', value, evaluate(one, options), options));
    }
    case 'lambda':
      return options.lambda?.(expression) ?? false;
    case 'logic': {
      const left = evaluate(expression.left, options) === true;
      if (expression.op === 'and') return left && evaluate(expression.right, options) === true;
      return left || evaluate(expression.right, options) === true;
    }
    case 'compare':
      return compare(expression.op, evaluate(expression.left, options), evaluate(expression.right, options), options);
    case 'call':
      if (expression.name.includes('.')) return options.namespaced?.(expression) ?? null;
      return call(
        expression.name,
        expression.args.map((arg) => evaluate(arg, options)),
        options,
      );
  }
}

function compare(op: CompareOp, left: Scalar, right: Scalar, options: EvaluateOptions): boolean {
  if (left === null || right === null) {
    if (op === 'eq') return left === right;
    return op === 'ne' && left !== right;
  }
  if (options.wildcards && typeof right === 'string' && right.includes('*') && (op === 'eq' || op === 'ne')) {
    const pattern = right.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const fits = new RegExp(`^${pattern.join('.*')}$`).test(String(left));
    return op === 'eq' ? fits : !fits;
  }
  const order = orderOf(left, right, options.caseSensitive);
  switch (op) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
  }
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T/;

export function orderOf(left: Exclude<Scalar, null>, right: Exclude<Scalar, null>, caseSensitive: boolean): number {
  if (typeof left === 'number' || typeof right === 'number') {
    if (DECIMAL.test(String(left)) && DECIMAL.test(String(right))) return new Big(String(left)).cmp(String(right));
  }
  if (typeof left === 'string' && typeof right === 'string' && MOMENT.test(left) && MOMENT.test(right)) {
    return Date.parse(left) - Date.parse(right);
  }
  const a = caseSensitive ? String(left) : String(left).toLowerCase();
  const b = caseSensitive ? String(right) : String(right).toLowerCase();
  return a < b ? -1 : a > b ? 1 : 0;
}

function call(name: string, args: readonly Scalar[], options: EvaluateOptions): Scalar {
  const fold = (value: Scalar): string => {
    const text = value === null ? '' : String(value);
    return options.caseSensitive ? text : text.toLowerCase();
  };
  const [first = null, second = null, third] = args;
  switch (name) {
    case 'contains':
      return fold(first).includes(fold(second));
    case 'startswith':
      return fold(first).startsWith(fold(second));
    case 'endswith':
      return fold(first).endsWith(fold(second));
    case 'tolower':
      return String(first ?? '').toLowerCase();
    case 'toupper':
      return String(first ?? '').toUpperCase();
    case 'substring':
      return String(first ?? '').substring(
        Number(second),
        third === undefined ? undefined : Number(second) + Number(third),
      );
    case 'length':
      return String(first ?? '').length;
    default:
      return null;
  }
}
