import { createBusinessCentralClient, findCompanyId } from '../../clients/business-central/client.js';
import { type Company, listCompanies } from '../../clients/business-central/environment.js';
import { createCompanyProbe, type SetupFacts } from '../../clients/business-central/probe.js';
import { createSubscriptionClient, type Subscription } from '../../clients/business-central/subscriptions.js';
import type { EnvironmentOptions } from '../../clients/business-central/transport.js';
import { createCustomizations, type Form, type Publisher, type View } from '../../clients/dataverse/customizations.js';
import {
  type ColumnFacts,
  createDataverseProbe,
  type WebhookEndpoint,
  type WebhookStep,
} from '../../clients/dataverse/probe.js';
import { readSalesWords, type SalesWords } from '../../clients/dataverse/sales-words.js';
import type { DataverseClientOptions } from '../../clients/dataverse/transport.js';
import { DATAVERSE_WEBHOOK } from '../../deal/webhook-steps.js';
import type { WantedColumn } from '../../mapping/rules/columns-of-rules.js';

/** What stands in both systems before a set-up; nothing is written. */

export interface ConnectSystems {
  readonly dataverse: DataverseClientOptions;
  readonly businessCentral: EnvironmentOptions & { readonly company: string };
}

export const PUBLISHER = 'dealbridge';
export const SOLUTION = 'Dealbridge';

/** What a rules file can be made from. */
export interface FoundMasters {
  readonly sales: SalesWords;
  readonly companies: readonly Company[];
  readonly setup: SetupFacts | undefined;
  /** Codes by set. */
  readonly codes: Readonly<Record<string, readonly { readonly code: string; readonly name: string }[]>>;
}

export interface FoundSystems {
  readonly language: number;
  readonly publisher: Publisher | undefined;
  readonly solutionId: string | undefined;
  /** By `table.column`; undefined where there is none. */
  readonly columns: ReadonlyMap<string, ColumnFacts | undefined>;
  readonly forms: ReadonlyMap<string, readonly Form[]>;
  readonly views: ReadonlyMap<string, readonly View[]>;
  readonly tracked: ReadonlySet<string>;
  readonly endpoint: WebhookEndpoint | undefined;
  readonly steps: readonly WebhookStep[];
  readonly companyId: string;
  readonly subscriptions: readonly Subscription[];
}

const CODE_SETS = ['currencies', 'unitsOfMeasure', 'paymentTerms', 'shipmentMethods', 'taxGroups', 'taxAreas'];

export async function findMasters({ dataverse, businessCentral }: ConnectSystems): Promise<FoundMasters> {
  const { company: companyName, ...options } = businessCentral;
  const companyId = await findCompanyId({ ...options, companyName });
  const probe = createCompanyProbe({ ...options, companyId });
  const client = createBusinessCentralClient({ ...options, companyId });
  try {
    const codes: Record<string, readonly { code: string; name: string }[]> = {};
    for (const set of CODE_SETS) codes[set] = await client.readCodes(set);
    return {
      sales: await readSalesWords(dataverse),
      companies: await listCompanies(options),
      setup: await probe.readSetup(),
      codes,
    };
  } finally {
    await Promise.all([probe.close(), client.close()]);
  }
}

export async function findSystems(
  { dataverse, businessCentral }: ConnectSystems,
  wanted: { readonly columns: readonly WantedColumn[]; readonly publicUrl: string | undefined },
): Promise<FoundSystems> {
  const { company: companyName, ...options } = businessCentral;
  const probe = createDataverseProbe(dataverse);
  const customizations = createCustomizations(dataverse);
  const subscriptions = createSubscriptionClient(options);
  try {
    const columns = new Map<string, ColumnFacts | undefined>();
    for (const { table, column } of wanted.columns) {
      columns.set(`${table}.${column}`, await probe.findColumn(table, column));
    }
    const forms = new Map<string, readonly Form[]>();
    const views = new Map<string, readonly View[]>();
    for (const table of new Set(wanted.columns.map((one) => one.table))) {
      forms.set(table, await customizations.listForms(table));
      views.set(table, await customizations.listViews(table));
    }
    const url = wanted.publicUrl === undefined ? undefined : `${wanted.publicUrl}${DATAVERSE_WEBHOOK}`;
    const endpoint = (await probe.listEndpoints()).find((one) => one.url.replace(/[/?]+$/, '') === url);
    return {
      language: await customizations.readLanguage(),
      publisher: await customizations.findPublisher(PUBLISHER),
      solutionId: await customizations.findSolution(SOLUTION),
      columns,
      forms,
      views,
      tracked: await probe.listTracked(),
      endpoint,
      steps: endpoint ? await probe.listSteps(endpoint.endpointId) : [],
      companyId: await findCompanyId({ ...options, companyName }),
      subscriptions: await subscriptions.listSubscriptions(),
    };
  } finally {
    await Promise.all([probe.close(), customizations.close(), subscriptions.close()]);
  }
}
