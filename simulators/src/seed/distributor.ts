import { createRandom, guidFrom } from '../kernel/random.js';

/** A mid-sized equipment distributor, invented: neutral data that both simulators translate into their tables. */

export interface SeedProduct {
  readonly id: string;
  readonly number: string;
  readonly name: string;
  readonly unit: string;
  readonly price: string;
  readonly cost: string;
  readonly isService: boolean;
  readonly isActive: boolean;
  readonly isInBusinessCentral: boolean;
}

export interface SeedAccount {
  readonly id: string;
  readonly number: string;
  readonly name: string;
  readonly currency: string;
  readonly country: string;
  readonly city: string;
  readonly street: string;
  readonly postalCode: string;
  readonly phone: string;
  readonly email: string;
  readonly isInBusinessCentral: boolean;
  readonly contacts: readonly { readonly id: string; readonly firstName: string; readonly lastName: string }[];
}

export interface SeedLine {
  readonly productIndex: number | undefined;
  readonly text: string;
  readonly quantity: string;
  readonly price: string;
  readonly discount: string;
}

export interface SeedDocument {
  readonly id: string;
  readonly kind: 'opportunity' | 'quote' | 'salesorder';
  readonly number: string;
  readonly name: string;
  readonly accountIndex: number;
  readonly state: number;
  readonly status: number;
  readonly lines: readonly SeedLine[];
  readonly freight: string;
  readonly discount: string;
}

export interface Distributor {
  readonly companyName: string;
  readonly units: readonly { readonly id: string; readonly name: string }[];
  readonly currencies: readonly {
    readonly id: string;
    readonly code: string;
    readonly name: string;
    readonly rate: string;
  }[];
  readonly products: readonly SeedProduct[];
  readonly accounts: readonly SeedAccount[];
  /** Open ones: opportunities to win, active quotes, new orders. */
  readonly documents: readonly SeedDocument[];
  /** What was closed before: won, lost, fulfilled, invoiced, cancelled. */
  readonly archive: readonly SeedDocument[];
}

export interface DistributorSize {
  readonly seed: number;
  readonly products?: number;
  readonly accounts?: number;
  readonly documents?: number;
}

const UNITS = ['PCS', 'BOX', 'SET', 'M', 'HOUR'];
const CURRENCIES = [
  { code: 'EUR', name: 'Euro', rate: '1.0000000000' },
  { code: 'USD', name: 'US Dollar', rate: '1.1000000000' },
  { code: 'GBP', name: 'Pound Sterling', rate: '0.8500000000' },
];
const KINDS = [
  'Pallet truck',
  'Conveyor roller',
  'Hydraulic pump',
  'Lifting sling',
  'Torque wrench',
  'Control cabinet',
  'Safety light curtain',
  'Bearing kit',
  'Gear motor',
  'Pressure valve',
];
const VARIANTS = ['compact', 'heavy duty', 'stainless', 'standard', 'long', 'short', 'double', 'mobile'];
const STEMS = [
  'Alder',
  'Birk',
  'Corvo',
  'Dorn',
  'Elster',
  'Falk',
  'Gimmer',
  'Hassel',
  'Isar',
  'Jolle',
  'Kranich',
  'Lerche',
];
const TRADES = [
  'Maschinenbau',
  'Logistics',
  'Anlagentechnik',
  'Packaging',
  'Foods',
  'Metallbau',
  'Automation',
  'Timber',
];
const PLACES = [
  { city: 'Bremen', country: 'Germany', code: '28195' },
  { city: 'Kassel', country: 'Germany', code: '34117' },
  { city: 'Leeds', country: 'United Kingdom', code: 'LS1 4DY' },
  { city: 'Columbus', country: 'United States', code: '43004' },
  { city: 'Graz', country: 'Austria', code: '8010' },
];
const FIRST_NAMES = ['Ada', 'Bela', 'Cleo', 'Dario', 'Edda', 'Finn', 'Greta', 'Hugo'];
const LAST_NAMES = ['Muster', 'Beispiel', 'Example', 'Probe', 'Sample', 'Vorlage'];

const ARCHIVED = 45;
/** Their ids and numbers stay clear of those of the open documents, however many these are. */
const FIRST_ARCHIVED = 3_000_000;
/** State and status of what is closed (reference/dataverse-sales 2.13). */
const CLOSED: Readonly<Record<SeedDocument['kind'], readonly (readonly [state: number, status: number])[]>> = {
  opportunity: [
    [1, 3],
    [2, 4],
    [2, 5],
  ],
  quote: [
    [0, 1],
    [2, 4],
    [3, 5],
    [3, 6],
  ],
  salesorder: [
    [1, 3],
    [2, 4],
    [3, 100_001],
    [3, 100_002],
    [4, 100_003],
  ],
};

