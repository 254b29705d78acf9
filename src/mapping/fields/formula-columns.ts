/** Which columns a formula names: it reads none by itself, so that one that nothing else reads would be empty in every deal. */

export interface NamedColumn {
  /** The row before the dot; undefined where the column stands alone, and may be one of any row. */
  readonly row: 'account' | 'contact' | 'owner' | 'line' | 'product' | undefined;
  readonly column: string;
  /** Counts characters from the start of the formula. */
  readonly at: number;
}

const ROWS: ReadonlyMap<string, NonNullable<NamedColumn['row']>> = new Map([
  ['account', 'account'],
  ['contact', 'contact'],
  ['owner', 'owner'],
  ['line', 'line'],
  ['lines', 'line'],
  ['product', 'product'],
]);

interface AstNode {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly position?: number;
  readonly steps?: readonly AstNode[];
}

/** @param ast of JSONata; what a formula makes itself, and goes on with, is no column */
export function findNamedColumns(ast: unknown): readonly NamedColumn[] {
  const found: NamedColumn[] = [];
  const seen = new Set<object>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    const { type, steps } = node as AstNode;
    if (type === 'path' && Array.isArray(steps)) found.push(...columnsOfPath(steps));
    for (const part of Object.values(node)) visit(part);
  };
  visit(ast);
  return found;
}

/** A column of the record that everybody has is one word, and so is what JSONata calls parts of its results: those are not told apart. */
const isOfSomebody = (name: string): boolean => name.includes('_');

function columnsOfPath([first, ...others]: readonly AstNode[]): readonly NamedColumn[] {
  // `$` and `$$` stand for the deal, or for what is at hand in it.
  const steps = first?.type === 'variable' && (first.value === '' || first.value === '$') ? others : [first, ...others];
  let row: NamedColumn['row'];
  for (const step of steps) {
    if (step?.type !== 'name' || typeof step.value !== 'string') return [];
    const below = ROWS.get(step.value);
    if (below === undefined) {
      if (row === undefined && !isOfSomebody(step.value)) return [];
      return [{ row, column: step.value, at: Math.max(0, (step.position ?? 0) - step.value.length) }];
    }
    row = below;
  }
  return [];
}
