import { describe, expect, it } from 'vitest';
import { toDocumentBody } from '../../src/clients/business-central/document-body.js';
import type { DealLine, WonDeal } from '../../src/deal/deal.js';
import { type DocumentOptions, toDocument } from '../../src/deal/document.js';
import { findProblems } from '../../src/deal/problems.js';
import { parseRules } from '../../src/process/config.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** The lines of a document as a clerk reads them: one row each. */
function tableOf(deal: WonDeal, yaml: string, options: DocumentOptions = {}): string[] {
  const { lines } = toDocument(deal, 'customer-id', parseRules(yaml).lines, options);
  return lines.map(({ sequence, kind, number, quantity, unitCode, unitPrice, discount, description }) =>
    kind === 'comment'
      ? `${sequence} | comment | ${description}`
      : [sequence, kind, number, `${quantity} ${unitCode ?? ''}`.trim(), unitPrice, discount, description ?? '–'].join(
          ' | ',
        ),
  );
}

const product = (number: string, change: object = {}) => ({
  productId: `id of ${number}`,
  number,
  name: `Name of ${number}`,
  isActive: true,
  isService: false,
  type: 'inventory' as const,
  ...change,
});

const LONG =
  'Bracket to drawing 4711 in stainless steel, polished on both sides, with four holes and a rubber seal; delivered in a wooden box that is returned';

describe('a deal with every kind of line at once', () => {
  const lines: DealLine[] = [
    makeLine(1, { product: product('EQ-1001'), quantity: '2.50000', unitPrice: '1234.5678' }),
    makeLine(2, { product: undefined, unit: undefined, description: LONG, quantity: '1', unitPrice: '99.95' }),
    makeLine(3, { product: product('BUNDLE-1'), role: 'bundle', quantity: '1', unitPrice: '500.00' }),
    makeLine(4, { product: product('EQ-1002'), role: 'member', bundleLineId: 'line-3', unitPrice: '0' }),
    makeLine(5, {
      product: product('EQ-1003'),
      role: 'member',
      bundleLineId: 'line-3',
      unitPrice: '25.00',
      quantity: '1',
    }),
    makeLine(6, {
      product: product('SV-01', { isService: true, type: 'service' }),
      unit: 'Hour',
      quantity: '3.75',
      unitPrice: '80.00',
    }),
    makeLine(7, { product: product('HANDLING', { type: 'charge' }), quantity: '1', unitPrice: '12.00' }),
    makeLine(8, { product: product('FEE-7', { type: 'fee' }), quantity: '1', unitPrice: '7.00' }),
    makeLine(9, {
      product: product('NOTE-1'),
      description: 'Please call before delivery',
      quantity: '1',
      unitPrice: '0',
    }),
    makeLine(10, {
      product: product('EQ-1004'),
      quantity: '10',
      unitPrice: '9.99',
      discount: '5.995',
      memo: 'First remark\nSecond remark',
    }),
    makeLine(11, {
      product: product('EQ-1005'),
      unit: 'Dozen',
      quantity: '2',
      unitPrice: '120.00',
      unitFactor: '12',
      baseUnit: 'Piece',
    }),
  ];
  const deal = makeDeal({ lines, freight: '48.00', headerDiscount: '10.00' });
  const rules = `
writeInAccount: "8400"
freightAccount: "8410"
convertUnits: true
tables: { units: { Piece: PCS, Hour: HOUR } }
lineRules:
  - { when: { productType: service, number: "SV-*" }, as: resource }
  - { when: { productType: charge }, as: account, number: "8410" }
  - { when: { productType: fee }, as: charge, number: FEE }
  - { when: { number: "NOTE-*", price: { below: "0.01" } }, as: comment }
`;
  const knownUnits = new Set(['PCS', 'HOUR']);

  it('becomes the document that a clerk would have typed', () => {
    expect(findProblems(deal, parseRules(rules).lines)).toEqual([]);
    expect(tableOf(deal, rules, { knownUnits })).toEqual([
      '10000 | item | EQ-1001 | 2.50000 PCS | 1234.5678 | 0 | –',
      '20000 | account | 8400 | 1 | 99.95 | 0 | Bracket to drawing 4711 in stainless steel, polished on both sides, with four holes and a rubber',
      '20001 | comment | seal; delivered in a wooden box that is returned',
      '30000 | item | BUNDLE-1 | 1 PCS | 500.00 | 0 | –',
      '40000 | item | EQ-1002 | 2 PCS | 0 | 0 | –',
      '50000 | item | EQ-1003 | 1 PCS | 25.00 | 0 | –',
      '60000 | resource | SV-01 | 3.75 HOUR | 80.00 | 0 | –',
      '70000 | account | 8410 | 1 PCS | 12.00 | 0 | –',
      '80000 | charge | FEE | 1 PCS | 7.00 | 0 | –',
      '90000 | comment | Please call before delivery',
      '100000 | item | EQ-1004 | 10 PCS | 9.99 | 5.99 | –',
      '100001 | comment | First remark',
      '100002 | comment | Second remark',
      '110000 | item | EQ-1005 | 24 PCS | 10 | 0 | –',
      '120000 | account | 8410 | 1 | 48.00 | 0 | Freight',
    ]);
    expect(toDocument(deal, 'customer-id', parseRules(rules).lines).headerDiscount).toBe('10.00');
  });

  it('leaves out the members of a bundle that cost nothing when the rule says bundle, and no money is lost', () => {
    const rows = tableOf(deal, `${rules}bundles: bundle\n`, { knownUnits });
    expect(rows.filter((row) => row.includes('EQ-1002'))).toEqual([]);
    expect(rows).toContain('50000 | item | EQ-1003 | 1 PCS | 25.00 | 0 | –');
  });

  it('leaves memos out when the rule says so', () => {
    expect(tableOf(deal, `${rules}lineTexts: none\n`, { knownUnits }).join()).not.toContain('remark');
  });

  it('takes a unit that Business Central knows as it is', () => {
    const rows = tableOf(deal, rules, { knownUnits: new Set(['DOZEN', 'PCS', 'HOUR']) });
    expect(rows).toContain('110000 | item | EQ-1005 | 2 DOZEN | 120.00 | 0 | –');
  });
});

