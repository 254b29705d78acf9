import { DealbridgeError } from './errors.js';

/**
 * Schemas of what people send to workflows. They say what is right in one place, and refuse everything else with the field,
 * what was expected and what was found. Without a library: they run in the workflow's sandbox (docs/decisions/0011).
 */

/** Reads one value; `field` is its path, for whoever has to correct it. @throws DecisionError */
export type Schema<T> = (input: unknown, field: string, beside?: Beside) => T;

/** The object that the value stands in, for a field that depends on another. */
type Beside = Readonly<Record<string, unknown>>;

/** An input that does not fit; the message is for the person who sent it. */
export class DecisionError extends DealbridgeError {
  constructor(field: string, expected: string, found: unknown) {
    super('invalid-decision', `${field}: expected ${expected}, got ${describe(found)}`);
  }
}

type Shape = Readonly<Record<string, Schema<unknown>>>;
type Fields<S extends Shape> = { readonly [Key in keyof S]: S[Key] extends Schema<infer T> ? T : never };

/** Exactly these keys: an unknown one is a misspelled one, and is refused before anything is read. */
export function strictObject<S extends Shape>(shape: S): Schema<Fields<S>> {
  const known = Object.keys(shape);
  const expected = known.length > 0 ? `an object with ${known.join(', ')}` : 'an empty object';
  return (input, field) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw new DecisionError(field, expected, input);
    }
    const unknown = Object.keys(input).find((key) => !Object.hasOwn(shape, key));
    if (unknown !== undefined) throw new DecisionError(field, `no other fields than ${known.join(', ')}`, unknown);
    const path = field === ROOT ? '' : `${field}.`;
    // Only what the input itself has: nothing is inherited.
    const own: Beside = Object.assign(Object.create(null), input);
    const read = known.map((key) => [key, shape[key]?.(own[key], `${path}${key}`, own)]);
    return Object.fromEntries(read) as Fields<S>;
  };
}

/** How the whole input is named in a message. */
export const ROOT = 'input';

export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return (input, field) => (input === undefined ? undefined : schema(input, field));
}

export function listOf<T>(schema: Schema<T>, maxLength: number): Schema<readonly T[]> {
  return (input, field) => {
    if (!Array.isArray(input) || input.length > maxLength) {
      throw new DecisionError(field, `a list of at most ${maxLength}`, input);
    }
    return input.map((item, index) => schema(item, `${field}[${index}]`));
  };
}

/** Without the spaces around it; what PostgreSQL cannot store as text is none. */
export function text(maxLength: number): Schema<string> {
  return (input, field) => {
    const read = typeof input === 'string' ? input.trim() : '';
    if (read === '' || read.length > maxLength) {
      throw new DecisionError(field, `a text of 1 to ${maxLength} characters`, input);
    }
    if (isBroken(read)) throw new DecisionError(field, 'a text without broken characters', input);
    return read;
  };
}

/** Half a pair of UTF-16, or U+0000: PostgreSQL refuses a row with either. */
export function isBroken(read: string): boolean {
  return NO_ROW_HOLDS.test(read);
}

const NO_ROW_HOLDS = /[\p{Surrogate}\0]/u;

/** Exactly as it stands: nothing is trimmed. */
export function matching(pattern: RegExp, expected: string): Schema<string> {
  return (input, field) => {
    if (typeof input !== 'string' || !pattern.test(input)) throw new DecisionError(field, expected, input);
    return input;
  };
}

export function oneOf<const T extends string>(values: readonly T[]): Schema<T> {
  return (input, field) => {
    const found = values.find((value) => value === input);
    if (found === undefined) throw new DecisionError(field, `one of ${values.join(', ')}`, input);
    return found;
  };
}

export const flag: Schema<boolean> = (input, field) => {
  if (typeof input !== 'boolean') throw new DecisionError(field, 'true or false', input);
  return input;
};

const SHOWN_LENGTH = 60;

/** JSON as it came, cut: it may be anything and of any size. */
function describe(found: unknown): string {
  if (found === undefined) return 'nothing';
  const json = JSON.stringify(found) ?? String(found);
  return json.length > SHOWN_LENGTH ? `${json.slice(0, SHOWN_LENGTH)}…` : json;
}
