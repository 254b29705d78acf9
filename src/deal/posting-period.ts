/** The days on which a company takes postings; both ends may be open. Days are texts such as `2026-03-31`. */
export interface PostingPeriod {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** A document that Business Central would refuse to post, because its day is closed. */
export interface ClosedPeriod extends PostingPeriod {
  readonly postingDate: string;
}

export function findClosedPeriod(postingDate: string | undefined, period: PostingPeriod): ClosedPeriod | undefined {
  if (postingDate === undefined) return undefined;
  const isOpen = (period.from ?? postingDate) <= postingDate && postingDate <= (period.to ?? postingDate);
  return isOpen ? undefined : { postingDate, ...period };
}

export function describePostingPeriod({ from, to }: PostingPeriod): string {
  if (from !== undefined && to !== undefined) return `open from ${from} to ${to}`;
  if (from !== undefined) return `open from ${from} on`;
  return to === undefined ? 'open for every date' : `open until ${to}`;
}
