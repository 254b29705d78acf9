import { readFileSync } from 'node:fs';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import { createDataverseActivities } from '../../src/activities/deals/sales.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createMasterDataCreation, createMasterDataLookups } from '../../src/activities/masters/deal-master-data.js';
import { createRulesOfRecords } from '../../src/activities/routing/rules-of-records.js';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import { parseLosslessJson } from '../../src/clients/http/lossless-json.js';
import type { SourceTable } from '../../src/deal/ids.js';
import { decideMissing } from '../../src/deal/missing-master-data.js';
import { display } from '../../src/deal/money.js';
import { STATE_CODES } from '../../src/deal/state-codes.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createFindAccountsWithNumbers } from '../../src/mapping/plan/customer-identity.js';
import type { Rules } from '../../src/mapping/rules/rules.js';
import { createPreviewer } from '../../src/operations/deals/previewer.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { openSubscriptions } from '../support/business-central.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { loadProgressOf } from '../support/posting.js';
import { openRecordingProxy } from '../support/recording-proxy.js';
import { createSeller } from '../support/sales.js';
import { createSimulatedTokens } from '../support/tokens.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** Preview and hand-over are one planner: what a preview shows is what Business Central is sent, byte for byte of JSON. */

const RULES = readFileSync('test/rules/mapping.yaml', 'utf8');
/** Ten and more rules as an integrator of a distributor writes them, each after docs/mapping.md. */
const DISTRIBUTOR = readFileSync('test/rules/distributor.yaml', 'utf8');
const AS_ORDERS = `${RULES}\ndocuments: { opportunityWon: order, quoteWon: order, orderCreated: order, orderSubmitted: order }\n`;
const AS_QUOTES = `${RULES}\ndocuments: { orderCreated: quote, orderSubmitted: quote }\n`;
const PLAIN = 'createItems: true\nwriteInAccount: "8400"\nfreightAccount: "8410"\n';

let simulators: Simulators;
let embedded: EmbeddedLedger;
let database: Database;
let proxy: Awaited<ReturnType<typeof openRecordingProxy>>;
let clients: ReturnType<typeof openClients>;

function openClients() {
  const { connection, businessCentral } = simulators;
  return {
    dataverse: createDataverseClient({
      environmentUrl: connection.dataverse,
      tokens: createSimulatedTokens(connection, connection.dataverseApp),
      timeoutMs: 10_000,
    }),
    businessCentral: createBusinessCentralClient({
      environmentUrl: `${proxy.origin}/v2.0/${connection.tenant}/${connection.environment}`,
      companyId: businessCentral.company.id,
      tokens: createSimulatedTokens(connection, connection.businessCentralApp),
      timeoutMs: 10_000,
    }),
  };
}

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 30 });
  simulators.dataverse.webhooks.registrations.splice(0);
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  proxy = await openRecordingProxy(simulators.connection.businessCentral);
  clients = openClients();
});
afterAll(async () => {
  await Promise.all([clients.dataverse.close(), clients.businessCentral.close()]);
  await proxy.stop();
  await database.close();
  await simulators.stop();
  await embedded.stop();
});

const openPreviewer = (rules: Rules) =>
  createPreviewer(
    { dataverse: clients.dataverse, companyOf: async () => clients.businessCentral, ledger: createLedger(database) },
    rules,
  );

