import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createEnvironmentLedger, type EnvironmentLedger } from '../../src/ledger/settings/environments.js';
import { createPausedLaneLedger } from '../../src/ledger/settings/paused-lanes.js';
import { createThrottledLaneLedger } from '../../src/ledger/settings/throttled-lanes.js';
import { type Examined, environmentOf, examine, registerSteps } from '../support/doctor.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** The examination against the simulators, one planted fault at a time; Temporal is left out here. */
let simulators: Simulators;
let embedded: EmbeddedLedger;
let steps: Awaited<ReturnType<typeof registerSteps>>;
let base: NodeJS.ProcessEnv;

const PUBLIC = 'http://127.0.0.1:1';
/** Nobody is there, and nothing else is asked of them in this file. */
const ELSEWHERE = /^(temporal|starter|business central: subscriptions)/;

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 12 });
  embedded = await openEmbeddedLedger();
  const database = openDatabase(embedded.url);
  await migrate(database);
  await database.close();
  steps = await registerSteps(simulators, `${PUBLIC}/webhooks/dataverse`);
  base = { ...environmentOf(simulators, embedded.url), STARTER_PUBLIC_URL: PUBLIC };
});
afterAll(async () => {
  await simulators?.stop();
  await embedded?.stop();
});

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

async function examineWith(changes: NodeJS.ProcessEnv = {}): Promise<Examined> {
  return examine({ ...base, ...changes }, ELSEWHERE);
}
/** No feed ever ran here. */
const wrongOf = (examined: Examined): string[] => examined.wrong().filter((one) => one !== 'feeds: feeds');

