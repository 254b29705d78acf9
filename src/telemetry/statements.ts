import { count, isCounting, recordDuration } from './instruments.js';
import { inSpan, isTraced, SpanKind } from './spans.js';

/** A statement to the ledger: timed, and a span where something of a trace asks it. Neither its text nor its values are kept. */
export async function observeStatement<T>(text: string, ask: () => Promise<T>): Promise<T> {
  const traced = isTraced();
  if (!traced && !isCounting()) return ask();
  const { verb, table } = nameOf(text);
  const timed = async (): Promise<T> => {
    const began = performance.now();
    try {
      return await ask();
    } catch (error) {
      count('dealbridge_ledger_failures', { verb });
      throw error;
    } finally {
      recordDuration('dealbridge_ledger_duration_seconds', (performance.now() - began) / 1_000, { verb });
    }
  };
  if (!traced) return timed();
  const attributes = {
    'db.system.name': 'postgresql',
    'db.operation.name': verb,
    ...(table !== undefined && { 'db.collection.name': table }),
  };
  return inSpan(`ledger ${verb}${table ? ` ${table}` : ''}`, { kind: SpanKind.CLIENT, attributes }, timed);
}

interface StatementName {
  readonly verb: string;
  readonly table: string | undefined;
}

const VERBS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'WITH']);
const MAX_KNOWN = 1_000;
const known = new Map<string, StatementName>();

function nameOf(text: string): StatementName {
  const found = known.get(text);
  if (found) return found;
  const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? '';
  // `extract(epoch FROM now())` names no table.
  const table = /\b(?:FROM\s+(?!\w+\()|INTO\s+|UPDATE\s+)([a-z_]+)/.exec(text)?.[1];
  const name = { verb: VERBS.has(word) ? word : 'other', table };
  if (known.size < MAX_KNOWN) known.set(text, name);
  return name;
}
