import { describe, expect, it } from 'vitest';
import { countMissingAfter, findApproverMisfit, toApproval } from '../../src/deal/approval.js';
import { parseRules } from '../../src/process/config.js';

const FACTS = { total: '5000.00', currency: 'EUR', isNewCustomer: false, hasDifference: false, isEdited: false };
const EDITED = { ...FACTS, isEdited: true };

describe('how many people confirm', () => {
  const above = { above: '4999.99', approvers: 2 };
  it.each([
    ['no rule', [], FACTS, 0],
    ['above the amount', [above], FACTS, 2],
    ['exactly the amount', [{ ...above, above: '5000' }], FACTS, 0],
    ['below the amount of the currency', [{ above: '6000', currency: 'EUR', approvers: 2 }], FACTS, 0],
    ['above the amount of the currency', [{ above: '4000', currency: 'eur', approvers: 2 }], FACTS, 2],
    ['below the amount, in another currency', [{ above: '6000', currency: 'CHF', approvers: 2 }], FACTS, 2],
    [
      'another currency and half of a rule',
      [{ above: '1', currency: 'CHF', newCustomer: true, approvers: 2 }],
      FACTS,
      0,
    ],
    ['a customer who is not new', [{ newCustomer: true, approvers: 2 }], FACTS, 0],
    ['a new customer', [{ newCustomer: true, approvers: 2 }], { ...FACTS, isNewCustomer: true }, 2],
    ['a difference', [{ difference: true, approvers: 2 }], { ...FACTS, hasDifference: true }, 2],
    ['a draft that nobody edited', [{ edited: true, approvers: 2 }], FACTS, 0],
    ['an edited draft, whose editor may be one of the two', [above], EDITED, 3],
    ['an edited draft, by its own rule', [{ edited: true, approvers: 2 }], EDITED, 3],
    ['an edited draft that one person confirms', [{ edited: true, approvers: 1 }], EDITED, 1],
    ['an edited draft that no rule names', [{ above: '9999', approvers: 2 }], EDITED, 0],
    ['half of a rule', [{ ...above, newCustomer: true }], FACTS, 0],
    [
      'the strictest of those that are met',
      [above, { above: '1', approvers: 3 }, { above: '9999', approvers: 4 }],
      FACTS,
      3,
    ],
  ] as const)('%s', (_what, rules, facts, expected) => {
    expect(toApproval(rules, facts).needed).toBe(expected);
  });
});

describe('who is one of them', () => {
  const ANN = { name: 'Ann', source: 'desk', isVerified: true } as const;
  const twice = (by: string[]) => ({ needed: 2, by });

  it('is anybody where one is enough', () => {
    expect(findApproverMisfit({ ...ANN, isVerified: false }, { needed: 1, by: [] })).toBeUndefined();
  });

  it('is somebody who is signed in, once', () => {
    expect(findApproverMisfit(ANN, twice(['Bob']))).toBeUndefined();
    expect(findApproverMisfit(ANN, twice(['ann']))).toMatch(/Ann has confirmed already/);
    expect(findApproverMisfit({ ...ANN, isVerified: false }, twice([]))).toMatch(/nobody proved who this is/);
  });

  it('is nobody who has done so by another name', () => {
    const approval = { needed: 2, by: ['Ann Gray (ann@example.com)'], people: ['id-of-ann'] };
    const married = { ...ANN, name: 'Ann Brown (ann@example.com)', personId: 'id-of-ann' };
    expect(findApproverMisfit(married, approval)).toMatch(/^Ann Brown \(ann@example.com\) has confirmed already/);
    expect(findApproverMisfit({ ...married, personId: 'id-of-bob' }, approval)).toBeUndefined();
  });
});

it('names how many are missing after this one', () => {
  expect(countMissingAfter({ needed: 2, by: [] })).toBe(1);
  expect(countMissingAfter({ needed: 2, by: ['Ann'] })).toBe(0);
  expect(countMissingAfter({ needed: 0, by: [] })).toBe(0);
});

describe('the rule', () => {
  it('is read, and absent unless somebody wrote one', () => {
    expect(parseRules('').policy.approval).toBeUndefined();
    expect(parseRules('approval: [{ above: 5000, approvers: 2 }]').policy.approval).toEqual([
      { above: '5000', approvers: 2 },
    ]);
    expect(parseRules('approval: [{ above: 5000, currency: EUR, approvers: 2 }]').policy.approval).toEqual([
      { above: '5000', currency: 'EUR', approvers: 2 },
    ]);
    expect(() => parseRules('approval: [{ currency: EUR, newCustomer: true, approvers: 2 }]')).toThrow(
      'currency with an amount in above',
    );
  });

  it.each([
    ['a rule without a condition', 'approval: [{ approvers: 2 }]', /one of above, newCustomer, difference and edited/],
    ['no number of people', 'approval: [{ newCustomer: true }]', /approvers/],
    ['a negation', 'approval: [{ newCustomer: false, approvers: 2 }]', /newCustomer/],
  ])('%s is refused', (_what, yaml, message) => {
    expect(() => parseRules(yaml)).toThrow(message);
  });
});
