import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime as TemporalRuntime, Worker } from '@temporalio/worker';
import { createBusinessCentralActivities } from './activities/business-central.js';
import { heartbeats } from './activities/heartbeat.js';
import { createLedgerActivities } from './activities/ledger.js';
import { createSalesActivities } from './activities/sales.js';
import { createBusinessCentralClient, findCompanyId } from './clients/business-central/client.js';
import { createSalesClient } from './clients/sales/client.js';
import { createTokenSource } from './clients/tokens.js';
import { loadConfig } from './config.js';
import { createCredentialProvider, ensureCredential } from './credentials.js';
import { TASK_QUEUES } from './deal/ids.js';
import { startDeal } from './intake/start-deal.js';
import { guardOutput } from './log.js';
import { openRuntime } from './runtime.js';
import { createTemporalLogger } from './temporal-logger.js';

/** Process: builds clients and activities, polls the three queues until it is told to stop. */

guardOutput();
const config = loadConfig();
const runtime = await openRuntime(config, 'worker');
const { dataConverter, ledger, log, temporal, vault } = runtime;
TemporalRuntime.install({ logger: createTemporalLogger(log) });

const { requestTimeoutMs: timeoutMs } = config;
const salesCredentials = createCredentialProvider(vault, 'dataverse', config.sales.secret);
await ensureCredential('dataverse', salesCredentials);
const businessCentralCredentials = createCredentialProvider(vault, 'business-central', config.businessCentral.secret);
await ensureCredential('business-central', businessCentralCredentials);
const businessCentralTokens = createTokenSource(config.businessCentral.app, businessCentralCredentials);
const environmentUrl = config.businessCentral.environmentUrl;
const company = {
  environmentUrl,
  companyName: config.businessCentral.company,
  tokens: businessCentralTokens,
  timeoutMs,
};
const companyId = await findCompanyId(company);
const businessCentral = createBusinessCentralClient({
  environmentUrl,
  companyId,
  tokens: businessCentralTokens,
  timeoutMs,
});
const sales = createSalesClient({
  environmentUrl: config.sales.environmentUrl,
  tokens: createTokenSource(config.sales.app, salesCredentials),
  timeoutMs,
});

const { rules } = config;
const connection = await NativeConnection.connect({ address: config.temporal.address });
const common = {
  connection,
  dataConverter,
  namespace: config.temporal.namespace,
  shutdownGraceTime: '20s',
  shutdownForceTime: '40s',
} as const;

const workers = await Promise.all([
  Worker.create({
    ...common,
    taskQueue: TASK_QUEUES.deals,
    workflowBundle: { codePath: fileURLToPath(new URL('./workflow-bundle.js', import.meta.url)) },
    activities: createLedgerActivities({ ledger, companyId, startDeal: (ref) => startDeal({ temporal, ledger }, ref) }),
    enableNonLocalActivities: false,
    maxCachedWorkflows: 120,
    // The workflow tasks of a worker that died wait for it this long before another one takes them.
    stickyQueueScheduleToStartTimeout: '4s',
  }),
  Worker.create({
    ...common,
    taskQueue: TASK_QUEUES.sales,
    activities: createSalesActivities({ sales, ledger, rules, outcomeMs: config.sales.outcomeMs }),
    interceptors: { activity: [heartbeats] },
    maxConcurrentActivityTaskExecutions: 8,
  }),
  Worker.create({
    ...common,
    taskQueue: TASK_QUEUES.businessCentral,
    activities: createBusinessCentralActivities({
      businessCentral,
      companyId,
      ledger,
      rules,
      outcomeMs: config.businessCentral.outcomeMs,
    }),
    interceptors: { activity: [heartbeats] },
    maxConcurrentActivityTaskExecutions: 4,
    maxTaskQueueActivitiesPerSecond: config.businessCentral.ratePerSecond,
  }),
]);

log.info({ company: config.businessCentral.company }, 'worker ready');
process.send?.('ready');
try {
  await Promise.all(workers.map((worker) => worker.run()));
} finally {
  await connection.close();
  await Promise.all([sales.close(), businessCentral.close()]);
  await runtime.close();
}
