import { setTimeout as wait } from 'node:timers/promises';
import {
  type AppRegistration,
  type CredentialProvider,
  createTokenSource,
  type TokenSource,
} from '../clients/entra/tokens.js';
import type { Lane } from '../clients/http/lane.js';
import { createThrottle, type Throttle } from '../clients/http/throttle.js';
import type { Clock } from '../deal/clock.js';
import type { CompanyPlace } from '../deal/companies.js';
import { TASK_QUEUES } from '../deal/ids.js';
import type { SystemName } from '../ledger/settings/environments.js';
import { createThrottledLaneLedger } from '../ledger/settings/throttled-lanes.js';
import { type CredentialName, toApplicationCredential, type Vault } from '../ledger/settings/vault.js';
import { type ApplicationConfig, type Config, toEnvironmentUrl } from './config.js';
import { type CredentialSource, createCredentialProvider, ensureCredential } from './credentials.js';
import type { Foundation } from './foundation.js';
import { createSharedPauses } from './shared-pauses.js';
import { systemClock } from './system-clock.js';

/** How the two systems are reached: address, token and time limit, the same for every process and command. */
export interface Access {
  readonly environmentUrl: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
  /** Requests at once; of Business Central, which counts them by app registration. */
  readonly parallel?: number | undefined;
  /** By which its requests are counted: the queue of the app registration. */
  readonly laneName: string;
  readonly beforeRequest?: ((asked: string) => Promise<void>) | undefined;
  /** Of the worker, which keeps asking; whoever asks once hears of a refusal at once. */
  readonly lane?: Lane | undefined;
  /** The pauses that all keep to: {@link openSharedAccess}. */
  readonly throttle?: Throttle | undefined;
}

export interface AllAccess {
  readonly dataverse: Access;
  readonly businessCentral: Access;
  /** By the app registration that the rules name for a company. */
  readonly businessCentralOf: BusinessCentralAccess;
}

/** In the environment of the company. */
export type BusinessCentralAccess = (place: CompanyPlace) => Access;

/**
 * For whoever examines: it is to hear what the systems answer now. All others open {@link openSharedAccess}.
 * @throws ConfigError when a credential is neither set nor in the ledger.
 */
export async function openAccess(config: Config, vault: Vault): Promise<AllAccess> {
  const dataverse = await openSystem(config, vault, 'dataverse');
  const businessCentral = await openSystem(config, vault, 'business-central');
  const businessCentralOf = await openApplications(config, vault, businessCentral);
  return { dataverse, businessCentral, businessCentralOf };
}

/** The same, and a 429 that any process hears pauses what is opened here. @throws ConfigError */
export async function openSharedAccess(
  config: Config,
  { database, log, vault }: Pick<Foundation, 'database' | 'log' | 'vault'>,
  clock: Clock = systemClock,
): Promise<AllAccess> {
  const open = await openAccess(config, vault);
  const lanes = createThrottledLaneLedger(database, config.throttlePauseMs);
  const throttles = new Map<string, Throttle>();
  const share = (system: SystemName, access: Access, { clientId }: AppRegistration): Access => {
    const quota = { system, address: access.environmentUrl, clientId };
    // Companies of one environment share a quota.
    const key = Object.values(quota).join(' ');
    const pauses = createSharedPauses(quota, { lanes, log });
    const throttle = throttles.get(key) ?? createThrottle({ api: system, clock, wait, pauses });
    throttles.set(key, throttle);
    return { ...access, throttle };
  };
  return {
    dataverse: share('dataverse', open.dataverse, config.dataverse.app),
    businessCentral: share('business-central', open.businessCentral, config.businessCentral.app),
    businessCentralOf: (place) =>
      share('business-central', open.businessCentralOf(place), findApp(config.businessCentral, place)),
  };
}

/** The app registration by which a company is reached. */
export function findApp(
  { app, applications }: Pick<Config['businessCentral'], 'app' | 'applications'>,
  { application }: CompanyPlace,
): AppRegistration {
  return applications.find(({ name }) => name === application)?.app ?? app;
}

/** The name by which the secret of that app registration is set. */
export function findCredentialName(
  { applications }: Pick<Config['businessCentral'], 'applications'>,
  { application }: Pick<CompanyPlace, 'application'>,
): CredentialName {
  const own = applications.find(({ name, isOfItsOwn }) => isOfItsOwn && name === application);
  return own ? toApplicationCredential(own.name) : 'business-central';
}

/** @throws ConfigError */
async function openApplications(config: Config, vault: Vault, first: Access): Promise<BusinessCentralAccess> {
  const { apiUrl, app: firstApp, applications } = config.businessCentral;
  const accesses = new Map<string, Access>();
  for (const application of applications) {
    const { name, parallel, queue: laneName } = application;
    const own = application.isOfItsOwn ? await openApplication(config, vault, application) : first;
    accesses.set(name, { ...own, parallel, laneName });
  }
  return ({ application, environment }) => ({
    ...(accesses.get(application ?? '') ?? first),
    environmentUrl: toEnvironmentUrl(apiUrl, firstApp.tenantId, environment),
  });
}

/** An app registration of its own, whatever becomes of the others. @throws ConfigError */
export async function openApplication(
  config: Config,
  vault: CredentialSource,
  { name, app, parallel, queue }: ApplicationConfig,
): Promise<Access> {
  const credential = toApplicationCredential(name);
  const credentials = createCredentialProvider(vault, credential, undefined);
  await ensureCredential(credential, credentials);
  return {
    environmentUrl: config.businessCentral.environmentUrl,
    tokens: createTokenSource(app, credentials),
    timeoutMs: config.requestTimeoutMs,
    parallel,
    laneName: queue,
  };
}

/** One of the two alone. @throws ConfigError */
export async function openSystem(
  config: Config,
  vault: CredentialSource,
  name: 'dataverse' | 'business-central',
): Promise<Access> {
  const system = name === 'dataverse' ? config.dataverse : config.businessCentral;
  const credentials: CredentialProvider = createCredentialProvider(vault, name, system.secret);
  await ensureCredential(name, credentials);
  const tokens = createTokenSource(system.app, credentials);
  const { environmentUrl } = system;
  const isOfSales = name === 'dataverse';
  return {
    environmentUrl,
    tokens,
    timeoutMs: config.requestTimeoutMs,
    parallel: isOfSales ? undefined : config.businessCentral.parallel,
    laneName: isOfSales ? TASK_QUEUES.dataverse : TASK_QUEUES.businessCentral,
  };
}
