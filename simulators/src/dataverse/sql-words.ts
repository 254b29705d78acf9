import { invalid } from './fetch-query.js';

/** Words of a SELECT. */

export interface Word {
  readonly kind: 'name' | 'string' | 'number' | 'symbol' | 'end';
  readonly text: string;
}

const RULES: readonly (readonly [Word['kind'] | 'blank', RegExp])[] = [
  ['blank', /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y],
  ['string', /N?'(?:[^']|'')*'/y],
  ['number', /-?\d+(?:\.\d+)?/y],
  ['name', /[A-Za-z_]\w*|\[[^\]]+\]|"[^"]+"/y],
  ['symbol', /<>|!=|>=|<=|[(),.=<>*]/y],
];

/** Words that are never the name of a table or its alias. */
const RESERVED: ReadonlySet<string> = new Set(
  'SELECT DISTINCT TOP FROM WHERE GROUP ORDER BY JOIN INNER LEFT RIGHT FULL CROSS OUTER ON AS AND OR NOT IN IS NULL LIKE BETWEEN HAVING UNION OFFSET FETCH NEXT ROWS ONLY CASE WITH INSERT UPDATE DELETE'.split(
    ' ',
  ),
);

function split(text: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < text.length; ) {
    const found = RULES.map(([kind, rule]) => {
      rule.lastIndex = at;
      return { kind, text: rule.exec(text)?.[0] };
    }).find((one) => one.text !== undefined);
    if (found?.text === undefined) throw invalid(`The character '${text[at]}' is not supported in SQL.`);
    if (found.kind !== 'blank') words.push({ kind: found.kind, text: found.text });
    at += found.text.length;
  }
  return words;
}

export class SqlCursor {
  private readonly words: readonly Word[];
  private index = 0;

  constructor(text: string) {
    this.words = split(text);
  }

  private peek(): Word {
    return this.words[this.index] ?? { kind: 'end', text: 'the end' };
  }

  next(): Word {
    const word = this.peek();
    this.index += 1;
    return word;
  }

  /** Takes the next word when it is this one, whatever its case. */
  takes(text: string): boolean {
    const { kind, text: found } = this.peek();
    if (kind === 'string' || found.toUpperCase() !== text) return false;
    this.index += 1;
    return true;
  }

  expects(text: string): void {
    if (!this.takes(text)) throw invalid(`'${text}' is expected, '${this.peek().text}' was found.`);
  }

  isName(): boolean {
    const { kind, text } = this.peek();
    return kind === 'name' && !RESERVED.has(text.toUpperCase());
  }

  name(): string {
    if (!this.isName()) throw invalid(`A name is expected, '${this.peek().text}' was found.`);
    return this.next().text.replace(/^[["](.*)[\]"]$/, '$1');
  }

  isLiteral(): boolean {
    const { kind } = this.peek();
    return kind === 'string' || kind === 'number';
  }

  literal(): string {
    const { kind, text } = this.next();
    if (kind === 'number') return text;
    if (kind !== 'string') throw invalid(`A constant is expected, '${text}' was found.`);
    return text.replace(/^N?'|'$/g, '').replaceAll("''", "'");
  }

  count(): number {
    const { kind, text } = this.next();
    if (kind !== 'number' || !/^\d+$/.test(text)) throw invalid(`A whole number is expected, '${text}' was found.`);
    return Number(text);
  }

  end(): void {
    if (this.peek().kind !== 'end') throw invalid(`'${this.peek().text}' is not supported here.`);
  }
}
