import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime as TemporalRuntime, Worker } from '@temporalio/worker';
import { createLedgerActivities } from './activities/deals/ledger.js';
import { createDataverseActivities } from './activities/deals/sales.js';
import { createWriteBackActivities } from './activities/deals/write-back.js';
import { createBusinessCentralActivities } from './activities/documents/invoices.js';
import { createOrderActivities } from './activities/documents/orders.js';
import { createInvoiceFeedActivities } from './activities/feeds/invoice-feed.js';
import { createReconcileSalesActivities } from './activities/feeds/reconcile-sales.js';
import { createFeedSwitches, createSalesFeedActivities } from './activities/feeds/sales-feed.js';
import { createSubscriptionActivities } from './activities/feeds/subscriptions.js';
import {
  createDriftBusinessCentral,
  createDriftDataverse,
  createDriftLedgerSteps,
} from './activities/masters/drift.js';
import { createMasterLedgerActivities } from './activities/masters/master-ledger.js';
import {
  createMatchBusinessCentral,
  createMatchDataverse,
  createMatchLedgerSteps,
} from './activities/masters/match-accounts.js';
import { createFindStrongCandidate } from './activities/masters/strong-candidates.js';
import { createAccountReaders, createCustomerSteps } from './activities/masters/sync-accounts.js';
import { createItemSteps, createProductReaders } from './activities/masters/sync-products.js';
import { heartbeats } from './activities/remote/heartbeat.js';
import { type Company, createCompanies, toEachCompany } from './activities/routing/companies.js';
import { byRulesOfRecord, createRulesOfRecords } from './activities/routing/rules-of-records.js';
import { createBusinessCentralClient, findCompanyId } from './clients/business-central/client.js';
import { createReferenceSets } from './clients/business-central/reference-sets.js';
import { createSubscriptionClient } from './clients/business-central/subscriptions.js';
import { createDataverseChanges } from './clients/dataverse/changes.js';
import { createDataverseClient } from './clients/dataverse/client.js';
import { createDataverseMasters } from './clients/dataverse/masters.js';
import { RemoteApiError } from './clients/errors.js';
import type { ChangeHint } from './deal/change-hints.js';
import { type CompanyPlace, placeName } from './deal/companies.js';
import type { RecordRef } from './deal/deal.js';
import { TASK_QUEUES, WORKER_DEPLOYMENT } from './deal/ids.js';
import { SHUTDOWN_FORCE_MS, SHUTDOWN_GRACE_MS } from './deal/time-limits.js';
import { startDeal } from './dispatch/start-deal.js';
import { createTakeSalesChanges } from './dispatch/take-changes.js';
import { createFindConcernedRows, createFollowMasters, createTakeMasters } from './dispatch/take-master-changes.js';
import { createWakeWaitingDeals } from './dispatch/wake-waiting-deals.js';
import { createDetections } from './ledger/deals/detections.js';
import { createWaiting } from './ledger/deals/waiting.js';
import { createFeedLedger } from './ledger/feeds/sales-feeds.js';
import { createDriftLedger } from './ledger/masters/drift.js';
import { createMasterLedger } from './ledger/masters/masters.js';
import { createMatchLedger } from './ledger/masters/matching.js';
import { recordConfiguration } from './ledger/settings/configuration-log.js';
import { createEnvironmentLedger } from './ledger/settings/environments.js';
import { findMapping, saveMapping } from './ledger/settings/mappings.js';
import { masterColumns } from './mapping/fields/master-fields.js';
import { type Access, openAccess } from './process/access.js';
import { loadConfig, withMappingOf } from './process/config.js';
import { createCredentialProvider, deriveClientState } from './process/credentials.js';
import { toEffectiveSettings } from './process/effective-settings.js';
import {
  createEnvironmentLock,
  type ReadableEnvironment,
  toBusinessCentralEnvironment,
  toDataverseEnvironment,
} from './process/environment-lock.js';
import { guardOutput } from './process/log.js';
import { openRuntime } from './process/runtime.js';
import { systemClock } from './process/system-clock.js';
import { createTemporalLogger } from './process/temporal-logger.js';

/** Process: builds clients and activities, polls the three queues until it is told to stop. */

guardOutput();
const config = loadConfig();
const runtime = await openRuntime(config, 'worker');
const { dataConverter, ledger, log, temporal, vault } = runtime;
await recordConfiguration(runtime.database, 'worker', toEffectiveSettings(config));
await saveMapping(runtime.database, config.mapping);
TemporalRuntime.install({ logger: createTemporalLogger(log) });

