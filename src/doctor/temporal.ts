import { Client, type Connection, WorkflowNotFoundError } from '@temporalio/client';
import { invoiceFeedWorkflowId, invoiceSweepId, subscriptionsWorkflowId } from '../deal/business-central-feeds.js';
import { DRIFT_ID, FEED_TABLES, RECONCILE_SALES_ID, salesFeedId, TASK_QUEUES, WORKER_DEPLOYMENT } from '../deal/ids.js';
import { plural } from '../deal/plural.js';
import { SEND_ALERTS } from '../dispatch/ensure/alerts.js';
import { AUDIT_SEALS } from '../dispatch/ensure/audit-seals.js';
import { RESUME_DEALS } from '../dispatch/ensure/resumed-deals.js';
import { TELL_SELLERS } from '../dispatch/ensure/sellers-told.js';
import { CHECK_TRAIL } from '../dispatch/ensure/trail-proof.js';
import { type Config, ConfigError } from '../process/config.js';
import { connectTemporalClient } from '../process/temporal-connection.js';
import { SEARCH_ATTRIBUTES } from '../workflows/deals/search-attributes.js';
import { type ExaminedCompanies, withLabel } from './companies.js';
import { type Finding, listed, notChecked, ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** Temporal: the namespace, who polls, and what should be running by itself. */

const HOUR_S = 3_600;
/** A deal that ended has to be seen over a weekend (temporal reference/temporal 3.2). */
const MIN_RETENTION_H = 72;
const NOT_FOUND = 5;
const CONNECT = '5s';

export function examineTemporal(configuration: Step<Config>, keep: (connection: Connection) => void): Step<Client> {
  return createStep('temporal', { config: configuration }, async ({ config: { temporal } }) => {
    const { address, namespace } = temporal;
    let connection: Connection;
    try {
      connection = await connectTemporalClient(temporal, { connectTimeout: CONNECT });
    } catch (error) {
      return { findings: [toUnreachable(address, error)] };
    }
    keep(connection);
    const findings: Finding[] = [ok('reachable', `${address}, ${temporal.tls ? 'with TLS' : 'unencrypted'}`)];
    try {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const hours = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / HOUR_S;
      findings.push(ok('namespace', namespace), toRetention(namespace, hours));
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND) throw error;
      const advice = `temporal operator namespace create -n ${namespace} --retention 720h`;
      findings.push(wrong('namespace', `'${namespace}' does not exist`, advice));
      return { findings };
    }
    findings.push(await examineAttributes(connection, namespace));
    return { value: new Client({ connection, namespace }), findings };
  });
}

function toUnreachable(address: string, error: unknown): Finding {
  if (error instanceof ConfigError) {
    return wrong('reachable', error.message, 'Set it as the table of README.md says.');
  }
  const advice = 'Start the Temporal server, or correct TEMPORAL_ADDRESS.';
  return wrong('reachable', `no answer at ${address}`, advice);
}

function toRetention(namespace: string, hours: number): Finding {
  const advice = `temporal operator namespace update -n ${namespace} --retention 720h`;
  return hours < MIN_RETENTION_H
    ? warning('retention', `${hours} h: what ended is forgotten before it was looked at`, advice)
    : ok('retention', `${hours} h`);
}

/** The server's numbers for the types (temporal.api.enums.v1.IndexedValueType). */
const TYPES: Readonly<Record<string, number>> = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6 };

async function examineAttributes(connection: Connection, namespace: string): Promise<Finding> {
  const known = await listAttributes(connection, namespace);
  if (!known) {
    const advice = `In Temporal Cloud, create them for the namespace: ${toAttributeOptions(Object.values(SEARCH_ATTRIBUTES))}`;
    return notChecked('search attributes', 'the server does not tell', advice);
  }
  const missing = Object.values(SEARCH_ATTRIBUTES).filter(({ name, type }) => known[name] !== TYPES[type]);
  if (missing.length === 0) return ok('search attributes', 'all registered');
  return wrong(
    'search attributes',
    `missing or of another type: ${listed(missing.map(({ name }) => name))}`,
    `temporal operator search-attribute create -n ${namespace} ${toAttributeOptions(missing)}`,
  );
}

