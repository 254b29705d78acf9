import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SUBSCRIBED_RESOURCES } from '../../../src/deal/business-central-feeds.js';
import type { Person } from '../../../src/identity/person.js';
import { SYSTEM_CHAIN } from '../../../src/ledger/audit/audit.js';
import { checkAnswers } from '../../../src/operations/connect/answers.js';
import { applyConnect, listConnected, planConnect, undoConnect } from '../../../src/operations/connect/connect.js';
import { describeStep } from '../../../src/operations/connect/steps.js';
import { loadConfig, parseRules } from '../../../src/process/config.js';
import { type Foundation, openFoundation } from '../../../src/process/foundation.js';
import { environmentOf } from '../../support/doctor.js';
import { openEmbeddedLedger } from '../../support/embedded-ledger.js';
import { readState } from '../../support/simulated-state.js';
import { createSimulatedTokens } from '../../support/tokens.js';

/** What goes wrong on the way, and what others change between: against the simulators, in one process. */

const ANN: Person = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] };

let simulators: Simulators;
let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let foundation: Foundation;
let folder: string;

beforeAll(async () => {
  server = await openEmbeddedLedger();
});
afterAll(() => server?.stop());

beforeEach(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  for (const table of ['opportunity', 'quote']) simulators.dataverse.store.schema.table(table).changeTracking = false;
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-connect-'));
  foundation = await openFoundation(
    { ...loadConfig(environmentOf(simulators, server.url)), logLevel: 'fatal' },
    'test',
  );
});
afterEach(async () => {
  await foundation?.database.query('DELETE FROM credentials');
  await foundation?.close();
  await simulators?.stop();
  rmSync(folder, { recursive: true });
});

function dependencies(publicUrl: string, isStarterReachable = false) {
  const { connection: to } = simulators;
  const businessCentralUrl = `${to.businessCentral}/v2.0/${to.tenant}/${to.environment}`;
  const answers = checkAnswers({
    tenant: to.tenant,
    dataverse: { url: to.dataverse, clientId: to.dataverseApp.clientId },
    businessCentral: { company: to.company, clientId: to.businessCentralApp.clientId },
    publicUrl,
  });
  return {
    database: foundation.database,
    vault: foundation.vault,
    audit: foundation.ledger.audit,
    tenantId: to.tenant,
    systems: {
      dataverse: {
        environmentUrl: to.dataverse,
        tokens: createSimulatedTokens(to, to.dataverseApp),
        timeoutMs: 5_000,
      },
      businessCentral: {
        environmentUrl: businessCentralUrl,
        tokens: createSimulatedTokens(to, to.businessCentralApp),
        timeoutMs: 8_000,
        company: to.company,
      },
    },
    answers,
    secrets: { dataverse: 'a-secret-of-sales', 'business-central': 'another-of-the-company' },
    settings: { DATAVERSE_URL: to.dataverse },
    files: { env: join(folder, '.env'), rules: join(folder, 'rules.yaml') },
    parseRules,
    publicUrl,
    getNoticeSecret: async () => ({ clientState: 'a-state-of-sixteen', addressKey: 'a-key-of-sixteen' }),
    isStarterReachable: async () => isStarterReachable,
    onStep: () => undefined,
  };
}
type Dependencies = ReturnType<typeof dependencies>;

const apply = async (given: Dependencies) =>
  applyConnect({ ...given, plan: await planConnect(given, ANN, {}) }, ANN, {});
const planned = async (given: Dependencies) => (await planConnect(given, ANN, {})).steps.map(describeStep);
const URL_OF_STARTER = 'http://127.0.0.1:9';

