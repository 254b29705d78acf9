import type { HoldReason, Problem } from './holds.js';

/** As many of one reason as somebody reads: each line of a document of thousands may lack the same. */
export const MAX_OF_A_REASON = 50;

/** The first ones of each reason by their texts, the others by their count. */
export function namedAtMost(problems: readonly Problem[]): Problem[] {
  const counts = new Map<HoldReason, number>();
  const named: Problem[] = [];
  for (const problem of problems) {
    const count = (counts.get(problem.reason) ?? 0) + 1;
    counts.set(problem.reason, count);
    if (count <= MAX_OF_A_REASON) named.push(problem);
  }
  for (const [reason, count] of counts) {
    if (count > MAX_OF_A_REASON) named.push({ reason, text: `and ${count - MAX_OF_A_REASON} more of the same` });
  }
  return named;
}

/** The same of texts that say what differs, line by line. */
export function listedAtMost(texts: readonly string[]): string[] {
  const rest = texts.length - MAX_OF_A_REASON;
  return rest > 0 ? [...texts.slice(0, MAX_OF_A_REASON), `and ${rest} more`] : [...texts];
}