/** Temporal Cloud has no operator service. */
const NOT_FOR_US: ReadonlySet<unknown> = new Set([7, 12]);

async function listAttributes(
  connection: Connection,
  namespace: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
  } catch (error) {
    if (NOT_FOR_US.has(codeOf(error))) return undefined;
    throw error;
  }
}

function toAttributeOptions(attributes: readonly { readonly name: string; readonly type: string }[]): string {
  const word = (type: string): string => type.charAt(0) + type.slice(1).toLowerCase();
  return attributes.map(({ name, type }) => `--name ${name} --type ${word(type)}`).join(' ');
}

const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;
/** A poll waits for a minute; pollers of processes that ended are shown for five. */
const POLLED_LATELY_MS = 90_000;

export function examineQueues(temporal: Step<Client>, configuration: Step<Config>): Step<true> {
  return createStep('temporal: task queues', { temporal, config: configuration }, async (known) => {
    const { connection, options } = known.temporal;
    const { parallel, applications } = known.config.businessCentral;
    const queues: readonly (readonly [name: string, type: number, parallel?: number])[] = [
      [TASK_QUEUES.deals, WORKFLOW_TASKS],
      [TASK_QUEUES.masters, WORKFLOW_TASKS],
      [TASK_QUEUES.dataverse, ACTIVITY_TASKS],
      [TASK_QUEUES.businessCentral, ACTIVITY_TASKS, parallel],
      ...applications.map((one) => [one.queue, ACTIVITY_TASKS, one.parallel] as const),
      [TASK_QUEUES.alerts, ACTIVITY_TASKS],
    ];
    const findings = queues.map(async ([name, taskQueueType, atOnce]): Promise<Finding> => {
      const { namespace } = options;
      const { pollers, versioningInfo } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name },
        taskQueueType,
      });
      const lately = (pollers ?? []).filter((poller) => {
        const at = Number(poller.lastAccessTime?.seconds ?? 0) * 1_000;
        return Date.now() - at < POLLED_LATELY_MS;
      });
      const current = versioningInfo?.currentDeploymentVersion?.buildId ?? undefined;
      const ramping = versioningInfo?.rampingDeploymentVersion?.buildId ?? undefined;
      const versions = lately.map(({ deploymentOptions }) => deploymentOptions?.buildId || undefined);
      const idle = findIdleVersions(versions, [current, ...(ramping === undefined ? [] : [ramping])]);
      if (idle !== undefined) return toIdle(name, idle, current, namespace);
      return toPolled(name, new Set(lately.map(({ identity }) => identity)).size, atOnce);
    });
    return { value: true, findings: await Promise.all(findings) };
  });
}

/**
 * The versions of the workers of a queue, where the server gives its tasks to none of them; undefined where one gets some, or nobody polls.
 * @param versions of each worker, undefined for one without
 * @param served the current version, undefined where it is the workers without one; and the ramping one
 */
export function findIdleVersions(
  versions: readonly (string | undefined)[],
  served: readonly (string | undefined)[],
): readonly (string | undefined)[] | undefined {
  if (versions.length === 0 || versions.some((version) => served.includes(version))) return undefined;
  return [...new Set(versions)];
}

export function toIdle(
  queue: string,
  idle: readonly (string | undefined)[],
  current: string | undefined,
  namespace: string,
): Finding {
  const workers = idle.map((version) => (version === undefined ? 'workers without a version' : `version ${version}`));
  const tasksGoTo = current === undefined ? 'workers without one' : `version ${current}`;
  const newest = idle.findLast((version) => version !== undefined);
  const choice = newest === undefined ? '--unversioned' : `--build-id ${newest}`;
  return wrong(
    queue,
    `polled by ${listed(workers)}, and its tasks go to ${tasksGoTo}: nothing of it is done`,
    `Start a worker of that version, or \`temporal worker deployment set-current-version -n ${namespace} --deployment-name ${WORKER_DEPLOYMENT} ${choice} --yes\`.`,
  );
}

