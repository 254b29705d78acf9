import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseChangeHint,
  parseConfirmation,
  parseDecider,
  parseEnding,
  parseMatches,
  parseReplay,
  parseSyncRequest,
} from '../../src/deal/decisions.js';
import { DecisionError } from '../../src/deal/strict-schema.js';

const FIGURES = { documentNumber: '1002', totalIncludingTax: '169.46', currency: 'EUR' };
const ANN = { name: 'ann', source: 'cli', isVerified: true } as const;

describe('a confirmation', () => {
  it('names who decides and every figure that was seen', () => {
    expect(parseConfirmation({ by: ' ann ', figures: FIGURES })).toEqual({
      actor: { name: 'ann', source: 'signal', isVerified: false },
      note: undefined,
      figures: FIGURES,
    });
    expect(parseConfirmation({ actor: ANN, note: 'ok', figures: FIGURES })).toEqual({
      actor: ANN,
      note: 'ok',
      figures: FIGURES,
    });
  });

  it.each([
    [undefined, /^input: expected an object .*, got nothing$/],
    ['ann', /^input: expected an object .*, got "ann"$/],
    [[], /^input: expected an object/],
    [{}, /^by: expected a text of 1 to 100 characters, got nothing$/],
    [{ by: '', figures: FIGURES }, /^by: expected a text of 1 to 100 characters, got ""$/],
    [{ by: '   ', figures: FIGURES }, /^by:/],
    [{ by: 7, figures: FIGURES }, /^by: .* got 7$/],
    [{ by: 'a'.repeat(101), figures: FIGURES }, /^by:/],
    [{ By: 'ann', figures: FIGURES }, /^input: expected no other fields than by, actor, note, figures, got "By"$/],
    [{ by: 'ann' }, /^figures: expected an object with documentNumber, totalIncludingTax, currency, got nothing$/],
    [{ by: 'ann', figures: { total: '1' } }, /^figures: expected no other fields than .*, got "total"$/],
    [{ by: 'ann', figures: { ...FIGURES, currency: undefined } }, /^figures.currency: expected an ISO code/],
    [{ by: 'ann', figures: { ...FIGURES, totalIncludingTax: 169.46 } }, /^figures.totalIncludingTax: .*, got 169.46$/],
    [{ by: 'ann', figures: { ...FIGURES, totalIncludingTax: '1e3' } }, /^figures.totalIncludingTax:/],
    [{ by: 'ann', figures: { ...FIGURES, total: '1' } }, /^figures: expected no other fields than .*, got "total"$/],
    [{ by: 'ann', figures: '169.46' }, /^figures: expected an object/],
    [{ by: 'ann', figures: null }, /^figures: .* got null$/],
    [{ by: 'ann', figures: { ...FIGURES, totalIncludingTax: ' 169.46' } }, /^figures.totalIncludingTax:/],
    [{ by: 'ann', figures: { ...FIGURES, totalIncludingTax: `1${'0'.repeat(99)}` } }, /^figures.totalIncludingTax:/],
    [{ by: 'ann', figures: { ...FIGURES, documentNumber: ' 1002' } }, /^figures.documentNumber:/],
    [{ by: 'ann', figures: { ...FIGURES, documentNumber: '' } }, /^figures.documentNumber:/],
    [{ by: 'ann', figures: { ...FIGURES, currency: 'eur' } }, /^figures.currency:/],
    [{ by: 'ann', actor: ANN, figures: FIGURES }, /^by: expected nothing beside actor/],
    [{ actor: null, figures: FIGURES }, /^actor: expected an object/],
    [{ actor: { ...ANN, name: '' }, figures: FIGURES }, /^actor.name: expected a text/],
    [{ actor: { ...ANN, role: 'admin' }, figures: FIGURES }, /^actor: expected no other fields/],
    [{ actor: { ...ANN, source: 'god' }, figures: FIGURES }, /^actor.source: expected one of cli, signal/],
    [{ actor: { ...ANN, isVerified: 'yes' }, figures: FIGURES }, /^actor.isVerified:/],
  ])('%j is refused, with the field and what would be right', (input, message) => {
    expect(() => parseConfirmation(input)).toThrow(DecisionError);
    expect(() => parseConfirmation(input)).toThrow(message);
  });
});

describe('a name', () => {
  it.each([
    ['nothing that can be seen', '\u200b\u2060'],
    ['a line break', 'ann\nbob'],
    ['U+0000, which no row of PostgreSQL holds', 'ann\u0000'],
    ['half a character', 'ann\ud800'],
    ['what the program calls itself', 'Rule'],
  ])('with %s is none', (_what, by) => {
    expect(() => parseDecider({ by })).toThrow(/^by: expected/);
    expect(() => parseDecider({ actor: { ...ANN, name: by } })).toThrow(/^actor.name: expected/);
  });

  it('has at most 100 characters after trimming', () => {
    expect(parseDecider({ by: ` ${'a'.repeat(100)} ` }).name).toHaveLength(100);
    expect(() => parseDecider({ by: 'a'.repeat(101) })).toThrow(/^by: expected a text of 1 to 100 characters/);
  });
});

