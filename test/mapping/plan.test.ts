import { describe, expect, it } from 'vitest';
import { createLookups } from '../../src/mapping/plan/lookups.js';
import { planDeal } from '../../src/mapping/plan/plan-deal.js';
import { planDocument } from '../../src/mapping/plan/plan-document.js';
import { parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

const PARENT = 'bbbbbbbb-0000-4000-8000-00000000000b';
const ACCOUNT = makeDeal().customer?.accountId ?? '';

/** A company whose customers have default dimensions by number. */
function openCompany(defaults: Record<string, Record<string, string>>, links: Record<string, string>) {
  const company = {
    findCustomer: async (number: string) => ({ id: `id of ${number}`, number }),
    readDefaultDimensions: async (_set: string, number: string) => new Map(Object.entries(defaults[number] ?? {})),
  };
  const sets = {
    codes: async () => new Set<string>(),
    find: async (set: string, code: string) => {
      const values = set === 'dimensions' ? ['P-100', 'P-200'] : undefined;
      return { id: `id of ${code}`, code, name: set === 'ledgerSetup' ? `NAME-${code}` : code, values };
    },
  };
  return (deal: ReturnType<typeof makeDeal>) => ({
    ...createLookups(company, sets, deal, async (accountId) => links[accountId]),
    knownUnits: async () => new Set<string>(),
  });
}

describe('the dimensions that a document has by its customer', () => {
  const mapping = 'mapping: { dimensions: { PROJECT: { value: P-100 } } }';
  const draft = async (
    [defaults, links]: Parameters<typeof openCompany>,
    { rules = mapping, parent }: { rules?: string; parent?: string } = {},
  ) => {
    const deal = makeDeal({ extra: { account: parent === undefined ? {} : { _parentaccountid_value: parent } } });
    const { problems, toDraft } = await planDocument(deal, parseRules(rules), openCompany(defaults, links)(deal));
    return { problems: problems.map(({ text }) => text), dimensions: toDraft('customer').dimensions };
  };
  const own = { C10001: { PROJECT: 'P-100' } };

  it('are those of the customer that is linked, not of whoever has the number of the account', async () => {
    const sent = [{ code: 'PROJECT', value: 'P-100' }];
    expect(await draft([own, { [ACCOUNT]: 'D-77' }])).toEqual({ problems: [], dimensions: sent });
    expect(await draft([{ 'D-77': { PROJECT: 'P-100' } }, { [ACCOUNT]: 'D-77' }])).toEqual({
      ...{ problems: [], dimensions: [] },
    });
    expect((await draft([{ 'D-77': { PROJECT: 'P-200' } }, { [ACCOUNT]: 'D-77' }])).problems).toEqual([
      "document.dimensions: PROJECT is P-100 by the mapping (the constant of the configuration) and P-200 by the customer's default",
    ]);
  });

  it.each([
    ['the parent', `${mapping}\nmasters: { billTo: parent }`],
    [
      'whom the mapping names',
      mapping.replace('dimensions', 'document: { billToCustomerNumber: { value: C-PAY } }, dimensions'),
    ],
  ])('are those of the customer that gets the bill: %s', async (_who, rules) => {
    const how = { rules, parent: PARENT };
    const links = { [PARENT]: 'C-PAY' };
    const sent = [{ code: 'PROJECT', value: 'P-100' }];
    expect(await draft([own, links], how)).toEqual({ problems: [], dimensions: sent });
    expect(await draft([{ 'C-PAY': { PROJECT: 'P-100' } }, links], how)).toEqual({ problems: [], dimensions: [] });
  });
});

describe('a new item', () => {
  it('is made of a line that sells it as an item, not of one that a rule makes an account', async () => {
    const rules = parseRules(
      'createItems: true\nlineRules: [{ when: { price: { below: "1" } }, as: account, number: "8499" }]',
    );
    const { product } = makeLine(1);
    const deal = makeDeal({ lines: [makeLine(1, { unitPrice: '0' }), makeLine(2, { product })] });
    const lookups = {
      ...knowAll(),
      knownUnits: async () => new Set<string>(),
      findCustomerNumber: async () => undefined,
    };
    const { items } = await planDeal(deal, rules, { customer: false, items: product ? [product] : [] }, lookups);
    expect(items.map(({ number }) => number)).toEqual([product?.number]);
  });
});
