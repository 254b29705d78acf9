import type { Simulators } from '@dealbridge/simulators';
import { guidFrom } from '@dealbridge/simulators/kernel/random.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import type { HoldReason } from '../../src/deal/holds.js';
import { STATE_CODES } from '../../src/deal/state-codes.js';

/** Won deals that would all go through, but for the reasons that are planted in some of them. */

/** Under these nothing is created, and neither write-ins nor freight have an account. */
export const STRICT_RULES = 'createCustomers: false\ncreateItems: false\n';

const WON = {
  opportunity: { statecode: STATE_CODES.opportunity.won, statuscode: 3 },
  quote: { statecode: STATE_CODES.quote.won, statuscode: 4 },
  salesorder: { statecode: STATE_CODES.salesorder.submitted, statuscode: 3 },
};
const DEAD = {
  opportunity: { statecode: STATE_CODES.opportunity.lost, statuscode: 4 },
  quote: { statecode: STATE_CODES.quote.closed, statuscode: 5 },
  salesorder: { statecode: STATE_CODES.salesorder.canceled, statuscode: 4 },
};
const LINES = {
  opportunity: ['opportunityproduct', 'opportunityid'],
  quote: ['quotedetail', 'quoteid'],
  salesorder: ['salesorderdetail', 'salesorderid'],
} as const;

export const PLANTED = [
  'no-lines',
  'no-customer',
  'customer-inactive',
  'customer-missing',
  'customer-blocked',
  'no-currency',
  'pricing-error',
  'item-missing',
  'item-blocked',
  'unit-unknown',
  'write-in-unmapped',
  'freight-unmapped',
] as const satisfies readonly HoldReason[];
export type PlantedReason = (typeof PLANTED)[number];

/** Wins every open deal; the first so many of them get the first reason, the next the second, and the rest go through. */
export function plantReasons(simulators: Simulators, counts: Readonly<Record<PlantedReason, number>>): void {
  const { data, dataverse, businessCentral } = simulators;
  const { store } = dataverse;
  const change = (
    table: string,
    id: string,
    values: Readonly<Record<string, string | number | boolean | null>>,
  ): void => {
    const row = store.find(table, id);
    if (!row) throw new Error(`no ${table} ${id}`);
    store.update(store.schema.table(table), row, values);
  };
  const unit = guidFrom('a unit that Business Central lacks');
  const [schedule] = [...store.all('uomschedule')];
  store.insert(
    store.schema.table('uom'),
    { uomid: unit, name: 'Gitterbox', quantity: '1', uomscheduleid: String(schedule?.['uomscheduleid']) },
    true,
  );
  const [good, blocked, inactive] = data.accounts.filter((account) => account.isInBusinessCentral);
  const absent = data.accounts.find((account) => !account.isInBusinessCentral);
  const sold = data.products.filter((product) => product.isActive && product.isInBusinessCentral);
  const [goodProduct, blockedProduct] = sold;
  const absentProduct = data.products.find((product) => product.isActive && !product.isInBusinessCentral);
  if (!good || !blocked || !inactive || !absent || !goodProduct || !blockedProduct || !absentProduct)
    throw new Error('the seed is too small');
  const { company } = businessCentral;
  const inCompany = (set: string, number: string) => {
    const row = company.findByNumber(set, number);
    if (!row) throw new Error(`no ${number} among ${set}`);
    return row;
  };
  company.change('customers', inCompany('customers', blocked.number), { blocked: 'All' });
  company.change('items', inCompany('items', blockedProduct.number), { blocked: true });
  change('account', inactive.id, { statecode: 1, statuscode: 2 });

  const linesOf = ({ kind, id }: SeedDocument) => store.children(LINES[kind][0], LINES[kind][1], id);
  const changeLine = (deal: SeedDocument, values: Readonly<Record<string, string | boolean | null>>): void => {
    const [line] = linesOf(deal);
    if (line) store.update(store.schema.table(LINES[deal.kind][0]), line, values);
  };
  const sellTo = ({ kind, id }: SeedDocument, accountId: string | null): void =>
    change(kind, id, { customerid: accountId, ...(kind === 'opportunity' && { parentaccountid: accountId }) });
  const plant: Record<PlantedReason, (deal: SeedDocument) => void> = {
    'no-lines': (deal) => {
      for (const line of linesOf(deal)) store.remove(store.schema.table(LINES[deal.kind][0]), line);
    },
    'no-customer': (deal) => sellTo(deal, null),
    'customer-inactive': (deal) => sellTo(deal, inactive.id),
    'customer-missing': (deal) => sellTo(deal, absent.id),
    'customer-blocked': (deal) => sellTo(deal, blocked.id),
    'no-currency': ({ kind, id }) => change(kind, id, { transactioncurrencyid: null }),
    'pricing-error': ({ kind, id }) => change(kind, id, { pricingerrorcode: 5 }),
    'item-missing': (deal) => changeLine(deal, { productid: absentProduct.id }),
    'item-blocked': (deal) => changeLine(deal, { productid: blockedProduct.id }),
    'unit-unknown': (deal) => changeLine(deal, { uomid: unit }),
    'write-in-unmapped': (deal) =>
      changeLine(deal, { productid: null, uomid: null, isproductoverridden: true, productdescription: 'A bracket' }),
    'freight-unmapped': ({ kind, id }) => change(kind, id, { freightamount: '48.00' }),
  };

  for (const { kind, id } of data.archive) change(kind, id, DEAD[kind]);
  const deals = data.documents.values();
  for (const deal of data.documents) {
    change(deal.kind, deal.id, { ...WON[deal.kind], freightamount: '0' });
    sellTo(deal, good.id);
    for (const line of linesOf(deal)) {
      const isOrdinary = line['productid'] !== null && line['productid'] !== blockedProduct.id;
      const values = { productid: goodProduct.id, isproductoverridden: false, productdescription: null };
      const uomid = String(store.find('product', goodProduct.id)?.['defaultuomid']);
      if (!isOrdinary) store.update(store.schema.table(LINES[deal.kind][0]), line, { ...values, uomid });
    }
  }
  for (const reason of PLANTED) {
    for (let count = 0; count < counts[reason]; count += 1) {
      const next = deals.next();
      if (next.done) throw new Error('more reasons than deals');
      plant[reason](next.value);
    }
  }
}
