/** The states of a deal and the moves between them: a table that the compiler checks. */

export const DEAL_STATES = [
  'seen',
  'reading',
  'preparing',
  'drafted',
  'awaiting-confirmation',
  'confirmed',
  'awaiting-shipment',
  'posted',
  'written-back',
  'settled',
  'held',
  'superseded',
  'already-handed-over',
  'rejected',
  'cancelled',
] as const;
export type DealState = (typeof DEAL_STATES)[number];

/** A final state is the ledger's answer for ever, also after Temporal has forgotten the run. */
export const FINAL_STATES = [
  'settled',
  'superseded',
  'already-handed-over',
  'rejected',
  'cancelled',
] as const satisfies readonly DealState[];

const FINAL: ReadonlySet<DealState> = new Set(FINAL_STATES);

export function isFinal(state: DealState): boolean {
  return FINAL.has(state);
}

/** The record is not won as far as is known, or was cancelled: being won in Sales makes it a deal again. */
export const NOT_WON_STATES = ['seen', 'cancelled'] as const satisfies readonly DealState[];

/** States that a deal does not go back to once its document is out of our hands, as after a reset of its run. */
export const STATES_BEFORE_HAND_OVER = [
  'seen',
  'reading',
  'preparing',
  'drafted',
  'awaiting-confirmation',
  'confirmed',
] as const satisfies readonly DealState[];

/** Under way to a draft: what Sales or Business Central says of customer and items still decides what it becomes. */
export const STATES_BEFORE_POSTING = [
  'reading',
  'preparing',
  'drafted',
  'confirmed',
] as const satisfies readonly DealState[];

const MOVES: Record<DealState, readonly DealState[]> = {
  seen: ['reading', 'cancelled'],
  reading: ['preparing', 'seen', 'held', 'superseded', 'already-handed-over', 'cancelled'],
  preparing: ['reading', 'drafted', 'held', 'superseded', 'already-handed-over', 'cancelled'],
  drafted: ['reading', 'preparing', 'awaiting-confirmation', 'confirmed', 'posted', 'held', 'cancelled'],
  'awaiting-confirmation': ['reading', 'preparing', 'drafted', 'confirmed', 'posted', 'rejected', 'held', 'cancelled'],
  confirmed: [
    'reading',
    'preparing',
    'drafted',
    'posted',
    'awaiting-shipment',
    'awaiting-confirmation',
    'held',
    'cancelled',
  ],
  'awaiting-shipment': ['written-back', 'settled', 'held', 'cancelled'],
  posted: ['written-back', 'held'],
  'written-back': ['settled', 'held'],
  // A payment that is undone, an invoice that is cancelled later.
  settled: ['written-back', 'held'],
  held: [
    'reading',
    'preparing',
    'drafted',
    'awaiting-confirmation',
    'confirmed',
    'awaiting-shipment',
    'posted',
    'written-back',
    'settled',
    'rejected',
    'cancelled',
    'superseded',
    'already-handed-over',
  ],
  superseded: [],
  'already-handed-over': [],
  rejected: [],
  // Cancelled in Sales and won there again; never after a person cancelled it here.
  cancelled: ['reading'],
};

export function canMove(from: DealState, to: DealState): boolean {
  return from === to || MOVES[from].includes(to);
}

const HANDED_OVER: ReadonlySet<DealState> = new Set(['awaiting-shipment', 'posted', 'written-back', 'settled']);

/** The document is Business Central's from here on: what follows is told to Sales, nothing is drafted any more. */
export function isHandedOver(state: DealState): boolean {
  return HANDED_OVER.has(state);
}
