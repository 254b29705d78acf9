/** The closed catalogue of reasons why a deal waits for a person, each with who can clear it and the next step. */

export type HoldReason =
  | 'not-won'
  | 'no-lines'
  | 'no-customer'
  | 'customer-inactive'
  | 'customer-missing'
  | 'customer-blocked'
  | 'customer-setup'
  | 'no-currency'
  | 'pricing-error'
  | 'item-missing'
  | 'item-blocked'
  | 'unit-unknown'
  | 'value-too-long'
  | 'value-missing'
  | 'value-refused'
  | 'code-unknown'
  | 'mapping-failed'
  | 'line-refused'
  | 'dimension-conflict'
  | 'write-in-unmapped'
  | 'freight-unmapped'
  | 'discount-not-allowed'
  | 'total-negative'
  | 'totals-differ'
  | 'period-closed'
  | 'posting-setup'
  | 'number-series'
  | 'stock-short'
  | 'approval-needed'
  | 'two-documents'
  | 'handed-over-otherwise'
  | 'draft-gone'
  | 'draft-changed'
  | 'draft-edited'
  | 'quote-expired'
  | 'customer-ambiguous'
  | 'contact-ambiguous'
  | 'item-ambiguous'
  | 'customer-gone'
  | 'item-gone'
  | 'number-taken'
  | 'record-gone'
  | 'invoice-row-gone'
  | 'accounts-merged'
  | 'master-conflict'
  | 'environment-changed'
  | 'company-unknown'
  | 'company-changed'
  | 'mapping-unknown'
  | 'permission'
  | 'request-refused'
  | 'refused-by-business-central'
  | 'refused-by-sales'
  | 'internal-error';

export const HOLD_OWNERS = ['seller', 'master data', 'finance', 'IT'] as const;
export type HoldOwner = (typeof HOLD_OWNERS)[number];

export interface HoldAdvice {
  readonly owner: HoldOwner;
  readonly nextStep: string;
}

