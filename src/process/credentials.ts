import { createHmac } from 'node:crypto';
import type { CredentialProvider } from '../clients/entra/tokens.js';
import type { CredentialName, Vault } from '../ledger/settings/vault.js';
import { ConfigError } from './config.js';

/** Where a process takes its credentials from: a setting wins, else the ledger has them. */

const SETTINGS: Record<CredentialName, string> = {
  dataverse: 'DATAVERSE_CLIENT_SECRET',
  'business-central': 'BC_CLIENT_SECRET',
  webhook: 'WEBHOOK_SECRET',
};

/** Read afresh at every call. */
export function createCredentialProvider(
  vault: Vault,
  name: CredentialName,
  setting: string | undefined,
): CredentialProvider {
  if (setting !== undefined) return async () => [{ kind: 'secret', secret: setting }];
  return () => vault.findCredentials(name);
}

/** A process that could only fail does not start. @throws ConfigError */
export async function ensureCredential(name: CredentialName, find: CredentialProvider): Promise<void> {
  if ((await find()).length > 0) return;
  throw new ConfigError(
    `There is no credential '${name}': run \`dealbridge credentials set ${name}\`, or set ${SETTINGS[name]}.`,
  );
}

/** The secret that Business Central is given is another than Dataverse's: neither side can speak for the other. */
export async function deriveClientState(webhookSecrets: CredentialProvider): Promise<string> {
  const [newest] = await webhookSecrets();
  if (newest?.kind !== 'secret') throw new ConfigError(`There is no secret 'webhook', and BC_CLIENT_STATE is not set.`);
  return createHmac('sha256', newest.secret).update('business-central clientState').digest('base64url');
}