const open = await openAccess(config, vault);
const environments = createEnvironmentLedger(runtime.database);
const { furtherCompanies, ...central } = config.businessCentral;
const lockCompany = (place: CompanyPlace & { readonly environmentUrl: string }): Promise<Access> => {
  const reach = { ...open.businessCentral, environmentUrl: place.environmentUrl };
  return lock(reach, toBusinessCentralEnvironment({ ...central, ...place }, reach));
};
const access = {
  dataverse: await lock(open.dataverse, toDataverseEnvironment(config, open.dataverse)),
  businessCentral: await lockCompany(central),
};
const accesses = new Map<string, Access>();
for (const place of furtherCompanies) accesses.set(placeName(place), await lockCompany(place));
const first = await openCompany(access.businessCentral, config.businessCentral.company);
const { businessCentral, companyId, sets } = first;
const dataverse = createDataverseClient(access.dataverse);
const changes = createDataverseChanges(access.dataverse, systemClock);

const { rules } = config;
const companies = createCompanies({
  first,
  firstPlace: central,
  places: furtherCompanies,
  rules: rules.companies,
  ledger,
  open: (place) => openCompany(accesses.get(placeName(place)) ?? access.businessCentral, place.company),
});
const common = { ledger, clock: systemClock, rules, ambiguityWindowMs: config.businessCentral.ambiguityWindowMs };
const documentDeps = { ...common, businessCentral, companyId, sets };
const start = (ref: RecordRef, hint?: ChangeHint) => startDeal({ temporal, ledger }, ref, hint);
const rulesOfRecords = createRulesOfRecords({
  today: rules,
  findMapping: (hash) => findMapping(runtime.database, hash),
  withMappingOf,
});
const invoiceFeed = toEachCompany(companies, rulesOfRecords, (company) =>
  createInvoiceFeedActivities({ ...common, ...company, invoiceFeed: rules.invoiceFeed, notifyDeal: start }),
);
const webhookSecrets = createCredentialProvider(vault, 'webhook', config.starter.webhookSecret);
const clientState = config.businessCentral.clientState ?? (await deriveClientState(webhookSecrets));
const keepSubscriptions = toEachCompany(companies, rulesOfRecords, (company) =>
  createSubscriptionActivities({
    ...company,
    ledger,
    clock: systemClock,
    publicUrl: config.starter.publicUrl,
    clientState,
  }),
);
const feeds = createFeedLedger(runtime.database);
const detections = createDetections(runtime.database);
const waiting = createWaiting(runtime.database);
const wake = createWakeWaitingDeals({ startDeal: start, waiting });
const follow = createFollowMasters(temporal, rules.masters);
const columns = {
  account: masterColumns('customer', rules.mapping),
  contact: masterColumns('contact', rules.mapping),
  product: masterColumns('item', rules.mapping),
};
const dataverseMasters = createDataverseMasters(access.dataverse, { columns, withContacts: rules.masters.contacts });
const masters = createMasterLedger(runtime.database, companyId);
const matching = createMatchLedger(runtime.database, companyId);
const candidatesIn = (company: Company) =>
  createFindStrongCandidate({ ...company, matching: createMatchLedger(runtime.database, company.companyId), rules });
const findStrongCandidate = candidatesIn(first);
const drift = createDriftLedger(runtime.database, companyId);
const masterDataDeps = { ...documentDeps, dataverseMasters, masters, matching, drift, findStrongCandidate };
const feedActivities = {
  ...createSalesFeedActivities({
    changes,
    feeds,
    detections,
    rules,
    clock: systemClock,
    getOwnUserId: once(async () => (await dataverse.whoAmI()).userId),
    take: createTakeSalesChanges({
      startDeal: start,
      waiting: { ...waiting, findConcernedRows: createFindConcernedRows(waiting, rules.masters) },
      ...createTakeMasters({ wake, follow }),
    }),
  }),
  ...createReconcileSalesActivities({
    changes,
    feeds,
    detections,
    audit: ledger.audit,
    startDeal: start,
    rules,
    clock: systemClock,
  }),
};
const connection = await NativeConnection.connect({ address: config.temporal.address });
const { workerBuildId: buildId } = config;
const polling = {
  connection,
  dataConverter,
  namespace: config.temporal.namespace,
  shutdownGraceTime: SHUTDOWN_GRACE_MS,
  shutdownForceTime: SHUTDOWN_FORCE_MS,
  // Deals wait for weeks and feeds for ever: pinned to their version they would keep every old worker alive.
  ...(buildId !== undefined && {
    workerDeploymentOptions: {
      useWorkerVersioning: true as const,
      version: { deploymentName: WORKER_DEPLOYMENT, buildId },
      defaultVersioningBehavior: 'AUTO_UPGRADE' as const,
    },
  }),
} as const;

