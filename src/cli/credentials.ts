import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { requestToken } from '../clients/entra/tokens.js';
import { RemoteApiError } from '../clients/errors.js';
import { CREDENTIAL_NAMES, type CredentialName, type Vault } from '../ledger/settings/vault.js';
import { type Config, loadConfig, WEBHOOK_SECRET_LENGTH } from '../process/config.js';
import { createCredentialProvider } from '../process/credentials.js';
import { openFoundation } from '../process/runtime.js';
import { CredentialError, parseCertificate } from '../secrets/credential.js';
import { readAll, readSecret } from './read-secret.js';

const OVERLAP_HOURS = 24;

export function addCredentialCommands(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('secrets of the app registrations and of the webhook, sealed in the ledger');

  credentials
    .command('set')
    .description('keep a secret, asked for without echo or read from stdin; a running worker takes it up by itself')
    .argument('<name>', CREDENTIAL_NAMES.join(', '))
    .option('--certificate', 'private key and certificate (PEM) are on stdin instead of a secret')
    .option(
      '--overlap-hours <n>',
      'how long the one before stays valid; 0 when it is in wrong hands',
      `${OVERLAP_HOURS}`,
    )
    .option('--by <who>', 'for the audit trail', userName())
    .action((given: string, options: { certificate?: true; overlapHours: string; by: string }) =>
      withVault(async (vault) => {
        const name = parseName(given);
        const overlapHours = Number(options.overlapHours);
        if (!(overlapHours >= 0)) {
          throw new RangeError(`overlap-hours: found '${options.overlapHours}', a number of hours is right`);
        }
        const read = options.certificate ? await readCertificate(name) : await readPlainSecret(name);
        const kept = await vault.set({ name, ...read, actor: options.by, overlapHours });
        const expiry = kept.expiresAt ? `, certificate until ${day(kept.expiresAt)}` : '';
        console.log(`${name}: generation ${kept.generation} kept, sealed with key ${kept.keyId}${expiry}`);
      }),
    );

  credentials
    .command('list')
    .description('list what is kept, never a value')
    .action(() =>
      withVault(async (vault) => {
        console.log(['name', 'generation', 'kind', 'key', 'set', 'by', 'certificate until', 'valid'].join('\t'));
        for (const one of await vault.list()) {
          const { name, generation, kind, keyId, setAt, setBy, expiresAt } = one;
          const set = `${day(setAt)} (${daysSince(setAt)} d)`;
          const cells = [name, generation, kind, keyId, set, setBy, expiresAt ? day(expiresAt) : '-'];
          console.log([...cells, toValidity(one.validUntil)].join('\t'));
        }
      }),
    );

  credentials
    .command('rotate')
    .description('seal everything with the newest key of the ring')
    .option('--by <who>', 'for the audit trail', userName())
    .action((options: { by: string }) =>
      withVault(async (vault) => {
        const { keyId, resealed } = await vault.rotate(options.by);
        console.log(`${resealed} sealed anew, everything is sealed with key ${keyId}`);
      }),
    );

  credentials
    .command('test')
    .description('ask Entra for a token with each credential and say what came back')
    .action(() => withVault(testCredentials));
}

async function testCredentials(vault: Vault, config: Config): Promise<void> {
  const apps = [
    { name: 'dataverse', app: config.dataverse.app, setting: config.dataverse.secret },
    { name: 'business-central', app: config.businessCentral.app, setting: config.businessCentral.secret },
  ] as const;
  for (const { name, app, setting } of apps) {
    const found = await createCredentialProvider(vault, name, setting)();
    const from = setting === undefined ? 'ledger' : 'settings';
    if (found.length === 0) {
      process.exitCode = 1;
      console.log(`${name}: there is none, neither in the settings nor in the ledger`);
    }
    for (const [index, credential] of found.entries()) {
      const which = `${name} (${from}, ${credential.kind}${index > 0 ? ', the one before' : ''})`;
      try {
        const { expiresAt } = await requestToken(app, credential);
        console.log(`${which}: Entra gave a token for ${app.scope} until ${expiresAt.toISOString()}`);
      } catch (error) {
        if (!(error instanceof RemoteApiError)) throw error;
        // The one before may have ended already; that is what an overlap is for.
        if (index === 0) process.exitCode = 1;
        console.log(`${which}: ${error.message}`);
      }
    }
  }
}

async function readPlainSecret(name: CredentialName) {
  const secret = await readSecret(`secret for ${name} (not shown): `);
  if (secret === '') throw new RangeError('found nothing; a secret on stdin is right');
  if (name === 'webhook' && secret.length < WEBHOOK_SECRET_LENGTH) {
    throw new RangeError(
      `the webhook secret has ${secret.length} characters; ${WEBHOOK_SECRET_LENGTH} or more are right`,
    );
  }
  return { credential: { kind: 'secret', secret } as const };
}

async function readCertificate(name: CredentialName) {
  if (name === 'webhook') throw new RangeError('a webhook has a secret, not a certificate');
  if (process.stdin.isTTY) {
    throw new RangeError(
      'a terminal would show the private key: give the PEM files on stdin, `cat key.pem cert.pem | …`',
    );
  }
  try {
    const { credential, facts } = parseCertificate(await readAll());
    return { credential, certificate: facts };
  } catch (error) {
    throw error instanceof CredentialError ? new RangeError(error.message) : error;
  }
}

async function withVault(work: (vault: Vault, config: Config) => Promise<void>): Promise<void> {
  const config = { ...loadConfig(), logLevel: 'warn' };
  const foundation = await openFoundation(config, 'cli');
  try {
    await work(foundation.vault, config);
  } finally {
    await foundation.close();
  }
}

function parseName(text: string): CredentialName {
  const name = CREDENTIAL_NAMES.find((known) => known === text);
  if (!name) throw new RangeError(`name: found '${text}', one of ${CREDENTIAL_NAMES.join(', ')} is right`);
  return name;
}

function toValidity(validUntil: Date | undefined): string {
  if (!validUntil) return 'current';
  return validUntil.getTime() > Date.now() ? `until ${validUntil.toISOString()}` : 'ended';
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function daysSince(date: Date): number {
  return Math.floor((Date.now() - date.getTime()) / 86_400_000);
}

/** A container may run as a number without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
