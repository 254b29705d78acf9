import { z } from 'zod';
import { createSubscriptionClient } from '../../clients/business-central/subscriptions.js';
import { createCustomizations } from '../../clients/dataverse/customizations.js';
import { createWebhookRegistration } from '../../clients/dataverse/webhook-registration.js';
import type { SubscribedResource } from '../../deal/business-central-feeds.js';
import { RefusedError } from '../../deal/errors.js';
import type { Database } from '../../ledger/database.js';
import { createConnectStepLedger } from '../../ledger/settings/connect-steps.js';
import type { SystemCredential, Vault } from '../../ledger/settings/vault.js';
import { columnsOfRules } from '../../mapping/rules/columns-of-rules.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { defineOperation } from '../operation.js';
import type { Answers } from './answers.js';
import { type Applied, applyPlan, type Connecting } from './apply.js';
import { toEnvFile } from './env-text.js';
import { type ConnectSystems, findMasters, findSystems, SOLUTION } from './found.js';
import { readIfThere } from './machine.js';
import { type Plan, planConnection, planFile } from './plan.js';
import { toRulesText } from './rules-text.js';
import { connectStep, type PlannedStep } from './steps.js';
import { type Undone, undoSteps } from './undo.js';

/** Sets both systems and this machine up, after a plan that anybody can read, and takes it back by its record. */

export interface PlanDependencies {
  readonly database: Database;
  readonly tenantId: string;
  readonly isStarterReachable: () => Promise<boolean>;
  readonly systems: ConnectSystems;
  readonly vault: Vault;
  readonly answers: Answers;
  readonly secrets: Readonly<Partial<Record<SystemCredential, string>>>;
  /** Settings that follow from the answers. */
  readonly settings: Readonly<Record<string, string>>;
  readonly files: { readonly env: string; readonly rules: string };
  readonly parseRules: (yaml: string) => Rules;
}

export interface ConnectionPlan extends Plan {
  readonly language: number;
}

/** Reads both systems and writes nothing. */
export const planConnect = defineOperation({
  act: 'plan the connection',
  input: z.strictObject({}),
  run: async (dependencies: PlanDependencies): Promise<ConnectionPlan> => {
    const { systems, vault, answers, secrets, settings, files, parseRules } = dependencies;
    const kept = readIfThere(files.rules);
    const company = answers.businessCentral.company;
    const rulesText = kept ?? toRulesText(await findMasters(systems), { prefix: answers.prefix, company });
    const rules = parseRules(rulesText);
    const currentEnv = readIfThere(files.env);
    const env = toEnvFile(currentEnv, settings);
    const columns = columnsOfRules(rules);
    const found = await findSystems(systems, { columns, publicUrl: answers.publicUrl });
    const plan = planConnection(
      {
        rules,
        columns,
        prefix: answers.prefix,
        columnTypes: answers.columnTypes,
        publicUrl: answers.publicUrl,
        credentials: await findMissing(vault, secrets),
        leftToStarter: await findLeft(dependencies),
        files: [
          ...planFile(files.rules, kept, rulesText, []),
          ...planFile(files.env, currentEnv, env.content, env.names),
        ],
      },
      found,
    );
    return { ...plan, language: found.language };
  },
});

/** Recorded by the run before, and not to be made without the starter. */
async function findLeft(dependencies: PlanDependencies): Promise<ReadonlySet<SubscribedResource>> {
  if (await dependencies.isStarterReachable()) return new Set();
  const recorded = await openRecord(dependencies).list();
  return new Set(recorded.flatMap(({ step }) => (step.kind === 'subscription' ? [step.resource] : [])));
}

/** Those that the ledger does not have, or has with another secret. */
async function findMissing(vault: Vault, secrets: PlanDependencies['secrets']): Promise<SystemCredential[]> {
  const missing: SystemCredential[] = [];
  for (const name of ['dataverse', 'business-central'] as const) {
    const [newest] = await vault.findCredentials(name);
    const given = secrets[name];
    if (given !== undefined && !(newest?.kind === 'secret' && newest.secret === given)) missing.push(name);
  }
  if (secrets.webhook === undefined && (await vault.findCredentials('webhook')).length === 0) missing.push('webhook');
  return missing;
}

export interface ConnectDependencies
  extends Omit<Connecting, 'record' | 'customizations' | 'webhooks' | 'subscriptions' | 'language'> {
  readonly database: Database;
  readonly tenantId: string;
  readonly systems: ConnectSystems;
  readonly plan: ConnectionPlan;
  readonly onStep: (step: PlannedStep) => void;
}

export const applyConnect = defineOperation({
  act: 'connect the systems',
  input: z.strictObject({}),
  run: ({ plan, ...dependencies }: ConnectDependencies, _input, actor): Promise<Applied> =>
    withClients(dependencies, (clients) =>
      applyPlan(plan.steps, { ...dependencies, ...clients, language: plan.language }, actor),
    ),
  record: (_input, { made, left }) => ({ facts: { made, left } }),
});

interface UndoDependencies {
  readonly database: Database;
  readonly tenantId: string;
  readonly systems: ConnectSystems;
  readonly vault: Vault;
}

export const undoConnect = defineOperation({
  act: 'connect the systems',
  input: z.strictObject({}),
  run: (dependencies: UndoDependencies, _input, actor): Promise<Undone> =>
    withClients(dependencies, (clients) => undoSteps({ ...dependencies, ...clients }, actor)),
  record: (_input, { undone, stays }) => ({ facts: { undone, stays } }),
});

/** Whether there is anything to take back. */
export const listConnected = defineOperation({
  act: 'plan the connection',
  input: z.strictObject({}),
  run: (dependencies: Pick<UndoDependencies, 'database' | 'tenantId' | 'systems'>) => openRecord(dependencies).list(),
});

/** The unmanaged solution as a file, for those who install by hand. */
export const exportSolution = defineOperation({
  act: 'plan the connection',
  input: z.strictObject({}),
  run: async ({ systems }: { readonly systems: ConnectSystems }): Promise<Buffer> => {
    const customizations = createCustomizations(systems.dataverse);
    try {
      if ((await customizations.findSolution(SOLUTION)) === undefined)
        throw new RefusedError('Sales has no solution Dealbridge: run connect without --dry-run first');
      return await customizations.exportSolution(SOLUTION);
    } finally {
      await customizations.close();
    }
  },
});

async function withClients<T>(
  { systems, database, tenantId }: Pick<UndoDependencies, 'systems' | 'database' | 'tenantId'>,
  work: (clients: Pick<Connecting, 'record' | 'customizations' | 'webhooks' | 'subscriptions'>) => Promise<T>,
): Promise<T> {
  const customizations = createCustomizations(systems.dataverse);
  const webhooks = createWebhookRegistration(systems.dataverse);
  const subscriptions = createSubscriptionClient(systems.businessCentral);
  const record = openRecord({ systems, database, tenantId });
  try {
    return await work({ record, customizations, webhooks, subscriptions });
  } finally {
    await Promise.all([customizations.close(), webhooks.close(), subscriptions.close()]);
  }
}

function openRecord({ database, tenantId, systems }: Pick<UndoDependencies, 'systems' | 'database' | 'tenantId'>) {
  const { environmentUrl: businessCentralUrl, company } = systems.businessCentral;
  const place = { tenantId, dataverseUrl: systems.dataverse.environmentUrl, businessCentralUrl, company };
  return createConnectStepLedger(database, place, connectStep);
}
