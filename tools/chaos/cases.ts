import type { Simulators } from '@dealbridge/simulators';
import { LINES } from '@dealbridge/simulators/dataverse/tables.js';
import { guidFrom } from '@dealbridge/simulators/kernel/random.js';
import type { SeedAccount, SeedDocument } from '@dealbridge/simulators/seed/distributor.js';

/**
 * Deals whose right end is not the plain one: who is billed, what it comes to, or whether it may be posted at all has to be
 * asked, and what people then decide belongs to the case.
 */

export const CASE_DECISIONS = {
  /** Another account has the number: it is corrected, the customer is shared, the account gets its own, or the deal ends. */
  'shared-number': ['correct', 'share', 'new', 'cancel'],
  /** The order is made of a quote that has its draft, and has a line more. */
  'other-order': ['invoice', 'correct', 'accept'],
  /** The customer has an automatic invoice discount; `own`: the deal has one as well, which counts. */
  'automatic-discount': ['agree', 'own', 'cancel'],
  yen: ['none'],
  dinar: ['none'],
  /** More than the rules confirm by themselves. */
  large: ['none'],
} as const;
export type CaseName = keyof typeof CASE_DECISIONS;
export type CaseDecision = (typeof CASE_DECISIONS)[CaseName][number];

export interface PlannedCase {
  readonly name: CaseName;
  readonly decision: CaseDecision;
}

const PER_HUNDRED: Readonly<Record<CaseName, number>> = {
  'shared-number': 3.5,
  'other-order': 3,
  'automatic-discount': 3,
  yen: 2,
  dinar: 2,
  large: 2,
};

/** By the number of the deal; one of each at least, where there are enough deals. */
export function planCases(deals: number, roll: (what: string) => number): ReadonlyMap<number, PlannedCase> {
  const order = Array.from({ length: deals }, (_, index) => index).sort(
    (left, right) => roll(`case/${left}`) - roll(`case/${right}`),
  );
  const cases = new Map<number, PlannedCase>();
  for (const name of Object.keys(CASE_DECISIONS) as CaseName[]) {
    const decisions: readonly CaseDecision[] = CASE_DECISIONS[name];
    const first = Math.floor(roll(`decision/${name}`) * decisions.length);
    const times = Math.max(1, Math.round((PER_HUNDRED[name] * deals) / 100));
    for (let time = 0; time < times; time += 1) {
      const index = order.pop();
      if (index === undefined) return cases;
      cases.set(index, { name, decision: decisions[(first + time) % decisions.length] as CaseDecision });
    }
  }
  return cases;
}

/** The customer of a case, made for it alone: what is so about it concerns no other deal. */
export interface CaseCustomer {
  readonly account: SeedAccount;
  /** Of an account that shares its number: the other account, and the number that the correction gives. */
  readonly sharing: { readonly otherId: string; readonly ownNumber: string } | undefined;
}

/** Currencies that have no cents, or a third decimal; the rate is that of Sales to the euro. */
const CURRENCIES = {
  yen: { code: 'JPY', name: 'Yen', decimals: 0, rate: 160 },
  dinar: { code: 'KWD', name: 'Kuwaiti Dinar', decimals: 3, rate: 0.33 },
} as const;
type Currency = (typeof CURRENCIES)[keyof typeof CURRENCIES];

export function addCurrencies({ dataverse: { store }, businessCentral: { company } }: Simulators): void {
  for (const { code, name, decimals, rate } of Object.values(CURRENCIES)) {
    const id = guidFrom(`currency/${code}`);
    store.insert(
      store.schema.table('transactioncurrency'),
      {
        transactioncurrencyid: id,
        isocurrencycode: code,
        currencyname: name,
        exchangerate: String(rate),
        currencyprecision: decimals,
      },
      true,
    );
    store.insert(
      store.schema.table('pricelevel'),
      { pricelevelid: listOf(code), name: `List ${code}`, transactioncurrencyid: id, statuscode: 100001 },
      true,
    );
    company.insert('currencies', {
      id,
      code,
      displayName: name,
      symbol: code,
      amountDecimalPlaces: `${decimals}:${decimals}`,
      amountRoundingPrecision: (10 ** -decimals).toFixed(decimals),
    });
    company.insert('currencyExchangeRates', {
      currencyCode: code,
      startingDate: '2020-01-01',
      exchangeRateAmount: String(rate),
      relationalExchangeRateAmount: '1',
    });
  }
}

function listOf(code: string): string {
  return guidFrom(`price list/${code}`);
}

const AUTOMATIC_PERCENT = '1';
const OWN_DISCOUNT = '10.00';
const LARGE_PRICE = '90000.00';

