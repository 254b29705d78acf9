/** What an expression of Prometheus asks for: enough of the language for our rules and dashboards. */

interface AskedSeries {
  readonly name: string;
  /** Those that its selector matches by. */
  readonly labels: readonly string[];
}

interface Grouping {
  readonly labels: readonly string[];
  /** The metrics that are to have them all. */
  readonly of: readonly string[];
}

const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'by', 'on', 'without', 'ignoring']);
const GROUPING = /\b(by|on|without|ignoring)\s*\(([^)]*)\)/g;

export function readSeries(expr: string): AskedSeries[] {
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(GROUPING, ' ')
    .replace(/\[[^\]]*\]/g, ' ');
  return [...bare.matchAll(/(?<![\w:])([a-zA-Z_][\w:]*)\s*(?:\{([^}]*)\}|(?!\s*\(|[\w:]))/g)].flatMap(
    ([, name = '', selector = '']) =>
      WORDS.has(name)
        ? []
        : [{ name, labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, one = '']) => one) }],
  );
}

/** `by (…)` stands before what it groups, as everywhere here; `on (…)` is of both sides. */
export function readGroupings(expr: string): Grouping[] {
  return [...expr.matchAll(GROUPING)].map(({ 1: kind, 2: list = '', index, 0: whole }) => {
    const rest = expr.slice(index + whole.length);
    const over = kind === 'by' || kind === 'without' ? readBracket(rest) : expr;
    return { labels: splitList(list), of: readSeries(over).map(({ name }) => name) };
  });
}

/** The labels of what comes out, as its legend may name them; undefined: those of the series itself. */
export function readOutcome(expr: string): readonly string[] | undefined {
  const labels = [...expr.matchAll(/\bby\s*\(([^)]*)\)/g)].map(([, list = '']) => splitList(list));
  return labels.length === 0 ? undefined : [...new Set(labels.flat())];
}

function splitList(list: string): string[] {
  return list.split(',').flatMap((one) => one.trim() || []);
}

/** What stands in the bracket that the text begins with. */
function readBracket(text: string): string {
  const from = text.indexOf('(');
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return text.slice(from + 1, at);
  }
  throw new Error(`expected a bracket that closes, got '${text}'`);
}