/** The same seed gives the same data, ids included. */
export function makeDistributor(size: DistributorSize): Distributor {
  const random = createRandom(size.seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const id = (what: string): string => guidFrom(`${size.seed}/${what}`);

  const products = Array.from({ length: size.products ?? 200 }, (_, index): SeedProduct => {
    const isService = index % 25 === 24;
    const price = 5 + Math.floor(random() * 200_000) / 100;
    return {
      id: id(`product/${index}`),
      number: `EQ-${1001 + index}`,
      name: isService ? `Commissioning ${pick(VARIANTS)}` : `${pick(KINDS)} ${pick(VARIANTS)} ${10 + (index % 90)}`,
      unit: isService ? 'HOUR' : pick(['PCS', 'PCS', 'PCS', 'SET', 'M']),
      price: price.toFixed(2),
      cost: (price * 0.7).toFixed(2),
      isService,
      isActive: index % 50 !== 49,
      isInBusinessCentral: index % 40 !== 39,
    };
  });

  const accounts = Array.from({ length: size.accounts ?? 120 }, (_, index): SeedAccount => {
    const place = PLACES[index % PLACES.length] as (typeof PLACES)[number];
    const name =
      `${STEMS[index % STEMS.length]} ${TRADES[Math.floor(index / STEMS.length) % TRADES.length]} ${index >= 96 ? index : ''}`.trim();
    return {
      id: id(`account/${index}`),
      number: `C${10_001 + index}`,
      name,
      currency: place.country === 'United States' ? 'USD' : place.country === 'United Kingdom' ? 'GBP' : 'EUR',
      country: place.country,
      city: place.city,
      street: `${pick(['Hafen', 'Markt', 'Nord', 'Werk'])}straße ${1 + Math.floor(random() * 120)}`,
      postalCode: place.code,
      phone: `+49 421 ${100_000 + index}`,
      email: `office${index + 1}@example.com`,
      isInBusinessCentral: index % 3 !== 2,
      contacts: Array.from({ length: 1 + (index % 3) }, (_none, which) => ({
        id: id(`contact/${index}/${which}`),
        firstName: pick(FIRST_NAMES),
        lastName: pick(LAST_NAMES),
      })),
    };
  });

  const sellable = products
    .map((product, index) => ({ product, index }))
    .filter(({ product }) => product.isActive && product.isInBusinessCentral);
  const makeDocument = (index: number): SeedDocument => {
    const kind = (['opportunity', 'quote', 'salesorder'] as const)[index % 3] as SeedDocument['kind'];
    const accountIndex = (index * 7 + Math.floor(index / 3)) % Math.max(accounts.length, 1);
    const rate = Number(CURRENCIES.find((currency) => currency.code === accounts[accountIndex]?.currency)?.rate ?? '1');
    const lines = Array.from({ length: 1 + (index % 5) }, (_none, which): SeedLine => {
      const { product, index: productIndex } = pick(sellable);
      const isWriteIn = index % 11 === 10 && which === 0;
      return {
        productIndex: isWriteIn ? undefined : productIndex,
        text: isWriteIn ? 'Special bracket to drawing' : product.name,
        quantity: String(1 + Math.floor(random() * 12)),
        price: (Number(product.price) * rate).toFixed(2),
        discount: which === 1 ? '2.50' : '0',
      };
    });
    const [state, status] = kind === 'quote' ? [1, 2] : [0, 1];
    // Business Central has no place for a discount of the whole document on write-ins alone.
    const takesDiscount = lines.some(({ productIndex }) => productIndex !== undefined);
    return {
      id: id(`document/${index}`),
      kind,
      number: `${kind === 'quote' ? 'QUO' : 'ORD'}-${String(1_000 + index).padStart(5, '0')}-${id(`suffix/${index}`).slice(0, 4).toUpperCase()}`,
      name: `${accounts[accountIndex]?.name ?? ''}: ${lines[0]?.text ?? ''}`,
      accountIndex,
      state,
      status,
      lines,
      freight: index % 6 === 5 ? '48.00' : '0',
      discount: index % 9 === 8 && takesDiscount ? '10.00' : '0',
    };
  };
  const documents = Array.from({ length: size.documents ?? 90 }, (_, index) => makeDocument(index));
  const archive = Array.from({ length: ARCHIVED }, (_, index): SeedDocument => {
    const document = makeDocument(FIRST_ARCHIVED + index);
    const [state, status] = pick(CLOSED[document.kind]);
    return { ...document, state, status };
  });

  return {
    companyName: 'Nordwerk Equipment GmbH',
    units: UNITS.map((name) => ({ id: id(`unit/${name}`), name })),
    currencies: CURRENCIES.map((currency) => ({ ...currency, id: id(`currency/${currency.code}`) })),
    products,
    accounts,
    documents,
    archive,
  };
}
