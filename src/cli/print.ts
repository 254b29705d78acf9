import { display } from '../deal/money.js';
import { MIN_WIDTH, toOneLine, widthOf } from './terminal-text.js';

/** Columns as wide as their widest cell; amounts to the right. On a terminal that is narrower, each row goes on below itself. */
export function printTable(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): void {
  for (const line of toTableLines(rows, rightAligned, process.stdout.columns)) console.log(line);
}

/** What a row goes on with stands this far in, so that the beginning of each row is found. */
const INDENT = 4;
const GAP = 2;

/** @param width of the terminal in columns; undefined: each row is a line, as another program wants it */
export function toTableLines(
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[] = [],
  width = 0,
): string[] {
  const cells = rows.map((row) => row.map(toOneLine));
  const widths = (cells[0] ?? []).map((_title, column) =>
    cells.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 0),
  );
  const groups = toGroups(widths, width);
  return cells.flatMap((row) =>
    groups.map((columns, index) => {
      const line = columns.map((column) => {
        const cell = row[column] ?? '';
        const space = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
        return rightAligned.includes(column) ? space + cell : cell + space;
      });
      return (' '.repeat(index === 0 ? 0 : INDENT) + line.join(' '.repeat(GAP))).trimEnd();
    }),
  );
}

/** The columns, line by line. */
function toGroups(widths: readonly number[], width: number): number[][] {
  const groups: number[][] = [[]];
  let used = 0;
  for (const [column, own] of widths.entries()) {
    const group = groups.at(-1) ?? [];
    const needed = used + (group.length > 0 ? GAP : 0) + own;
    if (width < MIN_WIDTH || needed <= width || group.length === 0) {
      group.push(column);
      used = needed;
    } else {
      groups.push([column]);
      used = INDENT + own;
    }
  }
  return groups;
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
