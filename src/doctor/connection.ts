import type { Vault } from '../ledger/settings/vault.js';
import type { Config } from '../process/config.js';
import type { CredentialSource } from '../process/credentials.js';
import { examineCompany, examinePermissions } from './business-central.js';
import { examineToken } from './credentials.js';
import { ok, type StepReport, wrong } from './finding.js';
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
  return withSteps(config, vault, async ({ hosts, tenant, tokens, dataverse, company, known }) => {
    const steps = [
      ...hosts,
      tenant,
      tokens.dataverse,
      tokens.company,
      dataverse,
      examineSalesReads(dataverse, known),
      examinePrivileges(dataverse, known),
      company,
      examinePermissions(company, known),
    ];
    const reports = await Promise.all(steps.map((step) => step.report()));
    const missing = await findMissing(config, { tokens, dataverse, company });
    return { reports, missing: missing.map(({ text }) => text) };
  });
}

/** No ledger is open yet, so that only the secret that was given counts. */
const NO_VAULT: CredentialSource = { findCredentials: async () => [] };

/** One part of the answers, before the others are given. Without its secret nobody can sign in yet. */
export async function tryPart(
  config: Config,
  part: 'tenant' | 'dataverse' | 'business-central',
): Promise<TriedAnswers> {
  const { secret } = part === 'dataverse' ? config.dataverse : config.businessCentral;
  return withSteps(
    config,
    secret === undefined ? undefined : NO_VAULT,
    async ({ hosts, tenant, tokens, dataverse, company, known }) => {
      const [hostOfEntra, hostOfDataverse, hostOfBusinessCentral] = hosts;
      const byPart = {
        tenant: [hostOfEntra, tenant],
        dataverse: [
          hostOfDataverse,
          tokens.dataverse,
          dataverse,
          examineSalesReads(dataverse, known),
          examinePrivileges(dataverse, known),
        ],
        'business-central': [hostOfBusinessCentral, tokens.company, company, examinePermissions(company, known)],
      };
      const reports = await Promise.all(byPart[part].map((step) => step.report()));
      const missing = await findMissing(config, { tokens, dataverse, company });
      return { reports, missing: missing.filter((one) => one.part === part).map(({ text }) => text) };
    },
  );
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
  /** Of Entra, Sales and Business Central. */
  readonly hosts: readonly [Step, Step, Step];
  readonly tenant: Step;
  readonly tokens: {
    readonly dataverse: ReturnType<typeof examineToken>;
    readonly company: ReturnType<typeof examineToken>;
  };
  readonly dataverse: ReturnType<typeof examineDataverse>;
  readonly company: ReturnType<typeof examineCompany>;
}

async function withSteps<T>(
  config: Config,
  vault: CredentialSource | undefined,
  work: (steps: Steps) => Promise<T>,
): Promise<T> {
  const open: { close(): Promise<void> }[] = [];
  const keep = (one: { close(): Promise<void> }): void => {
    open.push(one);
  };
  const known = given('settings', config);
  const entra = examineHost('host of entra', known, (of) => of.dataverse.app.loginOrigin);
  const needs = { config: known, vault: given('ledger', vault), host: entra, database: given('ledger', true) };
  const tokens = { dataverse: examineToken('dataverse', needs), company: examineToken('business-central', needs) };
  const hosts: [Step, Step, Step] = [
    entra,
    examineHost('host of dataverse', known, (of) => of.dataverse.environmentUrl),
    examineHost('host of business central', known, (of) => of.businessCentral.environmentUrl),
  ];
  const dataverse = examineDataverse(tokens.dataverse, keep);
  const company = examineCompany(tokens.company, known, keep);
  try {
    return await work({ known, hosts, tenant: examineTenant(entra, known), tokens, dataverse, company });
  } finally {
    await Promise.all(open.map((one) => one.close()));
  }
}

/** Undefined is what nobody has yet. */
function given<T>(title: string, value: T | undefined): Step<T> {
  return createStep<T, Record<string, never>>(title, {}, async () => ({ findings: [], value }));
}

const ENTRA = 'Azure portal > Microsoft Entra ID > App registrations';
const PERMISSION_SETS =
  "'D365 BASIC', 'D365 SALES DOC, EDIT', 'D365 SALES DOC, POST', 'D365 CUSTOMER, EDIT', 'D365 ITEM, EDIT', 'D365 WEBHOOK SUBSCR'";

interface Missing {
  readonly part: 'dataverse' | 'business-central';
  readonly text: string;
}

async function findMissing(
  { dataverse: sales, businessCentral }: Config,
  { tokens, dataverse, company }: Pick<Steps, 'tokens' | 'dataverse' | 'company'>,
): Promise<Missing[]> {
  const isDone = async (step: Step): Promise<boolean> => (await step.value()) !== undefined;
  const register = (clientId: string): string =>
    `App registration ${clientId}: ${ENTRA} > New registration, accounts in this directory only, no redirect URI. Its Application (client) ID is the answer clientId. Certificates & secrets > New client secret: its value is asked for, or stands in the file that secretFile names.`;
  const missing: Missing[] = [];
  if (!(await isDone(tokens.dataverse))) missing.push({ part: 'dataverse', text: register(sales.app.clientId) });
  if (!(await isDone(dataverse))) {
    missing.push({
      part: 'dataverse',
      text: `Application User: Power Platform admin center > Environments > the one at ${sales.environmentUrl} > Settings > Users + permissions > Application users > New app user: app ${sales.app.clientId}, the root business unit, and as security roles the connector's (docs/operations.md) and System Customizer, which may be taken away after connect.`,
    });
  }
  if (!(await isDone(tokens.company)) && businessCentral.app.clientId !== sales.app.clientId)
    missing.push({ part: 'business-central', text: register(businessCentral.app.clientId) });
  const { findings } = await company.report();
  // Whoever is told which companies there are has been let in.
  const isIn = findings.some(({ check, result }) => check === 'environment' && result === 'ok');
  if (!isIn) {
    const client = businessCentral.app.clientId;
    missing.push(
      {
        part: 'business-central',
        text: `Admin consent: ${ENTRA} > ${client} > API permissions > Add a permission > Dynamics 365 Business Central > Application permissions > API.ReadWrite.All, then Grant admin consent.`,
      },
      {
        part: 'business-central',
        text: `Business Central: environment ${businessCentral.environment}, company ${businessCentral.company} > page Microsoft Entra Applications > New: Client ID ${client}, Description Dealbridge, State Enabled, User Permission Sets ${PERMISSION_SETS}, never SUPER.`,
      },
    );
  }
  return missing;
}

/** Entra describes each tenant that it has, to anybody. */
function examineTenant(entra: Step, configuration: Step<Config>): Step<true> {
  return createStep('tenant', { entra, config: configuration }, async ({ config }) => {
    const { loginOrigin, tenantId } = config.dataverse.app;
    const address = `${loginOrigin}/${encodeURIComponent(tenantId)}/v2.0/.well-known/openid-configuration`;
    const { ok: isKnown, status } = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (isKnown) return { value: true, findings: [ok('tenant', `${tenantId} is known to Entra`)] };
    const advice = 'Give the Tenant ID of Azure portal > Microsoft Entra ID > Overview.';
    return { findings: [wrong('tenant', `Entra knows no tenant ${tenantId} (${status})`, advice)] };
  });
}

const TIMEOUT_MS = 10_000;
