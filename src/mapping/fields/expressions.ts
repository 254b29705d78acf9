import jsonata from 'jsonata';
import { DealbridgeError, UserError } from '../../deal/errors.js';
import { type LinearPattern, toLinearPattern } from '../../deal/linear-pattern.js';
import { add, type Decimal, multiply, round, subtract } from '../../deal/money.js';
import { findNamedColumns, type NamedColumn } from './formula-columns.js';
import { isDay, toLocalDate } from './view.js';

/**
 * JSONata over a deal. Money and quantities are decimal strings there, so JSONata's own `+` refuses them instead of
 * computing with floats; `$add`, `$subtract`, `$multiply` and `$round` compute exactly and give decimal strings.
 */
export interface Formula {
  readonly text: string;
  readonly columns: readonly NamedColumn[];
  /** @param timeZone in which `$day` tells the day of a moment */
  evaluate(view: object, timeZone: string): Promise<unknown>;
}

/** A fault in the text of an expression; `at` counts characters from its start. */
export class FormulaError extends DealbridgeError {
  readonly at: number;
  constructor(message: string, at: number) {
    super('invalid-formula', message);
    this.at = at;
  }
}

/** A formula that runs in circles ends with an error, not with the worker. */
const LIMITS = { timeout: 1_000, stack: 200 };

const patterns = new WeakMap<RegExp, LinearPattern>();

function patternOf(written: RegExp): LinearPattern {
  const pattern = patterns.get(written) ?? toLinearPattern(written.source, written.flags);
  patterns.set(written, pattern);
  return pattern;
}

/** As JSONata uses a regular expression, which no limit of time could interrupt: in its place stands one that needs none. */
class FormulaPattern {
  lastIndex = 0;
  private readonly pattern: LinearPattern;

  constructor(written: RegExp) {
    this.pattern = patternOf(written);
  }

  exec(text: string): object | null {
    const found = this.pattern.find(text, this.lastIndex);
    this.lastIndex = found?.end ?? 0;
    return found ? Object.assign([...found.groups], { index: found.start }) : null;
  }
}

/** @throws FormulaError */
export function compileFormula(text: string): Formula {
  const expression = parse(text);
  const decimal = (value: unknown): Decimal => {
    if (typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value)) return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
    throw new UserError('amount', 'a decimal as text, such as "12.50", or a whole number');
  };
  expression.registerFunction('add', (...amounts: unknown[]) => add(...amounts.flat().map(decimal)));
  expression.registerFunction('subtract', (from: unknown, amount: unknown) => subtract(decimal(from), decimal(amount)));
  expression.registerFunction('multiply', (left: unknown, right: unknown) => multiply(decimal(left), decimal(right)));
  expression.registerFunction('round', (amount: unknown, decimals: unknown) =>
    round(decimal(amount), decimals === undefined ? 2 : Number(decimals)),
  );
  const evaluate = (view: object, timeZone: string): Promise<unknown> =>
    expression.evaluate(view, { day: (value: unknown) => toDay(value, timeZone) });
  return { text, columns: findNamedColumns(expression.ast()), evaluate };
}

/** Which columns of somebody's own hold a moment that means a day, only whoever wrote the formula knows. */
function toDay(value: unknown, timeZone: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const day = typeof value === 'string' ? toLocalDate(value.trim(), timeZone) : '';
  if (isDay(day)) return day;
  throw new UserError('day', 'a date such as 2026-03-31 or a moment of Sales');
}

function parse(text: string): jsonata.Expression {
  try {
    const expression = jsonata(text, { ...LIMITS, RegexEngine: FormulaPattern as unknown as RegExpConstructor });
    checkNode(expression.ast());
    return expression;
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    throw new FormulaError(message ?? String(error), Math.max(0, (position ?? 1) - 1));
  }
}

const UNSTEADY =
  'gives another value each time, and a deal is planned more than once: a date of today is left to Business Central by `false` in place of the field';
const REFUSED: ReadonlyMap<unknown, string> = new Map([
  ['now', UNSTEADY],
  ['millis', UNSTEADY],
  ['random', UNSTEADY],
  ['shuffle', UNSTEADY],
  ['eval', 'makes a formula of a text that nobody has checked: write it out'],
]);

interface AstNode {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly position?: number;
}

/** @throws an error with its position, as JSONata does */
function checkNode(node: unknown, seen = new Set<object>()): void {
  if (typeof node !== 'object' || node === null || seen.has(node)) return;
  seen.add(node);
  const { type, value, position = 0 } = node as AstNode;
  if (type === 'variable') checkVariable(value, position);
  if (type === 'regex' && value instanceof RegExp) checkPattern(value, position);
  else for (const part of Object.values(node)) checkNode(part, seen);
}

/** @param end of the name, as JSONata counts it */
function checkVariable(name: unknown, end: number): void {
  const why = REFUSED.get(name);
  if (why === undefined) return;
  throw Object.assign(new Error(`$${name} ${why}`), { position: end - String(name).length });
}

function checkPattern(written: RegExp, position: number): void {
  try {
    patternOf(written);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw Object.assign(new Error(`/${written.source}/ is no pattern: ${error.message}`), { position });
  }
}
