import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { CredentialProvider } from './clients/tokens.js';
import { ConfigError } from './config.js';
import type { CredentialName, Vault } from './ledger/vault.js';

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

const KEEP_MS = 30_000;
const KEEP_AFTER_MISS_MS = 1_000;

export type SecretCheck = (given: string) => Promise<boolean>;

/** Compares in constant time with every secret that is valid; a new one is known at once, an ended one for seconds. */
export function createSecretCheck(find: CredentialProvider): SecretCheck {
  let known: readonly Buffer[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<void> => {
    const found = await find();
    known = found.flatMap((credential) => (credential.kind === 'secret' ? [digest(credential.secret)] : []));
    readAt = Date.now();
  };
  const isKnown = (given: Buffer): boolean => known.filter((secret) => timingSafeEqual(secret, given)).length > 0;
  return async (text) => {
    const given = digest(text);
    if (Date.now() - readAt > KEEP_MS) await read();
    if (isKnown(given)) return true;
    if (Date.now() - readAt < KEEP_AFTER_MISS_MS) return false;
    await read();
    return isKnown(given);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The secret that Business Central is given is another than Dataverse's: neither side can speak for the other. */
export async function deriveClientState(webhookSecrets: CredentialProvider): Promise<string> {
  const [newest] = await webhookSecrets();
  if (newest?.kind !== 'secret') throw new ConfigError(`There is no secret 'webhook', and BC_CLIENT_STATE is not set.`);
  return createHmac('sha256', newest.secret).update('business-central clientState').digest('base64url');
}
