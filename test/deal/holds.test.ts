import { expect, it } from 'vitest';
import { HOLDS } from '../../src/deal/holds.js';

it('a next step in the rules file says that the worker is to be started again: a retry alone would meet the old rules', () => {
  const steps = Object.values(HOLDS).map(({ nextStep }) => nextStep);
  expect(steps.filter((step) => /configuration|allow (its|their) creation;/.test(step))).toEqual([]);
  const inRules = steps.filter((step) => step.includes('rules file'));
  expect(inRules.length).toBeGreaterThan(5);
  expect(inRules.filter((step) => !step.includes('start the worker again'))).toEqual([]);
});

it('a next step is true wherever its reason arises', () => {
  // Only the link of a parent account counts, whatever number a customer has.
  expect(HOLDS['customer-missing'].nextStep).toContain('parent account, by `dealbridge accounts match --apply`');
  // Of an order that was confirmed a retry makes nothing.
  expect(HOLDS['draft-gone'].nextStep).toContain('cancel, then replay');
  // A draft that is another's by its number, or shipped in part, is not about to be deleted for a change in Sales alone.
  expect(HOLDS['draft-edited'].nextStep).toContain('neither deleted for a change in Sales nor posted');
});