export const HOLDS: Record<HoldReason, HoldAdvice> = {
  'not-won': { owner: 'seller', nextStep: 'Win the record in Sales; then retry.' },
  'no-lines': { owner: 'seller', nextStep: 'Add the product lines in Sales; then retry.' },
  'no-customer': { owner: 'seller', nextStep: 'Set the account in Sales; then retry.' },
  'customer-inactive': { owner: 'seller', nextStep: 'Choose an active account in Sales; then retry.' },
  'customer-missing': {
    owner: 'master data',
    nextStep:
      'Create the customer in Business Central under the account number, or allow its creation by createCustomers in the rules file and start the worker again; name one with another number, or that of a parent account, by `dealbridge accounts match --apply`; then retry.',
  },
  'customer-blocked': { owner: 'finance', nextStep: 'Unblock the customer in Business Central; then retry.' },
  'customer-setup': {
    owner: 'master data',
    nextStep: 'Complete the customer (posting groups, template) in Business Central; then retry.',
  },
  'no-currency': { owner: 'seller', nextStep: 'Set the currency in Sales; then retry.' },
  'pricing-error': {
    owner: 'seller',
    nextStep: 'Correct the prices in Sales until no pricing error is left; then retry.',
  },
  'item-missing': {
    owner: 'master data',
    nextStep:
      'Create the items in Business Central under the product numbers, or allow their creation by createItems in the rules file and start the worker again; then retry.',
  },
  'item-blocked': { owner: 'master data', nextStep: 'Unblock the item in Business Central; then retry.' },
  'unit-unknown': {
    owner: 'master data',
    nextStep:
      'Name the code of the unit in the table units of the rules file and start the worker again, or add the unit to Business Central and to the item; then retry.',
  },
  'value-too-long': { owner: 'seller', nextStep: 'Shorten the value in Sales; then retry.' },
  'value-refused': {
    owner: 'master data',
    nextStep: 'Correct the value in the column that the message names; then retry.',
  },
  'value-missing': { owner: 'seller', nextStep: 'Fill in the value in Sales; then retry.' },
  'code-unknown': {
    owner: 'master data',
    nextStep:
      'Correct the value in Sales, add it to its table in the rules file and start the worker again, or add the code to Business Central; then retry.',
  },
  'mapping-failed': {
    owner: 'IT',
    nextStep: 'Correct the field in the rules file and start the worker again; then retry.',
  },
  'line-refused': {
    owner: 'seller',
    nextStep:
      'Change the line in Sales, or the rule for such lines in the rules file, and start the worker again; then retry.',
  },
  'dimension-conflict': {
    owner: 'master data',
    nextStep:
      'Remove the default dimension in Business Central, or the dimension from the rules file and start the worker again; then retry.',
  },
  'write-in-unmapped': {
    owner: 'IT',
    nextStep:
      'Name the account for write-in lines as writeInAccount in the rules file and start the worker again; then retry.',
  },
  'freight-unmapped': {
    owner: 'IT',
    nextStep:
      'Name the account for freight as freightAccount in the rules file and start the worker again; then retry.',
  },
  'discount-not-allowed': {
    owner: 'seller',
    nextStep: 'Give the discount on the lines instead of on the whole record in Sales; then retry.',
  },
  'total-negative': {
    owner: 'seller',
    nextStep:
      'Correct quantities and prices in Sales until the total is 0 or more, or make a credit memo in Business Central and end this deal with `dealbridge cancel`; then retry.',
  },
  'totals-differ': {
    owner: 'finance',
    nextStep: 'Compare the draft with the deal, correct one of them; then retry, which compares again.',
  },
  'period-closed': { owner: 'finance', nextStep: 'Open the posting period in Business Central; then retry.' },
  'posting-setup': { owner: 'finance', nextStep: 'Complete the posting set-up in Business Central; then retry.' },
  'number-series': {
    owner: 'master data',
    nextStep:
      'Set the number series that the message names in the set-up of Business Central; for customers, contacts and items it must allow manual numbers; then retry.',
  },
  'stock-short': { owner: 'master data', nextStep: 'Book the stock of the item in Business Central; then retry.' },
  'approval-needed': { owner: 'finance', nextStep: 'Approve the document in Business Central; then retry.' },
  'two-documents': {
    owner: 'finance',
    nextStep:
      'Two documents stand for this deal, or one for another record of it: delete the wrong one in Business Central; then retry. Where the other record was invoiced already, end this deal with `dealbridge cancel`.',
  },
  'handed-over-otherwise': {
    owner: 'seller',
    nextStep:
      'Another record of this deal was handed over with other figures: invoice the difference in Business Central and end this deal with `dealbridge cancel`, or correct the record in Sales; then retry.',
  },
  'draft-gone': {
    owner: 'finance',
    nextStep:
      'The document was deleted in Business Central: of a draft, cancel, or retry to make it anew; an order that was confirmed, or an invoice that was posted, is only looked for by a retry: cancel, then replay to make another.',
  },
  'draft-edited': {
    owner: 'finance',
    nextStep:
      'Somebody changed the document in Business Central, so that it is neither deleted for a change in Sales nor posted as it is: undo what the message names, or note what has to stay and delete it there; then retry.',
  },
  'quote-expired': {
    owner: 'finance',
    nextStep:
      'The last day of the quote is over: give it a later Valid To Date in Business Central, or cancel; then retry, and confirm it again.',
  },
  'draft-changed': {
    owner: 'finance',
    nextStep: 'The draft changed after it was confirmed: retry to compare it again, then confirm the new figures.',
  },
  'customer-ambiguous': {
    owner: 'master data',
    nextStep:
      'Correct the number in Sales, or decide with `dealbridge accounts match --apply` which customer the account is, that it shares one, or that it is a new one; then retry.',
  },
  'contact-ambiguous': {
    owner: 'master data',
    nextStep:
      'Two contacts claim one contact of Business Central: give one of them another number in Sales; then retry.',
  },
  'item-ambiguous': {
    owner: 'master data',
    nextStep:
      'Two products claim one item: give one of them another number in Sales, or name the item under `masters.items` in the rules file and start the worker again; then retry.',
  },
  'customer-gone': {
    owner: 'master data',
    nextStep: 'The customer was deleted in Business Central: match the account to another one; then retry.',
  },
  'item-gone': {
    owner: 'master data',
    nextStep: 'The item was deleted in Business Central: create it again, or retire the product; then retry.',
  },
  'number-taken': {
    owner: 'master data',
    nextStep:
      'Another row has the number or key that the message names: give one of the two another, or delete the wrong one; then retry.',
  },
  'record-gone': {
    owner: 'seller',
    nextStep: 'The record was deleted in Sales: restore it there, then retry; or cancel the deal.',
  },
  'invoice-row-gone': {
    owner: 'finance',
    nextStep:
      'The invoice row was deleted in Sales: restore it there, then retry; or replay the deal, which makes it anew.',
  },
  'accounts-merged': {
    owner: 'master data',
    nextStep: 'Both accounts have a customer: decide in Business Central which one stays and block the other.',
  },
  'master-conflict': {
    owner: 'master data',
    nextStep:
      'Sales and Business Central were both changed: give the fields the same values on both sides; then retry.',
  },
  'environment-changed': {
    owner: 'IT',
    nextStep:
      'Another environment stands under the configured address: correct the settings, or accept it with `dealbridge environments accept` and start the worker again; then retry.',
  },
  'company-unknown': {
    owner: 'IT',
    nextStep: 'Correct the companies in the rules file and start the worker again; then retry.',
  },
  'company-changed': {
    owner: 'finance',
    nextStep: 'The deal belongs to another company by now: retry, which reads it again and makes its draft there.',
  },
  'mapping-unknown': {
    owner: 'IT',
    nextStep:
      "The mapping that is wanted for the deal is not to be had: replay it by today's, or by another of `dealbridge mapping list`.",
  },
  permission: { owner: 'IT', nextStep: 'Give the application the permission that the message names; then retry.' },
  'request-refused': {
    owner: 'IT',
    nextStep:
      'Business Central does not take such a request: correct the field in the rules file and start the worker again, or correct the extension that the message names; then retry.',
  },
  'refused-by-business-central': { owner: 'finance', nextStep: 'Read the message, correct the cause; then retry.' },
  'refused-by-sales': { owner: 'IT', nextStep: 'Read the message, correct the cause; then retry.' },
  'internal-error': {
    owner: 'IT',
    nextStep:
      'A step fails in Dealbridge or its database and will not succeed by itself: report the message with the log of the worker, install the correction; then retry.',
  },
};

