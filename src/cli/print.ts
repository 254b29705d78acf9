import { display } from '../deal/money.js';

/** Columns as wide as their widest cell; amounts to the right. */
export function printTable(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): void {
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return rightAligned.includes(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    console.log(cells.join('  ').trimEnd());
  }
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

/** `12 min`, `3 h`, `4 d`: how long ago, as people say it. */
export function toAge(then: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - then.getTime()) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Undefined is a dash. */
export function toMoney(amount: string | undefined, currency: string | undefined): string {
  if (amount === undefined) return '-';
  return `${display(amount)}${currency ? ` ${currency}` : ''}`;
}
