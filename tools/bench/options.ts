import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm run bench` is told; its usage stands in scripts/bench.mjs. */

export interface BenchOptions {
  readonly deals: number;
  readonly singles: number;
  readonly rounds: number;
  readonly rate: number;
  readonly limited: number;
  readonly only: readonly string[];
  readonly history: number | undefined;
  readonly explain: boolean;
  readonly applications: number | undefined;
  readonly backfill: number | undefined;
  readonly json: string | undefined;
  readonly profile: string | undefined;
}

const CONTENDERS = ['pglite', 'postgresql', 'bare', 'bullmq'] as const;
const NUMBERS = { deals: '500', singles: '40', rounds: '3', rate: '20', limited: '100' } as const;

/** Throws an error whose message says what is wrong and what would be right. */
export function readOptions(args: readonly string[]): BenchOptions {
  const text = (value?: string) => ({ type: 'string' as const, ...(value !== undefined && { default: value }) });
  const { values } = parseArgs({
    args: [...args],
    options: {
      deals: text(NUMBERS.deals),
      singles: text(NUMBERS.singles),
      rounds: text(NUMBERS.rounds),
      rate: text(NUMBERS.rate),
      limited: text(NUMBERS.limited),
      only: text(CONTENDERS.join(',')),
      history: text(),
      explain: { type: 'boolean', default: false },
      applications: text(),
      backfill: text(),
      json: text(),
      profile: text(),
    },
  });
  const number = (name: keyof typeof values & string) =>
    readNumber(name, String(values[name]), name === 'limited' ? 0 : 1);
  if (values.json !== undefined) checkFile(values.json);
  const optional = (name: 'history' | 'applications' | 'backfill') =>
    values[name] === undefined ? undefined : number(name);
  const applications = optional('applications');
  if (applications !== undefined && applications !== 2)
    throw new Error(`--applications: expected 2, since the simulators have two environments, got '${applications}'`);
  return {
    deals: number('deals'),
    singles: number('singles'),
    rounds: number('rounds'),
    rate: number('rate'),
    limited: number('limited'),
    only: readOnly(values.only ?? ''),
    explain: values.explain,
    history: optional('history'),
    applications,
    backfill: optional('backfill'),
    json: values.json,
    profile: values.profile,
  };
}

function readOnly(text: string): readonly string[] {
  const names = text.split(',');
  const unknown = names.filter((name) => !(CONTENDERS as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new Error(`--only: expected some of ${CONTENDERS.join(', ')} with commas between them, got '${text}'`);
  return names;
}

/** Of nothing there is neither a median nor a ratio. */
function readNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || !Number.isSafeInteger(number))
    throw new Error(`--${name}: expected a whole number from ${least} on, got '${text}'`);
  return number;
}

/** Before anything is measured, since it is written at the end. */
function checkFile(path: string): void {
  if (path === '') throw new Error('--json: expected the name of a file');
  const target = existsSync(path) ? path : dirname(resolve(path));
  try {
    accessSync(target, constants.W_OK);
  } catch (error) {
    throw new Error(`--json: ${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
