import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { type BusinessCentralClient, createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createSubscriptionClient, type SubscriptionClient } from '../../src/clients/business-central/subscriptions.js';
import type { WonDeal } from '../../src/deal/deal.js';
import type { StepContext } from '../../src/deal/step-context.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createBookkeeper } from './bookkeeper.js';
import { openEmbeddedLedger } from './embedded-ledger.js';
import { createSimulatedTokens } from './tokens.js';

/** The simulated Business Central with our client and a ledger, for tests without Temporal. */
export interface Counter {
  readonly simulators: Simulators;
  readonly client: BusinessCentralClient;
  readonly companyId: string;
  /** Of a step in this company, by rules that nobody names. */
  readonly context: StepContext;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly ledger: Ledger;
  readonly books: ReturnType<typeof createBookkeeper>;
  readonly customerId: string;
  /** A won order with these lines (quantity and price of EQ-1001, 1002, …), claimed and kept in the ledger. */
  win(lines?: readonly (readonly [quantity: string, unitPrice: string])[], more?: Partial<WonDeal>): Promise<WonDeal>;
  close(): Promise<void>;
}

export async function openCounter(): Promise<Counter> {
  const simulators = await startSimulators({ products: 20, accounts: 12, documents: 3 });
  const embedded = await openEmbeddedLedger();
  const database = openDatabase(embedded.url);
  await migrate(database);
  const ledger = createLedger(database);
  const { company } = simulators.businessCentral;
  const client = createBusinessCentralClient({ ...environmentOf(simulators), companyId: company.id });
  return {
    simulators,
    client,
    companyId: company.id,
    context: { companyId: company.id, mappingHash: 'default' },
    database,
    databaseUrl: embedded.url,
    ledger,
    books: createBookkeeper(simulators),
    customerId: String(company.findByNumber('customers', 'C10001')?.['id']),
    async win(lines = [['4', '10.00']], more = {}) {
      const deal = makeDeal(lines, more);
      await ledger.register({ table: deal.table, recordId: deal.recordId });
      await ledger.saveDeal(deal, { mapping: 'default', companyId: company.id });
      await ledger.change(deal.recordId, { kind: 'state', state: 'preparing' });
      await ledger.claim(deal.recordId, []);
      return deal;
    },
    async close() {
      await client.close();
      await database.close();
      await simulators.stop();
      await embedded.stop();
    },
  };
}

export function openSubscriptions(simulators: Simulators): SubscriptionClient {
  return createSubscriptionClient(environmentOf(simulators));
}

function environmentOf({ connection }: Simulators) {
  return {
    environmentUrl: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}`,
    tokens: createSimulatedTokens(connection, connection.businessCentralApp),
    timeoutMs: 5_000,
  };
}

function makeDeal(lines: readonly (readonly [string, string])[], more: Partial<WonDeal>): WonDeal {
  const total = lines.reduce((sum, [quantity, price]) => sum + Number(quantity) * Number(price), 0).toFixed(2);
  return {
    table: 'salesorder',
    recordId: randomUUID(),
    revision: 'W/"1"',
    number: 'ORD-1',
    name: 'Hoists',
    stateCode: 1,
    lineage: { descendants: [] },
    customer: undefined,
    currency: 'EUR',
    currencyId: undefined,
    priceListId: undefined,
    lines: lines.map(([quantity, unitPrice], index) => ({
      lineId: randomUUID(),
      sequence: (index + 1) * 10_000,
      product: {
        productId: randomUUID(),
        number: `EQ-${1001 + index}`,
        name: 'Hoist',
        isActive: true,
        isService: false,
      },
      description: 'Hoist',
      unit: undefined,
      unitId: undefined,
      quantity,
      unitPrice,
      discount: '0',
      tax: '0',
      pricingErrorCode: 0,
      role: 'product',
    })),
    headerDiscount: '0',
    freight: '0',
    tax: '0',
    totalLessFreight: total,
    total,
    pricingErrorCode: 0,
    requestedDelivery: undefined,
    shipTo: undefined,
    extra: { record: {}, account: {}, contact: {}, owner: {}, lines: {}, products: {} },
    ...more,
  };
}