describe('what comes from other programs', () => {
  it('a hint has the fields of its side, and no others', () => {
    expect(parseChangeHint({ at: 'dataverse', isDeleted: true })).toEqual({ at: 'dataverse', isDeleted: true });
    expect(() => parseChangeHint({ at: 'masters', revision: '1' })).toThrow(/no other fields than at, got "revision"$/);
    expect(() => parseChangeHint({ at: 'sales' })).toThrow(/^at: expected one of dataverse, business-central, masters/);
    expect(() => parseChangeHint(undefined)).toThrow(/^input: expected an object/);
  });

  it('a change of an account or product says no more than how thoroughly to look', () => {
    expect(parseSyncRequest({})).toEqual({});
    expect(parseSyncRequest({ isThorough: true })).toEqual({ isThorough: true });
    expect(() => parseSyncRequest({ isThorough: 'yes' })).toThrow(/^isThorough: expected true or false/);
    expect(() => parseSyncRequest({ IsThorough: true })).toThrow(/got "IsThorough"$/);
    expect(() => parseSyncRequest(undefined)).toThrow(DecisionError);
  });

  it('a match names who decided, and each account by its id', () => {
    const accountId = '5f3c0000-0000-0000-0000-000000000001';
    expect(parseMatches({ by: 'ann', decisions: [{ accountId }] }).decisions).toEqual([
      { accountId, customerNumber: undefined },
    ]);
    const shared = { accountId, customerNumber: 'C-1', isShared: true };
    expect(parseMatches({ by: 'ann', decisions: [shared] }).decisions).toEqual([shared]);
    expect(() => parseMatches({ by: '', decisions: [] })).toThrow(/^by:/);
    expect(() => parseMatches({ by: 'ann', decisions: [{ accountId: 'A-1' }] })).toThrow(
      /^decisions\[0\]\.accountId: expected a GUID/,
    );
  });
});

describe('the other decisions', () => {
  it('rejecting and cancelling need a reason', () => {
    expect(() => parseEnding({ by: 'ann' })).toThrow(/^reason: expected a text/);
    expect(() => parseEnding({})).toThrow(/^by: expected a text/);
    expect(() => parseEnding({ By: 'ann' })).toThrow(
      /^input: expected no other fields than by, actor, reason, got "By"$/,
    );
    expect(() => parseEnding({ By: 'ann', reason: 'x' })).toThrow(/got "By"$/);
    expect(() => parseEnding({ by: 'ann', reason: 'a\u0000b' })).toThrow(/^reason: expected a text without broken/);
    expect(parseEnding({ by: 'ann', reason: 'first\nsecond' }).reason).toBe('first\nsecond');
    expect(parseEnding({ by: 'ann', reason: 'twice' })).toMatchObject({ reason: 'twice' });
  });
  it('a retry needs a name', () => {
    expect(() => parseDecider(undefined)).toThrow(DecisionError);
    expect(parseDecider({ by: 'ann' })).toEqual({ name: 'ann', source: 'signal', isVerified: false });
  });
  it('a replay takes a revision and a mapping', () => {
    expect(parseReplay({ actor: ANN, mapping: 'abc' })).toEqual({ actor: ANN, mapping: 'abc' });
    expect(() => parseReplay({ by: 'ann', maping: 'abc' })).toThrow(DecisionError);
  });
});

it('whatever JSON comes, it is refused or it has a name and whole figures (I10)', () => {
  const parsers = [parseConfirmation, parseEnding, parseDecider, parseReplay];
  const fields = fc.dictionary(
    fc.constantFrom('by', 'By', 'actor', 'note', 'figures', 'reason', 'revision', '__proto__', 'constructor'),
    fc.oneof(
      fc.jsonValue(),
      fc.constant(FIGURES),
      fc.constant(ANN),
      fc.constantFrom('ann', ' ', 'ann\u0000', 'ann\udc00'),
      fc.string({ unit: 'binary' }),
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fields), fc.nat(parsers.length - 1), (input, which) => {
      try {
        const parsed = parsers[which]?.(input) as { actor?: { name: string }; name?: string; figures?: object };
        const name = parsed.actor?.name ?? parsed.name ?? '';
        expect(name.trim()).not.toBe('');
        // What the ledger could not write would stop the deal behind the decision.
        expect(JSON.stringify(parsed)).not.toMatch(/\\u0000|\\ud[89a-f]/i);
        if (which === 0) expect(Object.values(parsed.figures ?? {}).filter(Boolean)).toHaveLength(3);
      } catch (error) {
        expect(error).toBeInstanceOf(DecisionError);
      }
    }),
    { numRuns: 1_000 },
  );
});
