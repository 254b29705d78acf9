import { describe, expect, it } from 'vitest';
import { toDocumentBody } from '../../src/clients/business-central/document-body.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { codeRow, ledgerSetupRow, toCodeRow, toSetupCodes } from '../../src/clients/business-central/rows.js';
import { codesOfRules } from '../../src/doctor/rules-codes.js';
import { resolveCustomer } from '../../src/mapping/fields/masters.js';
import { createCodeLookups, createLookups, findCurrency } from '../../src/mapping/plan/lookups.js';
import { planDocument } from '../../src/mapping/plan/plan-document.js';
import { parseRules } from '../../src/process/config.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** Currencies as the company has them: under codes of its own, with decimals of its own. */

const TABLE = 'tables: { currencies: { eur: EURO, CHF: SFR } }\n';

const currency = (code: string, amountDecimalPlaces: string) =>
  toCodeRow(codeRow.parse({ id: ID, code, displayName: code, amountDecimalPlaces }));
const ID = '11111111-0000-4000-8000-000000000001';

function openCompany(localCurrencyCode = 'EURO') {
  const asked: string[] = [];
  const sets = createReferenceSets({
    readCodes: async (set) => {
      asked.push(set);
      if (set === 'ledgerSetup') {
        const setup = { id: ID, shortcutDimension1Code: 'DEPARTMENT', shortcutDimension2Code: '', localCurrencyCode };
        return toSetupCodes(ledgerSetupRow.parse(setup));
      }
      return [
        currency('SFR', '2:2'),
        currency('USD', '2:2'),
        currency('JPY', '0:0'),
        currency('KWD', ':3'),
        currency('XYZ', ''),
      ];
    },
  });
  const company = { findCustomer: async () => undefined, readDefaultDimensions: async () => new Map() };
  const plan = async (iso: string, yaml: string, change: Parameters<typeof makeDeal>[0] = {}) => {
    const deal = makeDeal({ currency: iso, ...change });
    return planDocument(deal, parseRules(yaml), {
      ...createLookups(company, sets, deal, async () => undefined),
      knownUnits: async () => new Set(),
    });
  };
  return { asked, sets, company, plan };
}

describe('a document', () => {
  it.each([
    ['CHF', TABLE, 'SFR', 2],
    ['EUR', TABLE, 'EURO', 2],
    ['JPY', TABLE, 'JPY', 0],
    ['KWD', TABLE, 'KWD', 3],
    ['USD', '', 'USD', 2],
  ] as const)('in %s is asked for in the currency of the company', async (iso, yaml, code, decimals) => {
    const draft = (await openCompany().plan(iso, yaml)).toDraft('customer');
    expect(draft.currency).toEqual({ code, decimals });
    expect(toDocumentBody(draft, 'order')).toMatchObject({ currencyCode: code });
  });

  it('rounds its discounts as the company does', async () => {
    const lines = [makeLine(1, { quantity: '3', unitPrice: '333.50', discount: '33.35' })];
    const yen = (await openCompany().plan('JPY', '', { lines })).toDraft('customer');
    expect(yen.lines[0]?.discount).toBe('34');
    const dinars = (await openCompany().plan('KWD', '', { lines, headerDiscount: '1.2345' })).toDraft('customer');
    expect([dinars.lines[0]?.discount, dinars.headerDiscount]).toEqual(['33.35', '1.235']);
  });

  it.each([
    ['GBP', TABLE, "document.currencyCode: 'GBP' (column transactioncurrencyid) is no currency of Business Central"],
    [
      'GBP',
      'tables: { currencies: { GBP: STERLING } }',
      "document.currencyCode: 'STERLING' (column transactioncurrencyid: GBP by the table currencies) is no currency of Business Central",
    ],
    // Without the table the local currency goes by another name.
    ['EUR', '', "document.currencyCode: 'EUR' (column transactioncurrencyid) is no currency of Business Central"],
  ])(
    'in %s is a problem before anything is written, when the company has no such currency',
    async (iso, yaml, text) => {
      expect((await openCompany().plan(iso, yaml)).problems).toEqual([{ reason: 'code-unknown', text }]);
    },
  );

  it('in the local currency asks for the set-up alone, once', async () => {
    const { asked, plan } = openCompany();
    await plan('EUR', TABLE);
    await plan('EUR', TABLE);
    expect(asked).toEqual(['ledgerSetup']);
  });
});

describe('decimals', () => {
  it('that the company does not say are those of ISO 4217', async () => {
    const { sets } = openCompany('JPY');
    expect(await findCurrency(sets, 'JPY')).toEqual({ id: ID, code: 'JPY' });
    expect((await openCompany('JPY').plan('JPY', '')).toDraft('customer').currency.decimals).toBe(0);
    expect((await openCompany().plan('XYZ', '')).toDraft('customer').currency.decimals).toBe(2);
  });
});

describe('a new customer', () => {
  const customerOf = async (own: string | undefined, yaml: string) => {
    const { sets, company } = openCompany();
    const { customer } = makeDeal();
    const deal = makeDeal({ currency: 'USD', customer: customer && { ...customer, currency: own } });
    return resolveCustomer(
      deal,
      parseRules(yaml).mapping,
      createLookups(company, sets, deal, async () => undefined),
    );
  };

  it("has the currency of its account, not the deal's, under the company's code", async () => {
    expect((await customerOf('CHF', TABLE)).values['currencyCode']).toBe('SFR');
    expect((await customerOf('EUR', TABLE)).values['currencyCode']).toBe('EURO');
    expect((await customerOf('USD', '')).values['currencyCode']).toBe('USD');
  });

  it('that the sync of its account makes, beside any deal, may be in the local currency, too', async () => {
    const { findCode } = createCodeLookups(openCompany().sets);
    expect(await findCode('currencies', 'EURO')).toMatchObject({ code: 'EURO' });
    expect(await findCode('currencies', 'SFR')).toMatchObject({ code: 'SFR' });
    expect(await findCode('currencies', 'GBP')).toBeUndefined();
  });

  it('of an account without one has what Business Central gives it', async () => {
    expect((await customerOf(undefined, TABLE)).values).not.toHaveProperty('currencyCode');
  });

  it('of an account in a currency that the company lacks is a problem', async () => {
    expect((await customerOf('GBP', TABLE)).problems).toContainEqual({
      reason: 'code-unknown',
      text: "customer.currencyCode: 'GBP' (column account.transactioncurrencyid by the table currencies) is no code of currencies in Business Central",
    });
  });

  it("has the deal's where the rules say so", async () => {
    const yaml = `${TABLE}mapping: { customer: { currencyCode: { column: transactioncurrencyid, table: currencies } } }`;
    expect((await customerOf('CHF', yaml)).values['currencyCode']).toBe('USD');
  });
});

it('the doctor looks the codes of the table up', () => {
  expect(codesOfRules(parseRules(TABLE))).toEqual({ currencies: ['EURO', 'SFR'] });
});
