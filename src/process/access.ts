import { type CredentialProvider, createTokenSource, type TokenSource } from '../clients/entra/tokens.js';
import type { Lane } from '../clients/http/lane.js';
import type { Throttle } from '../clients/http/throttle.js';
import type { CompanyPlace } from '../deal/companies.js';
import { TASK_QUEUES } from '../deal/ids.js';
import { toApplicationCredential, type Vault } from '../ledger/settings/vault.js';
import type { Config } from './config.js';
import { type CredentialSource, createCredentialProvider, ensureCredential } from './credentials.js';

/** How the two systems are reached: address, token and time limit, the same for every process and command. */
export interface Access {
  readonly environmentUrl: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
  /** By which its requests are counted: the queue of the app registration. */
  readonly laneName: string;
  readonly beforeRequest?: ((asked: string) => Promise<void>) | undefined;
  /** Of the worker, which keeps asking; whoever asks once hears of a refusal at once. */
  readonly lane?: Lane | undefined;
  /** Of the worker, too: the pauses that all workers keep to. */
  readonly throttle?: Throttle | undefined;
}

export interface AllAccess {
  readonly dataverse: Access;
  readonly businessCentral: Access;
  /** By the app registration that the rules name for a company. */
  readonly businessCentralOf: BusinessCentralAccess;
}

/** The environment is that of the settings; whoever asks for a company in another one puts its own there. */
export type BusinessCentralAccess = (place: CompanyPlace) => Access;

/** @throws ConfigError when a credential is neither set nor in the ledger. */
export async function openAccess(config: Config, vault: Vault): Promise<AllAccess> {
  const dataverse = await openSystem(config, vault, 'dataverse');
  const businessCentral = await openSystem(config, vault, 'business-central');
  const businessCentralOf = await openApplications(config, vault, businessCentral);
  return { dataverse, businessCentral, businessCentralOf };
}

/** @throws ConfigError */
export async function openApplications(config: Config, vault: Vault, first: Access): Promise<BusinessCentralAccess> {
  const accesses = new Map<string, Access>();
  for (const { name, app, queue: laneName, isOfItsOwn } of config.businessCentral.applications) {
    if (!isOfItsOwn) {
      accesses.set(name, { ...first, laneName });
      continue;
    }
    const credential = toApplicationCredential(name);
    const credentials = createCredentialProvider(vault, credential, undefined);
    await ensureCredential(credential, credentials);
    accesses.set(name, { ...first, laneName, tokens: createTokenSource(app, credentials) });
  }
  return ({ application }) => accesses.get(application ?? '') ?? first;
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
  const laneName = name === 'dataverse' ? TASK_QUEUES.dataverse : TASK_QUEUES.businessCentral;
  return { environmentUrl: system.environmentUrl, tokens, timeoutMs: config.requestTimeoutMs, laneName };
}
