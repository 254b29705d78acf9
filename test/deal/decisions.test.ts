import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecisionError, parseConfirmation, parseDecider, parseEnding, parseReplay } from '../../src/deal/decisions.js';

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
    [{ by: 'ann', actor: ANN, figures: FIGURES }, /^by: expected nothing beside actor/],
    [{ actor: { ...ANN, source: 'god' }, figures: FIGURES }, /^actor.source: expected one of cli, signal/],
    [{ actor: { ...ANN, isVerified: 'yes' }, figures: FIGURES }, /^actor.isVerified:/],
  ])('%j is refused, with the field and what would be right', (input, message) => {
    expect(() => parseConfirmation(input)).toThrow(DecisionError);
    expect(() => parseConfirmation(input)).toThrow(message);
  });
});

describe('the other decisions', () => {
  it('rejecting and cancelling need a reason', () => {
    expect(() => parseEnding({ by: 'ann' })).toThrow(/^reason: expected a text/);
    expect(() => parseEnding({ By: 'ann', reason: 'x' })).toThrow(/got "By"$/);
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
    fc.oneof(fc.jsonValue(), fc.constant(FIGURES), fc.constant(ANN), fc.constant('ann')),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fields), fc.nat(parsers.length - 1), (input, which) => {
      try {
        const parsed = parsers[which]?.(input) as { actor?: { name: string }; name?: string; figures?: object };
        const name = parsed.actor?.name ?? parsed.name ?? '';
        expect(name.trim()).not.toBe('');
        if (which === 0) expect(Object.values(parsed.figures ?? {}).filter(Boolean)).toHaveLength(3);
      } catch (error) {
        expect(error).toBeInstanceOf(DecisionError);
      }
    }),
    { numRuns: 2_000 },
  );
});
