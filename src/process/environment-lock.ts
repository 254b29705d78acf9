import { findEnvironmentKind, lookUpCompany } from '../clients/business-central/environment.js';
import { createDataverseClient } from '../clients/dataverse/client.js';
import { type RemoteApi, RemoteApiError } from '../clients/errors.js';
import type { Clock } from '../deal/clock.js';
import type { CompanyPlace } from '../deal/companies.js';
import { PROBE_LIMIT_MS } from '../deal/time-limits.js';
import type { Environment, EnvironmentLedger, Identity, SystemName } from '../ledger/settings/environments.js';
import type { Access, BusinessCentralAccess } from './access.js';
import { type Config, ConfigError } from './config.js';

/**
 * A copy or a reset of an environment keeps address, users and tokens (reference/dataverse-sales 12, trap 43): before
 * a deal goes on, the environments under both addresses must be those that the ledger knows. A deal of a copied Sales
 * must not be posted, and what a copied Business Central says must not be reported.
 */

export interface ReadableEnvironment {
  readonly system: SystemName;
  readonly address: string;
  /** Undefined when the company does not exist. @throws RemoteApiError */
  readIdentity(): Promise<Identity | undefined>;
}

export function toDataverseEnvironment({ dataverse }: Config, access: Access): ReadableEnvironment {
  return {
    system: 'dataverse',
    address: dataverse.environmentUrl,
    async readIdentity() {
      const client = createDataverseClient({ ...access, timeoutMs: Math.min(access.timeoutMs, PROBE_LIMIT_MS) });
      try {
        return { organizationId: (await client.whoAmI()).organizationId };
      } finally {
        await client.close();
      }
    },
  };
}

/** The company by the name that is configured: another company under the same name is another environment, too. */
export function toBusinessCentralEnvironment(
  businessCentral: Pick<Config['businessCentral'], 'apiUrl' | 'environment' | 'environmentUrl' | 'company'>,
  access: Access,
): ReadableEnvironment {
  const { company: configured, ...environment } = businessCentral;
  // Two requests within the limit.
  const reach = { ...access, ...environment, timeoutMs: Math.min(access.timeoutMs, PROBE_LIMIT_MS / 2) };
  return {
    system: 'business-central',
    address: toCompanyAddress(businessCentral),
    async readIdentity() {
      const { company } = await lookUpCompany(reach, configured);
      if (!company) return undefined;
      const kind = await findEnvironmentKind(reach);
      return {
        companyId: company.id,
        companyName: company.name,
        ...(kind && { environmentType: kind.type, tenantId: kind.tenantId }),
      };
    },
  };
}

/** The name by which the ledger knows an environment of Business Central. */
export function toCompanyAddress({
  environmentUrl,
  company,
}: Pick<Config['businessCentral'], 'environmentUrl' | 'company'>): string {
  return `${environmentUrl} ${company}`;
}

/** Of every company that deals are handed to. */
export function toBusinessCentralEnvironments(config: Config, accessOf: BusinessCentralAccess): ReadableEnvironment[] {
  const { furtherCompanies, ...first } = config.businessCentral;
  const places: readonly (CompanyPlace & { readonly environmentUrl: string })[] = [first, ...furtherCompanies];
  return places.map((place) => toBusinessCentralEnvironment({ ...first, ...place }, accessOf(place)));
}

export interface EnvironmentLock {
  /** Registers the environment at the first start, if there is one. @throws ConfigError when it is another one. */
  ensureSame(): Promise<void>;
  /** Without a look: the one that is registered, which is undefined when none is. The first request looks all the same. */
  trustRegistered(): Promise<Identity | undefined>;
  /** Before a request. @throws RemoteApiError that certainly nothing was done with. */
  confirm(asked: string): Promise<void>;
}

/** Whatever is asked of one system depends on both: neither is asked while one of them is not certain. */
export function confirmAll(locks: readonly EnvironmentLock[]): (asked: string) => Promise<void> {
  return async (asked) => {
    await Promise.all(locks.map((lock) => lock.confirm(asked)));
  };
}

