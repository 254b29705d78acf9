import { setTimeout as wait } from 'node:timers/promises';
import { type Company, createCompanies } from '../activities/routing/companies.js';
import { createRulesOfRecords } from '../activities/routing/rules-of-records.js';
import { createBusinessCentralClient, findCompanyId } from '../clients/business-central/client.js';
import { createReferenceSets } from '../clients/business-central/reference-sets.js';
import { createSubscriptionClient } from '../clients/business-central/subscriptions.js';
import { createDataverseChanges } from '../clients/dataverse/changes.js';
import { createDataverseClient } from '../clients/dataverse/client.js';
import { createDataverseFlows } from '../clients/dataverse/flows.js';
import { createDataverseMasters } from '../clients/dataverse/masters.js';
import type { AppRegistration } from '../clients/entra/tokens.js';
import { RemoteApiError } from '../clients/errors.js';
import { createLane } from '../clients/http/lane.js';
import { createThrottle, type Throttle } from '../clients/http/throttle.js';
import type { Clock } from '../deal/clock.js';
import { type CompanyPlace, placeName } from '../deal/companies.js';
import { createEnvironmentLedger } from '../ledger/settings/environments.js';
import { findMapping } from '../ledger/settings/mappings.js';
import { createPausedLaneLedger } from '../ledger/settings/paused-lanes.js';
import { createThrottledLaneLedger, type ThrottledLaneRef } from '../ledger/settings/throttled-lanes.js';
import { masterColumns } from '../mapping/fields/master-fields.js';
import { type Access, openAccess } from '../process/access.js';
import type { Config } from '../process/config.js';
import {
  confirmAll,
  createEnvironmentLock,
  type EnvironmentLock,
  type ReadableEnvironment,
  toBusinessCentralEnvironment,
  toDataverseEnvironment,
} from '../process/environment-lock.js';
import { createFindLanes } from '../process/find-lanes.js';
import { createLaneAlarm } from '../process/lane-alarm.js';
import { waitFor } from '../process/patient-start.js';
import { withMappingOf } from '../process/rules.js';
import type { Foundation } from '../process/runtime.js';
import { createSharedPauses } from '../process/shared-pauses.js';
import { systemClock } from '../process/system-clock.js';

/** Both systems as the worker asks them: only while both environments are those that the ledger knows. */
export type Systems = Awaited<ReturnType<typeof openSystems>>;

export async function openSystems(config: Config, foundation: Foundation, clock: Clock = systemClock) {
  const { database, ledger, log, vault } = foundation;
  const { rules } = config;
  const open = await openAccess(config, vault);
  const lanes = createPausedLaneLedger(database);
  const throttledLanes = createThrottledLaneLedger(database, config.throttlePauseMs);
  const throttles = new Map<string, Throttle>();
  /** Companies of one environment share a quota. */
  const throttleOf = (quota: ThrottledLaneRef): Throttle => {
    const key = [quota.system, quota.address, quota.clientId].join(' ');
    const pauses = createSharedPauses(quota, { lanes: throttledLanes, log });
    const throttle = throttles.get(key) ?? createThrottle({ api: quota.system, clock, wait, pauses });
    throttles.set(key, throttle);
    return throttle;
  };
  const inLane = (access: Access, { clientId }: AppRegistration, at: (access: Access) => ReadableEnvironment) => {
    const { system, address } = at(access);
    const alarm = createLaneAlarm({ environment: { system, address }, clientId, lanes, log });
    const throttle = throttleOf({ system, address: access.environmentUrl, clientId });
    const reach = { ...access, lane: createLane({ clock, alarm }), throttle };
    return { reach, environment: at(reach) };
  };
  const { furtherCompanies, ...central } = config.businessCentral;
  const sales = inLane(open.dataverse, config.dataverse.app, (access) => toDataverseEnvironment(config, access));
  const salesLock = await lock(config, foundation, sales.environment);
  // Nothing is asked of Business Central either before this is certain.
  await waitFor('Sales', () => salesLock.confirm('look the environment up'), foundation);
  const appOf = ({ application }: CompanyPlace): AppRegistration =>
    central.applications.find(({ name }) => name === application)?.app ?? central.app;
  const lockCompany = async (place: CompanyPlace & { readonly environmentUrl: string }): Promise<Access> => {
    const { reach, environment } = inLane(
      { ...open.businessCentralOf(place), environmentUrl: place.environmentUrl },
      appOf(place),
      (access) => toBusinessCentralEnvironment({ ...central, ...place }, access),
    );
    return { ...reach, beforeRequest: confirmAll([salesLock, await lock(config, foundation, environment)]) };
  };
  // Which company a deal belongs to is known once it is read; Business Central is asked before anything is written.
  const dataverseAccess = { ...sales.reach, beforeRequest: confirmAll([salesLock]) };
  const firstAccess = await lockCompany(central);
  const accesses = new Map<string, Access>();
  for (const place of furtherCompanies) accesses.set(placeName(place), await lockCompany(place));
  const first = await waitFor('Business Central', () => openCompany(firstAccess, central.company), foundation);
  const companies = createCompanies({
    first,
    firstPlace: central,
    places: furtherCompanies,
    rules: rules.companies,
    open: (place) => openCompany(accesses.get(placeName(place)) ?? firstAccess, place.company),
  });
  const columns = {
    account: masterColumns('customer', rules.mapping),
    contact: masterColumns('contact', rules.mapping),
    product: masterColumns('item', rules.mapping),
  };
  const dataverse = createDataverseClient(dataverseAccess);
  const changes = createDataverseChanges(dataverseAccess, systemClock);
  const dataverseMasters = createDataverseMasters(dataverseAccess, { columns, withContacts: rules.masters.contacts });
  const dataverseFlows = createDataverseFlows(dataverseAccess);
  return {
    first,
    companies,
    dataverse,
    changes,
    dataverseMasters,
    dataverseFlows,
    rulesOfRecords: createRulesOfRecords({
      today: rules,
      findMapping: (hash) => findMapping(database, hash),
      withMappingOf,
    }),
    ledger,
    findLanes: createFindLanes(furtherCompanies, createEnvironmentLedger(database)),
    async close(): Promise<void> {
      await Promise.all(
        [dataverse, changes, dataverseMasters, dataverseFlows, companies].map((client) => client.close()),
      );
    },
  };
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

async function lock(
  config: Config,
  { database, log }: Foundation,
  environment: ReadableEnvironment,
): Promise<EnvironmentLock> {
  const environmentLock = createEnvironmentLock(environment, {
    environments: createEnvironmentLedger(database),
    checkEveryMs: config.environmentCheckMs,
    by: 'worker',
    clock: systemClock,
  });
  try {
    await environmentLock.ensureSame();
  } catch (error) {
    if (!(error instanceof RemoteApiError)) throw error;
    log.warn({ err: error }, 'checking the environment failed, checking again before the first request');
  }
  return environmentLock;
}
