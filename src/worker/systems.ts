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
import type { Clock } from '../deal/clock.js';
import { type CompanyPlace, placeName } from '../deal/companies.js';
import { createEnvironmentLedger } from '../ledger/settings/environments.js';
import { findMapping } from '../ledger/settings/mappings.js';
import { createPausedLaneLedger } from '../ledger/settings/paused-lanes.js';
import type { CredentialName } from '../ledger/settings/vault.js';
import { masterColumns } from '../mapping/fields/master-fields.js';
import { type Access, findApp, findCredentialName, openSharedAccess } from '../process/access.js';
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
import type { Foundation } from '../process/foundation.js';
import { createLaneAlarm } from '../process/lane-alarm.js';
import { isRefusedSignIn, waitFor } from '../process/patient-start.js';
import { withMappingOf } from '../process/rules.js';
import type { SignIn } from '../process/sign-ins.js';
import { systemClock } from '../process/system-clock.js';

/** Both systems as the worker asks them: only while both environments are those that the ledger knows. */
export type Systems = Awaited<ReturnType<typeof openSystems>>;

export async function openSystems(config: Config, foundation: Foundation, clock: Clock = systemClock) {
  const { database, ledger, log } = foundation;
  const { rules } = config;
  const open = await waitFor('PostgreSQL', () => openSharedAccess(config, foundation, clock), foundation);
  const lanes = createPausedLaneLedger(database);
  const inLane = (
    access: Access,
    { app: { clientId }, credential }: { readonly app: AppRegistration; readonly credential: CredentialName },
    at: (access: Access) => ReadableEnvironment,
  ) => {
    const alarm = createLaneAlarm({ environment: at(access), clientId, credential, lanes, log });
    const reach = { ...access, lane: createLane({ clock, alarm }) };
    return { reach, environment: at(reach) };
  };
  const { furtherCompanies, ...businessCentral } = config.businessCentral;
  const sales = inLane(open.dataverse, { app: config.dataverse.app, credential: 'dataverse' }, (access) =>
    toDataverseEnvironment(config, access),
  );
  const salesLock = lockOf(config, foundation, sales.environment);
  const signInOf = (place: CompanyPlace) => ({
    app: findApp(businessCentral, place),
    credential: findCredentialName(businessCentral, place),
  });
  const lockCompany = (place: CompanyPlace & { readonly environmentUrl: string }) => {
    const { reach, environment } = inLane(open.businessCentralOf(place), signInOf(place), (access) =>
      toBusinessCentralEnvironment({ ...businessCentral, ...place }, access),
    );
    const companyLock = lockOf(config, foundation, environment);
    return { access: { ...reach, beforeRequest: confirmAll([salesLock, companyLock]) }, companyLock };
  };
  /** Names the companies that there are; the lock of one that is not there would only say that it is another environment. */
  const findCompany = async ({ access, companyLock }: ReturnType<typeof lockCompany>, companyName: string) => {
    const found = await findCompanyId({ ...access, beforeRequest: confirmAll([salesLock]), companyName });
    await companyLock.confirm('look the company up');
    return found;
  };
  // Which company a deal belongs to is known once it is read; Business Central is asked before anything is written.
  const dataverseAccess = { ...sales.reach, beforeRequest: confirmAll([salesLock]) };
  const { access: firstAccess, companyLock } = lockCompany(businessCentral);
  const further = new Map(furtherCompanies.map((place) => [placeName(place), lockCompany(place)]));
  /** A secret that has expired pauses the lane of a worker that starts as it does that of one that runs, so that whoever is to hear of it does. */
  const companyOfLedger = async (error: unknown): Promise<string> => {
    const companyId = isRefusedSignIn(error) && (await companyLock.trustRegistered())?.['companyId'];
    if (!companyId || !(await salesLock.trustRegistered())) throw error;
    return companyId;
  };
  await ensureSame(salesLock, foundation);
  const findSales = () => salesLock.confirm('look the environment up').catch(companyOfLedger);
  let companyId = (await waitFor('Sales', findSales, foundation)) ?? undefined;
  // Nothing is asked of Business Central either before Sales is certain.
  if (companyId === undefined) {
    for (const one of [companyLock, ...[...further.values()].map((place) => place.companyLock)])
      await ensureSame(one, foundation);
    const findFirst = () =>
      findCompany({ access: firstAccess, companyLock }, businessCentral.company).catch(companyOfLedger);
    companyId = await waitFor('Business Central', findFirst, foundation);
  }
  const first = openCompanyWith(firstAccess, companyId);
  const companies = createCompanies({
    first,
    firstPlace: businessCentral,
    places: furtherCompanies,
    rules: rules.companies,
    async open(place) {
      const locked = further.get(placeName(place)) ?? { access: firstAccess, companyLock };
      return openCompanyWith(locked.access, await findCompany(locked, place.company));
    },
    nameCompany: (id) => ledger.nameCompany(id),
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
    signIns: [
      { system: 'Sales', ask: () => open.dataverse.tokens.getToken() },
      { system: 'Business Central', ask: () => open.businessCentral.tokens.getToken() },
    ] as const satisfies readonly SignIn[],
    findLanes: createFindLanes(furtherCompanies, createEnvironmentLedger(database)),
    async close(): Promise<void> {
      await Promise.all(
        [dataverse, changes, dataverseMasters, dataverseFlows, companies].map((client) => client.close()),
      );
    },
  };
}

function openCompanyWith(reach: Access, companyId: string): Company {
  const businessCentral = createBusinessCentralClient({ ...reach, companyId });
  return {
    companyId,
    businessCentral,
    subscriptions: createSubscriptionClient(reach),
    sets: createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) }),
  };
}

function lockOf(config: Config, { database }: Foundation, environment: ReadableEnvironment): EnvironmentLock {
  return createEnvironmentLock(environment, {
    environments: createEnvironmentLedger(database),
    checkEveryMs: config.environmentCheckMs,
    by: 'worker',
    clock: systemClock,
  });
}

/** Only the ledger is waited for: what cannot be looked up is looked up again before the first request. */
async function ensureSame(lock: EnvironmentLock, { log }: Foundation): Promise<void> {
  const look = async () => {
    try {
      await lock.ensureSame();
    } catch (error) {
      if (!(error instanceof RemoteApiError)) throw error;
      // A refused sign-in is told by what waits for it.
      if (isRefusedSignIn(error)) return;
      log.warn({ err: error }, 'checking the environment failed, checking again before the first request');
    }
  };
  await waitFor('PostgreSQL', look, { log });
}