/** What a change of a customer or item may clear, on whichever side it was made: of the account or contact, of the product. */
export const HOLDS_CLEARED_BY = {
  customer: [
    'customer-inactive',
    'customer-missing',
    'customer-blocked',
    'customer-setup',
    'customer-ambiguous',
    'contact-ambiguous',
    'value-refused',
  ],
  item: ['item-ambiguous', 'item-missing', 'item-blocked', 'unit-unknown'],
} as const satisfies Record<string, readonly HoldReason[]>;

/** By a change in Sales also what a column of the account, contact or product lacks, or has too much of. */
export const HOLDS_CLEARED_BY_MASTER_DATA = [
  ...HOLDS_CLEARED_BY.customer,
  ...HOLDS_CLEARED_BY.item,
  ...(['value-missing', 'value-too-long'] as const),
];

/**
 * What reading both sides again shows to be over; it is watched without waking the deal. The others only show when the step is
 * repeated that was refused.
 */
export const HOLDS_SEEN_BY_READING: ReadonlySet<HoldReason> = new Set([
  'not-won',
  'no-lines',
  'no-customer',
  'customer-inactive',
  'customer-missing',
  'customer-blocked',
  'customer-ambiguous',
  'no-currency',
  'pricing-error',
  'item-missing',
  'item-blocked',
  'unit-unknown',
  'value-too-long',
  'value-missing',
  'value-refused',
  'code-unknown',
  'mapping-failed',
  'line-refused',
  'dimension-conflict',
  'write-in-unmapped',
  'freight-unmapped',
  'discount-not-allowed',
  'total-negative',
  'totals-differ',
]);

/** With one of these a document cannot even be previewed. */
export const HOLDS_WITHOUT_DOCUMENT: ReadonlySet<HoldReason> = new Set([
  'no-lines',
  'no-currency',
  'no-customer',
  'line-refused',
  'write-in-unmapped',
  'freight-unmapped',
]);

/** One thing that is wrong with a deal. The text names what was found; the reason says what to do. */
export interface Problem {
  readonly reason: HoldReason;
  readonly text: string;
}

/** For whoever has no command to retry with, or before whom nothing is held yet. */
export function withoutRetry(nextStep: string): string {
  return nextStep.replace(/; then retry\.$/, '.');
}

export function isHoldReason(text: string): text is HoldReason {
  return Object.hasOwn(HOLDS, text);
}

const OF_INSTALLATION: ReadonlySet<HoldReason> = new Set(['permission', 'environment-changed', 'company-unknown']);

/** What a person has to repair for everything is no matter of one deal, row or file. */
export function ofWholeInstallation(reason: HoldReason): boolean {
  return OF_INSTALLATION.has(reason);
}
