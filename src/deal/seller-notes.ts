import { HOLDS, type HoldOwner, type HoldReason, withoutRetry } from './holds.js';
import type { SourceTable } from './ids.js';
import type { InvoiceStatus } from './payment-status.js';
import { type DealState, isHandedOver } from './states.js';
import { cutTo } from './texts.js';

/** What the seller hears of a deal: one note or column of its record in Sales, which always says how things stand. */

export interface SellerNoteRules {
  readonly held: boolean;
  /** A person rejected or cancelled it here; what was cancelled in Sales needs no telling there. */
  readonly ended: boolean;
  /** Nobody has confirmed it for so long; undefined: that is not told. */
  readonly waitingMs: number | undefined;
  /** `if-told`: only on a record that has a note already, whose last word would be wrong otherwise. */
  readonly posted: 'if-told' | 'always';
  /** What passes in so short a time is not told. */
  readonly quietMs: number;
  /** Where it stands: in the note on the timeline, in a column of the record, or in both. */
  readonly as: SellerNotePlace;
  /** Name of the column by table; a table without one has the note. */
  readonly columns: Readonly<Partial<Record<SourceTable, string>>>;
}

export const SELLER_NOTE_PLACES = ['note', 'column', 'both'] as const;
export type SellerNotePlace = (typeof SELLER_NOTE_PLACES)[number];

/** A single line of text is to hold it; the note has all of it. */
export const SELLER_COLUMN_LENGTH = 500;

/** What a column says: one line, and nothing when nothing waits any more. */
export function toSellerColumn({ kind, text }: SellerNote): string | null {
  if (kind === 'goes-on') return null;
  const line = text.replace(/\s+/g, ' ');
  return line.length > SELLER_COLUMN_LENGTH ? `${cutTo(line, SELLER_COLUMN_LENGTH - 1)}…` : line;
}

/** What a note may say. */
export const SELLER_NOTE_KINDS = [
  'held',
  'waiting',
  'rejected',
  'cancelled',
  /** A hold or a long wait is over. */
  'goes-on',
  'elsewhere',
  'posted',
  'paid',
] as const;
export type SellerNoteKind = (typeof SELLER_NOTE_KINDS)[number];

export interface SellerNote {
  readonly kind: SellerNoteKind;
  readonly text: string;
}

export interface NotedDeal {
  readonly state: DealState;
  readonly holdReason: HoldReason | undefined;
  readonly otherHoldReasons: readonly HoldReason[];
  readonly holdText: string | undefined;
  readonly endedBy: string | undefined;
  readonly invoiceNumber: string | undefined;
  readonly changedAt: Date;
  readonly invoices: readonly { readonly number: string; readonly status: InvoiceStatus }[];
}

/** @returns what the note has to say now; undefined when nothing is to be told, which leaves a note as it is */
export function findSellerNote(
  deal: NotedDeal,
  { hasNote, now, rules }: { readonly hasNote: boolean; readonly now: Date; readonly rules: SellerNoteRules },
): SellerNote | undefined {
  const { state } = deal;
  if (state === 'held') return rules.held || hasNote ? toHeldNote(deal) : undefined;
  const ageMs = now.getTime() - deal.changedAt.getTime();
  if (state === 'awaiting-confirmation' && rules.waitingMs !== undefined && ageMs >= rules.waitingMs) return WAITING;
  if (state === 'rejected' || state === 'cancelled') {
    const isOfSales = deal.endedBy === 'Sales';
    return hasNote || (rules.ended && !isOfSales) ? ENDED[isOfSales ? 'sales' : state] : undefined;
  }
  if (isHandedOver(state) && rules.posted === 'always') return toPostedNote(deal);
  if (!hasNote) return undefined;
  if (isHandedOver(state)) return toPostedNote(deal);
  if (state === 'seen') return ENDED.sales;
  return state === 'superseded' || state === 'already-handed-over' ? ELSEWHERE : GOES_ON;
}

