import { Cursor, ODataSyntaxError } from './lexer.js';

/** One segment of a resource path: `salesInvoices(3f…)`, `Microsoft.NAV.post`, `$count`. */
export interface Segment {
  readonly name: string;
  readonly key?: string;
  /** Alternate keys by name: `accounts(bc_customernumber='C1')`. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly called?: boolean;
}

/** @throws ODataSyntaxError */
export function parsePath(path: string): Segment[] {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new ODataSyntaxError('malformed percent-encoding', 0);
  }
  const cursor = new Cursor(decoded.replace(/^\/+|\/+$/g, ''));
  const segments: Segment[] = [];
  if (cursor.peek().kind === 'end') return segments;
  do {
    const name = cursor.name();
    if (!cursor.takes('(')) segments.push({ name });
    else if (cursor.takes(')')) segments.push({ name, called: true });
    else segments.push(parseKey(cursor, name));
  } while (cursor.takes('/'));
  cursor.end();
  return segments;
}

function parseKey(cursor: Cursor, name: string): Segment {
  const keys: Record<string, string> = {};
  let key: string | undefined;
  do {
    const token = cursor.next();
    if (token.kind === 'name' && cursor.takes('=')) {
      keys[token.text] = literal(cursor.next().text);
    } else if (token.kind === 'end' || token.kind === 'symbol') {
      throw new ODataSyntaxError(`a key expected, '${token.text || 'the end'}' found`, token.at);
    } else {
      key = literal(token.text);
    }
  } while (cursor.takes(','));
  cursor.expects(')');
  return key === undefined ? { name, keys } : { name, key };
}

function literal(text: string): string {
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}