/** First the preview, then the steps of a hand-over up to its draft; both by the same rules. */
async function previewThenDraft(yaml: string, table: SourceTable, recordId: string) {
  const { dataverse, businessCentral } = clients;
  const rules = parseRules(yaml);
  const before = proxy.posted.length;
  const preview = await openPreviewer(rules).preview(table, recordId);
  expect(proxy.posted.slice(before)).toEqual([]);

  const ledger = createLedger(database);
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const common = { ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
  const { id: companyId } = simulators.businessCentral.company;
  const company = { businessCentral, companyId, sets, subscriptions: openSubscriptions(simulators) };
  const findAccountsWithNumbers = createFindAccountsWithNumbers(dataverse, rules);
  const ofCompany = { ...common, ...company, rules, findAccountsWithNumbers };
  const steps = {
    ...createDataverseActivities({
      ...common,
      feeds: createFeedLedger(database),
      dataverse,
      companies: { choose: async () => company },
      claimDeal: createClaimDeal({ ledger }),
      loadProgress: loadProgressOf({ ledger, companyId }),
      rules: createRulesOfRecords({ today: rules, findMapping: async () => undefined, withMappingOf: () => rules }),
    }),
    ...createMasterDataLookups(ofCompany),
    ...createMasterDataCreation(ofCompany),
    ...createDraftSteps(ofCompany),
  };
  await ledger.register({ table, recordId });
  const deal = await steps.readDeal({ table, recordId });
  await ledger.claim(recordId, []);
  const ref = { ...deal.context, recordId, revision: deal.revision };
  let customer = await steps.findCustomer(ref);
  const { products } = deal;
  const { missing, blocked } =
    products.length > 0 ? await steps.findItems({ companyId, products }) : { missing: [], blocked: [] };
  const { problems, creates } = decideMissing(
    { customer, customerNumber: deal.customer?.number, missing, blocked },
    deal.policy,
  );
  expect([...deal.problems, ...problems, ...(await steps.findMappingProblems({ ...ref, creates }))]).toEqual([]);
  customer ??= await steps.createCustomer(ref);
  for (const { productId, number } of creates.items) await steps.createItem({ ...ref, productId, number });
  const input = { ...ref, customerId: customer.id, draftVersion: 1 };
  const kind = deal.policy.documentKind;
  await steps.createDraft({ ...input, kind });
  const path = { invoice: '/salesInvoices', order: '/salesOrders', quote: '/salesQuotes' }[kind];
  const [sent, ...others] = proxy.posted.slice(before).filter((request) => request.path.split('?')[0]?.endsWith(path));
  expect(others).toEqual([]);
  return { preview, sent: parseLosslessJson(sent?.body ?? 'null') as Record<string, unknown>, customer };
}

describe('the document of a preview', () => {
  for (const [kind, yaml, whose] of [
    ['invoice', RULES, 'our'],
    ['order', AS_ORDERS, 'our'],
    ['quote', AS_QUOTES, 'our'],
    ['invoice', DISTRIBUTOR, "a distributor's"],
    ['order', `${DISTRIBUTOR}\ndocuments: { orderCreated: order, orderSubmitted: order }\n`, "a distributor's"],
  ] as const) {
    it(`is the ${kind} that is sent by ${whose} rules, of a deal of which Business Central knew nothing`, async () => {
      const sold = await sellUnknown(simulators, createSeller(simulators));
      const before = proxy.posted.length;
      const { preview, sent, customer } = await previewThenDraft(yaml, 'salesorder', sold.orderId);
      expect(preview.problems).toEqual([]);
      expect(preview.document?.kind).toBe(kind);
      const posted = proxy.posted.slice(before);
      for (const [step, set] of [
        ['create-customer', '/customers'],
        ['create-item', '/items'],
      ] as const) {
        const bodies = posted.filter(({ path }) => path.split('?')[0]?.endsWith(set)).map(({ body }) => body);
        const planned = preview.plan.filter((one) => one.step === step).map(({ fields }) => fields);
        expect(planned.length).toBeGreaterThan(0);
        expect(bodies.map((body) => parseLosslessJson(body))).toEqual(planned);
      }
      // A customer that is still to be created has no id yet.
      expect({ ...preview.document?.body, customerId: customer.id }).toEqual(sent);
      // Business Central replays the properties in their order, so it has to be the same as well.
      expect(Object.keys(preview.document?.body ?? {})).toEqual(Object.keys(sent));
    });
  }

  it('shows the amounts of prices with tax as such', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { store } = simulators.dataverse;
    const order = store.find('salesorder', sold.orderId);
    const [list] = [...store.all('pricelevel')];
    if (!order || !list) throw new Error('an order and a price list are needed');
    const { total } = (await openPreviewer(parseRules(RULES)).preview('salesorder', sold.orderId)).deal;
    store.update(store.schema.table('salesorder'), order, { pricelevelid: String(list['pricelevelid']) });
    const yaml = `${AS_ORDERS}\ngrossPriceLists: [${String(list['pricelevelid'])}]\n`;
    const { document } = await openPreviewer(parseRules(yaml)).preview('salesorder', sold.orderId);
    expect(document?.body['pricesIncludeTax']).toBe(true);
    expect(document?.header.values['totalAmountIncludingTax']).toBe(display(total));
    expect(document?.header.values).not.toHaveProperty('totalAmountExcludingTax');
    expect(document?.lines[0]?.values).toHaveProperty('amountIncludingTax');
    expect(document?.lines[0]?.values).not.toHaveProperty('amountExcludingTax');
  });

  it('goes to the customer of the parent account, where the rules say so', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { store } = simulators.dataverse;
    const [parent] = [...store.all('account')];
    const account = store.find('account', String(store.find('salesorder', sold.orderId)?.['customerid']));
    if (!account || !parent) throw new Error('both accounts are needed');
    const salesId = String(parent['accountid']);
    store.update(store.schema.table('account'), account, { parentaccountid: salesId });
    const [payer] = [...simulators.businessCentral.company.all('customers')];
    const [bcId, bcNumber] = [String(payer?.['id']), String(payer?.['number'])];
    const { id: companyId } = simulators.businessCentral.company;
    await createLedger(database).saveLink('customer', companyId, { salesId, bcId, bcNumber });
    const yaml = `${RULES}\nmasters: { billTo: parent }\n`;
    const { preview, sent } = await previewThenDraft(yaml, 'salesorder', sold.orderId);
    expect(sent['billToCustomerNumber']).toBe(bcNumber);
    expect(preview.document?.body['billToCustomerNumber']).toBe(bcNumber);
  });

  it('is held where the total in Sales is not what its lines give, as its draft would be', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { store } = simulators.dataverse;
    const order = store.find('salesorder', sold.orderId);
    if (!order) throw new Error('an order is needed');
    const more = (column: string) => Number(order[column]) + 5;
    const totals = { totallineitemamount: 0, totalamountlessfreight: 0, totalamount: 0 };
    for (const column of Object.keys(totals) as (keyof typeof totals)[]) totals[column] = more(column);
    store.update(store.schema.table('salesorder'), order, totals);
    const found = async (yaml: string) =>
      (await openPreviewer(parseRules(yaml)).preview('salesorder', sold.orderId)).problems;
    expect(await found(RULES)).toEqual([
      {
        reason: 'totals-differ',
        text: expect.stringMatching(/; the lines in Sales give [\d.]+, 5 apart from its total$/),
      },
    ]);
    expect(await found(`${RULES}\ntotals: { causes: { sales-total: pass } }\n`)).toEqual([]);
    expect(await found(`${RULES}\ntotals: { onDifference: ask }\n`)).toEqual([]);
  });

  it('is held where the parent account has no customer: by its name, and together with all else that is wrong', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { store } = simulators.dataverse;
    const parent = [...store.all('account')][5];
    const account = store.find('account', String(store.find('salesorder', sold.orderId)?.['customerid']));
    if (!account || !parent) throw new Error('both accounts are needed');
    store.update(store.schema.table('account'), account, { parentaccountid: String(parent['accountid']) });
    const wrong = 'document: { paymentTermsId: { value: NEVER } }';
    const yaml = `${PLAIN}masters: { billTo: parent }\nmapping: { ${wrong} }\n`;
    const { problems } = await openPreviewer(parseRules(yaml)).preview('salesorder', sold.orderId);
    expect(problems).toContainEqual({
      reason: 'customer-missing',
      text: `the bill goes to the parent account ${String(parent['name'])}, which has no customer`,
    });
    expect(problems.map(({ reason }) => reason)).toContain('code-unknown');
  });

  it('is held where the customer of the parent account is blocked or gone, which no draft is made for', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { store } = simulators.dataverse;
    const { company } = simulators.businessCentral;
    const parent = [...store.all('account')][3];
    const account = store.find('account', String(store.find('salesorder', sold.orderId)?.['customerid']));
    const payer = [...company.all('customers')][3];
    if (!account || !parent || !payer) throw new Error('accounts and a customer are needed');
    const salesId = String(parent['accountid']);
    store.update(store.schema.table('account'), account, { parentaccountid: salesId });
    const [bcId, bcNumber] = [String(payer['id']), String(payer['number'])];
    await createLedger(database).saveLink('customer', company.id, { salesId, bcId, bcNumber });
    const rules = parseRules(`${RULES}\nmasters: { billTo: parent }\n`);
    const found = async () => (await openPreviewer(rules).preview('salesorder', sold.orderId)).problems;
    expect(await found()).toEqual([]);
    company.change('customers', payer, { blocked: 'Ship' });
    expect(await found()).toEqual([]);
    company.change('customers', payer, { blocked: 'All' });
    expect(await found()).toEqual([
      { reason: 'customer-blocked', text: `customer ${bcNumber}, who gets the bill, is blocked` },
    ]);
    company.change('customers', payer, { blocked: '_x0020_', number: 'MOVED' });
    expect(await found()).toEqual([
      { reason: 'customer-gone', text: `customer ${bcNumber}, who gets the bill, is not in Business Central` },
    ]);
    company.change('customers', payer, { number: bcNumber });
  });

  it('is held where an account of the rules is not there, is blocked or lacks direct posting', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { company } = simulators.businessCentral;
    const found = async (yaml: string) =>
      (await openPreviewer(parseRules(yaml)).preview('salesorder', sold.orderId)).problems.filter(({ text }) =>
        text.startsWith('account'),
      );
    const freight = company.findByNumber('accounts', '8410');
    if (!freight) throw new Error('the account for freight is needed');
    expect(await found(RULES)).toEqual([]);
    company.change('accounts', freight, { directPosting: false });
    expect(await found(RULES)).toEqual([
      { reason: 'posting-setup', text: 'account 8410 lacks Direct Posting in Business Central' },
    ]);
    company.change('accounts', freight, { blocked: true, directPosting: true });
    expect(await found(RULES)).toEqual([
      { reason: 'posting-setup', text: 'account 8410 is blocked in Business Central' },
    ]);
    company.change('accounts', freight, { blocked: false });
    expect(await found(RULES.replace(/freightAccount: .*/, 'freightAccount: "8999"'))).toEqual([
      { reason: 'code-unknown', text: 'account 8999 of the rules is not in Business Central' },
    ]);
  });

  it('is held for a customer who is blocked for shipping, where it is an order or a quote', async () => {
    const { company } = simulators.businessCentral;
    const { store } = simulators.dataverse;
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const customer = [...company.all('customers')][4];
    const account = store.find('account', String(store.find('salesorder', sold.orderId)?.['customerid']));
    if (!customer || !account) throw new Error('a customer and an account are needed');
    const [bcId, bcNumber] = [String(customer['id']), String(customer['number'])];
    const link = { salesId: String(account['accountid']), bcId, bcNumber };
    await createLedger(database).saveLink('customer', company.id, link);
    company.change('customers', customer, { blocked: 'Ship' });
    const found = async (yaml: string) =>
      (await openPreviewer(parseRules(yaml)).preview('salesorder', sold.orderId)).problems;
    expect(await found(RULES)).toEqual([]);
    for (const yaml of [AS_ORDERS, AS_QUOTES]) {
      expect(await found(yaml)).toEqual([
        { reason: 'customer-blocked', text: `customer ${bcNumber} is blocked (Ship)` },
      ]);
    }
    company.change('customers', customer, { blocked: '_x0020_' });
  });

  it('leaves a dimension out that the customer of the parent account brings along', async () => {
    const sold = await sellUnknown(simulators, createSeller(simulators));
    const { store } = simulators.dataverse;
    const { company } = simulators.businessCentral;
    const parent = [...store.all('account')][1];
    const account = store.find('account', String(store.find('salesorder', sold.orderId)?.['customerid']));
    const payer = [...company.all('customers')][1];
    const dimension = [...company.all('dimensions')][2];
    const value = [...company.all('dimensionValues')].find((row) => row['dimensionId'] === dimension?.['id']);
    if (!account || !parent || !payer || !dimension || !value) throw new Error('accounts and a dimension are needed');
    const salesId = String(parent['accountid']);
    store.update(store.schema.table('account'), account, { parentaccountid: salesId });
    const [bcId, bcNumber] = [String(payer['id']), String(payer['number'])];
    await createLedger(database).saveLink('customer', company.id, { salesId, bcId, bcNumber });
    company.insert('defaultDimensions', {
      ...{
        parentType: 'Customer',
        parentId: bcId,
        dimensionId: dimension['id'] ?? '',
        dimensionCode: dimension['code'] ?? '',
      },
      ...{ dimensionValueId: value['id'] ?? '', dimensionValueCode: value['code'] ?? '' },
    });
    const mapped = `${dimension['code']}: { value: "${value['code']}" }`;
    const names = 'customer: { displayName: { column: account.name, cut: true } }';
    const tables = 'tables: { countries: { Deutschland: DE } }';
    const yaml = `${PLAIN}createUnits: true\n${tables}\nmasters: { billTo: parent }\nmapping: { ${names}, dimensions: { ${mapped} } }\n`;
    const { sent } = await previewThenDraft(yaml, 'salesorder', sold.orderId);
    expect(sent).toMatchObject({ billToCustomerNumber: bcNumber });
    expect(sent['dimensionSetLines']).toBeUndefined();
    const made = [...company.documents.invoice.values()].find(
      ({ row }) => row['externalDocumentNumber'] === sent['externalDocumentNumber'],
    );
    const dimensions = made?.dimensions.get(String(made.row['id'])) ?? [];
    expect(dimensions.map((row) => [row['code'], row['valueCode']])).toContainEqual([dimension['code'], value['code']]);
  });

  it('is what is sent for opportunities, quotes and orders that are won', async () => {
    const seller = createSeller(simulators);
    const win = {
      opportunity: seller.winOpportunity,
      quote: seller.winQuote,
      salesorder: seller.submitOrder,
    };
    const open = simulators.data.documents.filter(({ kind, state }) => state === OPEN[kind]);
    const compared = { opportunity: 0, quote: 0, salesorder: 0 };
    for (const { kind: table, id } of open) {
      await win[table](id);
      const preview = await openPreviewer(parseRules(PLAIN)).preview(table, id);
      // Seeded deals that are held have no document to compare.
      if (preview.problems.length > 0) continue;
      const { preview: again, sent, customer } = await previewThenDraft(PLAIN, table, id);
      expect(again.document?.body).toEqual(preview.document?.body);
      expect({ ...preview.document?.body, customerId: customer.id }, `${table} ${id}`).toEqual(sent);
      compared[table] += 1;
    }
    for (const [table, count] of Object.entries(compared)) expect(count, table).toBeGreaterThan(1);
  });
});

const OPEN = {
  opportunity: STATE_CODES.opportunity.open,
  quote: STATE_CODES.quote.active,
  salesorder: STATE_CODES.salesorder.active,
};
