import { createDocument, patchDocument } from '@dealbridge/simulators/business-central/headers.js';
import { addLine, deleteLine, patchLine } from '@dealbridge/simulators/business-central/lines.js';
import { seedCompany } from '@dealbridge/simulators/business-central/seed.js';
import { Company, type SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { computeTotals } from '@dealbridge/simulators/business-central/totals.js';
import { SimClock } from '@dealbridge/simulators/kernel/clock.js';
import { makeDistributor } from '@dealbridge/simulators/seed/distributor.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDocumentBody } from '../../src/clients/business-central/document-body.js';
import { stringifyLosslessJson } from '../../src/clients/http/lossless-json.js';
import type { DealLine, WonDeal } from '../../src/deal/deal.js';
import { toDocument } from '../../src/deal/document.js';
import { add, isSame, multiply, round, subtract } from '../../src/deal/money.js';
import {
  type Difference,
  type DocumentTotals,
  findDifference,
  findMissingDiscount,
  whatToDo,
} from '../../src/deal/totals.js';
import { parseRules } from '../../src/process/config.js';
import { expectedOf, RULES } from '../support/expected-document.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** The simulated Business Central makes the draft, with its own rounding, and the deal is compared with it. */

const data = makeDistributor({ seed: 7, products: 12, accounts: 3, documents: 0 });
const items = data.products.filter(({ isInBusinessCentral }) => isInBusinessCentral);

function openCompany(): Company {
  const company = new Company('company', 'Company', new SimClock());
  seedCompany(company, data);
  return company;
}

function makeDraft(company: Company, deal: WonDeal): SalesDocument {
  const customer = company.findByNumber('customers', 'C10001');
  const draft = toDocument(deal, String(customer?.['id']), RULES.lines);
  const body = JSON.parse(stringifyLosslessJson(toDocumentBody(draft, 'invoice'))) as Record<string, unknown>;
  const made = createDocument(company, 'invoice', body);
  const missing = findMissingDiscount(deal, String(made.row['discountAmount']), draft.currency);
  if (missing !== undefined) patchDocument(company, made, { discountAmount: Number(missing) });
  return made;
}

function totalsOf({ row, lines }: SalesDocument): DocumentTotals {
  return {
    currency: String(row['currencyCode']),
    excludingTax: String(row['totalAmountExcludingTax']),
    tax: String(row['totalTaxAmount']),
    includingTax: String(row['totalAmountIncludingTax']),
    pricesIncludeTax: row['pricesIncludeTax'] === true,
    discount: String(row['discountAmount']),
    lines: lines.map((line) => ({
      sequence: line.sequence,
      number: String(line['lineObjectNumber']),
      net: String(line['amountExcludingTax']),
      quantity: String(line['quantity']),
      unitPrice: String(line['unitPrice']),
      discount: String(line['discountAmount']),
    })),
  };
}

function compare(deal: WonDeal, draft: SalesDocument): Difference | undefined {
  return findDifference(deal, totalsOf(draft), expectedOf(deal), RULES.totals);
}

const scaled = (max: number, decimals: number) =>
  fc.integer({ min: 1, max }).map((value) => (value / 10 ** decimals).toFixed(decimals));

const anyLine = fc.record({
  item: fc.nat({ max: items.length - 1 }),
  quantity: scaled(2_000_000, 5),
  price: scaled(50_000_000, 4),
  volumePercent: fc.nat({ max: 30 }),
  manualPercent: fc.nat({ max: 30 }),
});

/**
 * A deal with the totals that Sales itself computes: each amount rounded to the currency (reference/dataverse-sales
 * 2.16).
 */
const anyDeal = fc
  .record({
    lines: fc.array(anyLine, { minLength: 1, maxLength: 8 }),
    discountPercent: fc.nat({ max: 40 }),
    freight: fc.oneof(fc.constant('0'), scaled(20_000, 2)),
  })
  .map(({ lines: drawn, discountPercent, freight }) => {
    const nets: string[] = [];
    const lines = drawn.map(({ item, quantity, price, volumePercent, manualPercent }, index): DealLine => {
      const volume = round(multiply(price, `0.${String(volumePercent).padStart(2, '0')}`), 4);
      const base = round(multiply(quantity, subtract(price, volume)), 2);
      const manual = round(multiply(base, `0.${String(manualPercent).padStart(2, '0')}`), 2);
      nets.push(subtract(base, manual));
      const { number = '', unit = '' } = items[item] ?? {};
      const product = { productId: `p${item}`, number, name: number, isActive: true, isService: false };
      const discount = add(multiply(quantity, volume), manual);
      return makeLine(index + 1, { product, unit, quantity, unitPrice: price, discount });
    });
    const total = add('0', ...nets);
    const headerDiscount = round(multiply(total, `0.${String(discountPercent).padStart(2, '0')}`), 2);
    const totalLessFreight = subtract(total, headerDiscount);
    return makeDeal({ lines, freight, headerDiscount, totalLessFreight, total: add(totalLessFreight, freight) });
  });

describe('Business Central takes the document', () => {
  it.each(['invoice', 'order'] as const)('as an %s with every kind of line, fields and dimensions', (kind) => {
    const company = openCompany();
    const terms = String(company.findByNumber('paymentTerms', '45D')?.['id']);
    const [item, second] = items;
    const product = { productId: 'p', number: item?.number ?? '', name: 'x', isActive: true, isService: false };
    const deal = makeDeal({
      freight: '5',
      lines: [
        makeLine(1, { product, unit: item?.unit, memo: 'One\nTwo' }),
        makeLine(2, { product: { ...product, number: 'R-1', type: 'service' }, unit: 'HOUR' }),
        makeLine(3, { product: { ...product, number: second?.number ?? '', type: 'fee' }, unit: second?.unit }),
        makeLine(4, { product: undefined, unit: undefined, description: 'Bracket' }),
        makeLine(5, { product: { ...product, number: 'NOTE' }, unitPrice: '0' }),
      ],
    });
    const { lines } = parseRules(
      'freightAccount: "8410"\nwriteInAccount: "8400"\nlineRules: [{ when: { productType: service }, as: resource }, { when: { productType: fee }, as: charge, number: FEE }, { when: { number: NOTE }, as: comment }]',
    );
    const fields = {
      header: {
        paymentTermsId: terms,
        requestedDeliveryDate: '2026-12-01',
        dueDate: '2027-01-31',
        shortcutDimension1Code: 'SALES',
      },
      dimensions: [{ code: 'PROJECT', value: 'P-100' }],
      lines: { 'line-1': { fields: { taxCode: 'VAT7' }, dimensions: [{ code: 'REGION', value: 'SOUTH' }] } },
    };
    const draft = toDocument(deal, String(company.findByNumber('customers', 'C10001')?.['id']), lines, { fields });
    const body = JSON.parse(stringifyLosslessJson(toDocumentBody(draft, kind))) as Record<string, unknown>;
    const made = createDocument(company, kind, body);
    expect(made.lines.map((line) => line['lineType'])).toEqual([
      'Item',
      'Comment',
      'Comment',
      'Resource',
      'Charge',
      'Account',
      'Comment',
      'Account',
    ]);
    expect(made.row).toMatchObject({ paymentTermsId: terms, shortcutDimension1Code: 'SALES' });
    expect(made.lines[0]).toMatchObject({ taxCode: 'VAT7', unitPrice: '10' });
    expect(made.dimensions.get(String(made.row['id']))?.map(({ valueCode }) => valueCode)).toEqual(['P-100']);
    expect(
      made.dimensions
        .get(made.lines[0]?.id ?? '')
        ?.map(({ valueCode }) => valueCode)
        .sort(),
    ).toEqual(['P-100', 'SOUTH']);
    expect(kind === 'order' ? made.row['requestedDeliveryDate'] : made.row['dueDate']).toBe(
      kind === 'order' ? '2026-12-01' : '2027-01-31',
    );
  });
});

describe('totals of any deal', () => {
  it('agree with the draft to the cent, when nobody interferes', () => {
    fc.assert(
      fc.property(anyDeal, (deal) => {
        const draft = makeDraft(openCompany(), deal);
        expect(compare(deal, draft)).toBeUndefined();
        const wanted = add(deal.totalLessFreight, deal.freight);
        expect(isSame(wanted, String(draft.row['totalAmountExcludingTax']))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('agree, or the cause is named, whatever customer and clerk do to the draft', () => {
    const tampering = fc.record({
      isGross: fc.boolean(),
      autoDiscount: fc.nat({ max: 5 }),
      price: fc.option(scaled(50_000_000, 4), { nil: undefined }),
      quantity: fc.option(scaled(2_000_000, 5), { nil: undefined }),
      isLineGone: fc.boolean(),
      extra: fc.option(scaled(10_000, 2), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyDeal, tampering, (deal, { isGross, autoDiscount, price, quantity, isLineGone, extra }) => {
        const company = openCompany();
        const customerId = String(company.findByNumber('customers', 'C10001')?.['id']);
        if (isGross) company.pricesIncludeTax.add(customerId);
        if (autoDiscount > 0) company.defaultInvoiceDiscount.set(customerId, String(autoDiscount));
        const draft = makeDraft(company, deal);
        const [first, second] = draft.lines;
        if (price && first) patchLine(company, draft, first, { unitPrice: Number(price) });
        if (quantity && first) patchLine(company, draft, first, { quantity: Number(quantity) });
        if (isLineGone && second) deleteLine(company, draft, second);
        if (extra) {
          addLine(company, draft, {
            lineType: 'Account',
            lineObjectNumber: '8400',
            quantity: 1,
            unitPrice: Number(extra),
          });
          computeTotals(company, draft);
        }
        const found = compare(deal, draft);
        if (found) {
          expect(found.text).not.toBe('');
          return;
        }
        // Only what a line's own rounding moves: half a cent for each line that has one.
        const rounded = deal.lines.filter((line) => {
          const amount = subtract(multiply(line.quantity, line.unitPrice), line.discount);
          return !isSame(amount, round(amount, 2));
        });
        const apart = subtract(add(deal.totalLessFreight, deal.freight), String(draft.row['totalAmountExcludingTax']));
        expect(Math.abs(Number(apart))).toBeLessThanOrEqual(rounded.length * 0.005);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the cause of a difference has a name', () => {
  const line = (position: number, change: Partial<DealLine> = {}) => {
    const { number = '', unit = '' } = items[position] ?? {};
    const product = { productId: number, number, name: number, isActive: true, isService: false };
    return makeLine(position, { product, unit, quantity: '3', unitPrice: '10.00', ...change });
  };
  const deal = makeDeal({ lines: [line(1), line(2, { discount: '1.00' })] });

  const CASES: readonly (readonly [
    cause: string,
    text: RegExp,
    tamper: (company: Company, draft: SalesDocument) => void,
    deal?: WonDeal,
  ])[] = [
    [
      'price',
      /line 1 costs 10\.00 in Sales, 11 in the draft/,
      (company, draft) => patchLine(company, draft, at(draft, 0), { unitPrice: 11 }),
    ],
    [
      'quantity',
      /line 1 has 3 in Sales, 4 in the draft/,
      (company, draft) => patchLine(company, draft, at(draft, 0), { quantity: 4 }),
    ],
    [
      'line-discount',
      /line 2 has 1 in Sales, 2 in the draft/,
      (company, draft) => patchLine(company, draft, at(draft, 1), { discountAmount: 2 }),
    ],
    ['line-missing', /line 2; 2 expected, 1 found/, (company, draft) => deleteLine(company, draft, at(draft, 1))],
    [
      'extra-line',
      /line 3 \(8400\) of 5 is not in the deal/,
      (company, draft) => {
        addLine(company, draft, { lineType: 'Account', lineObjectNumber: '8400', quantity: 1, unitPrice: 5 });
        computeTotals(company, draft);
      },
    ],
    [
      'header-discount',
      /header discount: 0 in Sales, 7 in the draft, most likely the customer's own invoice discount/,
      (company, draft) => patchDocument(company, draft, { discountAmount: 7 }),
    ],
    ['tax', /tax: 1\.23 in Sales/, () => undefined, makeDeal({ lines: [line(1)], tax: '1.23' })],
    [
      'sales-total',
      /the lines in Sales give 30, 5 apart/,
      () => undefined,
      makeDeal({ lines: [line(1)], totalLessFreight: '35.00' }),
    ],
    [
      'tax-included',
      /the price list of the deal includes tax/,
      () => undefined,
      makeDeal({ lines: [line(1)], priceListName: 'Gross' }),
    ],
  ];

  it.each(CASES.map((one) => [one[0], one] as const))('%s', (_cause, [cause, text, tamper, other = deal]) => {
    const company = openCompany();
    const draft = makeDraft(company, other);
    tamper(company, draft);
    const found = compare(other, draft);
    expect(found?.cause).toBe(cause);
    expect(found?.text).toMatch(text);
  });

  it("tax-included, when it is the customer's prices that include tax", () => {
    const company = openCompany();
    company.pricesIncludeTax.add(String(company.findByNumber('customers', 'C10001')?.['id']));
    expect(compare(deal, makeDraft(company, deal))?.cause).toBe('tax-included');
  });

  it('prices with tax on both sides agree', () => {
    const company = openCompany();
    company.pricesIncludeTax.add(String(company.findByNumber('customers', 'C10001')?.['id']));
    const gross = makeDeal({ lines: [line(1)], priceListName: 'Gross' });
    expect(compare(gross, makeDraft(company, gross))).toBeUndefined();
  });
});

describe('what a difference does', () => {
  const { totals } = parseRules('totals: { onDifference: ask, causes: { rounding: pass, quantity: refuse } }');
  it('follows the cause, else the general rule', () => {
    expect([whatToDo('rounding', totals), whatToDo('quantity', totals), whatToDo('price', totals)]).toEqual([
      'pass',
      'refuse',
      'ask',
    ]);
    expect(whatToDo('price', parseRules('').totals)).toBe('refuse');
  });

  it('a document in another currency is refused, whatever the rules say', () => {
    expect(whatToDo('currency', parseRules('totals: { onDifference: pass }').totals)).toBe('refuse');
    expect(() => parseRules('totals: { causes: { currency: pass } }')).toThrow(/causes/);
  });
});

function at(draft: SalesDocument, index: number) {
  const line = draft.lines[index];
  if (!line) throw new Error(`no line ${index}`);
  return line;
}