describe('all that is wrong with lines is told at once', () => {
  it('a refused line, a comment that costs money, a write-in and freight without account', () => {
    const deal = makeDeal({
      freight: '5.00',
      lines: [
        makeLine(1, { role: 'project-service' }),
        makeLine(2, { product: product('NOTE-2'), unitPrice: '3.00' }),
        makeLine(3, { product: undefined }),
        makeLine(4, { product: product('BAD-1') }),
      ],
    });
    const { lines } = parseRules(
      'lineRules: [{ when: { number: "NOTE-*" }, as: comment }, { when: { number: "BAD-*" }, as: refuse }]',
    );
    expect(findProblems(deal, lines).map(({ reason, text }) => `${reason}: ${text}`)).toEqual([
      'line-refused: line 1: no rule says what a project-based service becomes',
      'line-refused: line 2: a rule makes it a comment, but it costs 3.00 each',
      'write-in-unmapped: line 3 is a write-in',
      'line-refused: line 4: a rule refuses such lines',
      'freight-unmapped: freight of 5.00',
    ]);
  });

  it('a discount of the whole record that no line can carry', () => {
    const { lines } = parseRules('writeInAccount: "8400"\nfreightAccount: "8410"');
    const writeIns = [makeLine(1, { product: undefined }), makeLine(2, { product: undefined })];
    expect(findProblems(makeDeal({ lines: writeIns, headerDiscount: '7.13', freight: '5.00' }), lines)).toEqual([
      {
        reason: 'discount-not-allowed',
        text: 'discount of 7.13 on the whole record, but none of its lines is an item or a resource that costs something: Business Central spreads it over those alone',
      },
    ]);
    expect(findProblems(makeDeal({ lines: writeIns, headerDiscount: '0' }), lines)).toEqual([]);
    expect(findProblems(makeDeal({ lines: [...writeIns, makeLine(3)], headerDiscount: '7.13' }), lines)).toEqual([]);
  });

  it('a discount of the whole record that is more than its lines can carry', () => {
    const { lines } = parseRules('writeInAccount: "8400"');
    const textsOf = (headerDiscount: string, ...items: DealLine[]) =>
      findProblems(
        makeDeal({ lines: [makeLine(9, { product: undefined, unitPrice: '500.00' }), ...items], headerDiscount }),
        lines,
      ).map(({ reason, text }) => `${reason}: ${text}`);
    const given = makeLine(1, { quantity: '2', unitPrice: '10.00', discount: '20.00' });
    expect(textsOf('5.00', given)).toEqual([
      'discount-not-allowed: discount of 5.00 on the whole record, but its lines of items and resources come to 0.00 after their own discounts: Business Central spreads it over those alone',
    ]);
    const half = makeLine(1, { quantity: '2', unitPrice: '10.00', discount: '10.00' });
    expect(textsOf('10.01', half)).toEqual([
      'discount-not-allowed: discount of 10.01 on the whole record, but its lines of items and resources come to 10.00 after their own discounts: Business Central spreads it over those alone',
    ]);
    expect(textsOf('10.00', half)).toEqual([]);
    expect(textsOf('10.00', given, makeLine(2, { quantity: '1', unitPrice: '10.00' }))).toEqual([]);
  });

  it('lines of which nothing can be posted', () => {
    const { lines } = parseRules('lineRules: [{ when: { number: "NOTE-*" }, as: comment }]');
    const note = makeLine(1, { product: product('NOTE-1'), unitPrice: '0' });
    const none = makeLine(2, { quantity: '0' });
    expect(findProblems(makeDeal({ number: 'ORD-1', lines: [note, none] }), lines)).toEqual([
      {
        reason: 'no-lines',
        text: 'salesorder ORD-1 has no line that can be posted: each is a comment, is left out or has a quantity of 0',
      },
    ]);
    // What is given for nothing is posted, and its invoice is paid at once.
    expect(findProblems(makeDeal({ lines: [note, none, makeLine(3, { unitPrice: '0' })] }), lines)).toEqual([]);
  });

  it('a pricing error by its name in Sales', () => {
    const deal = makeDeal({
      pricingErrorCode: 1,
      lines: [makeLine(1), makeLine(2, { pricingErrorCode: 14 }), makeLine(3, { pricingErrorCode: 4711 })],
    });
    expect(findProblems(deal, parseRules('').lines)).toEqual([
      { reason: 'pricing-error', text: 'pricing error 1 (Detail Error) on the header' },
      { reason: 'pricing-error', text: 'line 2: pricing error 14 (Missing Price)' },
      { reason: 'pricing-error', text: 'line 3: pricing error 4711' },
    ]);
  });

  it('a rule can decide by the owner of the record', () => {
    const rules = parseRules('lineRules: [{ when: { owner: "*@partner.example" }, as: refuse }]').lines;
    const owned = (internalemailaddress: string) => makeDeal({ extra: { owner: { internalemailaddress } } });
    expect(findProblems(owned('ann@Partner.example'), rules)).toHaveLength(1);
    expect(findProblems(owned('ann@example.com'), rules)).toEqual([]);
  });
});

