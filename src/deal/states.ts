/** The states of a deal and the moves between them: design section 3 as a table that the compiler checks. */

export const DEAL_STATES = [
  'seen',
  'reading',
  'preparing',
  'drafted',
  'awaiting-confirmation',
  'confirmed',
  'posted',
  'written-back',
  'settled',
  'held',
  'superseded',
  'covered',
  'rejected',
  'cancelled',
] as const;
export type DealState = (typeof DEAL_STATES)[number];

const FINAL: ReadonlySet<DealState> = new Set(['settled', 'superseded', 'covered', 'rejected', 'cancelled']);

/** A final state is the ledger's answer for ever, also after Temporal has forgotten the run. */
export function isFinal(state: DealState): boolean {
  return FINAL.has(state);
}

const MOVES: Record<DealState, readonly DealState[]> = {
  seen: ['reading'],
  reading: ['preparing', 'held', 'superseded', 'covered', 'cancelled'],
  preparing: ['reading', 'drafted', 'held', 'superseded', 'covered', 'cancelled'],
  drafted: ['reading', 'awaiting-confirmation', 'confirmed', 'held', 'cancelled'],
  'awaiting-confirmation': ['reading', 'confirmed', 'rejected', 'held', 'cancelled'],
  confirmed: ['posted', 'awaiting-confirmation', 'held', 'cancelled'],
  posted: ['written-back', 'held'],
  'written-back': ['settled', 'held'],
  settled: [],
  held: ['reading', 'preparing', 'drafted', 'confirmed', 'posted', 'rejected', 'cancelled', 'superseded', 'covered'],
  superseded: [],
  covered: [],
  rejected: [],
  cancelled: [],
};

export function canMove(from: DealState, to: DealState): boolean {
  return from === to || MOVES[from].includes(to);
}
