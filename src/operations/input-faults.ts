import { z } from 'zod';
import { type InputFault, UserError } from '../deal/errors.js';

/** Names every fault; of several the first one's field is that of the error. */
export function toUserError(
  { issues }: z.core.$ZodError,
  given: unknown,
  whole: string,
  toFault: typeof toInputFault = toInputFault,
): UserError {
  const [first, ...others] = issues.map((issue) => toFault(issue, given, whole));
  return new UserError(first?.field ?? whole, first?.expected ?? 'another input', first?.found, others);
}

/** @param whole how the input as a whole is called */
export function toInputFault(issue: z.core.$ZodIssue, given: unknown, whole: string): InputFault {
  const field = issue.path.join('.') || whole;
  if (issue.code === 'unrecognized_keys') return { field, expected: `no field ${issue.keys.join(', ')}` };
  const found = findAt(given, issue.path);
  // A text in place of a list or of fields is no word that is misspelled.
  const isOfAnotherKind = issue.code === 'invalid_type' && CONTAINERS.has(issue.expected);
  if (isOfAnotherKind && typeof found === 'string') return { field, expected: toExpected(issue) };
  return { field, expected: toExpected(issue), ...(isShown(field, found) && { found: found ?? null }) };
}

const CONTAINERS: ReadonlySet<string> = new Set(['array', 'object', 'record']);

function findAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    given,
  );
}

/** A number, or one as it is typed: digits. JavaScript alone reads `0x10`, `1e2`, `5.0` and an empty text as numbers too. */
export function typedNumber(right: string) {
  const read = (given: unknown): unknown => (typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given);
  return z.preprocess(read, z.number(right));
}

/** How many of something: one at least. @param number `z.number`, or what makes a number of a text */
export function upTo(most: number, number: (right: string) => z.ZodType<number>) {
  const right = `a whole number from 1 to ${most}`;
  return number(right).refine((value) => Number.isInteger(value) && value >= 1 && value <= most, right);
}

const MAX_SHOWN = 100;
const NEVER_SHOWN: ReadonlySet<string> = new Set(['secret', 'certificate']);

/** Neither secrets nor what is too long to be read. */
function isShown(field: string, found: unknown): boolean {
  if (NEVER_SHOWN.has(field.split('.').at(-1) ?? '')) return false;
  if (typeof found === 'object' && found !== null) return false;
  return typeof found !== 'string' || found.length <= MAX_SHOWN;
}

/** What a schema says by itself is about the schema; what we gave it says what would be right. */
const SAID_BY_ITSELF = /^(Too (big|small)|Invalid)\b/;

function toExpected(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  if (!SAID_BY_ITSELF.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? `a ${issue.expected}`;
    case 'too_big':
      return toLimit(issue.origin, 'at most', issue.maximum);
    case 'too_small':
      return toLimit(issue.origin, 'at least', issue.minimum);
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  object: 'fields below it',
  record: 'fields below it',
  array: 'a list',
};

function toLimit(origin: string, most: string, limit: number | bigint): string {
  if (origin === 'string') return `a text of ${most} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return origin === 'array' ? `a list of ${most} ${limit}` : `a number of ${most} ${limit}`;
}
