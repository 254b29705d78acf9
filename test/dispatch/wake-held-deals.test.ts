import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RecordRef } from '../../src/deal/deal.js';
import { parseChangeHint } from '../../src/deal/decisions.js';
import { createWakeHeldDeals, type WakeHeldDeals } from '../../src/dispatch/wake-held-deals.js';
import { oneByOne } from '../support/async-items.js';

/** Which deals a change of a customer or item in Business Central wakes, and how fast. */

const PACE_MS = 500;
const refs = (count: number): RecordRef[] =>
  Array.from({ length: count }, () => ({ table: 'quote', recordId: randomUUID() }));
const idsOf = (of: readonly RecordRef[]) => of.map(({ recordId }) => recordId);

let woken: string[];
let linked: Map<string, RecordRef[]>;
let held: { customer: RecordRef[]; item: RecordRef[] };
/** The quote of each deal that waits with one. */
let quotes: Map<string, string>;
let refusals: unknown[];
/** Of the pass that the ledger keeps. */
let swept: RecordRef[];
let pages: number[];
let heldDeals: WakeHeldDeals;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-03-31T12:00:00Z') });
  woken = [];
  linked = new Map();
  held = { customer: [], item: [] };
  quotes = new Map();
  [refusals, swept, pages] = [[], [], []];
  heldDeals = createWakeHeldDeals({
    startDeal: async ({ recordId }, hint) => {
      expect(hint.at).toBe(quotes.has(recordId) ? 'business-central' : 'masters');
      // What a run does not understand, it ignores.
      expect(parseChangeHint(hint)).toEqual(hint);
      woken.push(recordId);
      if (recordId === 'broken') throw new Error('Temporal is away');
    },
    waiting: {
      findHeldForRows: async (_kind, bcIds) => ({
        deals: oneByOne(bcIds.flatMap((id) => linked.get(id) ?? [])),
        unlinked: bcIds.filter((id) => !linked.has(id)),
      }),
      findDealsOfQuotes: (changes) =>
        oneByOne(
          changes.flatMap(({ id }) =>
            [...quotes]
              .filter(([, quoteId]) => quoteId === id)
              .map(([recordId, quoteId]) => ({ table: 'quote' as const, recordId, quoteId })),
          ),
        ),
    },
    sweeps: {
      ask: async (kind) => void swept.push(...held[kind]),
      take: async ({ betweenMs, limit }) => {
        expect(betweenMs).toBe(PACE_MS);
        const page = swept.splice(0, limit);
        pages.push(page.length);
        return page;
      },
    },
    onTrouble: (error) => refusals.push(error),
  });
});
afterEach(async () => {
  await heldDeals.stop();
  vi.useRealTimers();
});

it('a row that is linked wakes the deals that wait for it, at once, and none of the two hundred others', async () => {
  held.customer = refs(200);
  const [mine] = refs(1);
  const id = randomUUID();
  linked.set(id, mine ? [mine] : []);
  await heldDeals.wake([{ resource: 'customers', id }]);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(woken).toEqual([mine?.recordId]);
});

it('a quote that changed wakes the deal that waits with it, at once', async () => {
  held.customer = refs(3);
  const id = randomUUID();
  quotes.set('mine', id).set('other', randomUUID());
  await heldDeals.wake([{ resource: 'salesQuotes', id }]);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(woken).toEqual(['mine']);
});

it('a linked row that nobody waits for wakes nobody', async () => {
  held.item = refs(200);
  const id = randomUUID();
  linked.set(id, []);
  await heldDeals.wake([{ resource: 'items', id }]);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(woken).toEqual([]);
});

it('a row that may be new wakes those of its kind one after the other', async () => {
  held = { customer: refs(200), item: refs(5) };
  await heldDeals.wake([{ resource: 'customers', id: randomUUID() }]);
  await vi.advanceTimersByTimeAsync(0);
  expect(woken).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10 * PACE_MS);
  expect(woken).toHaveLength(11);
  await vi.advanceTimersByTimeAsync(189 * PACE_MS);
  expect(woken).toEqual(idsOf(held.customer));
});

it('ten thousand are taken a page at a time', async () => {
  held.item = refs(10_000);
  await heldDeals.wake([{ resource: 'items', id: undefined }]);
  await vi.advanceTimersByTimeAsync(250 * PACE_MS);
  expect(woken).toEqual(idsOf(held.item).slice(0, 250 + 1));
  expect(pages).toEqual([100, 100, 100]);
});

it('what another starter was asked and left is gone on with', async () => {
  await vi.advanceTimersByTimeAsync(60_000);
  swept = refs(3);
  const ids = idsOf(swept);
  await vi.advanceTimersByTimeAsync(10_000 + 3 * PACE_MS);
  expect(woken).toEqual(ids);
});

it('one that cannot be woken does not stop the others', async () => {
  held.item = [{ table: 'quote', recordId: 'broken' }, ...refs(2)];
  await heldDeals.wake([{ resource: 'items', id: undefined }]);
  await vi.advanceTimersByTimeAsync(10 * PACE_MS);
  expect(woken).toEqual(idsOf(held.item));
  expect(refusals).toHaveLength(1);
});

it('a deal of a linked row or of a quote that cannot be woken does not stop what else changed', async () => {
  const [customer, item, quote] = [randomUUID(), randomUUID(), randomUUID()];
  quotes.set('broken', quote);
  linked.set(customer, [{ table: 'quote', recordId: 'broken' }]);
  linked.set(item, [{ table: 'quote', recordId: 'mine' }]);
  quotes.set('other', quote);
  await heldDeals.wake([{ resource: 'salesQuotes', id: quote }]);
  quotes.clear();
  await heldDeals.wake([
    { resource: 'customers', id: customer },
    { resource: 'items', id: item },
  ]);
  expect(woken).toEqual(['broken', 'other', 'broken', 'mine']);
  expect(refusals).toHaveLength(2);
});

it('stops with the process', async () => {
  held.item = refs(3);
  await heldDeals.wake([{ resource: 'items', id: undefined }]);
  await vi.advanceTimersByTimeAsync(0);
  await heldDeals.stop();
  await vi.advanceTimersByTimeAsync(10 * PACE_MS);
  expect(woken).toHaveLength(1);
});
