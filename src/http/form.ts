import type { Context } from 'hono';
import { UserError } from '../deal/errors.js';

/** What a form says. @throws UserError when the body says to be one and is none */
export async function parseForm(c: Context): Promise<Record<string, string | File>> {
  try {
    return await c.req.parseBody();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError('body', 'a form as a page sends it');
  }
}