/** Business Central refuses the 101st request of an app registration that it processes or keeps waiting (reference/business-central 8). */
const MAX_REQUESTS_AT_ONCE = 100;
const NEAR = 0.8;

/** @param parallel of a lane of Business Central: steps at once in each worker */
export function toPolled(queue: string, workers: number, parallel = 0): Finding {
  const atOnce = workers * parallel;
  if (workers === 0) {
    const advice = 'Start a worker (`node dist/worker.js`) and read its first lines.';
    return wrong(queue, 'nobody polls it: nothing of it is done', advice);
  }
  if (atOnce < NEAR * MAX_REQUESTS_AT_ONCE) return ok(queue, plural(workers, 'poller'));
  return warning(
    queue,
    `${plural(workers, 'worker')} with ${plural(parallel, 'step')} at once each: ${atOnce}, and Business Central takes ${MAX_REQUESTS_AT_ONCE} requests at once`,
    'Lower BC_PARALLEL, or `parallel` of the application: of one app registration Business Central processes five at once, whatever is sent.',
  );
}

export function examineLoops(
  temporal: Step<Client>,
  configuration: Step<Config>,
  companies: Pick<ExaminedCompanies, 'list'>,
): Step<true> {
  return createStep('temporal: loops and schedules', { temporal, config: configuration }, async (known) => {
    const { temporal: client, config } = known;
    if (!config.feeds) {
      const advice = 'Set FEEDS=on for the starter: without feeds a lost webhook is a lost deal.';
      return { value: true, findings: [notChecked('loops', 'FEEDS is off', advice)] };
    }
    const schedules = [
      ...[RECONCILE_SALES_ID, AUDIT_SEALS, CHECK_TRAIL, RESUME_DEALS, TELL_SELLERS, DRIFT_ID],
      ...(config.rules.alerts.channels.length > 0 ? [SEND_ALERTS] : []),
    ];
    const ofCompanies = (await companies.list()).map(async ({ label, company }) => {
      const at = await company.value();
      const findings = at
        ? await examineLoopsOf(client, at.companyId, config.starter.publicUrl !== undefined)
        : [notChecked('invoice-feed', 'because of what is said of business central')];
      return withLabel(label, findings);
    });
    const findings = await Promise.all([
      ...FEED_TABLES.map(async (table) => [await examineLoop(client, salesFeedId(table))]),
      ...schedules.map(async (id) => [await examineSchedule(client, id)]),
      ...ofCompanies,
    ]);
    return { value: true, findings: findings.flat() };
  });
}

function examineLoopsOf(client: Client, companyId: string, isSubscribing: boolean): Promise<Finding[]> {
  return Promise.all([
    examineLoop(client, invoiceFeedWorkflowId(companyId)),
    ...(isSubscribing ? [examineLoop(client, subscriptionsWorkflowId(companyId))] : []),
    examineSchedule(client, invoiceSweepId(companyId)),
  ]);
}

const START = 'Start the starter with FEEDS=on: it makes sure that they run.';

async function examineLoop(client: Client, id: string): Promise<Finding> {
  try {
    const { status } = await client.workflow.getHandle(id).describe();
    return status.name === 'RUNNING' ? ok(id, 'running') : wrong(id, `ended: ${status.name}`, START);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return wrong(id, 'does not run', START);
  }
}

/** Asked without the SDK's own handle, which opens what the schedule starts its runs with: that is sealed. */
async function examineSchedule({ connection, options }: Client, id: string): Promise<Finding> {
  try {
    const { namespace } = options;
    const { schedule, info } = await connection.workflowService.describeSchedule({ namespace, scheduleId: id });
    const advice = `temporal schedule toggle --schedule-id ${id} --unpause --reason "…"`;
    if (schedule?.state?.paused) return warning(id, 'paused', advice);
    const [next] = info?.futureActionTimes ?? [];
    return ok(id, `next at ${next ? new Date(Number(next.seconds ?? 0) * 1_000).toISOString() : 'never'}`);
  } catch (error) {
    if (codeOf(error) !== NOT_FOUND) throw error;
    return wrong(id, 'there is no such schedule', START);
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
}
