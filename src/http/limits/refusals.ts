import type { Context } from 'hono';

export type RefusedStatus = 202 | 400 | 401 | 404 | 408 | 411 | 413 | 429 | 503;

/** The body stays unread, so the connection cannot carry another request: the caller is told. */
export function refuse(c: Context, status: RefusedStatus, error: string): Response {
  c.header('connection', 'close');
  return c.json({ error }, status);
}