const WAITING: SellerNote = {
  kind: 'waiting',
  text: 'The document waits in Business Central until somebody there confirms it. Nothing is to be done in Sales.',
};
const GOES_ON: SellerNote = {
  kind: 'goes-on',
  text: 'What kept the hand-over to Business Central waiting is cleared: it goes on.',
};
const ELSEWHERE: SellerNote = {
  kind: 'elsewhere',
  text: 'Another record of this deal is handed over to Business Central: nothing waits for this one.',
};
const ENDED: Readonly<Record<'rejected' | 'cancelled' | 'sales', SellerNote>> = {
  rejected: {
    kind: 'rejected',
    text: 'The document was rejected before it was posted: nothing is invoiced. Ask finance for the reason.',
  },
  cancelled: {
    kind: 'cancelled',
    text: 'The hand-over to Business Central was cancelled there: nothing is invoiced. Ask finance for the reason.',
  },
  sales: { kind: 'cancelled', text: 'The record is not won any more: nothing is handed over to Business Central.' },
};

/** Where the next step of a reason names what only others can do. */
const SELLER_STEPS: Readonly<Partial<Record<HoldReason, string>>> = {
  'line-refused': 'Change the line in Sales, or ask IT for another rule for such lines.',
  'total-negative':
    'Correct quantities and prices in Sales until the total is 0 or more, or ask finance for a credit memo and to end the hand-over.',
  'handed-over-otherwise':
    'Another record of this deal was handed over with other figures: correct the record in Sales, or ask finance to invoice the difference and to end this one.',
  'record-gone': 'The record was deleted in Sales: restore it there, or ask finance to end the hand-over.',
};

/** Everything that is wrong, whose turn it is, and the next step of whoever reads it: the others see theirs at the desk. */
function toHeldNote({ holdReason, otherHoldReasons, holdText }: NotedDeal): SellerNote {
  if (holdReason === undefined) return { kind: 'held', text: 'The hand-over to Business Central waits for a person.' };
  const reasons = [holdReason, ...otherHoldReasons];
  const found = `The hand-over to Business Central waits: ${holdText ?? holdReason}.`;
  const steps = reasons
    .filter((reason) => HOLDS[reason].owner === 'seller')
    .map((reason) => SELLER_STEPS[reason] ?? withoutRetry(HOLDS[reason].nextStep));
  const yours = steps.length > 0 ? [`It is your turn: ${steps.join(' ')}`] : [];
  const owners = new Set(reasons.map((reason) => HOLDS[reason].owner).filter((owner) => owner !== 'seller'));
  const theirs = owners.size > 0 ? [`It is ${steps.length > 0 ? 'also ' : ''}the turn of ${toList(owners)}.`] : [];
  return { kind: 'held', text: [found, ...yours, ...theirs, 'Then it goes on by itself.'].join(' ') };
}

function toList(owners: Iterable<HoldOwner>): string {
  return [...owners].join(', ').replace(/, ([^,]+)$/, ' and $1');
}

function toPostedNote({ state, invoices, invoiceNumber }: NotedDeal): SellerNote {
  const numbersOf = (some: NotedDeal['invoices']): string => some.map(({ number }) => number).join(', ');
  const numbers = numbersOf(invoices) || invoiceNumber;
  if (!numbers) {
    return { kind: 'posted', text: 'The order is in Business Central; the warehouse ships and invoices it.' };
  }
  const undone = numbersOf(invoices.filter(({ status }) => status === 'cancelled'));
  const cancelled = undone ? ` Cancelled there: ${undone}.` : '';
  // Nobody pays what was cancelled, nor what only takes a credit memo back.
  const owed = invoices.filter(({ status }) => status !== 'cancelled' && status !== 'corrected');
  const isPaid = state === 'settled' && owed.length > 0 && owed.every(({ status }) => status === 'paid');
  if (isPaid) return { kind: 'paid', text: `Invoiced in Business Central and paid: ${numbersOf(owed)}.${cancelled}` };
  return { kind: 'posted', text: `Invoiced in Business Central: ${numbers}.${cancelled}` };
}
