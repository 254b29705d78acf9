import type { HoldOwner } from './holds.js';

/** What flows back from Business Central to Sales beside the invoices, and files the other way; each is off unless the rules name it. */
export const FLOWS = ['invoicePdf', 'creditMemos', 'shipments', 'customerFinances', 'stock', 'attachments'] as const;
export type FlowName = (typeof FLOWS)[number];

/** One loop for each flow and company. */
export function flowWorkflowId(flow: FlowName, companyId: string): string {
  return `flow-${flow.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-${companyId.toLowerCase()}`;
}

interface FlowAdvice {
  readonly owner: HoldOwner;
  readonly nextStep: string;
  /** Its cause is mended where nobody tells us: it is tried again each day, and when the rule of the flow has changed. */
  readonly comesAgain: boolean;
}

/** Why something was not carried; no deal waits for it. A person can ask for it again at any time. */
export const FLOW_NOTES = {
  'file-too-large': {
    owner: 'IT',
    nextStep: 'Raise the maximum file size (Sales: email settings; here: maxMegabytes), or attach the file by hand.',
    comesAgain: true,
  },
  'file-type-blocked': {
    owner: 'IT',
    nextStep: 'Take the extension from the blocked attachments of the environment, or attach the file by hand.',
    comesAgain: true,
  },
  'several-invoices': {
    owner: 'finance',
    nextStep: 'Enter in Sales which invoices the credit memo corrects: Business Central names no single one.',
    comesAgain: false,
  },
  'order-locked': {
    owner: 'IT',
    nextStep: 'Let the rule write notes: a submitted order takes no columns.',
    comesAgain: true,
  },
  'other-currency': {
    owner: 'IT',
    nextStep: 'Name a decimal or text column: a money column of the row is in another currency than the amount.',
    comesAgain: true,
  },
  'other-unit': {
    owner: 'master data',
    nextStep:
      'Give the product the unit of the item as its default unit, or one that is made of it: stock and price are those of the item in its own unit.',
    comesAgain: true,
  },
  'column-unfit': {
    owner: 'IT',
    nextStep: 'Correct the column in the rules file, or its type in Power Apps; `dealbridge doctor` names it.',
    comesAgain: true,
  },
  'not-in-price-list': {
    owner: 'master data',
    nextStep: 'Add the product to the price list in Sales once; its price follows from then on.',
    comesAgain: true,
  },
  'row-gone': {
    owner: 'seller',
    nextStep: 'Nothing to do: the row was deleted, or a contact is the customer itself.',
    comesAgain: false,
  },
  'document-gone': {
    owner: 'finance',
    nextStep: 'Nothing to do: the document is posted or deleted by now.',
    comesAgain: false,
  },
  refused: {
    owner: 'IT',
    nextStep:
      'Read the message and correct the cause; it is tried again each day, and at once by `dealbridge flows retry`.',
    comesAgain: true,
  },
} as const satisfies Readonly<Record<string, FlowAdvice>>;
export type FlowNote = keyof typeof FLOW_NOTES;

export const NOTES_THAT_COME_AGAIN = Object.entries(FLOW_NOTES).flatMap(([note, { comesAgain }]) =>
  comesAgain ? [note] : [],
);

/** Nothing of the flow is carried until somebody corrects its rule or the column: that is no matter of one thing alone. */
export const NOTES_OF_RULES = ['column-unfit', 'order-locked', 'other-currency'] as const satisfies readonly FlowNote[];

export function isFlowName(text: string): text is FlowName {
  return FLOWS.some((flow) => flow === text);
}

/** Of no concern to Sales: counted, and that is all. */
export const FLOW_SKIPS = {
  'no-account': 'no account is linked with the customer',
  'no-customer': 'the account has no customer any more',
  'no-product': 'no product is linked with the item',
  'no-deal': 'it belongs to no deal',
  'no-item': 'the product has no item any more',
  'no-sales-order': 'the deal came from an opportunity or a quote, which has no columns for shipments',
  draft: 'it is not posted yet',
  erased: 'the personal content of the deal was erased before it was carried',
} as const;
export type FlowSkip = keyof typeof FLOW_SKIPS;
