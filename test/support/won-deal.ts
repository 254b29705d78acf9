import type { DealLine, ExtraColumns, WonDeal } from '../../src/deal/deal.js';
import { add, multiply, subtract } from '../../src/deal/money.js';

/** A sales order as the reader gives it, with what a test says instead. */
export function makeDeal(
  change: Partial<Omit<WonDeal, 'extra'>> & { readonly extra?: Partial<ExtraColumns> } = {},
): WonDeal {
  const lines = change.lines ?? [makeLine(1)];
  const { extra, ...rest } = change;
  const nets = lines.map((line) => subtract(multiply(line.quantity, line.unitPrice), line.discount));
  const headerDiscount = change.headerDiscount ?? '0';
  const freight = change.freight ?? '0';
  const lessFreight = subtract(add('0', ...nets), headerDiscount);
  return {
    table: 'salesorder',
    recordId: '0a1b2c3d-0000-4000-8000-00000000000a',
    revision: 'W/"1"',
    number: 'ORD-01',
    name: 'Pumps for the north plant',
    stateCode: 1,
    lineage: { descendants: [] },
    customer: {
      accountId: 'aaaaaaaa-0000-4000-8000-00000000000a',
      kind: 'account',
      number: 'C10001',
      name: 'Alder Maschinenbau',
      isActive: true,
      email: 'office1@example.com',
      phone: '+49 421 100000',
      website: 'https://alder.example.com',
      address: {
        line1: 'Werkstraße 1',
        line2: 'Tor 3',
        city: 'Bremen',
        state: 'HB',
        postalCode: '28195',
        country: 'Germany',
      },
    },
    currency: 'EUR',
    currencyId: undefined,
    priceListId: undefined,
    lines,
    headerDiscount,
    freight,
    tax: '0',
    totalLessFreight: lessFreight,
    total: add(lessFreight, freight),
    pricingErrorCode: 0,
    requestedDelivery: undefined,
    shipTo: undefined,
    extra: { record: {}, account: {}, contact: {}, owner: {}, lines: {}, products: {}, ...extra },
    ...rest,
  };
}

export function makeLine(position: number, change: Partial<DealLine> = {}): DealLine {
  return {
    lineId: `line-${position}`,
    sequence: position * 10_000,
    product: {
      productId: `product-${position}`,
      number: `EQ-${1000 + position}`,
      name: `Product ${position}`,
      isActive: true,
      isService: false,
      type: 'inventory',
    },
    description: `Product ${position}`,
    unit: 'PCS',
    unitId: 'unit-1',
    quantity: '2',
    unitPrice: '10.00',
    discount: '0',
    tax: '0',
    pricingErrorCode: 0,
    role: 'product',
    ...change,
  };
}
