import { InternalError } from './errors.js';

/** The states of a deal, the events that move it, and the table of both: the compiler asks for every state. */

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

/** What happens to a deal; not to be mixed up with the events of a record in Sales, see events.ts. */
export const STATE_EVENTS = [
  /** Its record is read from the start. */
  'read',
  /** It is not won yet, or not any more and nothing was made of it. */
  'not-won',
  /** No other record of its lineage carries it, so it is ours. */
  'claimed',
  'drafted',
  /** Record or draft changed: both sides are compared again. */
  'changed',
  /** A person is asked. */
  'asked',
  'confirmed',
  /** The order is confirmed, and the warehouse ships and invoices it. */
  'left-to-warehouse',
  /** By us, or by hand in Business Central. */
  'posted',
  /** Sales knows all invoices, and not all of them are final. */
  'reported',
  'settled',
  'held',
  'superseded',
  'already-handed-over',
  'rejected',
  'cancelled',
  /** It ended without a document and begins again: replayed, or the deal that had its document lost it. */
  'reopened',
] as const;
export type StateEvent = (typeof STATE_EVENTS)[number];

type Row = Partial<Record<StateEvent, DealState>>;

/** Until a document is made, reading may find anything, after every hold again. */
const FOUND_BY_READING = {
  read: 'reading',
  'not-won': 'seen',
  claimed: 'preparing',
  superseded: 'superseded',
  'already-handed-over': 'already-handed-over',
  cancelled: 'cancelled',
  held: 'held',
} as const satisfies Row;

/** What agreeing on a draft may lead to; in Business Central somebody may post it by hand at any time. */
const WITH_DRAFT = {
  asked: 'awaiting-confirmation',
  confirmed: 'confirmed',
  posted: 'posted',
  'left-to-warehouse': 'awaiting-shipment',
  cancelled: 'cancelled',
  held: 'held',
} as const satisfies Row;

/** Business Central's from here on: only its invoices move the deal. */
const TRACKED = { reported: 'written-back', settled: 'settled', held: 'held' } as const satisfies Row;

const TRANSITIONS: Readonly<Record<DealState, Row>> = {
  seen: { read: 'reading', cancelled: 'cancelled' },
  reading: FOUND_BY_READING,
  preparing: { ...FOUND_BY_READING, drafted: 'drafted' },
  // A run that was reset finds the confirmation of before, and the order with the warehouse.
  drafted: { ...FOUND_BY_READING, ...WITH_DRAFT },
  'awaiting-confirmation': {
    changed: 'drafted',
    confirmed: 'confirmed',
    rejected: 'rejected',
    cancelled: 'cancelled',
    // The decision cannot be recorded.
    held: 'held',
  },
  confirmed: WITH_DRAFT,
  // Cancelled in Sales before the warehouse touched it.
  'awaiting-shipment': { ...TRACKED, 'left-to-warehouse': 'awaiting-shipment', cancelled: 'cancelled' },
  posted: { ...TRACKED, 'left-to-warehouse': 'awaiting-shipment' },
  'written-back': TRACKED,
  // A payment that is undone, an invoice that is cancelled later.
  settled: TRACKED,
  // A cleared hold goes back to where the deal stood; a run that begins with a held deal goes on from here.
  held: {
    ...TRACKED,
    'left-to-warehouse': 'awaiting-shipment',
    rejected: 'rejected',
    cancelled: 'cancelled',
  },
  superseded: { reopened: 'seen' },
  // It changed in Sales, and is compared once more with what was handed over.
  'already-handed-over': { read: 'reading', reopened: 'seen' },
  rejected: { reopened: 'seen' },
  // Cancelled in Sales and won there again; never by itself after a person cancelled it here.
  cancelled: { read: 'reading', reopened: 'seen' },
};

/** A bug, never an input: what a deal goes through is the story's, and the table has all of it. */
export class InvalidTransitionError extends InternalError {
  constructor(state: DealState, event: StateEvent) {
    super(`invalid state transition: '${event}' cannot happen to a deal that is ${state}`);
  }
}

export function findNextState(state: DealState, event: StateEvent): DealState | undefined {
  return TRANSITIONS[state][event];
}

/** @throws InvalidTransitionError when the table has no such move */
export function nextState(state: DealState, event: StateEvent): DealState {
  const next = findNextState(state, event);
  if (next === undefined) throw new InvalidTransitionError(state, event);
  return next;
}

/** Whether one event leads from the one to the other, or a hold that is cleared. */
export function canMove(from: DealState, to: DealState): boolean {
  if (from === to || STATE_EVENTS.some((event) => findNextState(from, event) === to)) return true;
  return from === 'held' && findNextState(to, 'held') !== undefined;
}

/** A final state is the ledger's answer for ever, also after Temporal has forgotten the run. */
export const FINAL_STATES = [
  'settled',
  'superseded',
  'already-handed-over',
  'rejected',
  'cancelled',
] as const satisfies readonly DealState[];

const FINAL: ReadonlySet<DealState> = new Set(FINAL_STATES);

export function isFinal(state: DealState): state is (typeof FINAL_STATES)[number] {
  return FINAL.has(state);
}

/** The record is not won as far as is known, or was cancelled: being won in Sales makes it a deal again. */
export const NOT_WON_STATES = ['seen', 'cancelled'] as const satisfies readonly DealState[];

/** Another record carried the deal; with the state that such a record is set to when that one ends. */
export const CARRIED_ELSEWHERE_STATES = ['already-handed-over', 'seen'] as const satisfies readonly DealState[];

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

/** A run is at work on such a deal or waits with it; in the others it has nothing to do and has ended. */
export const STATES_WITH_RUN = [
  'reading',
  'preparing',
  'drafted',
  'awaiting-confirmation',
  'confirmed',
  'posted',
  'held',
] as const satisfies readonly DealState[];

/** Where a deal may stay for years; the ledger keeps their number (`deal_totals`), since nearly all deals are in them. */
export const RESTING_STATES = ['seen', 'written-back', ...FINAL_STATES] as const satisfies readonly DealState[];

const RESTING: ReadonlySet<DealState> = new Set(RESTING_STATES);

/** Under way, and waiting for somebody: Temporal's list of runs is told of these, and when they are over. */
export const WAITING_STATES = [
  'held',
  'awaiting-confirmation',
  'awaiting-shipment',
] as const satisfies readonly DealState[];

/** Those that wait or are under way. */
export const MOVING_STATES = DEAL_STATES.filter((state) => !RESTING.has(state));

export const HANDED_OVER_STATES = [
  'awaiting-shipment',
  'posted',
  'written-back',
  'settled',
] as const satisfies readonly DealState[];

const HANDED_OVER: ReadonlySet<DealState> = new Set(HANDED_OVER_STATES);

/** Of these the record itself is handed over, or was: something was made of it, or is about to be. */
export const CARRYING_STATES = [
  ...STATES_BEFORE_POSTING,
  'awaiting-confirmation',
  'held',
  ...HANDED_OVER_STATES,
] as const satisfies readonly DealState[];

/** By a person or in Sales; nothing is invoiced. */
export const ENDED_STATES = ['rejected', 'cancelled'] as const satisfies readonly DealState[];

/** The document is Business Central's from here on: what follows is reported to Sales, nothing is drafted any more. */
export function isHandedOver(state: DealState): boolean {
  return HANDED_OVER.has(state);
}
