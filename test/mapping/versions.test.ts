import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { withSalesNumbers, withStoredSalesNumbers } from '../../src/deal/sales-numbers.js';
import { withOurNumbers } from '../../src/mapping/fields/masters.js';
import { readRules } from '../../src/mapping/rules/read-rules.js';
import { hashMapping, toMappingVersion } from '../../src/mapping/versions/versions.js';
import { ConfigError, parseRules, withMappingOf } from '../../src/process/config.js';
import { makeDeal } from '../support/won-deal.js';

/** A mapping has a name of its own, so that a deal can be handed over by the one of then. */

const versionOf = (yaml: string) => toMappingVersion(readRules(yaml));

describe('the hash of a mapping', () => {
  it('is that of its content, however it is written down', () => {
    const one = versionOf('tables: { units: { Piece: PCS, Box: BOX } }\nwriteInAccount: "8400"');
    const same = versionOf('# a remark\nwriteInAccount: 8400\ntables:\n  units:\n    BOX: BOX\n    piece: PCS');
    expect(same).toEqual(one);
    expect(one.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  const OTHERS = [
    'mapping: { document: { email: { value: a@example.com } } }',
    'lineRules: [{ when: { number: "N*" }, as: comment }]',
    'tables: { paymentTerms: { 1: 30D } }',
    'totals: { onDifference: ask }',
    'documents: { quoteWon: order }',
    'masters: { items: { A-1: B-1 } }',
    'masters: { billTo: parent }',
    'businessTimeZone: Europe/Berlin',
    'convertUnits: true',
  ];
  it.each(OTHERS)('is another one with %s', (yaml) => {
    expect(versionOf(yaml).hash).not.toBe(versionOf('').hash);
  });

  const BESIDE = [
    'confirmation: automatic',
    'createItems: true',
    'orderPosting: ship-and-invoice',
    'feeds: { everySeconds: 5 }',
    'masters: { wins: newest }',
    'opportunityColumns: { total: new_total }',
  ];
  it.each(BESIDE)('stays with %s, which makes no document another', (yaml) => {
    expect(versionOf(yaml).hash).toBe(versionOf('').hash);
  });
});

describe('a mapping that is printed', () => {
  it('is a rules file with the same mapping', () => {
    const version = versionOf(
      'tables: { units: { Piece: PCS } }\nmasters: { itemPattern: { match: ^P-(.*)$, item: I-$1 } }',
    );
    expect(versionOf(stringify(version.content))).toEqual(version);
  });
});

describe('rules with the mapping of then', () => {
  const THEN = `
confirmation: automatic
createItems: true
documents: { orderSubmitted: order }
writeInAccount: 8400
mapping: { document: { email: { expression: "'then-' & number" } }, read: [salesorder.new_then] }
masters: { wins: newest, itemPattern: { match: ^P-(.*)$, item: I-$1 } }
`;
  const NOW = `
confirmation: person
writeInAccount: 8500
companies: [{ company: US, when: { column: { name: account.new_region, value: 1 } } }]
`;

  it('make the document of then, under the policy of today', () => {
    const today = parseRules(NOW);
    // As the database gives it back.
    const kept = JSON.parse(JSON.stringify(versionOf(THEN)));
    const rules = withMappingOf(today, kept);
    expect(rules.mappingHash).toBe(kept.hash);
    expect(rules.lines.writeInAccount).toBe('8400');
    expect(rules.documents.orderSubmitted).toEqual({ kind: 'order' });
    expect(rules.mapping.sections.document.get('email')?.from.kind).toBe('formula');
    expect(rules.masters.items.pattern).toEqual({ match: '^P-(.*)$', item: 'I-$1' });
    expect(rules.policy).toEqual(today.policy);
    expect(rules.masters.wins).toBe('sales');
    expect(rules.companies).toBe(today.companies);
    // The company is chosen by today's rules, so their columns are read as well.
    expect(rules.mapping.read.map(({ column }) => column)).toEqual(['new_then', 'new_region']);
  });

  it('that this version of the program knows no more are refused by name', () => {
    const content = { ...(versionOf('').content as object), lineTexts: 'rhymes' };
    const hash = hashMapping(content);
    expect(() => withMappingOf(parseRules(''), { hash, content })).toThrow(ConfigError);
    expect(() => withMappingOf(parseRules(''), { hash, content })).toThrow(
      `the mapping ${hash} is known no more: rule lineTexts`,
    );
  });

  it('that somebody altered in the ledger are refused', () => {
    const { hash, content } = versionOf('writeInAccount: 8400');
    const altered = { ...(content as object), writeInAccount: '9999' };
    expect(() => withMappingOf(parseRules(''), { hash, content: altered })).toThrow(`the mapping ${hash} was altered`);
  });
});

describe('the numbers of Sales', () => {
  const items = (item: string) => parseRules(`masters: { itemPattern: { match: "^(.*)$", item: ${item} } }`);
  const deal = makeDeal({});

  it('stay beside those that the mapping puts in their place, and can be mapped once more', async () => {
    const { mapping, masters } = items('OLD-$1');
    const mapped = withStoredSalesNumbers(deal, await withOurNumbers(deal, mapping, masters.items));
    const kept = JSON.parse(JSON.stringify(mapped)) as typeof mapped;
    const read = withSalesNumbers(kept);
    expect(read.lines.map(({ product }) => product?.number)).toEqual(deal.lines.map(({ product }) => product?.number));
    const later = items('NEW-$1');
    const again = await withOurNumbers(read, later.mapping, later.masters.items);
    const first = deal.lines.find(({ product }) => product)?.product?.number;
    expect(mapped.lines.find(({ product }) => product)?.product?.number).toBe(`OLD-${first}`);
    expect(again.lines.find(({ product }) => product)?.product?.number).toBe(`NEW-${first}`);
  });

  it('of a customer are kept even when it has none', () => {
    const { customer } = deal;
    if (!customer) throw new Error('the deal has no customer');
    const unnumbered = { ...deal, customer: { ...customer, number: undefined } };
    const mapped = { ...deal, customer: { ...customer, number: 'C-1' } };
    const kept = JSON.parse(JSON.stringify(withStoredSalesNumbers(unnumbered, mapped)));
    expect(withSalesNumbers(kept).customer).toHaveProperty('number', undefined);
  });

  it('are those of the deal itself while no mapping was applied', () => {
    expect(withSalesNumbers(deal)).toEqual(deal);
  });
});
