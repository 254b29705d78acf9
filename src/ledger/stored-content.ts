import { z } from 'zod';

/**
 * What a column of jsonb holds: an object with the version of its form. Whoever changes a form of a released version
 * raises the number, and reads the older one beside it.
 */
const CONTENT_VERSION = 1;

/** The text that a column of jsonb is given. */
export function toStored(content: object): string {
  return JSON.stringify({ v: CONTENT_VERSION, ...content });
}

/** Many contents for one statement, which takes them apart by `jsonb_array_elements`. */
export function toStoredList(contents: readonly object[]): string {
  return JSON.stringify(contents.map((content) => ({ v: CONTENT_VERSION, ...content })));
}

/** Reads what {@link toStored} wrote. */
export function stored<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform(takeContent).pipe(schema);
}

function takeContent(value: unknown, context: z.core.$RefinementCtx<unknown>): unknown {
  const { success, data } = z.looseObject({ v: z.literal(CONTENT_VERSION) }).safeParse(value);
  if (success) {
    const { v: _version, ...content } = data;
    return content;
  }
  context.addIssue({ code: 'custom', message: `expected an object with "v": ${CONTENT_VERSION}` });
  return z.NEVER;
}

/**
 * The schema of a type that is declared elsewhere. It has every property, so that none is lost between writing and
 * reading; an optional one is absent in JSON, never undefined.
 */
export function contentOf<T extends object>(
  shape: {
    readonly [Key in keyof T]-?: z.ZodType<T[Key] | undefined>;
  },
): z.ZodType<T> {
  return z.object(shape) as z.ZodType as z.ZodType<T>;
}

export const decimalText = z.string().regex(/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/);

/** One of the names of a catalogue. */
export function nameOf<Name extends string>(catalogue: Readonly<Record<Name, unknown>>): z.ZodType<Name> {
  return z.custom<Name>((value) => typeof value === 'string' && Object.hasOwn(catalogue, value), {
    message: 'expected a name of the catalogue',
  });
}