describe('properties stand in the order that Business Central needs (reference/business-central 3.2)', () => {
  const fields = {
    header: {
      shortcutDimension1Code: 'SALES',
      email: 'a@example.com',
      shipToCity: 'Bremen',
      dueDate: '2026-04-30',
      postingDate: '2026-03-31',
      requestedDeliveryDate: '2026-04-01',
      customerPurchaseOrderReference: 'PO-1',
      salesperson: 'NORTH',
      paymentTermsId: 'terms',
      billToCustomerNumber: 'C2',
      pricesIncludeTax: true,
    },
    dimensions: [{ code: 'PROJECT', value: 'P-100' }],
    lines: {
      'line-1': {
        fields: {
          shipmentDate: '2026-04-01',
          description: 'Text',
          taxCode: 'VAT7',
          locationId: 'main',
          itemVariantId: 'red',
        },
        dimensions: [{ code: 'REGION', value: 'NORTH' }],
      },
    },
  };
  const draft = toDocument(
    makeDeal({ lines: [makeLine(1, { discount: '1' })] }),
    'customer-id',
    { units: {} },
    { fields },
  );
  const line = [
    'sequence',
    'lineType',
    'lineObjectNumber',
    'itemVariantId',
    'locationId',
    'unitOfMeasureCode',
    'quantity',
    'unitPrice',
    'discountAmount',
    'taxCode',
    'description',
    'shipmentDate',
    'dimensionSetLines',
  ];

  it('of an invoice', () => {
    const body = toDocumentBody(draft, 'invoice');
    expect(Object.keys(body)).toEqual([
      'customerId',
      'billToCustomerNumber',
      'currencyCode',
      'externalDocumentNumber',
      'paymentTermsId',
      'salesperson',
      'customerPurchaseOrderReference',
      'postingDate',
      'dueDate',
      'shipToCity',
      'email',
      'shortcutDimension1Code',
      'dimensionSetLines',
      'salesInvoiceLines',
    ]);
    expect(Object.keys((body['salesInvoiceLines'] as object[])[0] ?? {})).toEqual(line);
  });

  it('of an order, which has a delivery date and prices with tax, and no reference of the customer', () => {
    const body = toDocumentBody(draft, 'order');
    expect(Object.keys(body)).toEqual([
      'customerId',
      'billToCustomerNumber',
      'currencyCode',
      'externalDocumentNumber',
      'paymentTermsId',
      'salesperson',
      'postingDate',
      'requestedDeliveryDate',
      'pricesIncludeTax',
      'shipToCity',
      'email',
      'shortcutDimension1Code',
      'dimensionSetLines',
      'salesOrderLines',
    ]);
    expect(Object.keys((body['salesOrderLines'] as object[])[0] ?? {})).toEqual(line);
  });
});