describe('connect', () => {
  it('goes on where a refused request ended it, and takes back nothing that was not made', async () => {
    const before = readState(simulators);
    const given = dependencies(URL_OF_STARTER);
    const body = { error: { code: '0x80040220', message: 'missing privilege' } };
    const effect = { kind: 'status', status: 403, body };
    simulators.dataverse.faults.add({ match: { method: 'POST', path: 'Attributes' }, nth: 2, effect } as never);
    await expect(apply(given)).rejects.toMatchObject({ code: 'forbidden' });
    const names = (await listConnected(given, ANN, {})).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('column'))).toEqual(['column opportunity.dlb_invoicenumber']);
    const steps = await planned(given);
    expect(steps[0]).toContain('column opportunity.dlb_invoicestatus');
    await apply(given);
    await undoConnect(given, ANN, {});
    expect(readState(simulators)).toEqual(before);
  });

  it('knows what it made when the answer was lost, and takes it back', async () => {
    const before = readState(simulators);
    const given = dependencies(URL_OF_STARTER);
    const lost = { match: { method: 'POST', path: 'solutions$' }, effect: { kind: 'lose-answer', when: 'after' } };
    simulators.dataverse.faults.add(lost as never);
    await expect(apply(given)).rejects.toMatchObject({ code: 'unknown-outcome' });
    expect(simulators.dataverse.store.count('solution')).toBe(1);
    await apply(given);
    expect(simulators.dataverse.store.count('solution')).toBe(1);
    await undoConnect(given, ANN, {});
    expect(readState(simulators)).toEqual(before);
  });

  it('leaves on a form what a maker changed since, and takes only its own section off', async () => {
    const given = dependencies(URL_OF_STARTER);
    await apply(given);
    const { store } = simulators.dataverse;
    const form = [...store.all('systemform')].find((row) => row['objecttypecode'] === 'opportunity');
    if (!form) throw new Error('there is no form');
    form['formxml'] = String(form['formxml']).replace('description="General"', 'description="Renamed"');
    await undoConnect(given, ANN, {});
    expect(form['formxml']).toContain('description="Renamed"');
    expect(form['formxml']).not.toContain('dlb_');
    expect(store.schema.table('opportunity').columns.has('dlb_invoicenumber')).toBe(false);
  });

  it('keeps a file that was changed since, and says so', async () => {
    const given = dependencies(URL_OF_STARTER);
    await apply(given);
    appendFileSync(given.files.rules, '# mine\n');
    const { stays } = await undoConnect(given, ANN, {});
    expect(stays).toContainEqual(expect.stringMatching(/rules\.yaml: it was changed since$/));
    expect([existsSync(given.files.rules), existsSync(given.files.env)]).toEqual([true, false]);
  });

  it('takes back the rest when somebody has deleted a step that it had only corrected', async () => {
    const given = dependencies(URL_OF_STARTER);
    await apply(given);
    const { store } = simulators.dataverse;
    const [step] = [...store.all('sdkmessageprocessingstep')];
    if (!step) throw new Error('there is no step');
    // As one that was there before it.
    const forget = `DELETE FROM connect_steps WHERE step ->> 'id' = $1`;
    await foundation.database.query(forget, [step['sdkmessageprocessingstepid']]);
    step['statecode'] = 1;
    await apply(given);
    store.remove(store.schema.table('sdkmessageprocessingstep'), step);
    await undoConnect(given, ANN, {});
    expect(store.count('sdkmessageprocessingstep')).toBe(0);
    expect(await listConnected(given, ANN, {})).toEqual([]);
  });

  it('is of one place: another environment of the tenant has a record of its own', async () => {
    const given = dependencies(URL_OF_STARTER);
    await apply(given);
    const { systems } = given;
    const elsewhere = { ...systems, businessCentral: { ...systems.businessCentral, company: 'Another company' } };
    expect(await listConnected({ ...given, systems: elsewhere }, ANN, {})).toEqual([]);
  });

  it('subscribes itself where the starter answers, and unsubscribes', async () => {
    const starter = createServer((request, response) => {
      const token = new URL(request.url ?? '/', 'http://x').searchParams.get('validationToken') ?? '';
      response.writeHead(200, { 'content-type': 'text/plain' }).end(token);
    });
    await new Promise<void>((resolve) => starter.listen(0, '127.0.0.1', resolve));
    const address = starter.address();
    const given = dependencies(`http://127.0.0.1:${typeof address === 'object' && address?.port}`, true);
    try {
      const { left } = await apply(given);
      expect(left).toEqual([]);
      expect(simulators.businessCentral.subscriptions.list()).toHaveLength(SUBSCRIBED_RESOURCES.length);
      expect(await planned(given)).toEqual([]);
      await undoConnect(given, ANN, {});
      expect(simulators.businessCentral.subscriptions.list()).toEqual([]);
    } finally {
      starter.close();
    }
  });

  it('seals the secrets, names none of them in the trail, and forgets those that it stored', async () => {
    const given = dependencies(URL_OF_STARTER);
    await apply(given);
    expect(await foundation.vault.findCredentials('dataverse')).toEqual([
      { kind: 'secret', secret: 'a-secret-of-sales' },
    ]);
    const trail = JSON.stringify(await foundation.ledger.readAudit(SYSTEM_CHAIN));
    expect(trail).toContain('connect the systems');
    expect(trail).not.toMatch(/a-secret-of-sales|another-of-the-company/);
    await undoConnect(given, ANN, {});
    expect(await foundation.vault.list()).toEqual([]);
  });

  it('gives the secret of before its validity back when the one that it stored goes', async () => {
    const earlier = { kind: 'secret', secret: 'the-secret-of-before' } as const;
    await foundation.vault.set({ name: 'dataverse', credential: earlier, actor: 'test', overlapHours: 24 });
    const given = dependencies(URL_OF_STARTER);
    await apply(given);
    await undoConnect(given, ANN, {});
    expect(await foundation.vault.findCredentials('dataverse')).toEqual([earlier]);
    expect((await foundation.vault.list()).map(({ validUntil }) => validUntil)).toEqual([undefined]);
  });
});
