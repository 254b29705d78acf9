/** Documents of thousands of lines are compared line by line; the first of two with the same number counts, as in a list. */
export function bySequence<Line extends { readonly sequence: number }>(lines: readonly Line[]): Map<number, Line> {
  const found = new Map<number, Line>();
  for (const line of lines) if (!found.has(line.sequence)) found.set(line.sequence, line);
  return found;
}
