import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Simulators } from '@dealbridge/simulators';
import { createExamination } from '../../src/doctor/examine.js';
import type { Finding, StepReport } from '../../src/doctor/finding.js';
import { loadConfig } from '../../src/process/config.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createSeller } from './sales.js';

/** What the examination found, to be asked by step and check. */
export interface Examined {
  readonly reports: readonly StepReport[];
  /** @throws when nothing of that name was looked at. */
  finding(step: string, check: string): Finding;
  /** `step: check` of everything that is not right. */
  wrong(): string[];
}

export function toExamined(reports: readonly StepReport[]): Examined {
  return {
    reports,
    finding(step, check) {
      const findings = reports.find((report) => report.step === step)?.findings;
      const found = findings?.find((one) => one.check === check);
      if (!found) throw new Error(`${step} has no '${check}', only ${findings?.map((one) => one.check).join(', ')}`);
      return found;
    },
    wrong: () =>
      reports.flatMap(({ step, findings }) =>
        findings.filter(({ result }) => result === 'wrong').map(({ check }) => `${step}: ${check}`),
      ),
  };
}

/** A step that nobody asks for is not done. */
export async function examine(env: NodeJS.ProcessEnv, without: RegExp): Promise<Examined> {
  const examination = createExamination(() => loadConfig(env));
  try {
    return toExamined(
      await Promise.all(examination.steps.filter(({ title }) => !without.test(title)).map((step) => step.report())),
    );
  } finally {
    await examination.close();
  }
}

const STEPS = [
  ['opportunity', 'Win', ''],
  ['opportunity', 'Update', 'statecode,statuscode'],
  ['quote', 'Win', ''],
  ['quote', 'Close', ''],
  ['salesorder', 'Create', ''],
  ['salesorder', 'Update', 'statecode,statuscode'],
  ['salesorder', 'SetState', ''],
  ['salesorder', 'SetStateDynamicEntity', ''],
  ['account', 'Update', 'name'],
  ['product', 'Update', 'name'],
] as const;

/** Registers the webhook and all recommended steps, as an administrator does; returns what changes a step. */
export async function registerSteps(simulators: Simulators, url: string) {
  const { call } = createSeller(simulators);
  const { store } = simulators.dataverse;
  const made = await call('serviceendpoints', {
    name: 'Dealbridge',
    contract: 8,
    url,
    authtype: 5,
    authvalue: '<settings><setting name="x-dealbridge-key" value="a-webhook-secret-for-tests"/></settings>',
    messageformat: 2,
    connectionmode: 1,
  });
  const endpointId = /\(([0-9a-f-]{36})\)/.exec(made.headers.get('odata-entityid') ?? '')?.[1];
  const ids = new Map<string, string>();
  for (const [table, message, filteringattributes] of STEPS) {
    const messageRow = [...store.all('sdkmessage')].find((row) => row['name'] === message);
    const filterRow = [...store.all('sdkmessagefilter')].find(
      (row) => row['sdkmessageid'] === messageRow?.['sdkmessageid'] && row['primaryobjecttypecode'] === table,
    );
    const step = await call('sdkmessageprocessingsteps', {
      name: `${table} ${message}`,
      stage: 40,
      mode: 1,
      filteringattributes,
      'sdkmessageid@odata.bind': `/sdkmessages(${messageRow?.['sdkmessageid']})`,
      'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${filterRow?.['sdkmessagefilterid']})`,
      'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpointId})`,
    });
    ids.set(`${table} ${message}`, /\(([0-9a-f-]{36})\)/.exec(step.headers.get('odata-entityid') ?? '')?.[1] ?? '');
  }
  const pathOf = (step: string): string => `sdkmessageprocessingsteps(${ids.get(step)})`;
  return {
    idOf: (step: string) => ids.get(step) ?? '',
    change: (step: string, values: object) => call(pathOf(step), values, 'PATCH'),
    remove: (step: string) => call(pathOf(step), {}, 'DELETE'),
  };
}

/** The settings of an installation on the simulators, without Temporal. */
export function environmentOf({ connection: to }: Simulators, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    DATABASE_URL: databaseUrl,
    DEALBRIDGE_KEYS: createKeyLine(),
    // Nothing was sealed yet, so that there is no file either.
    AUDIT_WITNESS_FILE: join(tmpdir(), `no-seals-${randomUUID()}`),
    DEALBRIDGE_RULES: 'test/rules/doctor.yaml',
    ENTRA_TENANT_ID: to.tenant,
    ENTRA_LOGIN_URL: to.entra,
    DATAVERSE_URL: to.dataverse,
    DATAVERSE_CLIENT_ID: to.dataverseApp.clientId,
    DATAVERSE_CLIENT_SECRET: to.dataverseApp.clientSecret,
    BC_URL: to.businessCentral,
    BC_ENVIRONMENT: to.environment,
    BC_COMPANY: to.company,
    BC_CLIENT_ID: to.businessCentralApp.clientId,
    BC_CLIENT_SECRET: to.businessCentralApp.clientSecret,
    WEBHOOK_SECRET: 'a-webhook-secret-for-tests',
  };
}
