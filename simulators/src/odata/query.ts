import { type Expression, parseFilter } from './filter.js';
import { Cursor, ODataSyntaxError } from './lexer.js';

/** What a request asks for, read from the options of its URL. */
export interface QueryOptions {
  readonly select?: readonly string[];
  readonly filter?: Expression;
  readonly orderby?: readonly { readonly path: readonly string[]; readonly descending: boolean }[];
  readonly expand?: readonly ExpandItem[];
  readonly top?: number;
  readonly skip?: number;
  readonly count?: boolean;
  /** Options that this reader does not interpret, such as `$skiptoken` or `company`. */
  readonly other: Readonly<Record<string, string>>;
}

export interface ExpandItem {
  readonly nav: string;
  readonly options: QueryOptions;
  /** The options as an address has them. */
  readonly query: string;
}

/** @throws ODataSyntaxError */
export function parseQuery(query: string): QueryOptions {
  const found: Record<string, string> = {};
  for (const part of query.split('&')) {
    if (part === '') continue;
    const mark = part.indexOf('=');
    const [name, value] = mark < 0 ? [part, ''] : [part.slice(0, mark), part.slice(mark + 1)];
    found[decode(name)] = decode(value);
  }
  for (const name of ['$filter', '$orderby'])
    if (found[name] !== undefined) found[name] = withAliases(found[name], found);
  return readOptions(found);
}

/** `@p1` stands for what the option of that name says (OData 4.0, part 2, 5.3.2); quoted text is left alone. */
function withAliases(text: string, found: Readonly<Record<string, string>>): string {
  return text.replace(/'(?:[^']|'')*'|@\w+/g, (part) => (part.startsWith('@') ? (found[part] ?? part) : part));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new ODataSyntaxError('malformed percent-encoding', 0);
  }
}

function readOptions(found: Readonly<Record<string, string>>): QueryOptions {
  const { $select, $filter, $orderby, $expand, $top, $skip, $count, ...other } = found;
  return {
    ...($select !== undefined && $select !== '*' && { select: parseNames($select) }),
    ...($filter !== undefined && { filter: parseFilter($filter) }),
    ...($orderby !== undefined && { orderby: parseOrderBy($orderby) }),
    ...($expand !== undefined && { expand: parseExpand($expand) }),
    ...($top !== undefined && { top: parseCount('$top', $top) }),
    ...($skip !== undefined && { skip: parseCount('$skip', $skip) }),
    ...($count !== undefined && { count: $count === 'true' }),
    other,
  };
}

function parseCount(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new ODataSyntaxError(`Invalid value '${text}' for ${name}`, 0);
  return Number(text);
}

function parseNames(text: string): string[] {
  const cursor = new Cursor(text);
  const names = [cursor.name()];
  while (cursor.takes(',')) names.push(cursor.name());
  cursor.end();
  return names;
}

function parseOrderBy(text: string): { path: string[]; descending: boolean }[] {
  const cursor = new Cursor(text);
  const keys = [];
  do {
    const path = [cursor.name()];
    while (cursor.takes('/')) path.push(cursor.name());
    const descending = cursor.takes('desc');
    if (!descending) cursor.takes('asc');
    keys.push({ path, descending });
  } while (cursor.takes(','));
  cursor.end();
  return keys;
}

/** Items are separated by commas; the options of one stand in parentheses, separated by semicolons. */
function parseExpand(text: string): ExpandItem[] {
  return splitOutside(text, ',').map((item) => {
    const open = item.indexOf('(');
    if (open < 0) return { nav: parseNames(item)[0] as string, options: { other: {} }, query: '' };
    if (!item.trimEnd().endsWith(')')) throw new ODataSyntaxError(`')' expected in $expand`, item.length);
    const found: Record<string, string> = {};
    for (const option of splitOutside(item.slice(open + 1, item.lastIndexOf(')')), ';')) {
      const mark = option.indexOf('=');
      if (mark < 0)
        throw new ODataSyntaxError(`an option such as $select=… expected in $expand, '${option}' found`, open);
      found[option.slice(0, mark).trim()] = option.slice(mark + 1);
    }
    const query = Object.entries(found).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return { nav: parseNames(item.slice(0, open))[0] as string, options: readOptions(found), query: query.join('&') };
  });
}

/** Cuts at a mark that stands outside of parentheses and strings. */
function splitOutside(text: string, mark: ',' | ';'): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === mark && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
    if (depth < 0) throw new ODataSyntaxError("')' is unexpected", at);
  }
  if (depth > 0 || quoted) throw new ODataSyntaxError('a parenthesis or a string is not closed', text.length);
  parts.push(text.slice(from));
  return parts;
}
