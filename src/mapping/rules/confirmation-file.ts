import { z } from 'zod';
import { amount } from './written-values.js';

/** Who lets a document be posted: `confirmation` and `approval` of the rules file. */

const limitCurrency = z
  .string()
  .regex(/^\w{1,10}$/, 'the code of a currency in Business Central, such as EUR')
  .describe('Of the amount; a document in another currency is not compared with it, and people are asked');

/** Documents that more than one person confirms. */
export const approvalRule = z
  .strictObject({
    above: amount.optional().describe('Total including tax, in the currency of the document'),
    currency: limitCurrency.optional(),
    newCustomer: z.literal(true).optional().describe('Nothing was handed over for the customer before'),
    difference: z.literal(true).optional().describe('Draft and deal do not agree'),
    edited: z.literal(true).optional().describe('Somebody changed the draft by hand in Business Central'),
    approvers: z.number().int().min(1).max(5).describe('Different people, each signed in when they are several'),
  })
  .refine(({ above, currency }) => currency === undefined || above !== undefined, {
    message: 'a currency with an amount in above',
  })
  .refine(
    ({ approvers: _, currency: __, ...conditions }) => Object.values(conditions).some((one) => one !== undefined),
    {
      message: 'one of above, newCustomer, difference and edited, or several',
    },
  );

export const confirmation = z
  .union([
    z.literal('automatic'),
    z.literal('person'),
    z.strictObject({ automaticBelow: amount, currency: limitCurrency.optional() }),
  ])
  .default('person');
