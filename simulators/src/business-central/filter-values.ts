import type { Expression } from '../odata/filter.js';

/**
 * The value of `eq` and `ne` is a filter of Business Central: `|`, `&`, `..`, `<`, `>`, `=`, `@` and parentheses are
 * operators, and single quotes take their meaning away (reference/business-central 6.2).
 */

type Path = Expression & { readonly kind: 'path' };

/** Undefined when the value is no filter that can be read. */
export function readFilterValue(path: Path, text: string): Expression | undefined {
  if (!/[|&<>=@()']|\.\./.test(text)) return compare(path, 'eq', text);
  const tokens = text.match(/'(?:[^']|'')*'|\.\.|<>|<=|>=|[|&<>=@()]|(?:(?!\.\.)[^|&<>=@()'])+|'/g) ?? [];
  const reader = new Reader(path, tokens);
  return reader.read();
}

const OPERATORS: ReadonlySet<string> = new Set(['|', '&', '..', '<>', '<=', '>=', '<', '>', '=', '@', '(', ')', "'"]);
const COMPARISONS = { '<>': 'ne', '<=': 'le', '>=': 'ge', '<': 'lt', '>': 'gt', '=': 'eq' } as const;

class Reader {
  private at = 0;
  private readonly path: Path;
  private readonly tokens: readonly string[];

  constructor(path: Path, tokens: readonly string[]) {
    this.path = path;
    this.tokens = tokens;
  }

  read(): Expression | undefined {
    const all = this.either();
    return this.at === this.tokens.length ? all : undefined;
  }

  private either(): Expression | undefined {
    const left = this.both();
    if (!this.takes('|')) return left;
    const right = this.either();
    return left && right && { kind: 'logic', op: 'or', left, right };
  }

  private both(): Expression | undefined {
    const left = this.one();
    if (!this.takes('&')) return left;
    const right = this.both();
    return left && right && { kind: 'logic', op: 'and', left, right };
  }

  private one(): Expression | undefined {
    if (this.takes('(')) {
      const inner = this.either();
      return this.takes(')') ? inner : undefined;
    }
    for (const [sign, op] of Object.entries(COMPARISONS)) {
      if (!this.takes(sign)) continue;
      const value = this.value();
      return value === undefined ? undefined : compare(this.path, op, value);
    }
    if (this.takes('@')) {
      const value = this.value();
      if (value === undefined) return undefined;
      const folded: Expression = { kind: 'call', name: 'toupper', args: [this.path] };
      return { kind: 'compare', op: 'eq', left: folded, right: literal(value.toUpperCase()) };
    }
    const from = this.value();
    if (!this.takes('..')) return from === undefined ? undefined : compare(this.path, 'eq', from);
    const to = this.value();
    const lower = from === undefined ? undefined : compare(this.path, 'ge', from);
    const upper = to === undefined ? undefined : compare(this.path, 'le', to);
    return lower && upper ? { kind: 'logic', op: 'and', left: lower, right: upper } : (lower ?? upper);
  }

  /** Text may hold an `@` behind its beginning, as an e-mail address does. */
  private value(): string | undefined {
    let text: string | undefined;
    for (let token = this.tokens[this.at]; token !== undefined; token = this.tokens[this.at]) {
      const isInside = token === '@' && text !== undefined;
      if (OPERATORS.has(token) && !isInside) break;
      text = (text ?? '') + (token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : token);
      this.at += 1;
    }
    return text;
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at += 1;
    return true;
  }
}

function compare(path: Path, op: (typeof COMPARISONS)[keyof typeof COMPARISONS], value: string): Expression {
  return { kind: 'compare', op, left: path, right: literal(value) };
}

function literal(value: string): Expression {
  return { kind: 'literal', value, of: 'string' };
}
