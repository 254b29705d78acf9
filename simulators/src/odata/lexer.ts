/** Words of an OData expression, with their places. */

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'guid' | 'date' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

export class ODataSyntaxError extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(`${message} at position ${position}`);
    this.name = 'ODataSyntaxError';
    this.position = position;
  }
}

const RULES: readonly (readonly [Token['kind'] | 'blank', RegExp])[] = [
  ['blank', /\s+/y],
  ['string', /'(?:[^']|'')*'/y],
  ['guid', /[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/y],
  ['date', /\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['name', /[A-Za-z_$@][\w$@.-]*/y],
  ['symbol', /[(),;=/:*[\]]/y],
];

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const found = match(text, at);
    if (!found) throw new ODataSyntaxError(`Syntax error: character '${text[at]}' is not valid`, at);
    if (found.kind !== 'blank') tokens.push({ kind: found.kind, text: found.text, at });
    at += found.text.length;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

function match(text: string, at: number): { kind: Token['kind'] | 'blank'; text: string } | undefined {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const found = rule.exec(text);
    if (found) return { kind, text: found[0] };
  }
  return undefined;
}

/** Walks the tokens of one text. */
export class Cursor {
  private index = 0;
  private readonly tokens: readonly Token[];

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  peek(): Token {
    return this.tokens[Math.min(this.index, this.tokens.length - 1)] as Token;
  }

  next(): Token {
    const token = this.peek();
    this.index += 1;
    return token;
  }

  /** Takes the next token when it is this symbol or word. */
  takes(text: string): boolean {
    const token = this.peek();
    if (token.kind === 'string' || token.text !== text) return false;
    this.index += 1;
    return true;
  }

  expects(text: string): void {
    const token = this.peek();
    if (!this.takes(text))
      throw new ODataSyntaxError(`'${text}' expected, '${token.text || 'the end'}' found`, token.at);
  }

  name(): string {
    const token = this.next();
    if (token.kind !== 'name')
      throw new ODataSyntaxError(`a name expected, '${token.text || 'the end'}' found`, token.at);
    return token.text;
  }

  end(): void {
    const token = this.peek();
    if (token.kind !== 'end') throw new ODataSyntaxError(`'${token.text}' is unexpected`, token.at);
  }
}
