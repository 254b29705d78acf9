import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import { createDataverseActivities } from '../../src/activities/deals/sales.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createMasterDataCreation } from '../../src/activities/masters/deal-master-data.js';
import { createRulesOfRecords } from '../../src/activities/routing/rules-of-records.js';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import type { Problem } from '../../src/deal/holds.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createFindAccountsWithNumbers } from '../../src/mapping/plan/customer-identity.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { openSubscriptions } from '../support/business-central.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { loadProgressOf } from '../support/posting.js';
import { createSeller } from '../support/sales.js';
import { createSimulatedTokens } from '../support/tokens.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** The steps that make what Business Central lacks, run twice and with lost answers (I3). */

let simulators: Simulators;
let embedded: EmbeddedLedger;
let database: Database;
let seller: ReturnType<typeof createSeller>;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 12 });
  simulators.dataverse.webhooks.registrations.splice(0);
  seller = createSeller(simulators);
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await database.close();
  await simulators.stop();
  await embedded.stop();
});

const RULES =
  'createItems: true\ncreateContacts: true\ncreateUnits: true\nfreightAccount: "8410"\ntables: { countries: { Deutschland: DE } }\nwriteInAccount: "8400"\nmapping: { customer: { displayName: { column: account.name, cut: true } }, contact: { jobTitle: false } }\n';

