import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTrailSigner } from '../../src/ledger/audit/signatures.js';
import { type Database, openDatabase, withSigner } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createPausedLaneLedger } from '../../src/ledger/settings/paused-lanes.js';
import { createVault, toApplicationCredential, type Vault } from '../../src/ledger/settings/vault.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { openGateway } from '../../tools/stage/gateway.js';
import { type Examined, environmentOf, examine } from '../support/doctor.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** The examination where there are two companies, the second in another environment with an app registration of its own. */

const APP = { name: 'us', clientId: '6a1e0000-0000-4000-8000-00000000000a', clientSecret: 'simulated-us-secret' };
const COMPANY = 'Nordwerk, Inc.';
const ABROAD = `${COMPANY} (US)`;
let simulators: Simulators;
let gateway: Awaited<ReturnType<typeof openGateway>>;
let embedded: EmbeddedLedger;
let database: Database;
let vault: Vault;
let env: NodeJS.ProcessEnv;
let home: string;

beforeAll(async () => {
  simulators = await startSimulators({
    products: 20,
    accounts: 12,
    documents: 12,
    abroad: { environment: 'US', companyName: COMPANY, app: APP },
  });
  gateway = await openGateway(simulators, 'US');
  embedded = await openEmbeddedLedger();
  const rules = 'test/rules/doctor-companies.yaml';
  const settings = environmentOf(simulators, embedded.url);
  env = { ...settings, DEALBRIDGE_RULES: rules, BC_URL: gateway?.origin, STARTER_PUBLIC_URL: 'http://127.0.0.1:1' };
  home = `${simulators.connection.company} (${simulators.connection.environment})`;
  const ring = openKeyRing({ kind: 'text', text: String(env['DEALBRIDGE_KEYS']) });
  database = withSigner(openDatabase(embedded.url), createTrailSigner(ring));
  await migrate(database);
  vault = createVault({ database, ring, tenantId: simulators.connection.tenant, audit: async () => undefined });
});
beforeEach(() => setSecret(APP.clientSecret));
afterAll(async () => {
  await database?.close();
  await gateway?.stop();
  await simulators?.stop();
  await embedded?.stop();
});

const setSecret = (secret: string) =>
  vault.set({
    name: toApplicationCredential(APP.name),
    credential: { kind: 'secret', secret },
    actor: 'test',
    overlapHours: 0,
  });
const examineWith = (changes: NodeJS.ProcessEnv = {}): Promise<Examined> =>
  examine({ ...env, ...changes }, /^(temporal|starter|dataverse|feeds|audit witnesses)/);
const TOKENS = 'token for business-central';

describe('each company', () => {
  it('is looked at, and each line says which it is', async () => {
    const examined = await examineWith();
    expect(examined.finding(TOKENS, 'token').result).toBe('ok');
    expect(examined.finding(TOKENS, 'business-central-us').found).toContain('Entra takes the secret of the ledger');
    for (const company of [home, ABROAD]) {
      const resultOf = (step: string, check: string) => examined.finding(step, `${company}: ${check}`).result;
      expect(resultOf('business central', 'company')).toBe('ok');
      expect(resultOf('business central: read', 'salesInvoices')).toBe('ok');
      expect(resultOf('business central: setup', 'posting period')).toBe('ok');
      expect(resultOf('business central: rules', 'account 8400')).toBe('ok');
      expect(resultOf('business central: subscriptions', 'salesInvoices')).toBe('wrong');
    }
  });

  it('has permissions, a posting period and accounts of its own', async () => {
    const { abroad } = simulators;
    if (!abroad) throw new Error('there is no second Business Central');
    abroad.switches.denied = ['salesOrders:GET'];
    const account = abroad.company.findByNumber('accounts', '8400');
    for (const row of abroad.company.all('generalLedgerSetup'))
      abroad.company.change('generalLedgerSetup', row, { allowPostingTo: '2020-01-31' });
    if (account) abroad.company.change('accounts', account, { directPosting: false });
    const wrong = (await examineWith()).wrong().filter((one) => !one.includes('subscriptions'));
    expect(wrong).toEqual([
      `business central: read: ${ABROAD}: salesOrders`,
      `business central: setup: ${ABROAD}: posting period`,
      `business central: rules: ${ABROAD}: account 8400`,
    ]);
    abroad.switches.denied = [];
    if (account) abroad.company.change('accounts', account, { directPosting: true });
    for (const row of abroad.company.all('generalLedgerSetup'))
      abroad.company.change('generalLedgerSetup', row, { allowPostingTo: '0001-01-01' });
  });

  it('that is not there is said to be none of those that are, and where to correct its name', async () => {
    const examined = await examineWith({ DEALBRIDGE_RULES: 'test/rules/doctor-lost-company.yaml' });
    expect(examined.finding('business central', 'Nordwerk Nowhere (US): company')).toMatchObject({
      result: 'wrong',
      found: `'Nordwerk Nowhere' is none of '${COMPANY}'`,
      advice: expect.stringContaining('rules file'),
    });
    expect(examined.finding('business central: read', `${home}: customers`).result).toBe('ok');
  });
});

describe('each app registration', () => {
  it('is asked for a token: a wrong secret of one keeps no company of another from being looked at', async () => {
    await setSecret('another');
    const examined = await examineWith();
    expect(examined.finding(TOKENS, 'business-central-us')).toMatchObject({
      result: 'wrong',
      found: expect.stringContaining('AADSTS7000215'),
    });
    expect(examined.finding('business central: read', `${ABROAD}: business central: read`).result).toBe('not checked');
    expect(examined.finding('business central: read', `${home}: customers`).result).toBe('ok');

    const other = await examineWith({ BC_CLIENT_SECRET: 'another' });
    expect(other.finding(TOKENS, 'token').result).toBe('wrong');
    await setSecret(APP.clientSecret);
    const alone = await examineWith({ BC_CLIENT_SECRET: 'another' });
    expect(alone.finding(TOKENS, 'business-central-us').result).toBe('ok');
    expect(alone.finding('business central: read', `${ABROAD}: customers`).result).toBe('ok');
  });

  it('that is refused is told with the credential of its own, also where only one environment refuses it', async () => {
    const lanes = createPausedLaneLedger(database);
    const abroad = `${gateway?.origin}/v2.0/${simulators.connection.tenant}/US ${COMPANY}`;
    const addresses = [`app registration ${APP.clientId}`, abroad];
    const pause = { system: 'business-central', pausedSince: new Date(), problem: 'unauthorized' } as const;
    for (const address of addresses) await lanes.pause({ ...pause, address });
    const examined = await examineWith();
    for (const address of addresses) {
      const { advice } = examined.finding('lanes', `business-central ${address}`);
      expect(advice).toContain('`dealbridge credentials set business-central-us`');
      await lanes.resume({ ...pause, address });
    }
  });

  it('without a secret keeps no company of another from being compared with what is registered', async () => {
    await database.query(`DELETE FROM credentials WHERE name = 'business-central-us'`);
    const examined = await examineWith();
    expect(examined.finding(TOKENS, 'business-central-us').found).toContain(
      'run `dealbridge credentials set business-central-us`',
    );
    const { findings = [] } = examined.reports.find(({ step }) => step === 'business central: identity') ?? {};
    expect(findings.map(({ result, found }) => [result, found])).toEqual([
      ['not checked', expect.stringContaining('nothing is registered yet')],
      ['not checked', expect.stringContaining('because of what is said of token for business-central')],
    ]);
  });
});
