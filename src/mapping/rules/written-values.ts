import { z } from 'zod';
import { PREFIXES } from '../fields/sources.js';

/** Values as people write them, in several parts of the rules file. */

/** Numbers of accounts and codes may be written without quotes. */
export const text = z.union([z.string().min(1), z.number()]).transform(String);
export const amount = text.pipe(z.string().regex(/^\d+(\.\d+)?$/, 'an amount such as 5000.00'));
export const oneOrMore = <T extends z.ZodType>(one: T) => z.union([one, z.array(one).min(1)]);

export const column = z
  .string()
  .regex(
    new RegExp(`^(?:(?:${PREFIXES.join('|')})\\.)?[a-z_][a-z0-9_]*$`),
    'a column such as new_project, account.new_project, owner.…, line.…, product.… or salesorder.… in lower case',
  );