const workers = await Promise.all([
  Worker.create({
    ...polling,
    taskQueue: TASK_QUEUES.deals,
    workflowBundle: { codePath: fileURLToPath(new URL('./workflow-bundle.js', import.meta.url)) },
    activities: {
      ...createLedgerActivities({
        ledger,
        companyIdOf: async (recordId) => (await ledger.findRecord(recordId))?.companyId ?? companyId,
        rules,
        startDeal: (ref) => start(ref),
      }),
      ...createFeedSwitches(feeds),
      ...createMasterLedgerActivities({
        masters,
        follow: (kind, rowId, isThorough) =>
          kind === 'product'
            ? follow.followProduct(rowId, { isThorough })
            : follow.followAccount(kind, rowId, { isThorough }),
        wake: (rowId) => wake.takeProduct({ productId: rowId, version: undefined, isDeleted: false }),
      }),
      ...createMatchLedgerSteps(masterDataDeps),
      ...createDriftLedgerSteps(masterDataDeps),
    },
    enableNonLocalActivities: false,
    maxCachedWorkflows: 120,
    // The workflow tasks of a worker that died wait for it this long before another one takes them.
    stickyQueueScheduleToStartTimeout: '4s',
  }),
  Worker.create({
    ...polling,
    taskQueue: TASK_QUEUES.dataverse,
    activities: {
      ...byRulesOfRecord(rulesOfRecords, ledger.findRecord, (wanted) =>
        createDataverseActivities({
          dataverse,
          ledger,
          clock: systemClock,
          rules: wanted,
          companies,
          ambiguityWindowMs: config.dataverse.ambiguityWindowMs,
        }),
      ),
      ...createWriteBackActivities({
        dataverse,
        ledger,
        clock: systemClock,
        rules,
        ambiguityWindowMs: config.dataverse.ambiguityWindowMs,
      }),
      ...feedActivities,
      ...createAccountReaders(masterDataDeps),
      ...createProductReaders(masterDataDeps),
      ...createMatchDataverse(masterDataDeps),
      ...createDriftDataverse(masterDataDeps),
    },
    interceptors: { activity: [heartbeats] },
    maxConcurrentActivityTaskExecutions: 8,
  }),
  Worker.create({
    ...polling,
    taskQueue: TASK_QUEUES.businessCentral,
    activities: {
      ...toEachCompany(companies, rulesOfRecords, (company, wanted) =>
        createBusinessCentralActivities({
          ...common,
          ...company,
          rules: wanted,
          findStrongCandidate: candidatesIn(company),
        }),
      ),
      ...toEachCompany(companies, rulesOfRecords, (company, wanted) =>
        createOrderActivities({ ...common, ...company, rules: wanted }),
      ),
      ...createCustomerSteps(masterDataDeps),
      ...createItemSteps(masterDataDeps),
      ...createMatchBusinessCentral(masterDataDeps),
      ...createDriftBusinessCentral(masterDataDeps),
      ...invoiceFeed,
      ...keepSubscriptions,
    },
    interceptors: { activity: [heartbeats] },
    maxConcurrentActivityTaskExecutions: 4,
    maxTaskQueueActivitiesPerSecond: config.businessCentral.ratePerSecond,
  }),
]);

if (config.feeds && config.starter.publicUrl === undefined) {
  log.info('STARTER_PUBLIC_URL is not set: Business Central is not asked to notify, its changes are read in turns');
}
log.info({ company: config.businessCentral.company }, 'worker ready');
process.send?.('ready');
try {
  await Promise.all(workers.map((worker) => worker.run()));
} finally {
  await connection.close();
  await Promise.all([dataverse, changes, dataverseMasters, companies].map((client) => client.close()));
  await runtime.close();
}

async function openCompany(reach: Access, companyName: string): Promise<Company> {
  const companyId = await findCompanyId({ ...reach, companyName });
  const businessCentral = createBusinessCentralClient({ ...reach, companyId });
  return {
    companyId,
    businessCentral,
    subscriptions: createSubscriptionClient(reach),
    sets: createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) }),
  };
}

/** Access that writes only while the environment is the one that the ledger knows. */
async function lock(open: Access, environment: ReadableEnvironment): Promise<Access> {
  const checkEveryMs = config.environmentCheckMs;
  const { ensureSame, confirm } = createEnvironmentLock(environment, {
    environments,
    checkEveryMs,
    by: 'worker',
    clock: systemClock,
  });
  try {
    await ensureSame();
  } catch (error) {
    if (!(error instanceof RemoteApiError)) throw error;
    log.warn({ err: error }, 'checking the environment failed, checking again before the first write');
  }
  return { ...open, beforeWrite: confirm };
}

/** Asks once and keeps the answer; a refusal is not kept. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}
