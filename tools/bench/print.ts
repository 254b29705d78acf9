/** A line of a report. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Of a table in Markdown. */
export function row(cells: readonly (string | number | undefined)[]): string {
  return `| ${cells.map((cell) => cell ?? '–').join(' | ')} |`;
}