/** A worker's steps over the simulators; a second one has nothing in memory but the ledger. */
function openSteps(yaml = RULES) {
  const { connection, businessCentral: bc } = simulators;
  const tokensOf = (app: typeof connection.dataverseApp) => createSimulatedTokens(connection, app);
  const businessCentral = createBusinessCentralClient({
    environmentUrl: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}`,
    companyId: bc.company.id,
    tokens: tokensOf(connection.businessCentralApp),
    timeoutMs: 10_000,
  });
  const sales = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: tokensOf(connection.dataverseApp),
    timeoutMs: 10_000,
  });
  closers.push(
    () => businessCentral.close(),
    () => sales.close(),
  );
  const rules = parseRules(yaml);
  const ledger = createLedger(database);
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const common = { ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
  const company = { businessCentral, companyId: bc.company.id, sets, subscriptions: openSubscriptions(simulators) };
  const findAccountsWithNumbers = createFindAccountsWithNumbers(sales, rules);
  const ofCompany = { ...common, ...company, rules, findAccountsWithNumbers };
  return {
    ledger,
    ...createDataverseActivities({
      ...common,
      feeds: createFeedLedger(database),
      dataverse: sales,
      companies: { choose: async () => company },
      claimDeal: createClaimDeal({ ledger }),
      loadProgress: loadProgressOf({ ledger, companyId: bc.company.id }),
      rules: createRulesOfRecords({ today: rules, findMapping: async () => undefined, withMappingOf: () => rules }),
    }),
    ...createMasterDataCreation(ofCompany),
    ...createDraftSteps(ofCompany),
  };
}

async function sellAndRead(yaml = RULES) {
  const sold = await sellUnknown(simulators, seller);
  const steps = openSteps(yaml);
  await steps.ledger.register({ table: 'salesorder', recordId: sold.orderId });
  const summary = await steps.readDeal({ table: 'salesorder', recordId: sold.orderId });
  return { sold, steps, summary, ref: { ...summary.context, recordId: sold.orderId, revision: summary.revision } };
}

describe('a record that is read to be handed over', () => {
  it('is claimed in the same step once it stands still, twice like once', async () => {
    const { sold, steps } = await sellAndRead();
    const order = { table: 'salesorder', recordId: sold.orderId } as const;
    expect((await steps.readDeal({ ...order, claims: true })).claim).toBeUndefined();
    await seller.submitOrder(sold.orderId);
    expect((await steps.readDeal(order)).claim).toBeUndefined();
    const { claim, products } = await steps.readDeal({ ...order, claims: true });
    expect(claim).toEqual({ kind: 'carrier', masters: { customer: undefined, unknownProducts: products } });
    expect((await steps.readDeal({ ...order, claims: true })).claim).toEqual(claim);
  });

  it('is claimed also when it names no account: that is what it waits for', async () => {
    const { sold, steps } = await sellAndRead();
    const { store } = simulators.dataverse;
    const order = store.find('salesorder', sold.orderId);
    if (!order) throw new Error('no order');
    store.update(store.schema.table('salesorder'), order, { customerid: null });
    await seller.submitOrder(sold.orderId);
    const ref = { table: 'salesorder', recordId: sold.orderId } as const;
    await steps.readDeal(ref);
    expect(await steps.readDeal({ ...ref, claims: true })).toMatchObject({
      problems: [{ reason: 'no-customer' }],
      claim: { kind: 'carrier', masters: { customer: undefined } },
    });
  });
});

const rowsOf = (set: string, field: string, value: string) =>
  [...simulators.businessCentral.company.all(set)].filter((row) => row[field] === value);

describe('each step makes one row, however often it runs', () => {
  for (const [what, path] of [
    ['customer', '/customers$'],
    ['contact', '/contacts$'],
    ['unit', '/unitsOfMeasure$'],
    ['item', '/items$'],
  ] as const) {
    it(`a lost answer to the ${what} is found again by another worker`, async () => {
      const { sold, summary, steps, ref } = await sellAndRead();
      simulators.businessCentral.faults.add({
        match: { method: 'POST', path },
        effect: { kind: 'lose-answer', when: 'after' },
      });
      const [item] = summary.products;
      if (!item) throw new Error('the order has no product');
      const work = async (by: ReturnType<typeof openSteps>) => {
        await by.createCustomer(ref);
        await by.createItem({ ...ref, ...item });
      };
      await expect(work(steps)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
      await work(openSteps());
      await work(openSteps());
      const [customer, ...others] = rowsOf('customers', 'number', sold.accountNumber);
      expect(others).toEqual([]);
      const company = rowsOf('contacts', 'companyName', String(customer?.['displayName']));
      const contacts = rowsOf('contacts', 'number', sold.contactNumber);
      expect(contacts).toHaveLength(1);
      expect(company.map(({ number }) => number)).toContain(contacts[0]?.['companyNumber']);
      expect(rowsOf('unitsOfMeasure', 'code', sold.unitCode)).toHaveLength(1);
      expect(rowsOf('items', 'number', sold.products[0] ?? '')).toHaveLength(1);
      simulators.businessCentral.faults.clear();
    });
  }

  it('the contact of a customer that was known is made when somebody asks for it', async () => {
    const { sold, steps, ref } = await sellAndRead();
    const customer = await openSteps(RULES.replace('createContacts: true\n', '')).createCustomer(ref);
    expect(rowsOf('contacts', 'number', sold.contactNumber)).toEqual([]);
    await steps.ensureContact({ ...ref, customerId: customer.id });
    await steps.ensureContact({ ...ref, customerId: customer.id });
    expect(rowsOf('contacts', 'number', sold.contactNumber)).toHaveLength(1);
    expect(rowsOf('customers', 'number', sold.accountNumber)).toHaveLength(1);
  });
});

describe('what the mapping refuses is told before anything is written', () => {
  const WRONG = `${RULES.replace(/mapping: .*\n/, '')}
mapping:
  customer: { salespersonCode: { value: NOBODY } }
  contact: { jobTitle: { column: contact.jobtitle } }
  item: { itemCategoryCode: { value: NOTHING } }
  document: { shortcutDimension1Code: { value: MOON }, billToCustomerNumber: { value: C99 } }
  line: { locationId: { value: NOWHERE } }
  dimensions: { COLOUR: { value: RED } }
`;
  const EXPECTED = [
    "code-unknown: document.billToCustomerNumber: 'C99' (the constant of the configuration) is no code of customers in Business Central",
    "code-unknown: document.shortcutDimension1Code: 'MOON' (the constant of the configuration) is no code of shortcutDimension1 in Business Central",
    'code-unknown: document.dimensions: there is no dimension COLOUR in Business Central',
    "code-unknown: line 1.locationId: 'NOWHERE' (the constant of the configuration) is no code of locations in Business Central",
    "code-unknown: line 2.locationId: 'NOWHERE' (the constant of the configuration) is no code of locations in Business Central",
    "code-unknown: line 3.locationId: 'NOWHERE' (the constant of the configuration) is no code of locations in Business Central",
    'value-too-long: customer.displayName: 118 characters where 100 fit (column account.name)',
    "code-unknown: customer.salespersonCode: 'NOBODY' (the constant of the configuration) is no code of salespeoplePurchasers in Business Central",
    'value-too-long: contact.jobTitle: 49 characters where 30 fit (column contact.jobtitle)',
  ];
  const told = (problems: readonly Problem[]) => problems.map(({ reason, text }) => `${reason}: ${text}`);

  it('all of it at once, by the step that writes first', async () => {
    const { sold, steps, ref } = await sellAndRead(WRONG);
    const refused: unknown = await steps.createCustomer(ref).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApplicationFailure);
    const { type, message, details } = refused as ApplicationFailure;
    expect([type, message]).toEqual(['Refused', 'code-unknown, value-too-long']);
    expect(told(details as Problem[])).toEqual(EXPECTED);
    expect(rowsOf('customers', 'number', sold.accountNumber)).toEqual([]);
  });

  it('or by the step that only looks, items and units included', async () => {
    const { summary, steps, ref, sold } = await sellAndRead(WRONG.replace('createUnits: true', 'createUnits: false'));
    const creates = { customer: true, items: summary.products };
    const problems = await steps.findMappingProblems({ ...ref, creates });
    expect(told(problems)).toEqual([
      ...EXPECTED,
      ...sold.products.flatMap((number) => [
        `code-unknown: item ${number}.itemCategoryCode: 'NOTHING' (the constant of the configuration) is no code of itemCategories in Business Central`,
        `unit-unknown: item ${number}: unit '${sold.unitCode}' (column product.defaultuomid by the table units) is no unit of Business Central`,
      ]),
    ]);
  });
});

describe('a unit that Business Central lacks', () => {
  const draftWith = async (yaml: string, isMadeSince = false) => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const [line] = [...store.children('salesorderdetail', 'salesorderid', sold.orderId)];
    const unit = store.find('uom', String(line?.['uomid']));
    const [base] = [...store.all('uom')].filter((row) => row['name'] === 'PCS');
    if (!unit || !base) throw new Error('the units are needed');
    store.update(store.schema.table('uom'), unit, { quantity: '4', baseuom: String(base['uomid']) });
    for (const number of sold.products) {
      simulators.businessCentral.company.insert('items', {
        number,
        displayName: number,
        baseUnitOfMeasureCode: 'PCS',
        taxGroupCode: 'VAT19',
      });
    }
    const steps = openSteps(yaml);
    await steps.ledger.register({ table: 'salesorder', recordId: sold.orderId });
    const { revision, context } = await steps.readDeal({ table: 'salesorder', recordId: sold.orderId });
    const ref = { ...context, recordId: sold.orderId, revision };
    const customer = await steps.createCustomer(ref);
    await steps.ledger.claim(ref.recordId, []);
    const made = await steps.createDraft({ ...ref, kind: 'invoice', customerId: customer.id, draftVersion: 1 });
    const { company } = simulators.businessCentral;
    if (isMadeSince) company.insert('unitsOfMeasure', { code: sold.unitCode, displayName: sold.unitCode });
    // Another worker, which knows what is there now.
    const draft = await openSteps(yaml).setDiscount({
      ...ref,
      kind: 'invoice',
      draftId: made?.id ?? '',
      etag: made?.etag ?? '',
      discount: '0',
    });
    if (!draft) throw new Error('a draft is needed');
    expect(draft.difference).toBeUndefined();
    return simulators.businessCentral.company.invoices.get(draft.id)?.lines[0];
  };
  const CONVERTING = `${RULES}convertUnits: true\n`;

  it('is sold in base units where a rule allows it, and the totals agree', async () => {
    const converted = { unitOfMeasureCode: 'PCS', quantity: '8.4938', unitPrice: '37.53' };
    expect(await draftWith(CONVERTING)).toMatchObject(converted);
  });

  it('changes nothing of the draft when somebody makes it before the two are compared', async () => {
    const converted = { unitOfMeasureCode: 'PCS', quantity: '8.4938', unitPrice: '37.53' };
    expect(await draftWith(CONVERTING, true)).toMatchObject(converted);
  });

  it('is the one that the mapping names, for the quantity that was sold', async () => {
    const named = CONVERTING.replace('mapping: {', 'mapping: { line: { unitOfMeasureCode: { value: PCS } },');
    const asSold = { unitOfMeasureCode: 'PCS', quantity: '2.12345', unitPrice: '150.12' };
    expect(await draftWith(named)).toMatchObject(asSold);
  });
});

describe('a difference of the totals', () => {
  const ask = async (yaml: string) => {
    const { steps, summary, ref } = await sellAndRead(`${RULES}${yaml}`);
    const customer = await steps.createCustomer(ref);
    for (const item of summary.products) await steps.createItem({ ...ref, ...item });
    await steps.ledger.claim(ref.recordId, []);
    const draft = await steps.createDraft({ ...ref, kind: 'invoice', customerId: customer.id, draftVersion: 1 });
    const { id = '', etag = '' } = draft ?? {};
    await steps.setDiscount({ ...ref, kind: 'invoice', draftId: id, etag, discount: '0' });
    const invoice = simulators.businessCentral.company.invoices.get(id);
    const line = invoice?.lines[0];
    if (!line) throw new Error('a line is needed');
    await fetch(`${simulators.connection.businessCentral}/_sim/invoices/edit-line`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, sequence: line.sequence, unitPrice: '1' }),
    });
    return steps.readDraft({ ...ref, kind: 'invoice', draftId: id });
  };

  it('holds by default, with its cause', async () => {
    expect(await ask('')).toMatchObject({
      difference: 'price: line 1 costs 150.1200 in Sales, 1 in the draft',
      differenceCause: 'price',
      differencePolicy: 'refuse',
    });
  });

  it('passes, or asks a person, where the rules say so', async () => {
    const passed = await ask('totals: { onDifference: ask, causes: { price: pass } }\n');
    expect(passed).toMatchObject({ difference: undefined, differenceCause: 'price', differencePolicy: 'pass' });
    expect(passed?.differencePassed).toContain('line 1 costs 150.1200 in Sales');
    expect(await ask('totals: { onDifference: ask }\n')).toMatchObject({
      difference: expect.stringContaining('price'),
      differencePolicy: 'ask',
    });
  });
});
