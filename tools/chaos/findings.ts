/** What the examination may find. */

/**
 * `two-documents`: of one lineage; `posted-though-cancelled`: Sales had cancelled or reopened the record before the posting
 * request came; `posted-to-old-figures`: Sales had other figures by then. `lost`: something that should be there is not; `doubled`: something is there that should not be; `wrong-total`: other than
 * the record that was handed over says; `wrong-lines`: the same of an item or account, which the total may hide;
 * `unrecorded`: a write that the audit trail of the deal does not have; `lost-difference`: what a later record has more is billed nowhere, and nobody was
 * asked.
 */
export const FINDING_KINDS = [
  'lost',
  'doubled',
  'two-documents',
  'wrong-customer',
  'wrong-total',
  'wrong-lines',
  'lost-difference',
  'unrecorded',
  'posted-though-cancelled',
  'posted-to-old-figures',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** No time mends these. */
const FINAL: ReadonlySet<FindingKind> = new Set([
  'doubled',
  'two-documents',
  'posted-though-cancelled',
  'posted-to-old-figures',
]);

export function isFinal({ kind }: Finding): boolean {
  return FINAL.has(kind);
}

export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}
