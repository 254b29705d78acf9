import type { RecordState } from './deal.js';
import { SOURCE_TABLES, type SourceTable } from './ids.js';
import { STATE_CODES, type StateCode } from './state-codes.js';

/** The events in Sales that can make a record a deal; the configuration names those that count. */
export const DEAL_EVENTS = ['opportunityWon', 'quoteWon', 'orderCreated', 'orderSubmitted'] as const;
export type DealEvent = (typeof DEAL_EVENTS)[number];

type StateEvent = DealEvent | 'open' | 'dead';

const { opportunity, quote, salesorder } = STATE_CODES;

/** What a state code means. */
const STATES: { readonly [T in SourceTable]: Readonly<Record<StateCode<T>, readonly StateEvent[]>> } = {
  opportunity: { [opportunity.open]: ['open'], [opportunity.won]: ['opportunityWon'], [opportunity.lost]: ['dead'] },
  quote: { [quote.draft]: ['open'], [quote.active]: ['open'], [quote.won]: ['quoteWon'], [quote.closed]: ['dead'] },
  salesorder: {
    [salesorder.active]: ['orderCreated'],
    [salesorder.submitted]: ['orderCreated', 'orderSubmitted'],
    [salesorder.canceled]: ['dead'],
    // Fulfilled and invoiced orders were submitted before.
    [salesorder.fulfilled]: ['orderCreated', 'orderSubmitted'],
    [salesorder.invoiced]: ['orderCreated', 'orderSubmitted'],
  },
};

function meaningsOf(table: SourceTable, statecode: number): readonly StateEvent[] | undefined {
  const states: Readonly<Record<number, readonly StateEvent[]>> = STATES[table];
  return states[statecode];
}

/** Whether a record may be handed over, given the events that count. */
export function toRecordState(table: SourceTable, statecode: number, events: ReadonlySet<DealEvent>): RecordState {
  const found = meaningsOf(table, statecode) ?? ['open'];
  if (found.includes('dead')) return 'dead';
  return found.some((event) => event !== 'open' && event !== 'dead' && events.has(event)) ? 'won' : 'open';
}

/** The state codes whose records may be handed over, given the events that count; empty when none may. */
export function wonStateCodes(table: SourceTable, events: ReadonlySet<DealEvent>): number[] {
  return Object.keys(STATES[table])
    .map(Number)
    .filter((statecode) => toRecordState(table, statecode, events) === 'won');
}

const TABLE_EVENTS: Record<SourceTable, readonly DealEvent[]> = {
  opportunity: ['opportunityWon'],
  quote: ['quoteWon'],
  salesorder: ['orderCreated', 'orderSubmitted'],
};

/** The tables whose records can carry a deal at all; the others of a lineage are passed over. */
export function carrierTables(events: ReadonlySet<DealEvent>): SourceTable[] {
  return SOURCE_TABLES.filter((table) => TABLE_EVENTS[table].some((event) => events.has(event)));
}

/** The event that makes this record a deal: the furthest of those that count. */
export function findEvent(
  table: SourceTable,
  statecode: number,
  events: ReadonlySet<DealEvent>,
): DealEvent | undefined {
  const found = meaningsOf(table, statecode) ?? [];
  return DEAL_EVENTS.filter((event) => events.has(event) && found.includes(event)).at(-1);
}

/**
 * Whether one click in Sales may still be changing the record: it fires several events, an order's lines come after its
 * header, and a won quote may become an order at once. A submitted order is locked.
 */
export function maySettle(table: SourceTable, statecode: number): boolean {
  return table !== 'salesorder' || statecode === salesorder.active;
}
