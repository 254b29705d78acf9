import { expect, it } from 'vitest';
import type { Decided, Outcome } from '../../src/ledger/deals/write-ledger.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { logMoves } from '../../src/worker/log-moves.js';

/** What the log tells of a deal's life, by the step that records it. */

const lines: object[] = [];
const log = { info: (facts: object, message: string) => void lines.push({ ...facts, message }) };
let isFirst = true;
let intent: 'first' | 'asking' = 'first';
let isDown = false;
const written = async () => {
  if (isDown) throw new Error('no connection');
};
const ledger = logMoves(
  {
    change: written,
    recordOutcome: async () => isFirst,
    openIntent: async () => ({ state: intent, attempt: 1 }),
  } as unknown as Ledger,
  log as never,
);
const audit = { actor: 'ann', action: 'retry', facts: { note: 'a word of Ann' } } as const;
const decided: Decided = { change: { kind: 'state', state: 'confirmed' }, audit };
const draft = { documentId: 'd', documentKind: 'invoice', draftVersion: 1, draftNumber: 'SI-1' } as const;
const outcomeOf = (change: NonNullable<Outcome['change']>): Outcome => ({ recordId: 'one', change, audit });

it('each move is one line with its deal, once it is recorded, and says what may be seen', async () => {
  await ledger.recordOutcome(outcomeOf({ kind: 'drafted', ...draft, customerNumber: 'C-1', mapping: 'm' }));
  await ledger.openIntent('one:post:1', 'one', new Date(), undefined, decided);
  intent = 'asking';
  await ledger.openIntent('one:post:1', 'one', new Date(), undefined, decided);
  await ledger.recordOutcome(outcomeOf([{ kind: 'posted' }, { kind: 'invoiced', invoiceNumber: 'PI-1' }]));
  await ledger.recordOutcome(outcomeOf({ kind: 'state', state: 'written-back' }));
  isFirst = false;
  await ledger.recordOutcome(outcomeOf({ kind: 'posted' }));
  const held = { kind: 'held', reason: 'item-missing', text: 'the item of Kranich GmbH is missing' } as const;
  await ledger.change('two', held, audit);
  // Found again: the trail has it once.
  await ledger.change('two', held);
  await ledger.change('two', { kind: 'ended', state: 'rejected', by: 'Ann' }, audit);
  await ledger.change('three', { kind: 'carried', state: 'superseded', carrierId: 'one' });
  await ledger.change('one', { kind: 'customer', customerNumber: 'C-1' });
  isDown = true;
  await expect(ledger.change('one', { kind: 'state', state: 'settled' })).rejects.toThrow('no connection');
  expect(lines).toEqual([
    { dealId: 'one', state: 'drafted', message: 'deal moved' },
    { dealId: 'one', state: 'confirmed', message: 'deal moved' },
    { dealId: 'one', state: 'posted', message: 'deal moved' },
    { dealId: 'one', state: 'written-back', message: 'deal moved' },
    { dealId: 'two', state: 'held', reason: 'item-missing', message: 'deal moved' },
    { dealId: 'two', state: 'rejected', message: 'deal moved' },
    { dealId: 'three', state: 'superseded', carrierId: 'one', message: 'deal moved' },
  ]);
});
