import { WorkflowUpdateFailedError } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import {
  type ConfirmInput,
  cancelUpdate,
  changedSignal,
  confirmSignal,
  confirmUpdate,
  type EndInput,
  type ReplayInput,
  type RetryInput,
  rejectSignal,
  rejectUpdate,
  replayUpdate,
  retryUpdate,
} from '../../src/workflows/deals/messages.js';
import { type DealRun, type DealWorld, makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** Anybody who reaches Temporal may send anything to a deal: nothing wedges it, and nothing posts but exact figures. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const MESSAGES = ['confirm', 'reject', 'retry', 'cancel', 'replay', 'confirm-signal', 'reject-signal', 'hint'] as const;

/** Any JSON, and JSON that is nearly right: known fields with any value. */
const near = fc.record(
  {
    by: fc.oneof(fc.constantFrom('ann', 'ann\u0000', 'ann\ud800'), fc.jsonValue()),
    actor: fc.jsonValue(),
    reason: fc.oneof(fc.constantFrom('why', 'why\u0000'), fc.jsonValue()),
    note: fc.oneof(fc.constantFrom('as agreed', '\udc00'), fc.jsonValue()),
    figures: fc.oneof(
      fc.record({
        documentNumber: fc.oneof(fc.constant('D-1'), fc.jsonValue()),
        totalIncludingTax: fc.oneof(fc.constant('100'), fc.jsonValue()),
        currency: fc.oneof(fc.constant('eur'), fc.jsonValue()),
      }),
      fc.jsonValue(),
    ),
    at: fc.oneof(fc.constantFrom('dataverse', 'business-central', 'masters'), fc.jsonValue()),
    revision: fc.jsonValue(),
    unknown: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const messages = fc.array(fc.tuple(fc.constantFrom(...MESSAGES), fc.oneof(fc.jsonValue(), near)), {
  minLength: 1,
  maxLength: 8,
});

async function send(deal: DealRun, message: (typeof MESSAGES)[number], input: unknown): Promise<void> {
  const { handle } = deal;
  switch (message) {
    case 'confirm':
      return void (await handle.executeUpdate(confirmUpdate, { args: [input as ConfirmInput] }));
    case 'reject':
      return void (await handle.executeUpdate(rejectUpdate, { args: [input as EndInput] }));
    case 'retry':
      return void (await handle.executeUpdate(retryUpdate, { args: [input as RetryInput] }));
    case 'cancel':
      return void (await handle.executeUpdate(cancelUpdate, { args: [input as EndInput] }));
    case 'replay': {
      const { runId } = await handle.describe();
      await handle.executeUpdate(replayUpdate, { args: [input as ReplayInput] });
      // The test server does not answer a query that meets a run which is just being replaced.
      return void (await expect.poll(async () => (await handle.describe()).runId, { timeout: 10_000 }).not.toBe(runId));
    }
    case 'confirm-signal':
      return handle.signal(confirmSignal, input as ConfirmInput);
    case 'reject-signal':
      return handle.signal(rejectSignal, input as EndInput);
    case 'hint':
      return handle.signal(changedSignal, input as ChangeHint);
  }
}

describe('whatever is sent to a deal that waits', () => {
  it('does not wedge it, and posts nothing without a name and exact figures', async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (sent) => {
        const world = makeDealWorld(skipping);
        refuseAsPostgres(world);
        const deal = await world.start();
        await deal.until('awaiting-confirmation');
        for (const [message, input] of sent) {
          await send(deal, message, input).catch((error: unknown) => {
            // Refused, or the deal has ended by a decision that fits.
            if (!(error instanceof WorkflowUpdateFailedError) && !isGone(error)) throw error;
          });
        }
        // The currency of the drafts is EUR, and the inputs never have it.
        expect(world.books.posted).toEqual([]);
        // It still answers, and goes on as if nothing had been sent unless somebody ended it.
        await expect
          .poll(() => world.states.at(-1), { timeout: 10_000 })
          .toSatisfy((state) => ['awaiting-confirmation', 'rejected', 'cancelled'].includes(state));
        if (!['rejected', 'cancelled'].includes(world.states.at(-1) ?? '')) {
          await deal.until('awaiting-confirmation');
          await deal.confirm();
          expect((await deal.handle.result()).outcome).toBe('written-back');
          expect(world.books.posted).toHaveLength(1);
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});

/** What is right, and what somebody could make of it by a slip. */
const FIGURES = { documentNumber: 'D-1', totalIncludingTax: '100.00', currency: 'EUR' };
const RIGHT = {
  confirm: { by: 'ann', figures: FIGURES },
  reject: { by: 'ann', reason: 'why' },
  retry: { by: 'ann' },
  cancel: { by: 'ann', reason: 'why' },
  replay: { by: 'ann' },
  'confirm-signal': { actor: { name: 'ann', source: 'signal', isVerified: false }, figures: FIGURES },
  'reject-signal': { by: 'ann', reason: 'why' },
  hint: { at: 'dataverse', revision: 'W/"2"' },
} as const satisfies Record<(typeof MESSAGES)[number], object>;

const NO_NAMES = [
  '',
  '   ',
  '\u200b',
  'a'.repeat(101),
  'a\u0000',
  'a\nb',
  'Rule',
  7,
  true,
  null,
  ['ann'],
  { name: 'ann' },
];
const NO_TOTALS = [100, '100', '1e2', '100.01', '100,00', '+100.00', ' 100.00', '', null, Number.NaN];

type Spoil = (right: Readonly<Record<string, unknown>>) => unknown;
const anyOf = <T>(values: readonly T[]) => fc.constantFrom(...values);
const spoils: fc.Arbitrary<Spoil> = fc.oneof(
  // A key in other letters, with a letter too many, or one that nobody knows.
  fc.nat().map(
    (at): Spoil =>
      (right) =>
        misspell(right, at, (key) => key.toUpperCase()),
  ),
  fc.nat().map(
    (at): Spoil =>
      (right) =>
        misspell(right, at, (key) => `${key}s`),
  ),
  fc.constantFrom('total', 'approved', 'By', '').map(
    (key): Spoil =>
      (right) => ({ ...right, [key]: 'ann' }),
  ),
  fc.nat().map(
    (at): Spoil =>
      (right) =>
        misspell(right, at, () => undefined),
  ),
  fc.constantFrom<Spoil>(
    (right) => JSON.stringify(right),
    (right) => [right],
    () => ({}),
    () => undefined,
    () => null,
    () => 'ann',
  ),
);
const badNames = anyOf(NO_NAMES).map(
  (name): Spoil =>
    (right) => {
      if ('at' in right) return { ...right, revision: 7 };
      return 'actor' in right
        ? { ...right, actor: { ...RIGHT['confirm-signal'].actor, name } }
        : { ...right, by: name };
    },
);
const badFigures = fc
  .oneof(
    anyOf(NO_TOTALS.filter((total) => total !== '100')).map((totalIncludingTax): object => ({
      ...FIGURES,
      totalIncludingTax,
    })),
    anyOf(Object.keys(FIGURES)).map((key): object =>
      misspell(FIGURES, Object.keys(FIGURES).indexOf(key), () => undefined),
    ),
    anyOf([
      { ...FIGURES, total: '100.00' },
      { ...FIGURES, currency: 'eur' },
      { ...FIGURES, documentNumber: 'D-2' },
      { total: '1' },
      [],
      {},
    ]),
  )
  .map(
    (figures): Spoil =>
      (right) =>
        // A rejection may have figures, and then the draft's.
        'figures' in right || 'reason' in right ? { ...right, figures } : { ...right, figures: FIGURES },
  );

function misspell(
  right: Readonly<Record<string, unknown>>,
  at: number,
  spell: (key: string) => string | undefined,
): object {
  const keys = Object.keys(right);
  // Which revision a hint names may be left out.
  const chosen = 'at' in right ? 0 : at % keys.length;
  const spelled = Object.entries(right).map(([key, value], index) => [index === chosen ? spell(key) : key, value]);
  return Object.fromEntries(spelled.filter(([key]) => key !== undefined));
}

describe('what is right but for one slip', () => {
  // Two deals, since a run that took very many messages goes on in a new one.
  it.each(['first', 'second'])(
    'changes nothing at all, whichever message it is (%s deal)',
    async () => {
      const world = makeDealWorld(skipping);
      refuseAsPostgres(world);
      const deal = await world.start();
      await deal.until('awaiting-confirmation');
      const steps = world.calls.length;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...MESSAGES),
          fc.oneof(spoils, badNames, badFigures),
          async (message, spoil) => {
            const refusal = await send(deal, message, spoil(RIGHT[message])).then(
              () => undefined,
              (error: unknown) => error,
            );
            if (!message.endsWith('signal') && message !== 'hint')
              expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
            const status = await deal.status();
            expect(status.state).toBe('awaiting-confirmation');
            if (message.endsWith('signal') || message === 'hint') expect(status.ignoredSignal).toBeDefined();
          },
        ),
        { numRuns: 75 },
      );
      expect(world.books).toMatchObject({ posted: [], deleted: [] });
      expect(world.trail).toEqual([]);
      expect(world.states).toEqual(['awaiting-confirmation']);
      // But for what is noted of ignored signals, once a kind.
      expect(world.calls.slice(steps).filter((call) => call !== 'saveNotice')).toEqual([]);
      expect(world.countOf('saveNotice')).toBeLessThan(10);
      await deal.confirm();
      expect((await deal.handle.result()).outcome).toBe('written-back');
    },
    120_000,
  );
});

/** PostgreSQL takes no row with U+0000 or half a character, and whoever waits for it waits for ever. */
function refuseAsPostgres({ standIns }: DealWorld): void {
  const { recordState, beginReplay } = standIns;
  const ensureStorable = (row: unknown): void => {
    if (/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(row))) throw new TypeError('the row cannot be stored');
  };
  standIns.recordState = async (row) => {
    ensureStorable(row);
    return recordState(row);
  };
  standIns.beginReplay = async (row) => {
    ensureStorable(row);
    return beginReplay(row);
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowNotFoundError';
}
