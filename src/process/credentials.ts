import { createHmac } from 'node:crypto';
import type { CredentialProvider } from '../clients/entra/tokens.js';
import type { CredentialName, Vault } from '../ledger/settings/vault.js';
import { type Config, ConfigError } from './config.js';

/** Where a process takes its credentials from: a setting wins, else the ledger has them. */

const SETTINGS: Partial<Record<CredentialName, string>> = {
  dataverse: 'DATAVERSE_CLIENT_SECRET',
  'business-central': 'BC_CLIENT_SECRET',
  webhook: 'WEBHOOK_SECRET',
  desk: 'DESK_CLIENT_SECRET',
};

/** The setting that counts instead of what the ledger holds; undefined when none is set. */
export function findSettingInForce(config: Config, name: CredentialName): string | undefined {
  const { dataverse, businessCentral, starter, desk } = config;
  const given: Partial<Record<CredentialName, string | undefined>> = {
    dataverse: dataverse.secret,
    'business-central': businessCentral.secret,
    webhook: starter.webhookSecret,
    desk: desk?.issuer?.clientSecret,
  };
  return given[name] === undefined ? undefined : SETTINGS[name];
}

/** The part of the vault that whoever signs in needs. */
export type CredentialSource = Pick<Vault, 'findCredentials'>;

/** Read afresh at every call. */
export function createCredentialProvider(
  vault: CredentialSource,
  name: CredentialName,
  setting: string | undefined,
): CredentialProvider {
  if (setting !== undefined) return async () => [{ kind: 'secret', secret: setting }];
  return () => vault.findCredentials(name);
}

/** A process that could only fail does not start. @throws ConfigError */
export async function ensureCredential(name: CredentialName, find: CredentialProvider): Promise<void> {
  if ((await find()).length > 0) return;
  const setting = SETTINGS[name];
  throw new ConfigError(
    `There is no credential '${name}': run \`dealbridge credentials set ${name}\`${setting ? `, or set ${setting}` : ''}.`,
  );
}

/** Proves a notice of Business Central: before its body by the address it is sent to, and once more inside. */
export interface NoticeSecret {
  readonly clientState: string;
  /** The last part of the address that Business Central notifies. */
  readonly addressKey: string;
}

/**
 * Those that are valid, the newest first. Business Central is given others than Dataverse: neither side can speak for
 * the other. They are derived afresh at every call, so that worker and starter follow a new webhook secret alike.
 * @param setting BC_CLIENT_STATE
 */
export function createNoticeSecrets(
  webhookSecrets: CredentialProvider,
  setting: string | undefined,
): () => Promise<readonly NoticeSecret[]> {
  if (setting !== undefined) {
    const given = { clientState: setting, addressKey: derive(setting, 'business-central address') };
    return async () => [given];
  }
  return async () =>
    (await webhookSecrets()).flatMap((credential) =>
      credential.kind === 'secret'
        ? [
            {
              clientState: derive(credential.secret, 'business-central clientState'),
              addressKey: derive(credential.secret, 'business-central address'),
            },
          ]
        : [],
    );
}

/** @throws ConfigError */
export async function getNewestNoticeSecret(find: () => Promise<readonly NoticeSecret[]>): Promise<NoticeSecret> {
  const [newest] = await find();
  if (!newest) throw new ConfigError(`There is no secret 'webhook', and BC_CLIENT_STATE is not set.`);
  return newest;
}

/** One of the two as what a check compares with. */
export function toSecrets(find: () => Promise<readonly NoticeSecret[]>, part: keyof NoticeSecret): CredentialProvider {
  return async () => (await find()).map((one) => ({ kind: 'secret', secret: one[part] }));
}

function derive(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url');
}
