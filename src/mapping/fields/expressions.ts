import jsonata from 'jsonata';
import { DealbridgeError, UserError } from '../../deal/errors.js';
import { add, type Decimal, multiply, round, subtract } from '../../deal/money.js';

/**
 * JSONata over a deal. Money and quantities are decimal strings there, so JSONata's own `+` refuses them instead of
 * computing with floats; `$add`, `$subtract`, `$multiply` and `$round` compute exactly and give decimal strings.
 */
export interface Formula {
  readonly text: string;
  evaluate(view: object): Promise<unknown>;
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
  return { text, evaluate: (view) => expression.evaluate(view) };
}

function parse(text: string): jsonata.Expression {
  try {
    return jsonata(text, LIMITS);
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    throw new FormulaError(message ?? String(error), Math.max(0, (position ?? 1) - 1));
  }
}
