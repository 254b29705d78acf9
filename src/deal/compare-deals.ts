import type { WonDeal } from './deal.js';

/** One field of a deal that is another now than it was when it was read. */
export interface DealDifference {
  /** Such as `lines[2].unitPrice`. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Revision, state, lineage, numbers that are not used, decimals in Sales and the owner's name say nothing about the content of a document. */
const BESIDE: ReadonlySet<string> = new Set([
  'revision',
  'state',
  'stateCode',
  'lineage',
  'salesNumbers',
  'currencyDecimals',
  'seller',
]);

export function findDifferences(was: WonDeal, is: WonDeal): DealDifference[] {
  const [before, after] = [flatten(was), flatten(is)];
  const fields = [...new Set([...before.keys(), ...after.keys()])];
  return fields
    .filter((field) => before.get(field) !== after.get(field))
    .map((field) => ({ field, before: before.get(field), after: after.get(field) }));
}

function flatten(deal: WonDeal): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (value: unknown, path: string): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) for (const [index, one] of value.entries()) visit(one, `${path}[${index + 1}]`);
    else if (typeof value === 'object')
      for (const [key, one] of Object.entries(value)) visit(one, path === '' ? key : `${path}.${key}`);
    else found.set(path, String(value));
  };
  for (const [key, value] of Object.entries(deal)) if (!BESIDE.has(key)) visit(value, key);
  return found;
}
