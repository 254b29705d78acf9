import type { Finding, StepReport } from '../doctor/finding.js';

/** What a step of the examination found, a line each, with how to set it right. */

const MARKS: Readonly<Record<Finding['result'], string>> = {
  ok: 'ok',
  warning: 'WARNING',
  wrong: 'WRONG',
  'not checked': 'not checked',
};
const MARK_WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length));

export function printStep({ step, findings }: StepReport): void {
  console.log(step);
  for (const { check, result, found, advice } of findings) {
    console.log(`  ${MARKS[result].padEnd(MARK_WIDTH)}  ${check}: ${found}`);
    if (advice !== undefined && result !== 'ok') console.log(`  ${''.padEnd(MARK_WIDTH)}  → ${advice}`);
  }
}
