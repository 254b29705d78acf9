import type { DocumentKind } from '../../deal/deal.js';
import type { HoldOwner, HoldReason } from '../../deal/holds.js';
import { isGuid, type SourceTable } from '../../deal/ids.js';
import type { InvoiceStatus } from '../../deal/payment-status.js';
import type { DealState } from '../../deal/states.js';
import type { DealStatus } from '../../dispatch/deal-commands.js';
import type { WorkView } from '../../operations/deals/work-list.js';

/** States, reasons and acts as a person reads them: each explains itself where it stands. */

export interface StateWords {
  readonly label: string;
  readonly meaning: string;
  /** How it is coloured; the label says the same for whoever sees no colours. */
  readonly tone: 'ask' | 'stop' | 'busy' | 'good' | 'quiet';
}

export const STATE_WORDS: Readonly<Record<DealState, StateWords>> = {
  seen: {
    label: 'Not won yet',
    meaning: 'The record was seen in Sales and is not won, so nothing is done with it.',
    tone: 'quiet',
  },
  reading: { label: 'Being read', meaning: 'The record is read from Sales.', tone: 'busy' },
  preparing: {
    label: 'Being prepared',
    meaning: 'Customer, items and terms are made ready in Business Central.',
    tone: 'busy',
  },
  drafted: {
    label: 'Being compared',
    meaning: 'There is a draft in Business Central, and it is compared with what was sold.',
    tone: 'busy',
  },
  'awaiting-confirmation': {
    label: 'To confirm',
    meaning: 'The draft is ready. Nothing is posted before somebody confirms these figures.',
    tone: 'ask',
  },
  confirmed: {
    label: 'Being posted',
    meaning: 'The draft is confirmed. It is being posted, or given to the warehouse, as the rules say.',
    tone: 'busy',
  },
  'awaiting-shipment': {
    label: 'With the warehouse',
    meaning: 'The order is confirmed. The warehouse ships and invoices it in Business Central.',
    tone: 'busy',
  },
  posted: {
    label: 'Posted',
    meaning: 'It is posted in Business Central, and what was invoiced is being written back to Sales.',
    tone: 'busy',
  },
  'written-back': {
    label: 'Unpaid',
    meaning: 'What was invoiced is posted, and Sales knows it. Not all of it is paid yet.',
    tone: 'good',
  },
  settled: { label: 'Done', meaning: 'Posted, written back to Sales, and paid or otherwise final.', tone: 'good' },
  held: {
    label: 'Held',
    meaning:
      'Something has to be repaired first. Then the deal goes on: at once with Retry, by itself within the hour.',
    tone: 'stop',
  },
  superseded: {
    label: 'Carried by another record',
    meaning: 'A later record of the same sale, such as its order, is handed over instead.',
    tone: 'quiet',
  },
  'already-handed-over': {
    label: 'Handed over before',
    meaning: 'Another record of the same sale was handed over already.',
    tone: 'quiet',
  },
  rejected: { label: 'Rejected', meaning: 'Somebody decided not to post it. The draft is deleted.', tone: 'quiet' },
  cancelled: { label: 'Cancelled', meaning: 'The deal was ended, and nothing is posted for it here.', tone: 'quiet' },
};

interface ConfirmWords {
  readonly button: string;
  readonly promise: string;
  readonly done: string;
}

/** What a confirmation leads to is another thing for each kind of document. */
export const CONFIRM_WORDS: Readonly<Record<DocumentKind, ConfirmWords>> = {
  invoice: {
    button: 'Confirm and post',
    promise: 'Exactly these figures are posted. If the draft changes before, nothing is.',
    done: 'Confirmed. The invoice is being posted.',
  },
  order: {
    button: 'Confirm the order',
    promise:
      'The order goes on with exactly these figures: shipped and invoiced, or given to the warehouse, as the rules say. If it changes before, nothing is done.',
    done: 'Confirmed. The order goes on: shipped and invoiced, or given to the warehouse, as the rules say.',
  },
  quote: {
    button: 'Confirm the quote',
    promise:
      'An order or invoice with exactly these figures is made of the quote, and goes on as the rules say. If the quote changes before, nothing is made.',
    done: 'Confirmed. An order or invoice is being made of the quote.',
  },
};

/** @param decided what is being carried out, though ledger and run say the deal waits until it is done */
export function toStateWords(state: DealState, decided: DealStatus['decided']): StateWords {
  if (!decided || decided.isHeld) return STATE_WORDS[state];
  const label = `${decided.how.charAt(0).toUpperCase()}${decided.how.slice(1)}`;
  return { label, meaning: 'What follows from it is being done now.', tone: 'busy' };
}

export const VIEW_WORDS: Readonly<Record<WorkView, { readonly label: string; readonly empty: string }>> = {
  waiting: {
    label: 'Waiting for you',
    empty: 'Nothing waits for you. What is won in Sales comes here by itself as soon as it needs you.',
  },
  'to-confirm': {
    label: 'To confirm',
    empty: 'No draft waits for a confirmation. The next one comes here by itself.',
  },
  held: { label: 'Held', empty: 'Nothing is held. What has to be repaired comes here with the next step.' },
  'under-way': { label: 'Under way', empty: 'Nothing is under way. A deal starts when it is won in Sales.' },
  unpaid: { label: 'Unpaid', empty: 'No posted invoice waits for its payment.' },
  done: { label: 'Done', empty: 'No deal is done yet.' },
  all: { label: 'All', empty: 'No deal was seen yet. Win one in Sales, and it appears here.' },
};

export const TABLE_WORDS: Readonly<Record<SourceTable, string>> = {
  opportunity: 'Opportunity',
  quote: 'Quote',
  salesorder: 'Order',
};

export const OWNER_WORDS: Readonly<Record<HoldOwner, string>> = {
  seller: 'the seller',
  'master data': 'master data',
  finance: 'finance',
  IT: 'IT',
};

export const PAYMENT_WORDS: Readonly<Record<InvoiceStatus, string>> = {
  open: 'not paid yet',
  'part-paid': 'partly paid',
  paid: 'paid',
  cancelled: 'cancelled',
  corrected: 'corrects a credit memo',
};

/** A company that nobody registered under a name has its id alone, which says nothing to anybody. */
export function toCompanyName(company: string | undefined): string | undefined {
  return company !== undefined && isGuid(company) ? undefined : company;
}

/** `customer-missing` is read as «Customer missing». */
export function toReasonWords(reason: HoldReason): string {
  const words = reason
    .replaceAll('-', ' ')
    .replace('business central', 'Business Central')
    .replace(/\bsales$/, 'Sales');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
