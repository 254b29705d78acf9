import { isSameCode, toCode } from '../../deal/codes.js';

/** The small sets of codes: read whole, kept for an hour, so that a deal does not ask for what rarely changes. */

export interface CodeRow {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  /** Of a variant. */
  readonly itemNumber?: string | undefined;
  /** Of a dimension. */
  readonly values?: readonly string[] | undefined;
  /** Of a currency: how many its amounts have. */
  readonly decimals?: number | undefined;
}

export interface ReferenceSets {
  /** By code, upper or lower case; countries by name as well. */
  find(set: string, code: string, itemNumber?: string): Promise<CodeRow | undefined>;
  /** The codes of a set, upper case. */
  codes(set: string): Promise<ReadonlySet<string>>;
  /** Something was added to the set, so the next look asks again. */
  forget(set: string): void;
}

export interface ReferenceSetOptions {
  readonly readCodes: (set: string) => Promise<readonly CodeRow[]>;
  readonly now?: () => number;
}

const KEPT_MS = 60 * 60 * 1_000;
/** A code that is missing may have been added a moment ago, by the person who retries the deal. */
const ASK_AGAIN_MS = 5_000;

export function createReferenceSets({ readCodes, now = Date.now }: ReferenceSetOptions): ReferenceSets {
  const kept = new Map<string, { readonly at: number; readonly rows: Promise<readonly CodeRow[]> }>();

  function read(set: string, youngerThanMs: number): Promise<readonly CodeRow[]> {
    const known = kept.get(set);
    if (known && now() - known.at < youngerThanMs) return known.rows;
    const rows = readCodes(set);
    kept.set(set, { at: now(), rows });
    // A read that failed is nobody's answer for an hour.
    rows.catch(() => kept.delete(set));
    return rows;
  }

  return {
    async find(set, code, itemNumber) {
      const wanted = toCode(code);
      const isIt = (row: CodeRow): boolean =>
        (itemNumber === undefined || row.itemNumber === undefined || isSameCode(row.itemNumber, itemNumber)) &&
        (toCode(row.code) === wanted || (set === 'countriesRegions' && toCode(row.name) === wanted));
      return (await read(set, KEPT_MS)).find(isIt) ?? (await read(set, ASK_AGAIN_MS)).find(isIt);
    },
    codes: async (set) => new Set((await read(set, KEPT_MS)).map(({ code }) => toCode(code))),
    forget: (set) => void kept.delete(set),
  };
}