describe('a description of the mapping in place of a text that takes several lines', () => {
  const rows = (description: string, line: Partial<DealLine>, yaml = 'writeInAccount: "8400"') => {
    const fields = { header: {}, dimensions: [], lines: { 'line-1': { fields: { description }, dimensions: [] } } };
    const deal = makeDeal({ lines: [makeLine(1, { quantity: '1', unitPrice: '0', ...line })] });
    const { lines } = toDocument(deal, 'customer-id', parseRules(yaml).lines, { fields });
    return lines.map((one) => one.description ?? '');
  };
  const writeIn = { product: undefined, unit: undefined, description: LONG };

  it('loses no part of it', () => {
    const [text, ...comments] = rows('Special work', writeIn);
    expect(text).toBe('Special work');
    expect(comments.join(' ')).toBe(LONG);
    expect(rows('Special work', { ...writeIn, description: 'Bracket' })).toEqual(['Special work']);
  });

  it('does not say twice what it begins with', () => {
    const [text, ...comments] = rows(LONG.slice(0, 100), writeIn);
    expect(text).toBe(LONG.slice(0, 100));
    expect(comments.join(' ')).not.toContain('Bracket');
  });

  it('loses no memo of a line that is a comment without a text', () => {
    const yaml = 'lineRules: [{ when: {}, as: comment }]';
    expect(rows('Note', { description: '', memo: 'Call before\nyou come' }, yaml)).toEqual([
      'Note',
      'Call before',
      'you come',
    ]);
  });
});
