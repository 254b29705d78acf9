import { z } from 'zod';

/**
 * Numbers of the environment, which are digits. JavaScript alone makes 0 of an empty text, which as a port would be any that is
 * free, and of `0x10` and `1e3` what nobody typed.
 */
const read = (digits: RegExp, right: string) =>
  z
    .string()
    .transform((text) => text.trim())
    .refine((text) => digits.test(text), { message: right, abort: true })
    .transform(Number);

export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  read(/^-?\d+$/, 'a whole number').pipe(z.number().min(least).max(most));

export const positiveNumber = read(/^-?\d+(\.\d+)?$/, 'a number such as 20 or 0.5').pipe(z.number().positive());

export const port = wholeNumber(0, 65_535);
