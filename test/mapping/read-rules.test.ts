import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveDocument } from '../../src/mapping/fields/resolve.js';
import { RulesError, type RulesFault, readRules } from '../../src/mapping/rules/read-rules.js';
import { toEditorSchema } from '../../src/mapping/rules/rules-file.js';
import { ConfigError, parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

function faultsOf(yaml: string): readonly RulesFault[] {
  try {
    readRules(yaml);
  } catch (error) {
    if (error instanceof RulesError) return error.faults;
    throw error;
  }
  throw new Error('the file was taken');
}

const WRONG: readonly (readonly [what: string, yaml: string, ...faults: readonly string[]])[] = [
  [
    'an unknown key',
    'version: 1\nwriteInAcount: "8400"\n',
    `2:1 writeInAcount: the key 'writeInAcount' | writeInAccount`,
  ],
  [
    'an unknown field of a section',
    'mapping:\n  customer:\n    displayNam: { value: x }\n',
    `3:5 mapping.customer.displayNam: the key 'displayNam' | displayName`,
  ],
  [
    'a text that begins with a star',
    'lineRules:\n  - { when: { number: *PUMP }, as: item }\n',
    "2:23 : the alias *PUMP | a text that begins with * in quotes: '*…'",
  ],
  [
    'a short file that is endless',
    `a: &a [${'x,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]\n`,
    '1:1 : aliases that stand for other aliases again and again | the values themselves',
  ],
  [
    'a company by a column that is read as something else',
    'companies: [{ company: A, when: { column: { name: account.transactioncurrencyid, value: USD } } }]\n',
    '1:51 companies.0.when.column.name: "account.transactioncurrencyid" | the currency by `currency: USD`, or its row by _transactioncurrencyid_value',
  ],
  ['a version of the future', 'version: 2\n', '1:10 version: 2 | one of 1'],
  ['a word that is no choice', 'bundles: single\n', '1:10 bundles: "single" | one of lines, bundle'],
  ['a text where a truth belongs', 'createItems: yes please\n', '1:14 createItems: "yes please" | a boolean'],
  [
    'a rule of confirmation that is none',
    'confirmation: sometimes\n',
    '1:15 confirmation: "sometimes" | automatic or person or an object',
  ],
  [
    'a document that is none',
    'documents:\n  opportunityWon: offer\n',
    '2:19 documents.opportunityWon: "offer" | invoice or order or quote or an object',
  ],
  [
    'a quote that becomes nothing we know',
    'documents:\n  quoteWon: { quote: shipment }\n',
    '2:22 documents.quoteWon.quote: "shipment" | one of order, invoice',
  ],
  [
    'an amount that is no number',
    'confirmation:\n  automaticBelow: much\n',
    '2:19 confirmation.automaticBelow: "much" | an amount such as 5000.00',
  ],
  [
    'constants that their fields do not take',
    [
      'tables: { paymentTerms: { 1: 30D } }',
      'mapping:',
      '  customer:',
      '    type: { value: Robot }',
      '    creditLimit: { value: 1e21 }',
      '    taxLiable: { value: maybe }',
      '    phoneNumber: { value: ask Ann }',
      '    email: { value: nobody }',
      '    paymentTermsId: { value: net, table: paymentTerms }',
      '  document:',
      '    postingDate: { value: 31.12.2026 }',
      '  line:',
      `    description2: { value: ${'x'.repeat(51)} }`,
      '  dimensions:',
      `    project: { value: ${'x'.repeat(21)} }`,
    ].join('\n'),
    '4:20 mapping.customer.type.value: "Robot" | one of Company, Person',
    '5:27 mapping.customer.creditLimit.value: 1e+21 | a number such as 12.50',
    '6:25 mapping.customer.taxLiable.value: "maybe" | true or false',
    '7:27 mapping.customer.phoneNumber.value: "ask Ann" | a telephone number without letters, at most 30 characters, or cut',
    '8:21 mapping.customer.email.value: "nobody" | an e-mail address such as name@example.com, at most 80 characters, or cut',
    '9:30 mapping.customer.paymentTermsId.value: "net" | a word of the table paymentTerms',
    '11:27 mapping.document.postingDate.value: "31.12.2026" | a date such as 2026-03-31',
    `13:28 mapping.line.description2.value: "${'x'.repeat(51)}" | at most 50 characters, or cut`,
    `15:23 mapping.dimensions.project.value: "${'x'.repeat(21)}" | at most 20 characters, or cut`,
  ],
  [
    'two origins of one field',
    'mapping:\n  item:\n    gtin:\n      column: product.new_gtin\n      value: "1"\n',
    '4:7 mapping.item.gtin: a map of column, value | exactly one of column, value and expression',
  ],
  [
    'a column in capitals',
    'mapping:\n  document:\n    email: { column: NewMail }\n',
    '3:22 mapping.document.email.column: "NewMail" | a column such as new_project, account.new_project, owner.…, line.…, product.… or salesorder.… in lower case',
  ],
  [
    'an unknown code table',
    'mapping:\n  document:\n    email: { column: a, table: colours }\n',
    '3:32 mapping.document.email.table: "colours" | one of countries, currencies, paymentTerms, shippingMethods, shipmentMethods, salespeople, units, taxGroups',
  ],
  [
    'a formula that does not compile',
    'mapping:\n  line:\n    description:\n      expression: line.description & (\n',
    '4:38 mapping.line.description.expression: "line.description & (" | JSONata: Expected ")" before end of expression',
  ],
  [
    'a formula that does not compile, in a block of lines',
    'mapping:\n  line:\n    description:\n      expression: |\n        line.description\n        & ("x" & )\n',
    '6:18 mapping.line.description.expression: "line.description\\n& (\\"x\\" & )\\n" | JSONata: The symbol ")" cannot be used as a unary operator',
  ],
  ['an account that loses its zeros', 'freightAccount: 0840\n', `1:17 freightAccount: 0840 | '0840' in quotes`],
  [
    'an account that loses its last zero',
    'writeInAccount: 8400.10\n',
    `1:17 writeInAccount: 8400.10 | '8400.10' in quotes`,
  ],
  [
    'codes that are other numbers to YAML',
    'tables: { taxGroups: { reduced: 7.0, half: 1e3, none: 12345678901234567890 } }\nmasters: { items: { 1.10: A } }\n',
    `1:33 tables.taxGroups.reduced: 7.0 | '7.0' in quotes`,
    `1:44 tables.taxGroups.half: 1e3 | '1e3' in quotes`,
    `1:55 tables.taxGroups.none: 12345678901234567890 | '12345678901234567890' in quotes`,
    `2:21 masters.items.1.1: 1.10 | '1.10' in quotes`,
  ],
  [
    'a constant that loses digits',
    'mapping:\n  document: { shortcutDimension1Code: { value: 10.10 } }\n  customer: { taxRegistrationNumber: { value: 12345678901234567890 }, creditLimit: { value: 5000.50 } }\n  dimensions: { COST: { value: 4.0 } }\ncompanies: [{ company: A, when: { column: { name: new_region, value: 1.10 } } }]\n',
    "2:48 mapping.document.shortcutDimension1Code.value: 10.10 | '10.10' in quotes",
    "3:47 mapping.customer.taxRegistrationNumber.value: 12345678901234567890 | '12345678901234567890' in quotes",
    "4:32 mapping.dimensions.COST.value: 4.0 | '4.0' in quotes",
    "5:70 companies.0.when.column.value: 1.10 | '1.10' in quotes",
  ],
  [
    'two codes for the same word',
    'tables:\n  units: { Piece: PCS, Hour: HOUR, piece: ST }\n',
    `2:36 tables.units.piece: the key 'piece' | one code for 'Piece' and 'piece', which are the same`,
  ],
  [
    'a dimension that is filled twice',
    'mapping:\n  dimensions:\n    project: { value: A }\n    PROJECT: { value: B }\n',
    `4:5 mapping.dimensions.PROJECT: the key 'PROJECT' | one code for 'project' and 'PROJECT', which are the same`,
  ],
  [
    'a time zone that is none',
    'businessTimeZone: Bremen\n',
    '1:19 businessTimeZone: "Bremen" | a time zone such as Europe/Berlin',
  ],
  [
    'a line rule without a kind',
    'lineRules:\n  - when: { number: "SV-*" }\n',
    '2:5 lineRules.0.as: nothing | one of item, resource, account, charge, comment, refuse',
  ],
  [
    'a currency in words',
    'totals:\n  tolerance: { euro: 0.05 }\n',
    `2:16 totals.tolerance.euro: the key 'euro' | a currency such as EUR`,
  ],
  [
    'a key that is there twice',
    'createItems: true\ncreateItems: false\n',
    '2:1 : duplicate key | YAML: Map keys must be unique at line 2, column 1:',
  ],
  [
    'many faults at once',
    'createItems: maybe\nbundles: none\ntablez: {}\n',
    '1:14 createItems: "maybe" | a boolean',
    '2:10 bundles: "none" | one of lines, bundle',
    `3:1 tablez: the key 'tablez' | tables`,
  ],
];

describe('constants that fit', () => {
  it('are taken: cut, left to Business Central, by a table or of another type', () => {
    const yaml = `
tables: { paymentTerms: { 1: 30D } }
mapping:
  customer:
    type: { value: person }
    creditLimit: { value: 1000.5 }
    taxLiable: { value: "True" }
    paymentTermsId: { value: 1, table: paymentTerms }
    shipmentMethodId: { value: 7, table: shipmentMethods, unknown: leave }
    country: { value: A country by its long name }
  line:
    description2: { value: ${'x'.repeat(51)}, cut: true }
`;
    expect(readRules(yaml).mapping.customer['type']).toEqual({ value: 'person' });
  });
});

describe('a wrong rules file is refused with the line and column of every fault', () => {
  it.each(WRONG)('%s', (_what, yaml, ...expected) => {
    const told = faultsOf(yaml).map(
      (fault) => `${fault.line}:${fault.column} ${fault.field}: ${fault.found} | ${fault.right}`,
    );
    expect(told).toEqual(expected);
  });

  it('the error that ends a process names the file', () => {
    expect(() => parseRules('bundles: none\n', 'rules.yaml')).toThrow(ConfigError);
    expect(() => parseRules('bundles: none\n', 'rules.yaml')).toThrow(
      /rules\.yaml:1:10 {2}rule bundles: found "none"; right: one of lines, bundle/,
    );
  });
});

/** By mistake the file of keys or passwords is named; the message stands in a log. */
describe('a file that is no rules file', () => {
  const CONTENT = 'hunter2';

  it.each([
    ['one key', `a:${CONTENT}=\n`],
    ['keys', `a:${CONTENT}=\nb:${CONTENT}=\n`],
    ['keys and comments', `# one\na:${CONTENT}=\n# two\nb:${CONTENT}=\n`],
    ['a private key', `-----BEGIN PRIVATE KEY-----\n${CONTENT}\n-----END PRIVATE KEY-----\n`],
    ['a password', CONTENT],
    ['a password that begins with a star', `*${CONTENT}`],
    ['a list', `- ${CONTENT}\n`],
  ])('is called no map and not quoted: %s', (_what, text) => {
    expect(faultsOf(text)).toEqual([
      {
        line: 1,
        column: 1,
        field: '',
        found: 'a file that is no map in YAML, whose content is not shown',
        right: 'rules such as `confirmation: person`',
      },
    ]);
  });

  it.each([
    ['a number', '01234567'],
    ['a text of several lines', `|${CONTENT}\n`],
    ['a directive', `%YAML ${CONTENT}\n---\na: b\n`],
    ['a token that does not belong there', `a: b\n]${CONTENT}\n`],
    ['a text of several lines in a map', `a: |${CONTENT}\n`],
    ['settings', `A=b\nCLIENT_SECRET=${CONTENT}: x\n`],
    ['a setting with a colon in it', `CLIENT_SECRET=${CONTENT}: x\n`],
    ['a password of digits under a name', 'password: 01234567\n'],
    ['an alias under a name', `password: *${CONTENT}\n`],
    ['a formula under a name', `other: { expression: "${CONTENT} (((" }\n`],
    ['an alias in a known rule that is not YAML', `tables: !${CONTENT} x\n  y: z\n`],
    ['a password in place of a map', `alerts: ${CONTENT}\n`],
    ['a map in place of a word', `confirmation: { secret: ${CONTENT} }\n`],
    ['a list in place of a word', `orderPosting: [${CONTENT}]\n`],
    ['a map in place of a list', `alerts: { channels: { by: ${CONTENT} } }\n`],
    [
      'an address of Teams in place of receivers',
      `alerts: { channels: [{ name: us, by: teams, to: "https://example.com/?sig=${CONTENT}" }] }\n`,
    ],
    [
      'the same among the receivers',
      `alerts: { channels: [{ name: us, by: mail, to: ["https://example.com/?sig=${CONTENT}"] }] }\n`,
    ],
    ['a client secret in place of a word', `orderPosting: Zq_8Q~${CONTENT}\n`],
  ])('is refused and not quoted: %s', (_what, text) => {
    expect(JSON.stringify(faultsOf(text))).not.toMatch(/hunter2|1234567/);
  });
});

describe('a right rules file', () => {
  it('may be empty, and may lack the version', () => {
    expect(readRules('').version).toBe(1);
    expect(readRules('createItems: true').createItems).toBe(true);
  });

  it.each(readdirSync('test/rules'))('%s is one', (file) => {
    expect(readRules(readFileSync(`test/rules/${file}`, 'utf8'), file).version).toBe(1);
  });

  it('takes units and countries from the tables', () => {
    const rules = parseRules('tables: { units: { Dozen: DZ }, countries: { Deutschland: DE } }\n');
    expect(rules.lines.units).toEqual({ DOZEN: 'DZ' });
    expect(rules.mapping.tables.countries).toEqual({ DEUTSCHLAND: 'DE' });
  });

  const page = readFileSync('docs/mapping.md', 'utf8');
  const example = /```yaml\n(version: 1\n[\s\S]*?)```/.exec(page)?.[1] ?? '';

  it('the formulas of the example hold no deal for a line without a product, and none for an empty column', async () => {
    const { mapping, lines } = parseRules(example);
    const weighed = { products: { 'product-1': { stockweight: '12.5' } }, lines: { 'line-1': {} } };
    const sold = [makeLine(1), makeLine(2), makeLine(3, { product: undefined, unit: undefined })];
    const { values, problems } = await resolveDocument(
      makeDeal({ lines: sold, extra: weighed }),
      mapping,
      lines,
      knowAll(),
      'invoice',
    );
    expect(problems).toEqual([]);
    const texts = sold.map(({ lineId }) => values.lines[lineId]?.fields['description2']);
    expect(texts).toEqual(['25 kg', undefined, undefined]);
  });

  it('the commented example of the documentation is taken, and every section of it is in use', () => {
    const file = readRules(example, 'docs/mapping.md');
    for (const section of [
      'customer',
      'contact',
      'item',
      'document',
      'line',
      'dimensions',
      'lineDimensions',
    ] as const) {
      expect(Object.keys(file.mapping[section]), section).not.toEqual([]);
    }
  });
});

it('the schema for editors describes what a person writes', () => {
  const schema = JSON.parse(JSON.stringify(toEditorSchema())) as {
    additionalProperties: boolean;
    properties: Record<string, { properties: Record<string, { properties: Record<string, unknown> }> }>;
  };
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties['mapping']?.properties['customer']?.properties ?? {})).toContain('displayName');
  expect(schema).not.toHaveProperty('required');
});
