import type { Vault } from '../ledger/settings/vault.js';
import type { Config } from '../process/config.js';
import { examineCompany, examinePermissions } from './business-central.js';
import { examineToken } from './credentials.js';
import type { StepReport } from './finding.js';
import { examineHost } from './hosts.js';
import { examineChangeTracking, examineDataverse, examinePrivileges, examineSalesReads } from './sales.js';
import { examineColumns } from './sales-columns.js';
import { examineWebhooks } from './sales-webhooks.js';
import { createStep, type Step } from './step.js';

/** The steps of the examination that try the answers of a set-up, and the acts that only a person can do. */

export interface TriedAnswers {
  readonly reports: readonly StepReport[];
  /** What is missing, with the page and the values. */
  readonly missing: readonly string[];
}

export async function tryAnswers(config: Config, vault: Vault): Promise<TriedAnswers> {
  return withSteps(config, vault, async ({ hosts, tokens, dataverse, company, known }) => {
    const steps = [
      ...hosts,
      tokens.dataverse,
      tokens.company,
      dataverse,
      examineSalesReads(dataverse, known),
      examinePrivileges(dataverse, known),
      company,
      examinePermissions(company, known),
    ];
    const reports = await Promise.all(steps.map((step) => step.report()));
    const isDone = async (step: Step): Promise<boolean> => (await step.value()) !== undefined;
    return { reports, missing: await findMissing(config, { isDone, tokens, dataverse, company }) };
  });
}

/** Looks at what a set-up has made. */
export async function examineConnection(config: Config, vault: Vault): Promise<readonly StepReport[]> {
  return withSteps(config, vault, ({ dataverse, known }) => {
    const steps = [
      examineChangeTracking(dataverse),
      examineColumns(dataverse, known),
      examineWebhooks(dataverse, known),
    ];
    return Promise.all(steps.map((step) => step.report()));
  });
}

interface Steps {
  readonly known: Step<Config>;
  readonly hosts: readonly Step[];
  readonly tokens: {
    readonly dataverse: ReturnType<typeof examineToken>;
    readonly company: ReturnType<typeof examineToken>;
  };
  readonly dataverse: ReturnType<typeof examineDataverse>;
  readonly company: ReturnType<typeof examineCompany>;
}

async function withSteps<T>(config: Config, vault: Vault, work: (steps: Steps) => Promise<T>): Promise<T> {
  const open: { close(): Promise<void> }[] = [];
  const keep = (one: { close(): Promise<void> }): void => {
    open.push(one);
  };
  const known = given('settings', config);
  const entra = examineHost('host of entra', known, (of) => of.dataverse.app.loginOrigin);
  const needs = { config: known, vault: given('ledger', vault), host: entra, database: given('ledger', true) };
  const tokens = { dataverse: examineToken('dataverse', needs), company: examineToken('business-central', needs) };
  const hosts = [
    entra,
    examineHost('host of dataverse', known, (of) => of.dataverse.environmentUrl),
    examineHost('host of business central', known, (of) => of.businessCentral.environmentUrl),
  ];
  const dataverse = examineDataverse(tokens.dataverse, keep);
  const company = examineCompany(tokens.company, known, keep);
  try {
    return await work({ known, hosts, tokens, dataverse, company });
  } finally {
    await Promise.all(open.map((one) => one.close()));
  }
}

function given<T>(title: string, value: T): Step<T> {
  return createStep<T, Record<string, never>>(title, {}, async () => ({ findings: [], value }));
}

const ENTRA = 'Azure portal > Microsoft Entra ID > App registrations';
const PERMISSION_SETS =
  "'D365 BASIC', 'D365 SALES DOC, EDIT', 'D365 SALES DOC, POST', 'D365 CUSTOMER, EDIT', 'D365 ITEM, EDIT', 'D365 WEBHOOK SUBSCR'";

async function findMissing(
  { dataverse: sales, businessCentral }: Config,
  {
    isDone,
    tokens,
    dataverse,
    company,
  }: Pick<Steps, 'tokens' | 'dataverse' | 'company'> & {
    readonly isDone: (step: Step) => Promise<boolean>;
  },
): Promise<string[]> {
  const missing: string[] = [];
  const hasTokens = (await isDone(tokens.dataverse)) && (await isDone(tokens.company));
  if (!hasTokens) {
    const ids = [...new Set([sales.app.clientId, businessCentral.app.clientId])].join(' and ');
    missing.push(
      `App registration: ${ENTRA} > New registration, accounts in this directory only, no redirect URI. Its Application (client) ID is the answer clientId (given: ${ids}); its secret is made under Certificates & secrets > New client secret, and its value goes into the file that secretFile names.`,
    );
  }
  if (!(await isDone(dataverse))) {
    missing.push(
      `Application User: Power Platform admin center > Environments > the one at ${sales.environmentUrl} > Settings > Users + permissions > Application users > New app user: app ${sales.app.clientId}, the root business unit, and as security roles the connector's (docs/operations.md) and System Customizer, which may be taken away after connect.`,
    );
  }
  if (!(await isDone(company))) {
    const client = businessCentral.app.clientId;
    missing.push(
      `Admin consent: ${ENTRA} > ${client} > API permissions > Add a permission > Dynamics 365 Business Central > Application permissions > API.ReadWrite.All, then Grant admin consent.`,
      `Business Central: environment ${businessCentral.environment}, company ${businessCentral.company} > page Microsoft Entra Applications > New: Client ID ${client}, Description Dealbridge, State Enabled, User Permission Sets ${PERMISSION_SETS}, never SUPER.`,
    );
  }
  return missing;
}
