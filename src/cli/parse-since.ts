import { z } from 'zod';
import { UserError } from '../deal/errors.js';

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/**
 * A day from its beginning in UTC, or an instant. What JavaScript alone would make a date of (`1`, `2026-02-31`, a time without
 * its zone) is refused: another moment than was meant shows too little, and nobody sees it.
 *
 * @throws UserError
 */
export function parseSince(text: string): Date {
  if (moment.safeParse(text).success) return new Date(text);
  throw new UserError('--since', 'a day such as 2026-01-31, or an instant such as 2026-01-31T10:00:00Z', text);
}