/** A refusal that passes does not last as long. */
const UNREADABLE_LIMIT_MS = 10 * 60_000;

export interface LockOptions {
  readonly environments: EnvironmentLedger;
  /** How old the last look may be. */
  readonly checkEveryMs: number;
  readonly by: string;
  readonly clock: Clock;
}

export function createEnvironmentLock(environment: ReadableEnvironment, options: LockOptions): EnvironmentLock {
  const { system, address } = environment;
  let startedWith: Identity | undefined;
  let sameAt: Date | undefined;
  let unreadableSince: Date | undefined;
  let looking: Promise<string | undefined> | undefined;
  const nothing = `no environment under ${address}`;

  /** What is wrong, in words. */
  async function look(): Promise<string | undefined> {
    const identity = await environment.readIdentity();
    if (!identity) return nothing;
    const found: Environment = { system, address, identity };
    const registered = await options.environments.ensureRegistered(found, options.by);
    if (!isSame(registered, identity)) {
      const was = `registered ${describeIdentity(registered)}, got ${describeIdentity(identity)}`;
      return `expected the registered environment under ${address}, got another one: ${was}; if that is meant, run \`dealbridge environments accept ${system} --by NAME\` and start the worker again`;
    }
    const unread = Object.keys(registered).filter((name) => identity[name] === undefined);
    if (unread.length > 0) return doubt(unread, registered);
    unreadableSince = undefined;
    // Company id and the places of the feeds are those of the environment that the process began with.
    if (startedWith && !isSame(startedWith, identity)) {
      return `the worker started with ${describeIdentity(startedWith)} under ${address}, and ${describeIdentity(identity)} was accepted since: start it again`;
    }
    startedWith ??= identity;
    sameAt = options.clock.now();
    return undefined;
  }

  /** What is not known is not certain: it is asked again, and a person hears of it when that does not help. */
  function doubt(unread: readonly string[], registered: Identity): string {
    const now = options.clock.now();
    unreadableSince ??= now;
    if (now.getTime() - unreadableSince.getTime() < UNREADABLE_LIMIT_MS) {
      throw new RemoteApiError(system, 'unavailable', `read ${unread.join(', ')} of the environment`, {});
    }
    return `expected ${describeIdentity(registered)} under ${address}, could not read ${unread.join(', ')} since ${unreadableSince.toISOString()}: give the app registration the right to read it again, or run \`dealbridge environments accept ${system} --by NAME\``;
  }

  /** A clock that was set back makes nothing recent. */
  const isRecent = (at: Date | undefined): boolean => {
    const ageMs = at && options.clock.now().getTime() - at.getTime();
    return ageMs !== undefined && ageMs >= 0 && ageMs < options.checkEveryMs;
  };

  const lookOnce = (): Promise<string | undefined> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  return {
    async ensureSame() {
      const problem = await lookOnce();
      // Whoever opens the company tells which there are instead.
      if (problem !== undefined && problem !== nothing) throw new ConfigError(problem);
    },
    async trustRegistered() {
      const known = (await options.environments.list()).find((one) => one.system === system && one.address === address);
      startedWith = known?.identity;
      return startedWith;
    },
    async confirm(asked) {
      if (isRecent(sameAt)) return;
      const problem = await lookOnce().catch((error: unknown) => {
        throw notAsked(error);
      });
      if (problem === undefined) return;
      const api: RemoteApi = system;
      throw new RemoteApiError(api, 'other-environment', asked, { remoteMessage: problem });
    },
  };
}

/** The look failed and the request was never sent, so its outcome is not unknown (I3). */
function notAsked(error: unknown): unknown {
  if (!(error instanceof RemoteApiError) || error.wasNotDone) return error;
  return new RemoteApiError(error.api, 'unavailable', error.message, error.facts);
}

/** What was never read is not compared. */
export function isSame(left: Identity, right: Identity): boolean {
  return Object.entries(left).every(([name, value]) => right[name] === undefined || right[name] === value);
}

export function describeIdentity(identity: Identity): string {
  return Object.entries(identity)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
