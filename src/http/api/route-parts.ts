import { z } from '@hono/zod-openapi';
import { problemSchema } from './schemas.js';

/** What the routes of the API have in common: their answers, and how they refuse. */

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const refused = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

export const REFUSALS = {
  400: refused('The input does not fit'),
  401: refused('Nobody is signed in'),
  403: refused('None of the roles allows it; `detail` names those that do'),
  404: refused('There is no such thing'),
  408: refused('The body came too slowly'),
  409: refused('It cannot be done as things stand'),
  411: refused('The body came without its length'),
  413: refused('The body is too large'),
  415: refused('The body says that it is no JSON'),
  421: refused('The desk has another address'),
  429: refused('Too many requests from this address; `Retry-After` says for how long'),
  500: refused('Dealbridge or its ledger has a fault; the log of the starter names it'),
  503: refused(
    'Ledger or Temporal is away, or the other system or the issuer of the token gives no answer that helps; `Retry-After`, where it stands, says when to ask again',
  ),
};

export const DECISION_REFUSALS = {
  ...REFUSALS,
  412: refused('The figures have changed since they were looked at'),
  428: refused('`If-Match` is missing'),
};

/** Where every field may be left out, so may the body. */
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: !schema.safeParse({}).success, content: { 'application/json': { schema } } },
});

export const dealParams = z.object({
  deal: z.string().openapi({ description: 'Number of the record in Sales, of its document or invoice, or its GUID.' }),
});
