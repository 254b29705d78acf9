import { describe, expect, it } from 'vitest';
import { ADDITIONS, parseAdditions } from '../../tools/chaos/additions.js';
import { LIES } from '../../tools/chaos/effects.js';
import { makePlan, readRuleId } from '../../tools/chaos/plan.js';

const DEALS = 200;
const plan = (names: string) => makePlan(5, DEALS, 2, parseAdditions(names));

describe('what a run can have beyond the usual', () => {
  it('is asked for by name, and an unknown name is refused with those that are known', () => {
    expect(parseAdditions('')).toEqual(new Set());
    expect(parseAdditions('not-found,by-hand')).toEqual(new Set(['not-found', 'by-hand']));
    expect(parseAdditions('all')).toEqual(new Set(ADDITIONS));
    expect(() => parseAdditions('by-hand,nonsense')).toThrow(
      "some of not-found,changes,one-series,by-hand,refusals, got 'nonsense'",
    );
  });

  it('leaves the usual plan as it is', () => {
    const [usual, all] = [plan(''), plan('all')];
    for (const system of ['entra', 'dataverse', 'businessCentral'] as const)
      expect(all.rules[system].slice(0, usual.rules[system].length)).toEqual(usual.rules[system]);
    expect(all.kills.filter(({ what }) => what !== 'outage' && what !== 'setup')).toEqual(usual.kills);
    expect(all.cases).toEqual(usual.cases);
  });

  it('plans records that are not found once, for a while, and by the gateway', () => {
    const isLie = (effect: string): boolean => LIES.some((lie) => lie === effect);
    const planned = plan('not-found').rules.businessCentral.map(({ id }) => readRuleId(id ?? '').effect);
    expect(new Set(planned.filter(isLie))).toEqual(new Set(LIES));
    const usual = plan('changes').rules.businessCentral.map(({ id }) => readRuleId(id ?? '').effect);
    expect(usual.filter(isLie)).toEqual([]);
  });

  it('plans outages of both kinds in a small run, each before it is nearly over', () => {
    const outages = makePlan(5, 12, 2, parseAdditions('changes')).kills.filter(({ what }) => what === 'outage');
    expect(new Set(outages.map(({ which }) => which % 2))).toEqual(new Set([0, 1]));
    for (const { at } of outages) expect(at).toBeLessThan(0.91);
  });
});
