/** What a run can have beyond its usual faults; each is asked for by name, so that the usual run stays quick. */

export const ADDITIONS = [
  /** Records that are there are not found: once, for a while, after a posting whose answer was lost; by the gateway. */
  'not-found',
  /** What is cancelled, reopened or changed in Sales while Business Central takes neither drafts nor postings. */
  'changes',
  /** Drafts and posted invoices have one number series. */
  'one-series',
  /** A person in Business Central posts drafts before Dealbridge does. */
  'by-hand',
  /** Rights that are missing once, a posting period that closes, customers that are blocked: people mend them, and retry. */
  'refusals',
] as const;
export type Addition = (typeof ADDITIONS)[number];
export type Additions = ReadonlySet<Addition>;

/** `all`, or names with commas between them. */
export function parseAdditions(text: string): Additions {
  if (text === 'all') return new Set(ADDITIONS);
  const names = text.split(',').filter((name) => name !== '');
  const isKnown = (name: string): name is Addition => ADDITIONS.some((one) => one === name);
  const unknown = names.find((name) => !isKnown(name));
  if (unknown !== undefined)
    throw new RangeError(`--with: expected 'all' or some of ${ADDITIONS.join(',')}, got '${unknown}'`);
  return new Set(names.filter(isKnown));
}
