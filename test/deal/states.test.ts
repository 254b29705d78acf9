import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNewerRevision } from '../../src/deal/change-hints.js';
import { carrierTables, DEAL_EVENTS, findEvent, maySettle, toRecordState } from '../../src/deal/events.js';
import { SOURCE_TABLES, type SourceTable } from '../../src/deal/ids.js';
import {
  canMove,
  DEAL_STATES,
  type DealState,
  findNextState,
  InvalidTransitionError,
  isFinal,
  isHandedOver,
  nextState,
  STATE_EVENTS,
  WAITING_STATES,
} from '../../src/deal/states.js';
import { HISTORIES, HISTORY_FOLDER } from '../support/histories.js';

/** In which a deal waits for somebody: the list of runs is told of these, and of what comes after them. */
const LASTING: ReadonlySet<DealState> = new Set(WAITING_STATES);

/** Whether moves lead from one to the other past none that would have been told in between. */
function isListed(from: DealState, to: DealState, seen = new Set<DealState>()): boolean {
  const next = DEAL_STATES.filter((state) => canMove(from, state));
  if (next.includes(to)) return true;
  const passing = next.filter((state) => !LASTING.has(state) && !isFinal(state) && !seen.has(state));
  for (const state of passing) seen.add(state);
  return passing.some((state) => isListed(state, to, seen));
}

/** The states that a recorded run went through, as its search attribute showed them. */
function statesOf(name: string): DealState[] {
  const text = readFileSync(join(HISTORY_FOLDER, `${name}.json`), 'utf8');
  const attributes = [...text.matchAll(/"DealState": \{[^}]*\}[^}]*"data": "([^"]+)"/g)];
  return attributes.map(([, data]) => JSON.parse(Buffer.from(data ?? '', 'base64').toString()) as DealState);
}

describe('the table of states', () => {
  it('holds every move of every recorded run', () => {
    const wrong: string[] = [];
    for (const name of HISTORIES.handOverDeal) {
      const states = statesOf(name);
      if (states.length === 0) wrong.push(`${name}: no state`);
      for (const [index, to] of states.slice(1).entries()) {
        const from = states[index] as DealState;
        if (!isListed(from, to)) wrong.push(`${name}: ${from} to ${to}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('leads to a posting through a confirmation only, or past one that Business Central made by hand (I2)', () => {
    const before = DEAL_STATES.filter((state) => findNextState(state, 'posted') !== undefined).sort();
    expect(before).toEqual(['confirmed', 'drafted']);
  });

  it('has every pair of state and event: a move, or an error that stops the run', () => {
    const moves = DEAL_STATES.flatMap((state) =>
      STATE_EVENTS.map((event) => {
        const next = findNextState(state, event);
        if (next === undefined) expect(() => nextState(state, event)).toThrow(InvalidTransitionError);
        else expect(nextState(state, event)).toBe(next);
        return next;
      }),
    );
    expect(moves).toHaveLength(DEAL_STATES.length * STATE_EVENTS.length);
    expect(new Set(moves.filter((next) => next !== undefined))).toEqual(new Set(DEAL_STATES));
  });

  it('gives each event one meaning: it leads to the same state from everywhere', () => {
    for (const event of STATE_EVENTS) {
      const targets = new Set(DEAL_STATES.flatMap((state) => findNextState(state, event) ?? []));
      expect([...targets], event).toHaveLength(1);
    }
  });

  it('is the table of docs/deals.md', () => {
    const text = readFileSync('docs/deals.md', 'utf8');
    const rows = [...text.matchAll(/^\| ([a-z-]+) \| ((?:[a-z-]+ → [a-z-]+(?:, )?)+) \|$/gm)];
    const written = Object.fromEntries(rows.map(([, state, moves]) => [state, (moves ?? '').split(', ').sort()]));
    const actual = DEAL_STATES.map((state) => [
      state,
      STATE_EVENTS.flatMap((event) => {
        const next = findNextState(state, event);
        return next === undefined ? [] : `${event} → ${next}`;
      }).sort(),
    ]);
    expect(written).toEqual(Object.fromEntries(actual));
  });

  it('a hold that is cleared leads back, to every state that can be held and to no other', () => {
    for (const state of DEAL_STATES) {
      const canBeHeld = findNextState(state, 'held') !== undefined;
      if (canBeHeld) expect(canMove('held', state), state).toBe(true);
    }
    expect(canMove('held', 'seen')).toBe(false);
    expect(canMove('held', 'superseded')).toBe(false);
  });

  it('whatever happens in whatever order, an ended deal stays ended but for those that Sales, a payment or a replay reopens', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATE_EVENTS), { minLength: 1, maxLength: 60 }), (events) => {
        let state: DealState = 'seen';
        for (const event of events) {
          const before: DealState = state;
          state = findNextState(state, event) ?? state;
          if (before === state) continue;
          if (isFinal(before)) expect(['seen', 'reading', 'written-back', 'held']).toContain(state);
          if (isHandedOver(before))
            expect(['preparing', 'reading', 'drafted', 'confirmed', 'rejected']).not.toContain(state);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the events that count', () => {
  const all = new Set(DEAL_EVENTS);
  const cases: readonly (readonly [SourceTable, number, string, string | undefined])[] = [
    ['opportunity', 0, 'open', undefined],
    ['opportunity', 1, 'won', 'opportunityWon'],
    ['opportunity', 2, 'dead', undefined],
    ['quote', 0, 'open', undefined],
    ['quote', 1, 'open', undefined],
    ['quote', 2, 'won', 'quoteWon'],
    ['quote', 3, 'dead', undefined],
    ['salesorder', 0, 'won', 'orderCreated'],
    ['salesorder', 1, 'won', 'orderSubmitted'],
    ['salesorder', 2, 'dead', undefined],
    ['salesorder', 3, 'won', 'orderSubmitted'],
    ['salesorder', 4, 'won', 'orderSubmitted'],
  ];
  for (const [table, statecode, state, event] of cases) {
    it(`a ${table} in state ${statecode} is ${state}`, () => {
      expect(toRecordState(table, statecode, all)).toBe(state);
      expect(findEvent(table, statecode, all)).toBe(event);
    });
  }

  it('an order that nobody submitted waits when only submitted ones count', () => {
    const events = new Set(['orderSubmitted'] as const);
    expect([0, 1, 2, 3].map((statecode) => toRecordState('salesorder', statecode, events))).toEqual([
      'open',
      'won',
      'dead',
      'won',
    ]);
    expect(toRecordState('opportunity', 1, events)).toBe('open');
    expect(carrierTables(events)).toEqual(['salesorder']);
  });

  it('a state code that nobody knows is open, whatever the table', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOURCE_TABLES), fc.integer({ min: 5 }), (table, statecode) => {
        expect(toRecordState(table, statecode, all)).toBe('open');
      }),
    );
  });

  it('what is locked has settled: only a submitted order', () => {
    expect(maySettle('salesorder', 1)).toBe(false);
    expect([maySettle('salesorder', 0), maySettle('quote', 2), maySettle('opportunity', 1)]).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('revisions', () => {
  it('are compared as numbers, however long', () => {
    const version = fc.bigInt({ min: 0n, max: 2n ** 63n });
    fc.assert(
      fc.property(version, version, (left, right) => {
        expect(isNewerRevision(`W/"${left}"`, `W/"${right}"`)).toBe(left > right);
      }),
    );
  });

  it('of another form count as news when they differ', () => {
    expect(isNewerRevision('deleted', 'W/"1"')).toBe(true);
    expect(isNewerRevision('deleted', 'deleted')).toBe(false);
  });
});
