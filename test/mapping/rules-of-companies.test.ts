import { describe, expect, it } from 'vitest';
import { findCompanyRule, listPlaces } from '../../src/deal/companies.js';
import type { ExtraColumns, WonDeal } from '../../src/deal/deal.js';
import { askedColumns } from '../../src/mapping/fields/columns.js';
import { ConfigError, parseRules } from '../../src/process/config.js';
import { makeDeal } from '../support/won-deal.js';

const UNIT = '6A1E0000-0000-4000-8000-000000000001';
const TERRITORY = '6a1e0000-0000-4000-8000-000000000002';
const YAML = `
companies:
  - { company: Unit, when: { businessUnit: ${UNIT}, currency: EUR } }
  - { company: Territory, environment: EU, when: { territory: ${TERRITORY} } }
  - { company: Column, when: { column: { name: salesorder.new_branch, value: 7 } } }
  - { company: Dollars, environment: US, when: { currency: USD } }
  - { company: Dollars, environment: us, when: { currency: CAD } }
`;

const { companies: rules, mapping, lines } = parseRules(YAML);
const FIRST = { company: 'Home', environment: 'Production' };

function deal(currency: string, extra: Partial<ExtraColumns> = {}, table: WonDeal['table'] = 'salesorder'): WonDeal {
  return makeDeal({ table, currency, extra });
}

const chosen = (of: WonDeal) => findCompanyRule(of, rules)?.company;
const ofUnit = { record: { _owningbusinessunit_value: UNIT.toLowerCase() } };

describe('the company of a deal', () => {
  it('is that of the first rule of which all conditions hold', () => {
    expect(chosen(deal('EUR', ofUnit))).toBe('Unit');
    expect(chosen(deal('USD', ofUnit))).toBe('Dollars');
    expect(chosen(deal('USD', { account: { _territoryid_value: TERRITORY } }))).toBe('Territory');
    expect(chosen(deal('EUR', { record: { new_branch: '7' } }))).toBe('Column');
  });

  it('is the default one when no rule fits, also for a table that lacks the column', () => {
    expect(chosen(deal('EUR'))).toBeUndefined();
    expect(chosen(deal('EUR', { record: { new_branch: '8' } }))).toBeUndefined();
    expect(chosen(deal('EUR', { record: { new_branch: '7' } }, 'quote'))).toBeUndefined();
    expect(chosen(makeDeal({ currency: undefined }))).toBeUndefined();
  });

  it('needs columns that the reading request brings', () => {
    const requestedFields = { createCustomers: false, createItems: false, createContacts: false };
    const { rows } = askedColumns(mapping, lines, requestedFields, 'salesorder');
    expect(rows.record).toEqual(expect.arrayContaining(['_owningbusinessunit_value', 'new_branch']));
    expect(rows.account).toContain('_territoryid_value');
    expect(askedColumns(mapping, lines, requestedFields, 'quote').rows.record).not.toContain('new_branch');
  });

  it('is opened once, however many rules name it', () => {
    expect(listPlaces(rules, FIRST)).toEqual([
      { company: 'Unit', environment: 'Production' },
      { company: 'Territory', environment: 'EU' },
      { company: 'Column', environment: 'Production' },
      { company: 'Dollars', environment: 'us' },
    ]);
    expect(listPlaces(rules, { company: 'Unit', environment: 'PRODUCTION' })).toHaveLength(3);
  });
});

describe('a rule of companies that cannot be meant is refused by name', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['without a condition', 'when: {}', /one of businessUnit, territory, currency and column/],
    ['with a name for a business unit', 'when: { businessUnit: North }', /businessUnit: found "North"/],
    ['with a currency that is no code', 'when: { currency: dollars }', /currency: found "dollars".*USD/],
    ['with a column of lines', 'when: { column: { name: line.tax, value: 1 } }', /a column of the record/],
    [
      'with an application that is not there',
      'application: us, when: { currency: USD }',
      /a name that applications has/,
    ],
  ];
  for (const [what, when, message] of cases) {
    it(what, () => {
      const parse = () => parseRules(`companies: [{ company: One, ${when} }]`);
      expect(parse).toThrow(ConfigError);
      expect(parse).toThrow(message);
    });
  }

  it('with another application than the rule before for the same company', () => {
    const companies = `[{ company: One, application: us, when: { currency: USD } }, { company: One, when: { currency: CAD } }]`;
    expect(() => parseRules(`applications: { us: {} }\ncompanies: ${companies}`)).toThrow(
      /companies\.1\.application: found nothing; right: the same as in the rule before for this company: us/,
    );
  });

  it('and so is the name of an application that no queue could have', () => {
    expect(() => parseRules('applications: { "US 1": {} }')).toThrow(/small letters, digits and hyphens, such as us/);
  });
});

describe('an application', () => {
  it('has a quota of its own, and reaches the companies that name it', () => {
    const of = parseRules(
      `applications: { us: { ratePerSecond: 7 } }\ncompanies: [{ company: One, environment: US, application: us, when: { currency: USD } }]`,
    );
    expect(of.applications).toEqual({ us: { clientId: undefined, ratePerSecond: 7, parallel: 4 } });
    expect(listPlaces(of.companies, FIRST)).toEqual([{ company: 'One', environment: 'US', application: 'us' }]);
  });
});