/** Puts the record of the seed into the place of its case, before anything of the product runs. */
export function prepareCase(
  simulators: Simulators,
  { name, decision }: PlannedCase,
  seed: SeedDocument,
  account: SeedAccount,
): CaseCustomer {
  const { dataverse, businessCentral } = simulators;
  const { company } = businessCentral;
  const { store } = dataverse;
  const header = store.get(store.schema.table(seed.kind), seed.id);
  const lines = LINES[seed.kind];
  const rows = lines ? [...store.children(lines.table, lines.via, seed.id)] : [];
  const lineTable = store.schema.table(lines?.table ?? '');
  if (name === 'other-order') return { account, sharing: undefined };
  if (name === 'large') {
    for (const row of rows.slice(0, 1)) store.update(lineTable, row, { priceperunit: LARGE_PRICE });
    store.computeTotals(store.schema.table(seed.kind), header);
    return { account, sharing: undefined };
  }

  const currency = name === 'yen' || name === 'dinar' ? CURRENCIES[name] : undefined;
  const number = `F${seed.number.replaceAll(/\D/g, '').slice(0, 8)}${seed.id.slice(0, 4).toUpperCase()}`;
  const made: SeedAccount = {
    ...account,
    id: guidFrom(`case/${seed.id}`),
    number,
    name: `Case ${name} ${number}`,
    currency: currency?.code ?? 'EUR',
    isInBusinessCentral: true,
    contacts: [],
  };
  addAccount(simulators, made);
  const otherId = guidFrom(`case/${seed.id}/other`);
  const ownNumber = `${number}B`;
  if (name === 'shared-number') {
    const other = { ...made, id: otherId, name: `${made.name}, the first of the number` };
    addAccount(simulators, other);
    addCustomer(simulators, other);
    addCustomer(simulators, { ...made, number: ownNumber });
  } else {
    addCustomer(simulators, made);
  }
  const customer = company.findByNumber('customers', number);
  if (name === 'automatic-discount' && customer)
    company.defaultInvoiceDiscount.set(String(customer['id']), AUTOMATIC_PERCENT);

  const convert = (amount: string): string => (currency ? toCurrency(amount, currency) : amount);
  const discount = name === 'automatic-discount' ? (decision === 'own' ? OWN_DISCOUNT : '0') : convert(seed.discount);
  store.update(store.schema.table(seed.kind), header, {
    customerid: made.id,
    accountid: made.id,
    ...(seed.kind === 'opportunity' && { parentaccountid: made.id }),
    transactioncurrencyid: idOfCurrency(simulators, made.currency),
    pricelevelid: currency ? listOf(currency.code) : guidFrom(`price list/${idOfCurrency(simulators, 'EUR')}`),
    freightamount: convert(seed.freight),
    discountamount: discount,
  });
  for (const [index, row] of rows.entries()) {
    store.update(lineTable, row, {
      transactioncurrencyid: idOfCurrency(simulators, made.currency),
      // Prices of Sales have two decimals: a third one comes from the quantity.
      priceperunit: currency ? (Number(row['priceperunit']) * currency.rate).toFixed(2) : (row['priceperunit'] ?? null),
      manualdiscountamount: convert(String(row['manualdiscountamount'] ?? '0')),
      ...(currency && index === 0 && { quantity: `${row['quantity']}.25` }),
    });
  }
  store.computeTotals(store.schema.table(seed.kind), header);
  return { account: made, sharing: name === 'shared-number' ? { otherId, ownNumber } : undefined };
}

function toCurrency(amount: string, { rate, decimals }: Currency): string {
  return (Number(amount) * rate).toFixed(decimals);
}

function idOfCurrency({ data }: Simulators, code: string): string {
  return data.currencies.find((currency) => currency.code === code)?.id ?? guidFrom(`currency/${code}`);
}

function addAccount(simulators: Simulators, account: SeedAccount): void {
  const { store } = simulators.dataverse;
  store.insert(
    store.schema.table('account'),
    {
      accountid: account.id,
      accountnumber: account.number,
      name: account.name,
      emailaddress1: account.email,
      telephone1: account.phone,
      address1_line1: account.street,
      address1_city: account.city,
      address1_postalcode: account.postalCode,
      address1_country: account.country,
      customertypecode: 3,
      transactioncurrencyid: idOfCurrency(simulators, account.currency),
    },
    true,
  );
}

function addCustomer({ businessCentral: { company } }: Simulators, account: SeedAccount): void {
  const currency = company.findByNumber('currencies', account.currency);
  company.insert('customers', {
    number: account.number,
    displayName: account.name,
    addressLine1: account.street,
    city: account.city,
    postalCode: account.postalCode,
    email: account.email,
    phoneNumber: account.phone,
    currencyCode: account.currency,
    ...(currency && { currencyId: String(currency['id']) }),
    paymentTermsId: guidFrom('paymentTerms/30D'),
  });
}
