import { expect, it } from 'vitest';
import { HOLDS } from '../../src/deal/holds.js';

it('a next step in the rules file says that the worker is to be started again: a retry alone would meet the old rules', () => {
  const steps = Object.values(HOLDS).map(({ nextStep }) => nextStep);
  expect(steps.filter((step) => /configuration|allow (its|their) creation;/.test(step))).toEqual([]);
  const inRules = steps.filter((step) => step.includes('rules file'));
  expect(inRules.length).toBeGreaterThan(5);
  expect(inRules.filter((step) => !step.includes('start the worker again'))).toEqual([]);
});
