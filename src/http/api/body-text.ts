import { isUtf8 } from 'node:buffer';
import type { MiddlewareHandler } from 'hono';
import { sendProblem, toProblem } from './problem.js';

/**
 * JSON is UTF-8 (RFC 8259, 8.1). Whoever reads other bytes as such puts `�` in the place of each letter that they do not
 * know, and a reason would stand in the trail like that for ever: some tools send Latin-1 when nobody tells them otherwise.
 */
export const guardText: MiddlewareHandler = async (c, next) => {
  if (isUtf8(await c.req.arrayBuffer())) return next();
  return sendProblem(c, toProblem(400, 'body-refused', 'body: expected JSON in UTF-8, got bytes that are no UTF-8'));
};