describe('a sound installation', () => {
  it('has nothing wrong, and nothing was written to either side', async () => {
    const before = simulators.dataverse.requests.length + simulators.businessCentral.requests.length;
    const examined = await examineWith();
    expect(wrongOf(examined)).toEqual([]);
    expect(examined.finding('dataverse: write', 'privileges').result).toBe('ok');
    expect(examined.finding('dataverse: columns', 'opportunity.bc_postedinvoicenumber').found).toContain(
      'String of 20',
    );
    expect(examined.finding('dataverse: columns', 'salesorder.bc_correlationid').result).toBe('ok');
    expect(examined.finding('dataverse: columns', 'opportunity.bc_syncmessage').found).toContain('written');
    expect(examined.finding('host of entra', 'tls').found).toContain('plain http');
    expect(examined.finding('business central: setup', 'local currency').found).toBe('EUR');
    const asked = [...simulators.dataverse.requests, ...simulators.businessCentral.requests].slice(before);
    expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('tells no secret', async () => {
    const { DATAVERSE_CLIENT_SECRET, BC_CLIENT_SECRET, WEBHOOK_SECRET, DEALBRIDGE_KEYS } = base;
    const said = JSON.stringify((await examineWith()).reports);
    for (const secret of [DATAVERSE_CLIENT_SECRET, BC_CLIENT_SECRET, WEBHOOK_SECRET, DEALBRIDGE_KEYS?.split(':')[1]])
      expect(said).not.toContain(secret);
  });
});

describe('a lane', () => {
  it('that waits for its sign-in is told, with since when and what to do', async () => {
    expect((await examineWith()).finding('lanes', 'lanes').result).toBe('ok');
    const pausedSince = new Date('2026-03-31T12:00:00Z');
    const lane = { system: 'dataverse', address: 'app registration one' } as const;
    const database = openDatabase(embedded.url);
    const lanes = createPausedLaneLedger(database);
    await lanes.pause({ ...lane, pausedSince, problem: 'ask for a token: unauthorized' });
    const examined = await examineWith();
    await lanes.resume(lane);
    await database.close();
    expect(examined.finding('lanes', 'dataverse app registration one')).toMatchObject({
      result: 'wrong',
      found: 'paused since 2026-03-31T12:00:00.000Z, deals wait: ask for a token: unauthorized',
      advice: expect.stringContaining('dealbridge credentials set dataverse'),
    });
  });
});

describe('a lane whose quota is used up', () => {
  it('is told with its end, and is nothing that somebody has to mend', async () => {
    const lane = { system: 'business-central', address: 'https://bc/US', clientId: 'one' } as const;
    const database = openDatabase(embedded.url);
    const throttling = {
      retryAfterMs: 600_000,
      leftMsAgo: 0,
      wasTaking: false,
      problem: 'read the order: throttled (429)',
    };
    const { until } = await createThrottledLaneLedger(database).pause(lane, throttling);
    const examined = await examineWith();
    await database.query('DELETE FROM throttled_lanes');
    await database.close();
    expect(examined.finding('lanes', 'business-central https://bc/US')).toMatchObject({
      result: 'warning',
      found: `throttled until ${until.toISOString()}, deals wait (app registration one): read the order: throttled (429)`,
      advice: expect.stringContaining('They go on by themselves'),
    });
  });
});

describe('Entra', () => {
  it('says that a secret is wrong, and Business Central is examined all the same', async () => {
    const examined = await examineWith({ DATAVERSE_CLIENT_SECRET: 'not-this-one' });
    const { found, advice } = examined.finding('token for dataverse', 'token');
    expect(found).toBe('the secret is wrong (AADSTS7000215)');
    expect(advice).toMatch(/Certificates & secrets.*its value \(not its ID\).*credentials set/);
    expect(examined.finding('dataverse', 'dataverse')).toMatchObject({
      result: 'not checked',
      found: 'because of what is said of token for dataverse',
    });
    expect(examined.finding('business central: read', 'salesInvoices').result).toBe('ok');
  });

  it('says that a secret has expired', async () => {
    const { clientId } = simulators.connection.dataverseApp;
    const admin = (route: string, body: object) =>
      fetch(`${simulators.connection.entra}/_sim/${route}`, { method: 'POST', body: JSON.stringify(body) });
    await admin('apps', { clientId, clientSecret: 'one-that-ends' });
    await admin('secrets/expire', { clientId, clientSecret: 'one-that-ends' });
    const { found, advice } = (await examineWith({ DATAVERSE_CLIENT_SECRET: 'one-that-ends' })).finding(
      'token for dataverse',
      'token',
    );
    expect(found).toBe('the secret has expired (AADSTS7000222)');
    expect(advice).toContain('make a new client secret');
  });

  it('says that an app or a tenant is unknown', async () => {
    const unknown = '11111111-2222-4333-8444-555555555555';
    const app = (await examineWith({ BC_CLIENT_ID: unknown })).finding('token for business-central', 'token');
    expect(app).toMatchObject({ result: 'wrong', found: 'the app is unknown in this tenant (AADSTS700016)' });
    expect(app.advice).toContain('BC_CLIENT_ID');
    const tenant = (await examineWith({ ENTRA_TENANT_ID: unknown })).finding('token for dataverse', 'token');
    expect(tenant.found).toContain('AADSTS90002');
  });
});

describe('the environments', () => {
  const SALES = 'dataverse: identity';
  const BOOKS = 'business central: identity';
  const withEnvironments = async <T>(act: (environments: EnvironmentLedger) => Promise<T>): Promise<T> => {
    const database = openDatabase(embedded.url);
    try {
      return await act(createEnvironmentLedger(database));
    } finally {
      await database.close();
    }
  };

  it('are compared with the registered ones, and nothing is registered by looking', async () => {
    const { connection: to } = simulators;
    const address = to.dataverse;
    const books = `${to.businessCentral}/v2.0/${to.tenant}/${to.environment} ${to.company}`;
    const before = await examineWith();
    expect(before.finding(SALES, address)).toMatchObject({ result: 'not checked' });
    expect(before.finding(BOOKS, books)).toMatchObject({ result: 'not checked' });
    expect(await withEnvironments((environments) => environments.list())).toEqual([]);

    const organizationId = /organizationId (\S+);/.exec(before.finding(SALES, address).found)?.[1] ?? '';
    const companyId = simulators.businessCentral.company.id;
    const identity = { companyId, companyName: to.company, environmentType: 'Production', tenantId: to.tenant };
    await withEnvironments(async (environments) => {
      await environments.accept({ system: 'dataverse', address, identity: { organizationId } }, 'ann');
      await environments.accept({ system: 'business-central', address: books, identity }, 'ann');
    });
    const sound = await examineWith();
    expect(sound.finding(SALES, address)).toMatchObject({
      result: 'ok',
      found: `organizationId ${organizationId}, as registered`,
    });
    expect(sound.finding(BOOKS, books)).toMatchObject({ result: 'ok' });

    simulators.businessCentral.switches.environmentType = 'Sandbox';
    undo.push(() => {
      simulators.businessCentral.switches.environmentType = 'Production';
    });
    await withEnvironments((environments) =>
      environments.accept({ system: 'dataverse', address, identity: { organizationId: 'another' } }, 'ann'),
    );
    const copied = await examineWith();
    expect(wrongOf(copied)).toEqual([`${SALES}: ${address}`, `${BOOKS}: ${books}`]);
    expect(copied.finding(SALES, address)).toMatchObject({
      found: `registered organizationId another, got organizationId ${organizationId}: no deal goes on`,
      advice: expect.stringContaining('dealbridge environments accept dataverse --by NAME'),
    });
    expect(copied.finding(BOOKS, books).found).toContain('environmentType Sandbox');
    await withEnvironments((environments) =>
      environments.accept({ system: 'dataverse', address, identity: { organizationId } }, 'ann'),
    );
  });
});

describe('Dataverse', () => {
  it.each([
    ['none', 'no Application User', 'New app user'],
    ['disabled', 'is disabled', 'activate the user'],
    ['no-role', 'has no role', 'Edit security roles'],
  ] as const)('says what is amiss with an Application User: %s', async (state, found, advice) => {
    simulators.dataverse.switches.applicationUser = state;
    undo.push(() => {
      simulators.dataverse.switches.applicationUser = 'ok';
    });
    const finding = (await examineWith()).finding('dataverse', 'dataverse');
    expect(finding.result).toBe('wrong');
    expect(finding.found).toContain(found);
    expect(finding.advice).toContain(advice);
  });

  it('names the privilege that a role lacks, for reading and for writing', async () => {
    simulators.dataverse.switches.denied = ['quote:Read', 'invoice:Create', 'account:OrganizationRead'];
    undo.push(() => {
      simulators.dataverse.switches.denied = [];
    });
    const examined = await examineWith();
    expect(wrongOf(examined)).toEqual([
      'dataverse: read: quote',
      'dataverse: change tracking: quote',
      'dataverse: change tracking: account',
      'dataverse: write: privileges',
    ]);
    expect(examined.finding('dataverse: read', 'quote').advice).toContain('grant prvReadQuote at organization level');
    expect(examined.finding('dataverse: write', 'privileges').found).toBe('the roles lack prvCreateInvoice');
  });

  it('names the privilege to refer to each table that an invoice refers to', async () => {
    simulators.dataverse.switches.denied = ['account', 'product', 'transactioncurrency'].map(
      (table) => `${table}:AppendTo`,
    );
    undo.push(() => {
      simulators.dataverse.switches.denied = [];
    });
    expect((await examineWith()).finding('dataverse: write', 'privileges').found).toBe(
      'the roles lack prvAppendToAccount, prvAppendToProduct, prvAppendToTransactionCurrency',
    );
  });

  it('names the privileges that Business Central needs to win fields of master data', async () => {
    const tables = ['account', 'contact', 'product'];
    simulators.dataverse.switches.denied = tables.map((table) => `${table}:Write`);
    undo.push(() => {
      simulators.dataverse.switches.denied = [];
    });
    expect((await examineWith()).finding('dataverse: write', 'privileges').result).toBe('ok');
    const examined = await examineWith({ DEALBRIDGE_RULES: 'test/rules/doctor-masters.yaml' });
    expect(examined.finding('dataverse: write', 'privileges').found).toBe(
      'the roles lack prvWriteAccount, prvWriteContact, prvWriteProduct',
    );
  });

  it('says for which table change tracking is off', async () => {
    const table = simulators.dataverse.store.schema.table('contact');
    table.changeTracking = false;
    undo.push(() => {
      table.changeTracking = true;
    });
    const examined = await examineWith();
    expect(wrongOf(examined)).toEqual(['dataverse: change tracking: contact']);
    expect(examined.finding('dataverse: change tracking', 'contact').advice).toContain('Track changes');
  });

  it('finds columns that are missing, of another type or too short', async () => {
    const { columns } = simulators.dataverse.store.schema.table('opportunity');
    const kept = new Map(columns);
    undo.push(() => {
      for (const [name, column] of kept) columns.set(name, column);
    });
    columns.delete('bc_postedinvoicenumber');
    columns.delete('bc_syncmessage');
    columns.set('bc_syncstatus', {
      ...(kept.get('bc_syncstatus') as NonNullable<ReturnType<typeof kept.get>>),
      size: 5,
    });
    const examined = await examineWith();
    expect(examined.finding('dataverse: columns', 'opportunity.bc_postedinvoicenumber')).toMatchObject({
      result: 'wrong',
      found: 'there is no such column',
    });
    expect(examined.finding('dataverse: columns', 'opportunity.bc_syncmessage')).toMatchObject({
      result: 'wrong',
      found: 'there is no such column',
    });
    expect(examined.finding('dataverse: columns', 'opportunity.bc_syncstatus')).toMatchObject({
      result: 'warning',
      advice: expect.stringContaining('maximum length to 12'),
    });
  });

  it('finds columns of a flow that are missing or cannot hold what comes, and what the flow reads', async () => {
    const examined = await examineWith({ DEALBRIDGE_RULES: 'test/rules/flows.yaml' });
    const column = (name: string) => examined.finding('dataverse: columns', name);
    expect(column('account.new_balance')).toMatchObject({ result: 'wrong', found: 'there is no such column' });
    expect(column('account.creditlimit').result).toBe('ok');
    expect(column('account.revenue')).toMatchObject({ result: 'wrong', found: 'Money: a flow writes a state' });
    expect(column('salesorder.bc_postedshipmentnumber')).toMatchObject({
      result: 'warning',
      found: 'String of 20: up to 100 characters come',
    });
    expect(examined.finding('business central: read', 'salesCreditMemos').result).toBe('ok');
    expect(examined.finding('business central: read', 'salesShipments').result).toBe('ok');
    expect(examined.finding('business central: read', 'customerFinancialDetails').result).toBe('ok');
  });

  it('finds a webhook step that is missing, disabled, synchronous or blind, and calls that failed', async () => {
    await steps.remove('quote Win');
    await steps.change('opportunity Win', { statecode: 1, statuscode: 2 });
    await steps.change('salesorder Create', { mode: 0 });
    await steps.change('salesorder Update', { filteringattributes: 'name' });
    const { store } = simulators.dataverse;
    store.insert(store.schema.table('asyncoperation'), {
      name: 'Win of opportunity',
      statecode: 3,
      statuscode: 31,
      owningextensionid: steps.idOf('opportunity Win'),
    });
    const examined = await examineWith();
    expect(wrongOf(examined)).toEqual([
      'dataverse: webhooks: opportunity Win',
      'dataverse: webhooks: quote Win',
      'dataverse: webhooks: salesorder Create',
      'dataverse: webhooks: salesorder Update',
    ]);
    const of = (check: string) => examined.finding('dataverse: webhooks', check);
    expect(of('quote Win').advice).toContain('message Win, primary entity quote, PostOperation, asynchronous');
    expect(of('opportunity Win').found).toBe('the step is disabled');
    expect(of('salesorder Update').advice).toContain('filtering attributes statecode,statuscode');
    expect(of('failed calls')).toMatchObject({ result: 'warning', found: '1 for good' });
    const elsewhere = (await examineWith({ STARTER_PUBLIC_URL: 'http://127.0.0.1:2' })).finding(
      'dataverse: webhooks',
      'endpoint',
    );
    expect(elsewhere.advice).toContain('Register New Web Hook: URL http://127.0.0.1:2/webhooks/dataverse');
  });
});

describe('Business Central', () => {
  it('names the companies when the configured one is not among them', async () => {
    const { found, advice } = (await examineWith({ BC_COMPANY: 'Nobody' })).finding('business central', 'company');
    expect(found).toBe(`'Nobody' is none of '${simulators.connection.company}'`);
    expect(advice).toContain('BC_COMPANY');
  });

  it('says that the environment does not exist', async () => {
    const finding = (await examineWith({ BC_ENVIRONMENT: 'Sandbox' })).finding('business central', 'business central');
    expect(finding.result).toBe('wrong');
    expect(finding.advice).toContain('BC_ENVIRONMENT');
  });

  it('says which set may not be read and where to allow it', async () => {
    simulators.businessCentral.switches.denied = ['salesOrders:GET'];
    undo.push(() => {
      simulators.businessCentral.switches.denied = [];
    });
    const examined = await examineWith();
    expect(wrongOf(examined)).toContain('business central: read: salesOrders');
    expect(examined.finding('business central: read', 'salesOrders').advice).toContain(
      'page Microsoft Entra Applications',
    );
    expect(examined.finding('business central: read', 'write').result).toBe('not checked');
  });

  it('says that the posting period is closed today', async () => {
    const { company } = simulators.businessCentral;
    const set = (allowPostingFrom: string, allowPostingTo: string): void => {
      for (const row of company.all('generalLedgerSetup'))
        company.change('generalLedgerSetup', row, { allowPostingFrom, allowPostingTo });
    };
    const [before] = [...company.all('generalLedgerSetup')].map((row) => ({ ...row }));
    undo.push(() => set(String(before?.['allowPostingFrom']), String(before?.['allowPostingTo'])));
    set('2020-01-01', '2020-01-31');
    const { result, found, advice } = (await examineWith()).finding('business central: setup', 'posting period');
    expect(result).toBe('wrong');
    expect(found).toContain('open from 2020-01-01 to 2020-01-31');
    expect(advice).toContain('Page General Ledger Setup');
  });

  it('finds accounts that are missing, headings, or without direct posting, and codes that are not there', async () => {
    const { company } = simulators.businessCentral;
    const account = company.findByNumber('accounts', '8400');
    if (!account) throw new Error('the seed has no account 8400');
    company.change('accounts', account, { directPosting: false });
    undo.push(() => company.change('accounts', account, { directPosting: true }));
    const examined = await examineWith({ DEALBRIDGE_RULES: 'test/rules/doctor-wrong.yaml' });
    const of = (check: string) => examined.finding('business central: rules', check);
    expect(of('account 8400')).toMatchObject({
      result: 'wrong',
      advice: expect.stringContaining('set Direct Posting'),
    });
    expect(of('account 8000').found).toBe('it is a Heading');
    expect(of('account 9999').found).toBe('there is no such account');
    expect(of('paymentTerms').found).toContain('NEVER');
    expect(of('currencies').found).toContain('SFR');
    expect(of('dimensions').found).toContain('NOWHERE');
    expect(of('unitsOfMeasure').result).toBe('ok');
  });
});

describe('this machine', () => {
  it('whose clock is some minutes off is warned, and wrong when it is more than five', async () => {
    undo.push(() => simulators.clock.set(Date.now()));
    simulators.clock.advance(120_000);
    const warned = (await examineWith()).finding('clock', 'dataverse');
    expect(warned).toMatchObject({ result: 'warning', advice: expect.stringContaining('NTP') });
    expect(warned.found).toMatch(/this machine is 1[12]\d s behind/);
    simulators.clock.advance(480_000);
    const examined = await examineWith();
    expect(wrongOf(examined)).toEqual(
      expect.arrayContaining(['clock: entra', 'clock: dataverse', 'clock: business central']),
    );
  });

  it('that has another database server down learns it, and the two systems are examined all the same', async () => {
    const examined = await examineWith({ DATABASE_URL: 'postgres://dealbridge@127.0.0.1:1/ledger' });
    expect(examined.finding('database', 'reachable')).toMatchObject({
      result: 'wrong',
      found: 'no (ECONNREFUSED)',
      advice: expect.stringContaining('DATABASE_URL'),
    });
    expect(examined.finding('feeds', 'feeds').found).toBe('because of what is said of database');
    expect(examined.finding('dataverse: read', 'salesorder').result).toBe('ok');
    expect(examined.finding('business central: read', 'customers').result).toBe('ok');
  });

  it('that has no usable settings learns each of them, and nothing else is asked', async () => {
    const before = simulators.dataverse.requests.length;
    const examined = await examineWith({ BC_COMPANY: undefined, WEBHOOK_SECRET: 'short' });
    expect(wrongOf(examined)).toEqual(['configuration: BC_COMPANY', 'configuration: WEBHOOK_SECRET']);
    expect(examined.finding('dataverse', 'dataverse').result).toBe('not checked');
    expect(simulators.dataverse.requests.length).toBe(before);
  });

  it('that has a host that nobody knows learns the name', async () => {
    const finding = (await examineWith({ DATAVERSE_URL: 'https://nobody.invalid' })).finding(
      'host of dataverse',
      'host of dataverse',
    );
    expect(finding.result).toBe('wrong');
    expect(finding.found).toContain('the name is not known');
  });

  it('that keeps its secrets in a ledger without any learns which are missing', async () => {
    const examined = await examineWith({ BC_CLIENT_SECRET: undefined });
    expect(examined.finding('credentials', 'business-central')).toMatchObject({
      result: 'wrong',
      advice: 'Run `dealbridge credentials set business-central`.',
    });
    expect(examined.finding('token for business-central', 'token').result).toBe('wrong');
    expect(examined.finding('dataverse: read', 'account').result).toBe('ok');
  });
});
