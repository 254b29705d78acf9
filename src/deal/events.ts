import type { RecordState } from './deal.js';
import { SOURCE_TABLES, type SourceTable } from './ids.js';

/** The events in Sales that can make a record a deal; the configuration names those that count. */
export const DEAL_EVENTS = ['opportunityWon', 'quoteWon', 'orderCreated', 'orderSubmitted'] as const;
export type DealEvent = (typeof DEAL_EVENTS)[number];

/** What a state code means (reference/dataverse-sales 2.13); customers add status codes, so the state code decides. */
type StateEvent = DealEvent | 'open' | 'dead';

const STATES: Record<SourceTable, Readonly<Record<number, readonly StateEvent[]>>> = {
  opportunity: { 0: ['open'], 1: ['opportunityWon'], 2: ['dead'] },
  quote: { 0: ['open'], 1: ['open'], 2: ['quoteWon'], 3: ['dead'] },
  salesorder: {
    0: ['orderCreated'],
    1: ['orderCreated', 'orderSubmitted'],
    2: ['dead'],
    // Fulfilled and invoiced orders were submitted before.
    3: ['orderCreated', 'orderSubmitted'],
    4: ['orderCreated', 'orderSubmitted'],
  },
};

/** Whether a record may be handed over, given the events that count. */
export function toRecordState(table: SourceTable, statecode: number, events: ReadonlySet<DealEvent>): RecordState {
  const found = STATES[table][statecode] ?? ['open'];
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
  const found = STATES[table][statecode] ?? [];
  return DEAL_EVENTS.filter((event) => events.has(event) && found.includes(event)).at(-1);
}

/**
 * Whether one click in Sales may still be changing the record: it fires several events, an order's lines come after its
 * header, and a won quote may become an order at once. A submitted order is locked.
 */
export function maySettle(table: SourceTable, statecode: number): boolean {
  return table !== 'salesorder' || statecode === 0;
}
