import { describe, expect, it } from 'vitest';
import type { DealLine, WonDeal } from '../../src/deal/deal.js';
import { decideLine } from '../../src/deal/line-rules.js';
import { withStoredSalesNumbers } from '../../src/deal/sales-numbers.js';
import { compileFormula } from '../../src/mapping/fields/expressions.js';
import { resolveCustomer, withMappedNumbers, withOurNumbers } from '../../src/mapping/fields/masters.js';
import { findLocalProblems, type Lookups, resolveDocument } from '../../src/mapping/fields/resolve.js';
import { toLocalDate, toMoment } from '../../src/mapping/fields/view.js';
import { planCustomer, planItem } from '../../src/mapping/plan/plan-master-data.js';
import { parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

async function resolve(deal: WonDeal, yaml: string, lookups: Lookups = knowAll()) {
  const { mapping, lines } = parseRules(yaml);
  return resolveDocument(deal, mapping, lines, lookups, 'invoice');
}

const rulesOf = (yaml: string) => {
  const { mapping, lines } = parseRules(yaml);
  return [mapping, lines] as const;
};

const told = (problems: readonly { reason: string; text: string }[]) =>
  problems.map(({ reason, text }) => `${reason}: ${text}`);
const extra = (record: Record<string, string>) => makeDeal({ extra: { record } });

describe('what does not fit is told before anything is written', () => {
  it('all problems of a deal at once, each with its field', async () => {
    const deal = makeDeal({
      extra: {
        record: { shipto_city: 'x'.repeat(31), new_terms: '9', new_day: 'soon', new_country: 'Atlantis' },
        lines: { 'line-1': { new_text: 'y'.repeat(51) } },
      },
    });
    const { problems } = await resolve(
      deal,
      `
tables: { paymentTerms: { 1: 30D } }
mapping:
  document:
    paymentTermsId: { column: new_terms, table: paymentTerms }
    postingDate: { column: new_day }
    sellToCountry: { column: new_country }
    sellToCity: { column: new_nothing, required: true }
    email: { expression: "$multiply('a', 2)" }
    phoneNumber: { expression: "lines" }
  line:
    description2: { column: line.new_text }
  dimensions:
    PROJECT: { value: P-900 }
`,
      knowAll(['Atlantis', 'P-900']),
    );
    expect(told(problems)).toEqual([
      "mapping-failed: document.postingDate: 'soon' (column new_day) is no date such as 2026-03-31",
      "code-unknown: document.paymentTermsId: '9' (column new_terms) is not in the table paymentTerms",
      'value-too-long: document.shipToCity: 31 characters where 30 fit (column shipto_city)',
      'value-missing: document.sellToCity: column new_nothing holds nothing',
      'mapping-failed: document.phoneNumber: the formula gives a list; a text, a whole number or true or false is right',
      'mapping-failed: document.email: the formula failed: amount: expected a decimal as text, such as "12.50", or a whole number',
      "code-unknown: document.sellToCountry: 'Atlantis' (column new_country) is no code of countriesRegions in Business Central",
      "code-unknown: document.dimensions: 'P-900' (the constant of the configuration) is no value of PROJECT in Business Central",
      'value-too-long: line 1.description2: 51 characters where 50 fit (column line.new_text)',
    ]);
  });

  it('what needs no look-up is found when the deal is read', async () => {
    const { mapping, lines } = parseRules('');
    expect(told(await findLocalProblems(extra({ shipto_name: 'x'.repeat(101) }), mapping, lines, 'order'))).toEqual([
      'value-too-long: document.shipToName: 101 characters where 100 fit (column shipto_name)',
    ]);
  });

  it('a third line of an address that does not fit behind the second is held, not dropped', async () => {
    const { mapping, lines } = parseRules('');
    const address = extra({ shipto_line2: 'x'.repeat(30), shipto_line3: 'y'.repeat(30) });
    expect(told(await findLocalProblems(address, mapping, lines, 'order'))).toEqual([
      'value-too-long: document.shipToAddressLine2: 62 characters where 50 fit (column shipto_line2 with shipto_line3)',
    ]);
  });

  it('a customer is held for its own fields only when it is created', async () => {
    const deal = makeDeal({ extra: { account: { name: 'x'.repeat(101) } } });
    const { mapping, lines } = parseRules('');
    expect(await findLocalProblems(deal, mapping, lines, 'order')).toEqual([]);
    expect(told((await resolveCustomer(deal, mapping, knowAll())).problems)).toEqual([
      'value-too-long: customer.displayName: 101 characters where 100 fit (column account.name)',
    ]);
  });
});

describe('a truth', () => {
  it.each(['yes', 'constructor', '__proto__'])('is nothing else: %s', async (new_partial) => {
    const { values, problems } = await resolveDocument(
      extra({ new_partial }),
      ...rulesOf('mapping: { document: { partialShipping: { column: new_partial } } }'),
      knowAll(),
      'order',
    );
    expect(values.header).not.toHaveProperty('partialShipping');
    expect(told(problems)).toEqual([
      `mapping-failed: document.partialShipping: '${new_partial}' (column new_partial) is neither true nor false`,
    ]);
  });
});

describe('a cut is configured and recorded', () => {
  it('keeps the first characters and says what was there', async () => {
    const { values, problems, notes } = await resolve(
      extra({ shipto_city: `${'x'.repeat(29)}yz` }),
      'mapping: { document: { shipToCity: { column: shipto_city, cut: true } } }',
    );
    expect(problems).toEqual([]);
    expect(values.header['shipToCity']).toBe(`${'x'.repeat(29)}y`);
    expect(notes.find(({ field }) => field === 'document.shipToCity')?.cutFrom).toBe(`${'x'.repeat(29)}yz`);
  });

  it('never leaves half a character', async () => {
    const { values } = await resolve(
      extra({ shipto_city: `${'x'.repeat(29)}😀` }),
      'mapping: { document: { shipToCity: { column: shipto_city, cut: true } } }',
    );
    expect(values.header['shipToCity']).toBe('x'.repeat(29));
  });
});

describe('where a value comes from', () => {
  it('of several columns the first that holds something', async () => {
    const yaml = 'mapping: { document: { email: { column: [new_mail, account.emailaddress1] } } }';
    expect((await resolve(extra({ new_mail: 'a@example.com' }), yaml)).values.header['email']).toBe('a@example.com');
    expect((await resolve(extra({}), yaml)).values.header['email']).toBe('office1@example.com');
  });

  it('a column that is named for orders is empty for a quote', async () => {
    const yaml = 'mapping: { document: { email: { column: salesorder.new_mail } } }';
    const quote = makeDeal({ table: 'quote', extra: { record: { new_mail: 'a@example.com' } } });
    expect((await resolve(quote, yaml)).values.header['email']).toBeUndefined();
  });

  it('`false` leaves a field to Business Central, `unknown: leave` only a value without a code', async () => {
    const yaml = `
tables: { paymentTerms: { 1: 30D } }
mapping:
  document:
    shipToName: false
    paymentTermsId: { column: paymenttermscode, table: paymentTerms, unknown: leave }
`;
    const { values, problems, notes } = await resolve(extra({ shipto_name: 'Lager', paymenttermscode: '7' }), yaml);
    expect(problems).toEqual([]);
    expect(values.header).toEqual({});
    expect(notes.filter(({ leftOut }) => leftOut).map(({ field }) => field)).toEqual(['document.paymentTermsId']);
  });

  it('customer and item numbers of other columns are the ones that are looked up', async () => {
    const { mapping } = parseRules(
      'mapping: { customer: { number: { column: account.new_debitor } }, item: { number: { column: product.bc_itemnumber } } }',
    );
    const deal = makeDeal({
      extra: { account: { new_debitor: 'd-4711' }, products: { 'product-1': { bc_itemnumber: '1000' } } },
    });
    const mapped = await withMappedNumbers(deal, mapping);
    expect(mapped.customer?.number).toBe('D-4711');
    expect(mapped.lines[0]?.product?.number).toBe('1000');
  });

  it('a number that a formula makes of the one in Sales is made once', async () => {
    const rules = parseRules(`
createItems: true
mapping:
  customer: { number: { expression: "'DEBTOR-' & account.accountnumber" } }
  item: { number: { expression: "'ITEM-' & product.productnumber" } }
  document: { customerPurchaseOrderReference: { expression: "account.accountnumber" } }
  line: { description2: { expression: "product.productnumber" } }
`);
    const { mapping, lines, masters } = rules;
    const product = { ...makeLine(1).product, number: 'EQ-1000-BLUE' } as NonNullable<DealLine['product']>;
    const read = makeDeal({ lines: [makeLine(1, { product })] });
    const deal = withStoredSalesNumbers(read, await withOurNumbers(read, mapping, masters.items));
    expect(deal.customer?.number).toBe('DEBTOR-C10001');
    const customer = await planCustomer(deal, rules, knowAll());
    const item = await planItem(deal, deal.lines[0] as DealLine, rules, knowAll());
    const { values } = await resolveDocument(deal, mapping, lines, knowAll(), 'invoice');
    // Once more it would be too long, or the number of nobody.
    expect([...customer.problems, ...item.problems]).toEqual([]);
    expect([customer.number, item.number]).toEqual(['DEBTOR-C10001', 'ITEM-EQ-1000-BLUE']);
    expect(values.header['customerPurchaseOrderReference']).toBe('C10001');
    expect(values.lines['line-1']?.fields['description2']).toBe('EQ-1000-BLUE');
  });
});

describe('an item that several products may be', () => {
  const rules = parseRules(`
mapping: { item: { number: { column: product.new_item } } }
masters: { itemPattern: { match: 'X-(.*)', item: '$1' } }
`);
  it.each([
    ['is by rule where the pattern names it', 'X-100', true],
    [
      'is none by rule where the pattern does not fit, though the mapping names another number than Sales',
      '100',
      false,
    ],
  ])('%s', async (_what, itemNumber, isByRule) => {
    const read = makeDeal({
      lines: [makeLine(1)],
      extra: { products: { [String(makeLine(1).product?.productId)]: { new_item: itemNumber } } },
    });
    const deal = withStoredSalesNumbers(read, await withOurNumbers(read, rules.mapping, rules.masters.items));
    const item = await planItem(deal, deal.lines[0] as DealLine, rules, knowAll());
    expect(item).toMatchObject({ number: '100', isByRule });
  });
});

describe('a rule for lines that names product numbers', () => {
  it.each([
    ['a formula', `mapping: { item: { number: { expression: "'I-' & product.productnumber" } } }`],
    ['a pattern', "masters: { itemPattern: { match: '(NOTE|SV|OLD)-(.*)', item: 'I-$2' } }"],
    ['a table', 'masters: { items: { NOTE-1: I-1, SV-1: I-2, OLD-1: I-3 } }'],
  ])('means those of Sales, whatever %s calls their items', async (_how, yaml) => {
    const { mapping, lines, masters } = parseRules(`
${yaml}
lineRules:
  - { when: { number: "NOTE-*" }, as: comment }
  - { when: { number: "SV-*" }, as: resource }
  - { when: { number: "OLD-*" }, as: refuse }
`);
    const sell = (position: number, number: string) => {
      const line = makeLine(position, { unitPrice: '0' });
      return { ...line, product: { ...line.product, number } as NonNullable<DealLine['product']> };
    };
    const read = makeDeal({ lines: [sell(1, 'NOTE-1'), sell(2, 'SV-1'), sell(3, 'OLD-1'), sell(4, 'EQ-1')] });
    const deal = withStoredSalesNumbers(read, await withOurNumbers(read, mapping, masters.items));
    expect(deal.lines.map((line) => decideLine(line, lines, deal).kind)).toEqual([
      'comment',
      'resource',
      'refuse',
      'item',
    ]);
  });
});

describe('a regular expression in a formula', () => {
  const evaluate = (text: string) => compileFormula(text).evaluate({ name: `${'a'.repeat(5_000)}! 12 and 7` }, 'UTC');

  it('ends on every text, however it is written (I13)', async () => {
    expect(await evaluate('$contains(name, /^(a+)+$/)')).toBe(false);
  });

  it('matches, replaces and splits as JSONata says', async () => {
    expect(await evaluate("$join($match(name, /(\\d+)( and)?/).groups[0], '+')")).toBe('12+7');
    expect(await evaluate("$replace('a-b', /(\\w)-(\\w)/i, '$2-$1')")).toBe('b-a');
    expect(await evaluate("$split('a, b;c', /[,;]\\s*/)")).toEqual(['a', 'b', 'c']);
  });

  it('that no limit of time could hold is refused before anything is read', () => {
    expect(() => compileFormula('$match(name, /(?=a)b/)')).toThrow(/is no pattern: .*without look-ahead/);
  });
});

describe('expressions compute with decimals, never with floats', () => {
  const line = makeLine(1, { quantity: '0.1', unitPrice: '3.00000000000000000001' });
  const deal = makeDeal({ lines: [line, makeLine(2)] });
  const evaluate = async (expression: string): Promise<unknown> => {
    const yaml = `mapping: { line: { description2: { expression: ${JSON.stringify(expression)} } } }`;
    const { values, problems } = await resolve(deal, yaml);
    return problems[0]?.text ?? values.lines['line-1']?.fields['description2'];
  };

  it.each([
    ['$multiply(line.unitPrice, 3)', '9.00000000000000000003'],
    ['$add(line.quantity, "0.2")', '0.3'],
    ['$subtract("0.3", "0.1")', '0.2'],
    ['$round("2.675", 2)', '2.68'],
    ['$round("-2.5", 0)', '-3'],
    ['$add(lines.quantity)', '2.1'],
    ['line.product.name & " / " & currency', 'Product 1 / EUR'],
    ['$count(lines)', '2'],
  ])('%s is %s', async (expression, expected) => {
    expect(await evaluate(expression)).toBe(expected);
  });

  it('arithmetic of JSONata refuses decimal strings, and a float is no result', async () => {
    expect(await evaluate('line.unitPrice * 2')).toContain('the formula failed');
    expect(await evaluate('$number("0.1") + $number("0.2")')).toContain('the formula gives the float');
  });

  it('an expression without end ends with a hold', async () => {
    expect(await evaluate('($f := function($n) { $f($n + 1) + 1 }; $f(1))')).toContain('the formula failed');
  });

  it('that gives more than fits is for whoever wrote it, since no seller sees what it is made of', async () => {
    const yaml = `
mapping:
  document:
    shipToName: { expression: "'x' & new_first & $pad('', 100, '-')" }
    shipToCity: { column: new_first }
  read: [new_first]
`;
    const { problems } = await resolve(extra({ new_first: 'y'.repeat(50) }), yaml);
    expect(told(problems)).toEqual([
      'mapping-failed: document.shipToName: 151 characters where 100 fit (the formula of the configuration)',
      'value-too-long: document.shipToCity: 50 characters where 30 fit (column new_first)',
    ]);
  });

  it('that gives nothing but blanks gives nothing, as a column does', async () => {
    const yaml = `
mapping:
  customer: { number: { expression: "account.new_area & ' ' & account.new_debitor" } }
  document:
    shipToName: { expression: "new_first & ' ' & new_last", required: true }
    dueDate: { expression: "' '" }
  dimensions: { PROJECT: { expression: "new_project & ' '" } }
  read: [account.new_area, account.new_debitor, new_first, new_last, new_project]
`;
    const { mapping } = parseRules(yaml);
    const { values, problems } = await resolve(makeDeal(), yaml);
    expect(told(problems)).toEqual([
      'mapping-failed: document.shipToName: the formula of the configuration holds nothing',
    ]);
    expect([values.header, values.dimensions]).toEqual([{}, []]);
    expect((await withMappedNumbers(makeDeal(), mapping)).customer?.number).toBeUndefined();
  });

  it('a fault is told with its place when the expression is compiled', () => {
    expect(() => compileFormula('a + ')).toThrow(expect.objectContaining({ at: 3 }));
    // The same deal is the same document whenever it is read.
    expect(() => compileFormula('$substring($now(), 0, 10)')).toThrow(
      expect.objectContaining({ at: 11, message: expect.stringMatching(/^\$now gives another value each time/) }),
    );
    expect(() => compileFormula('($dice := $random; $dice())')).toThrow(/^\$random gives/);
    expect(() => compileFormula('$eval(new_formula)')).toThrow(/^\$eval makes/);
  });
});

describe('dimensions', () => {
  const yaml = `
mapping:
  dimensions: { PROJECT: { column: new_project }, REGION: { column: new_region } }
  lineDimensions: { PROJECT: { column: line.new_project } }
`;
  const known = (customer: Record<string, string>, item: Record<string, string> = {}): Lookups => ({
    ...knowAll(),
    customerDimensions: async () => new Map(Object.entries(customer)),
    itemDimensions: async () => new Map(Object.entries(item)),
  });
  const deal = makeDeal({
    extra: { record: { new_project: 'P-100', new_region: 'NORTH' }, lines: { 'line-1': { new_project: 'P-100' } } },
  });

  it('of the header are sent, and not again for a line that inherits them', async () => {
    const { values, problems } = await resolve(deal, yaml, known({}));
    expect(problems).toEqual([]);
    expect(values.dimensions).toEqual([
      { code: 'PROJECT', value: 'P-100' },
      { code: 'REGION', value: 'NORTH' },
    ]);
    expect(values.lines['line-1']?.dimensions).toEqual([]);
  });

  it('that the customer sets already are left out; other values of them are told', async () => {
    const { values, problems } = await resolve(deal, yaml, known({ PROJECT: 'P-100', REGION: 'SOUTH' }));
    expect(values.dimensions).toEqual([]);
    expect(told(problems)).toEqual([
      "dimension-conflict: document.dimensions: REGION is NORTH by the mapping (column new_region) and SOUTH by the customer's default",
    ]);
  });

  it('that are global ones are set by their property, over a default of the customer', async () => {
    const global =
      'mapping: { dimensions: { DEPARTMENT: { value: SALES } }, lineDimensions: { DEPARTMENT: { column: line.new_department } } }';
    const { values, problems } = await resolve(makeDeal(), global, known({ DEPARTMENT: 'SERVICE' }));
    expect(problems).toEqual([]);
    expect(values.header).toMatchObject({ shortcutDimension1Code: 'SALES' });
    expect(values.dimensions).toEqual([]);
    const other = makeDeal({ extra: { lines: { 'line-1': { new_department: 'RENTAL' } } } });
    expect(told((await resolve(other, global, known({}))).problems)).toEqual([
      'dimension-conflict: line 1.dimensions: DEPARTMENT is RENTAL by the mapping (column line.new_department) and SALES by what the line inherits',
    ]);
  });

  it('of a line that differ from what item or document give are told', async () => {
    const other = makeDeal({ extra: { lines: { 'line-1': { new_project: 'P-100' } } } });
    expect(told((await resolve(other, yaml, known({}, { PROJECT: 'P-200' }))).problems)).toEqual([
      'dimension-conflict: line 1.dimensions: PROJECT is P-100 by the mapping (column line.new_project) and P-200 by what the line inherits',
    ]);
    expect((await resolve(other, yaml, known({}))).values.lines['line-1']?.dimensions).toEqual([
      { code: 'PROJECT', value: 'P-100' },
    ]);
  });
});

describe('days', () => {
  it.each([
    ['2025-03-07T23:00:00Z', 'Europe/Berlin', '2025-03-08'],
    ['2025-03-07T23:00:00Z', 'UTC', '2025-03-07'],
    ['2025-07-01T04:00:00Z', 'America/New_York', '2025-07-01'],
    ['2025-06-30T22:00:00Z', 'Europe/Berlin', '2025-07-01'],
    ['2025-03-08', 'Pacific/Auckland', '2025-03-08'],
  ])('%s in %s is %s', (moment, zone, day) => {
    expect(toLocalDate(moment, zone)).toBe(day);
  });

  it.each(['PO 12', '5', '2026', '03/04/2026', '2026-1-5', '2026-02-29', '2026-13-01', '2026-03-31T10:00:00', 'soon'])(
    '%s is no day: nobody guesses one',
    async (text) => {
      const yaml = `
mapping:
  document:
    postingDate: { column: new_day }
    dueDate: { expression: "new_day" }
`;
      expect(told((await resolve(extra({ new_day: text }), yaml)).problems)).toEqual([
        `mapping-failed: document.postingDate: '${text}' (column new_day) is no date such as 2026-03-31`,
        `mapping-failed: document.dueDate: '${text}' (the formula of the configuration) is no date such as 2026-03-31`,
      ]);
    },
  );

  it.each([
    ['2026-03-28T23:00:00Z', '2026-03-29'],
    ['2026-03-29T22:00:00Z', '2026-03-30'],
    ['2026-03-30', '2026-03-30'],
  ])(
    'of a column of somebody’s own, %s, are told by $day in a formula, also where the clock changes: %s',
    async (moment, day) => {
      const yaml = `
businessTimeZone: Europe/Berlin
mapping:
  document: { customerPurchaseOrderReference: { expression: "'by ' & $day(new_on)" }, email: { expression: "$day(new_no)" } }
  read: [new_on, new_no]
`;
      const { values, problems } = await resolve(extra({ new_on: moment }), yaml);
      expect([values.header, problems]).toEqual([{ customerPurchaseOrderReference: `by ${day}` }, []]);
    },
  );

  it('that are none hold the deal in $day, too', async () => {
    const yaml = 'mapping: { document: { shipToName: { expression: "$day(new_on)" } }, read: [new_on] }';
    expect(told((await resolve(extra({ new_on: 'soon' }), yaml)).problems)).toEqual([
      'mapping-failed: document.shipToName: the formula failed: day: expected a date such as 2026-03-31 or a moment of Sales',
    ]);
  });

  it('are the same in a formula as in a column, also of a line', async () => {
    const yaml = `
businessTimeZone: Europe/Berlin
mapping:
  document: { customerPurchaseOrderReference: { expression: "'wanted on ' & requestdeliveryby" } }
  line: { description2: { expression: "line.requestdeliveryby & ' of ' & lines[0].requestdeliveryby" } }
`;
    const deal = makeDeal({
      extra: {
        record: { requestdeliveryby: '2026-03-28T23:00:00Z' },
        lines: { 'line-1': { requestdeliveryby: '2026-03-29T22:00:00Z' } },
      },
    });
    const { values } = await resolve(deal, yaml);
    expect(values.header).toMatchObject({
      requestedDeliveryDate: '2026-03-29',
      customerPurchaseOrderReference: 'wanted on 2026-03-29',
    });
    expect(values.lines['line-1']?.fields['description2']).toBe('2026-03-30 of 2026-03-30');
  });

  it('a day becomes its noon in the zone, and is the same day when it is read again', () => {
    for (const [zone, moment] of [
      ['UTC', '2026-03-29T12:00:00Z'],
      ['America/Los_Angeles', '2026-03-29T19:00:00Z'],
      ['Asia/Kolkata', '2026-03-29T06:30:00Z'],
      ['Pacific/Kiritimati', '2026-03-28T22:00:00Z'],
      ['Pacific/Pago_Pago', '2026-03-29T23:00:00Z'],
      // The clocks went forward that night.
      ['Europe/Berlin', '2026-03-29T10:00:00Z'],
    ] as const) {
      expect(toMoment('2026-03-29', zone)).toBe(moment);
      expect(toLocalDate(moment, zone)).toBe('2026-03-29');
    }
    expect(toMoment('2026-02-30', 'UTC')).toBe('2026-02-30');
  });

  // reference/dataverse-sales 2.14; ce/developer/reference/entities/opportunity.md and account.md: UserLocal
  it('every column of Sales that keeps a day as a moment gives the day of the business time zone', async () => {
    const moments = [
      'overriddencreatedon',
      'lastonholdtime',
      'schedulefollowup_prospect',
      'schedulefollowup_qualify',
      'scheduleproposalmeeting',
    ];
    for (const column of moments) {
      const yaml = `
businessTimeZone: Europe/Berlin
mapping: { document: { customerPurchaseOrderReference: { column: ${column} } } }
`;
      const deal = makeDeal({ extra: { record: { [column]: '2026-03-28T23:00:00Z' } } });
      expect((await resolve(deal, yaml)).values.header, column).toMatchObject({
        customerPurchaseOrderReference: '2026-03-29',
      });
    }
    const yaml = `
businessTimeZone: Europe/Berlin
mapping: { document: { customerPurchaseOrderReference: { column: account.lastusedincampaign } } }
`;
    const deal = makeDeal({ extra: { account: { lastusedincampaign: '2026-03-28T23:00:00Z' } } });
    expect((await resolve(deal, yaml)).values.header).toMatchObject({ customerPurchaseOrderReference: '2026-03-29' });
  });
});
