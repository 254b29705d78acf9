import { describe, expect, it } from 'vitest';
import { toDocumentBody } from '../../src/clients/business-central/document-body.js';
import { toMasterBody } from '../../src/clients/business-central/master-body.js';
import type { DocumentKind, WonDeal } from '../../src/deal/deal.js';
import { toDocument } from '../../src/deal/document.js';
import { resolveContact, resolveCustomer, resolveItem } from '../../src/mapping/fields/masters.js';
import { resolveDocument } from '../../src/mapping/fields/resolve.js';
import { SECTIONS, type Section, TARGETS } from '../../src/mapping/fields/targets.js';
import { toSentNotes } from '../../src/mapping/plan/plan-document.js';
import { parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/**
 * One row of the field mapping each, the numbers are sections of reference/field-mapping: what Sales says, and what
 * stands in the body that is sent.
 */

const TABLES = `
tables:
  paymentTerms: { 1: 30D, 2: 2-10-30 }
  shipmentMethods: { 1: EXW, 2: DAP }
  salespeople: { north@example.com: NORTH }
  units: { Piece: PCS }
`;

type Change = Parameters<typeof makeDeal>[0];
type Body = Record<string, unknown>;

const LINE_SETS = { invoice: 'salesInvoiceLines', order: 'salesOrderLines', quote: 'salesQuoteLines' } as const;

async function bodyOf(section: Section, deal: WonDeal, yaml: string, kind: DocumentKind): Promise<Body> {
  const rules = parseRules(yaml);
  const lookups = knowAll();
  const [line] = deal.lines;
  if (!line) throw new Error('a line is needed');
  switch (section) {
    case 'customer':
      return free(toMasterBody('customers', (await resolveCustomer(deal, rules.mapping, lookups)).values));
    case 'contact': {
      const contact = await resolveContact(deal, rules.mapping, lookups);
      return free(toMasterBody('contacts', contact?.values ?? {}));
    }
    case 'item':
      return free(toMasterBody('items', (await resolveItem(deal, line, rules.mapping, rules.lines, lookups)).values));
    case 'document':
    case 'line': {
      const fields = (await resolveDocument(deal, rules.mapping, rules.lines, lookups, kind)).values;
      const body = toDocumentBody(toDocument(deal, 'customer-id', rules.lines, { fields }), kind);
      if (section === 'document') return free(body);
      const lines = body[LINE_SETS[kind]] as Body[];
      return free(lines[0] ?? {});
    }
  }
}

/** Decimals as text, which is how they are held until they are sent. */
function free(body: Body): Body {
  const plain: Body = {};
  for (const [name, value] of Object.entries(body)) {
    plain[name] = typeof value === 'object' && value !== null && '$decimal' in value ? value.$decimal : value;
  }
  return plain;
}

const withAccount = (columns: Record<string, string>): Change => ({ extra: { account: columns } });
const withContact = (columns: Record<string, string>): Change => ({
  extra: { contact: { contactid: 'cccccccc-0000-4000-8000-00000000000c', fullname: 'Ada Muster', ...columns } },
});
/** A deal in dollars of an account in another currency. */
const ofAccountIn = (currency: string): Change => {
  const { customer } = makeDeal();
  return { currency: 'USD', customer: customer && { ...customer, currency } };
};
const withProduct = (columns: Record<string, string>): Change => ({ extra: { products: { 'product-1': columns } } });
const withRecord = (columns: Record<string, string>): Change => ({ extra: { record: columns } });
const NAME = 'x'.repeat(100);

const ROWS: readonly (readonly [
  row: string,
  section: Section,
  field: string,
  change: Change,
  expected: unknown,
  kind?: 'invoice' | 'order',
])[] = [
  ['2 accountnumber → No.', 'customer', 'number', {}, 'C10001'],
  ['2 name → Name', 'customer', 'displayName', withAccount({ name: NAME }), NAME],
  ['2 address1_line1 → Address', 'customer', 'addressLine1', {}, 'Werkstraße 1'],
  ['2 address1_line2 → Address 2', 'customer', 'addressLine2', {}, 'Tor 3'],
  [
    '2 address1_line3 → behind Address 2',
    'customer',
    'addressLine2',
    withAccount({ address1_line3: 'Halle 4' }),
    'Tor 3, Halle 4',
  ],
  ['2 address1_postalcode → Post Code', 'customer', 'postalCode', {}, '28195'],
  ['2 address1_city → City', 'customer', 'city', {}, 'Bremen'],
  ['2 address1_stateorprovince → County', 'customer', 'state', {}, 'HB'],
  ['2 address1_country → Country/Region Code', 'customer', 'country', {}, 'DE'],
  ["2 transactioncurrencyid → Currency Code, the account's own", 'customer', 'currencyCode', ofAccountIn('CHF'), 'CHF'],
  ['2 emailaddress1 → E-Mail', 'customer', 'email', {}, 'office1@example.com'],
  ['2 telephone1 → Phone No.', 'customer', 'phoneNumber', {}, '+49 421 100000'],
  ['2 websiteurl → Home Page', 'customer', 'website', {}, 'https://alder.example.com'],
  [
    '2 paymenttermscode → Payment Terms Code',
    'customer',
    'paymentTermsId',
    withAccount({ paymenttermscode: '2' }),
    'id of paymentTerms 2-10-30',
  ],
  [
    '2 address1_freighttermscode → Shipment Method Code',
    'customer',
    'shipmentMethodId',
    withAccount({ address1_freighttermscode: '1' }),
    'id of shipmentMethods EXW',
  ],
  [
    '2 ownerid → Salesperson Code',
    'customer',
    'salespersonCode',
    { extra: { owner: { internalemailaddress: 'North@example.com' } } },
    'NORTH',
  ],

  ['3 fullname → Name', 'contact', 'displayName', withContact({}), 'Ada Muster'],
  [
    '3 emailaddress1 → E-Mail',
    'contact',
    'email',
    withContact({ emailaddress1: 'ada@example.com' }),
    'ada@example.com',
  ],
  ['3 telephone1 → Phone No.', 'contact', 'phoneNumber', withContact({ telephone1: '+49 1' }), '+49 1'],
  ['3 mobilephone → Mobile Phone No.', 'contact', 'mobilePhoneNumber', withContact({ mobilephone: '+49 2' }), '+49 2'],
  ['3 address1_line1 → Address', 'contact', 'addressLine1', withContact({ address1_line1: 'Hafen 2' }), 'Hafen 2'],
  ['3 address1_line2 → Address 2', 'contact', 'addressLine2', withContact({ address1_line2: 'Büro 4' }), 'Büro 4'],
  [
    '3 address1_line3 → Address 2, when line 2 is empty',
    'contact',
    'addressLine2',
    withContact({ address1_line3: 'Büro 5' }),
    'Büro 5',
  ],
  ['3 address1_postalcode → Post Code', 'contact', 'postalCode', withContact({ address1_postalcode: '8010' }), '8010'],
  ['3 address1_city → City', 'contact', 'city', withContact({ address1_city: 'Graz' }), 'Graz'],
  ['3 address1_stateorprovince → County', 'contact', 'state', withContact({ address1_stateorprovince: 'ST' }), 'ST'],
  ['3 address1_country → Country/Region', 'contact', 'country', withContact({ address1_country: 'Austria' }), 'AT'],
  ['3 jobtitle → Job Title', 'contact', 'jobTitle', withContact({ jobtitle: 'Buyer' }), 'Buyer'],

  ['4 productnumber → No.', 'item', 'number', {}, 'EQ-1001'],
  ['4 name → Description', 'item', 'displayName', {}, 'Product 1'],
  ['4 price → Unit Price', 'item', 'unitPrice', withProduct({ price: '19.9900' }), '19.9900'],
  ['4 price → Unit Price, a negative one becomes 0', 'item', 'unitPrice', withProduct({ price: '-1.0000' }), '0'],
  ['4 standardcost → Unit Cost', 'item', 'unitCost', withProduct({ standardcost: '7.5000' }), '7.5000'],
  [
    '4 defaultuomid → Base Unit of Measure',
    'item',
    'baseUnitOfMeasureCode',
    withProduct({ defaultuomid: 'piece' }),
    'PCS',
  ],

  [
    '5.2 quotenumber → Your Reference',
    'document',
    'customerPurchaseOrderReference',
    { table: 'quote', ...withRecord({ quotenumber: 'QUO-01' }) },
    'QUO-01',
  ],
  [
    '6.2 ordernumber → Your Reference',
    'document',
    'customerPurchaseOrderReference',
    withRecord({ ordernumber: 'ORD-01' }),
    'ORD-01',
  ],
  [
    '6.2 ordernumber → Your Reference, cut at 35',
    'document',
    'customerPurchaseOrderReference',
    withRecord({ ordernumber: `ORD-${'1'.repeat(40)}` }),
    `ORD-${'1'.repeat(31)}`,
  ],
  [
    '6.2 requestdeliveryby → Requested Delivery Date',
    'document',
    'requestedDeliveryDate',
    withRecord({ requestdeliveryby: '2025-03-07T23:00:00Z' }),
    '2025-03-07',
    'order',
  ],
  ['6.2 shipto_name → Ship-to Name', 'document', 'shipToName', withRecord({ shipto_name: 'Nordlager' }), 'Nordlager'],
  [
    '6.2 shipto_contactname → Ship-to Contact',
    'document',
    'shipToContact',
    withRecord({ shipto_contactname: 'Bela' }),
    'Bela',
  ],
  [
    '6.2 shipto_line1 → Ship-to Address',
    'document',
    'shipToAddressLine1',
    withRecord({ shipto_line1: 'Kai 1' }),
    'Kai 1',
  ],
  [
    '6.2 shipto_line3 → behind Ship-to Address 2',
    'document',
    'shipToAddressLine2',
    withRecord({ shipto_line2: 'Halle 7', shipto_line3: 'Ramp B' }),
    'Halle 7, Ramp B',
  ],
  [
    '6.2 shipto_line2 → Ship-to Address 2',
    'document',
    'shipToAddressLine2',
    withRecord({ shipto_line2: 'Halle 7' }),
    'Halle 7',
  ],
  [
    '6.2 shipto_postalcode → Ship-to Post Code',
    'document',
    'shipToPostCode',
    withRecord({ shipto_postalcode: '28195' }),
    '28195',
  ],
  ['6.2 shipto_city → Ship-to City', 'document', 'shipToCity', withRecord({ shipto_city: 'Bremen' }), 'Bremen'],
  [
    '6.2 shipto_stateorprovince → Ship-to County',
    'document',
    'shipToState',
    withRecord({ shipto_stateorprovince: 'HB' }),
    'HB',
  ],
  [
    '6.2 shipto_country → Ship-to Country/Region',
    'document',
    'shipToCountry',
    withRecord({ shipto_country: 'Germany' }),
    'DE',
  ],
  [
    '6.2 shipto_…, one filled part empties the others',
    'document',
    'shipToAddressLine2',
    withRecord({ shipto_city: 'Bremen' }),
    '',
  ],
  [
    '6.2 paymenttermscode → Payment Terms Code',
    'document',
    'paymentTermsId',
    withRecord({ paymenttermscode: '1' }),
    'id of paymentTerms 30D',
  ],
  [
    '6.2 paymenttermscode → Payment Terms Code, else the one of the account',
    'document',
    'paymentTermsId',
    withAccount({ paymenttermscode: '2' }),
    'id of paymentTerms 2-10-30',
  ],
  [
    '6.2 freighttermscode → Shipment Method Code',
    'document',
    'shipmentMethodId',
    withRecord({ freighttermscode: '2' }),
    'id of shipmentMethods DAP',
  ],
  [
    '6.2 ownerid → Salesperson Code',
    'document',
    'salesperson',
    { extra: { owner: { internalemailaddress: 'north@example.com' } } },
    'NORTH',
  ],
  ['6.2 transactioncurrencyid → Currency Code', 'document', 'currencyCode', { currency: 'GBP' }, 'GBP'],
  ['6.2 customerid → Sell-to Customer No.', 'document', 'customerId', {}, 'customer-id'],
  ['6.2 ordernumber → External Document No.', 'document', 'externalDocumentNumber', {}, 'ORD-01-5SAJS237G0DB'],

  ['6.4 sequencenumber → Line No.', 'line', 'sequence', {}, 10_000],
  ['6.4 productid, type 1 → Type', 'line', 'lineType', {}, 'Item'],
  ['6.4 productid, type 1 → No.', 'line', 'lineObjectNumber', {}, 'EQ-1001'],
  ['6.4 write-in → Type', 'line', 'lineType', { lines: [makeLine(1, { product: undefined })] }, 'Account'],
  [
    '6.4 productdescription → Description',
    'line',
    'description',
    { lines: [makeLine(1, { product: undefined, description: 'Bracket' })] },
    'Bracket',
  ],
  ['6.4 quantity → Quantity', 'line', 'quantity', { lines: [makeLine(1, { quantity: '2.12345' })] }, '2.12345'],
  ['6.4 uomid → Unit of Measure Code', 'line', 'unitOfMeasureCode', { lines: [makeLine(1, { unit: 'Piece' })] }, 'PCS'],
  ['6.4 priceperunit → Unit Price', 'line', 'unitPrice', { lines: [makeLine(1, { unitPrice: '3.3333' })] }, '3.3333'],
  [
    '6.4 manualdiscountamount, volumediscountamount → Line Discount Amount',
    'line',
    'discountAmount',
    { lines: [makeLine(1, { discount: '2.5' })] },
    '2.5',
  ],
  [
    '6.4 requestdeliveryby → Shipment Date',
    'line',
    'shipmentDate',
    { extra: { lines: { 'line-1': { requestdeliveryby: '2025-06-30T22:00:00Z' } } } },
    '2025-06-30',
  ],
];

describe('by default', () => {
  for (const [row, section, field, change, expected, kind = 'invoice'] of ROWS) {
    it(row, async () => {
      const yaml = `writeInAccount: "8400"\ncreateContacts: true\n${TABLES}`;
      expect((await bodyOf(section, makeDeal(change), yaml, kind))[field]).toEqual(expected);
    });
  }

  it('every field that has a default is among the rows above', () => {
    const withDefault = SECTIONS.flatMap((section) =>
      [...TARGETS[section]].filter(([, target]) => target.fallback).map(([name]) => `${section}.${name}`),
    );
    const tested = new Set(ROWS.map(([, section, field]) => `${section}.${field}`));
    expect(withDefault.filter((name) => !tested.has(name))).toEqual([]);
  });

  it('a code table without entries leaves terms and salesperson to Business Central', async () => {
    const deal = makeDeal(withRecord({ paymenttermscode: '1', freighttermscode: '1' }));
    const body = await bodyOf('document', deal, '', 'invoice');
    expect(Object.keys(body)).not.toContain('paymentTermsId');
    expect(Object.keys(body)).not.toContain('shipmentMethodId');
  });

  it('the day of delivery is the one that was meant in the business time zone', async () => {
    const deal = makeDeal(withRecord({ requestdeliveryby: '2025-03-07T23:00:00Z' }));
    const body = await bodyOf('document', deal, 'businessTimeZone: Europe/Berlin', 'order');
    expect(body['requestedDeliveryDate']).toBe('2025-03-08');
  });
});

const SAMPLE = {
  text: ['Some text', 'Some text'],
  code: ['some-code', 'SOME-CODE'],
  date: ['2026-03-31', '2026-03-31'],
  decimal: ['12.50', '12.50'],
  boolean: ['true', true],
} as const;

const FORMATTED = {
  'e-mail': ['a@example.com', 'a@example.com'],
  phone: ['+49 30 123', '+49 30 123'],
} as const;

/** Customer and item numbers are set when the deal is read, so that every step looks for the same. */
const NUMBERS: ReadonlySet<string> = new Set(['customer.number', 'item.number']);
const ONLY_ORDERS: ReadonlySet<string> = new Set([
  'orderDate',
  'requestedDeliveryDate',
  'pricesIncludeTax',
  'partialShipping',
]);

const ONLY_QUOTES: ReadonlySet<string> = new Set(['documentDate', 'validUntilDate']);

const FIELDS = SECTIONS.flatMap((section) =>
  [...TARGETS[section]]
    .filter(([name]) => !NUMBERS.has(`${section}.${name}`))
    .map(([name, target]) => [`${section}.${name}`, section, name, target] as const),
);

describe('a custom column fills every field that API v2.0 offers', () => {
  it.each(FIELDS)('%s', async (_title, section, name, target) => {
    const [given, expected] =
      target.kind === 'option'
        ? [target.options.at(-1) ?? '', target.options.at(-1)]
        : target.kind === 'id'
          ? ['CODE', `id of ${target.set} CODE`]
          : target.set
            ? ['CODE', 'CODE']
            : target.format
              ? FORMATTED[target.format]
              : SAMPLE[target.kind];
    const deal = makeDeal({
      extra: {
        record: { new_column: given },
        contact: { contactid: 'cccccccc-0000-4000-8000-00000000000c', fullname: 'Ada' },
      },
    });
    const yaml = `mapping: { ${section}: { ${name}: { column: new_column } } }`;
    const kind = ONLY_ORDERS.has(name) ? 'order' : ONLY_QUOTES.has(name) ? 'quote' : 'invoice';
    expect((await bodyOf(section, deal, yaml, kind))[name]).toEqual(expected);
  });
});

describe('a quote', () => {
  it('is sent its own fields alone, and what it lacks is told', async () => {
    const yaml = `
mapping:
  document: { validUntilDate: { column: new_day }, dueDate: { column: new_day }, orderDate: { column: new_day } }
  line: { shipmentDate: { column: new_day } }
`;
    const deal = makeDeal({ extra: { record: { new_day: '2026-03-31', ordernumber: 'SO-7' } } });
    const body = await bodyOf('document', deal, yaml, 'quote');
    expect(body).toMatchObject({ validUntilDate: '2026-03-31', dueDate: '2026-03-31' });
    for (const name of ['orderDate', 'customerPurchaseOrderReference']) expect(body).not.toHaveProperty(name);
    expect(await bodyOf('line', deal, yaml, 'quote')).not.toHaveProperty('shipmentDate');
    expect(await bodyOf('line', deal, yaml, 'order')).toHaveProperty('shipmentDate', '2026-03-31');
    const rules = parseRules(yaml);
    const { notes } = await resolveDocument(deal, rules.mapping, rules.lines, knowAll(), 'invoice');
    const left = toSentNotes(notes, 'quote').filter(
      ({ leftOut }) => leftOut === 'is left out: a quote has no such field',
    );
    expect(left.map(({ field }) => field).sort()).toEqual([
      'document.customerPurchaseOrderReference',
      'document.orderDate',
      'line 1.shipmentDate',
    ]);
  });
});
