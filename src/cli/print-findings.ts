import type { Finding, StepReport } from '../doctor/finding.js';
import { MIN_WIDTH } from './terminal-text.js';

/** What a step of the examination found, a line each, with how to set it right. */

const MARKS: Readonly<Record<Finding['result'], string>> = {
  ok: 'ok',
  warning: 'WARNING',
  wrong: 'WRONG',
  'not checked': 'not checked',
};
const MARK_WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length));

export function printStep(report: StepReport): void {
  // Of a terminal alone it is known; what is piped stays a line each.
  for (const line of toStepLines(report, process.stdout.columns)) console.log(line);
}

/** @param width in columns; undefined: nothing is wrapped */
export function toStepLines({ step, findings }: StepReport, width: number | undefined): string[] {
  const lines = findings.flatMap(({ check, result, found, advice }) => [
    ...wrap(`  ${MARKS[result].padEnd(MARK_WIDTH)}  `, `${check}: ${found}`, width),
    ...(advice !== undefined && result !== 'ok' ? wrap(`  ${''.padEnd(MARK_WIDTH)}  → `, advice, width) : []),
  ]);
  return [step, ...lines];
}

/** Words, and commands in backticks, which are copied whole. */
const PIECES = /(?:`[^`]*`|\S)+/g;

/** The lines after the first begin below its text. A piece that is longer than a line stays whole, so that it can be copied. */
function wrap(head: string, text: string, width = 0): string[] {
  if (width < MIN_WIDTH) return [head + text];
  const lines: string[] = [];
  let line = head;
  let isBegun = false;
  for (const piece of text.match(PIECES) ?? []) {
    if (isBegun && line.length + 1 + piece.length > width) {
      lines.push(line);
      line = ' '.repeat(head.length);
      isBegun = false;
    }
    line += isBegun ? ` ${piece}` : piece;
    isBegun = true;
  }
  return [...lines, line];
}
