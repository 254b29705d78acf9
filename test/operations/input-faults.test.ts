import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toUserError, typedNumber, upTo } from '../../src/operations/input-faults.js';

const schema = z.strictObject({
  limit: upTo(500, typedNumber).default(50),
  count: upTo(10, z.number).optional(),
  note: z.string().min(2).max(5).optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'an ISO code such as EUR')
    .optional(),
  kind: z.enum(['quote', 'order']).optional(),
  secret: z.string().max(3).optional(),
  within: z.strictObject({ certificate: z.string().max(3) }).optional(),
  deals: z.array(z.string()).max(1).optional(),
  given: z.string(),
});

/** What people read when their input is not right. */
describe('an input that does not fit', () => {
  const said = (input: object): string => {
    const parsed = schema.safeParse({ given: 'x', ...input });
    return parsed.success ? 'it fits' : toUserError(parsed.error, { given: 'x', ...input }, 'input').message;
  };

  it.each([
    [{ limit: '20000' }, "limit: expected a whole number from 1 to 500, got '20000'"],
    [{ limit: '0x10' }, "limit: expected a whole number from 1 to 500, got '0x10'"],
    [{ limit: ' 5 ' }, "limit: expected a whole number from 1 to 500, got ' 5 '"],
    [{ limit: 'many' }, "limit: expected a whole number from 1 to 500, got 'many'"],
    [{ limit: 1.5 }, 'limit: expected a whole number from 1 to 500, got 1.5'],
    [{ count: 'two' }, "count: expected a whole number from 1 to 10, got 'two'"],
    [{ note: 'x' }, "note: expected a text of at least 2 characters, got 'x'"],
    [{ note: 'x'.repeat(7) }, "note: expected a text of at most 5 characters, got 'xxxxxxx'"],
    [{ note: 'x'.repeat(101) }, 'note: expected a text of at most 5 characters'],
    [{ currency: 'euro' }, "currency: expected an ISO code such as EUR, got 'euro'"],
    [{ kind: 'invoice' }, "kind: expected one of quote, order, got 'invoice'"],
    [{ given: undefined }, 'given: expected a text, got nothing'],
    [{ secret: 'very secret' }, 'secret: expected a text of at most 3 characters'],
    [{ within: { certificate: 'PEM text' } }, 'within.certificate: expected a text of at most 3 characters'],
    [{ deals: ['1', '2'] }, 'deals: expected a list of at most 1'],
    [{ other: 1 }, 'input: expected no field other'],
    [
      { note: 'x', kind: 'a' },
      "note: expected a text of at least 2 characters, got 'x'; kind: expected one of quote, order, got 'a'",
    ],
    [
      { secret: 'very secret', given: undefined },
      'secret: expected a text of at most 3 characters; given: expected a text, got nothing',
    ],
    [{ limit: '20' }, 'it fits'],
  ])('%j: %s', (input, message) => {
    expect(said(input)).toBe(message);
  });
});
