import { z } from 'zod';
import { add } from '../../deal/money.js';
import { type RemoteApi, RemoteApiError } from '../errors.js';

/** A decimal as the lossless parser leaves it: text when it had a fraction, else a number. An exponent is written out, since no body of ours has one. */
export const decimal = z
  .union([z.string().regex(/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?$/), z.number()])
  .transform((value) => (/e/i.test(String(value)) ? add(String(value)) : String(value)));

export const guid = z
  .string()
  .regex(/^[0-9a-fA-F-]{36}$/)
  .transform((text) => text.toLowerCase());

export function optionalText(): z.ZodType<string | undefined> {
  return z
    .string()
    .nullish()
    .transform((text) => text?.trim() || undefined);
}

/** Reads an answer at the border: one that has another shape is an error with a code, never a cast. */
export function readWire<T>(api: RemoteApi, asked: string, schema: z.ZodType<T>, body: unknown, requestId: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')}: ${issue.code}`);
  throw new RemoteApiError(api, 'unreadable', `${asked} (${where.join(', ')})`, { requestId });
}
