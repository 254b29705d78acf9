import type { Command } from 'commander';
import { UserError } from '../deal/errors.js';
import type { Vault } from '../ledger/settings/vault.js';
import {
  CREDENTIAL_NAMES,
  type CredentialName,
  listCredentials,
  rotateCredentials,
  setCredential,
  testCredentials,
  toApplicationCredential,
} from '../operations/settings/credentials.js';
import type { Config } from '../process/config.js';
import { createCredentialProvider, findSettingInForce } from '../process/credentials.js';
import { BY_OPTION, currentPerson, toPerson, withFoundationAtRest } from './context.js';
import { printTable } from './print.js';
import { readAll, readSecret } from './read-secret.js';

/** `dealbridge credentials …`: secrets come from a prompt or a pipe, never from the command line. */

const OVERLAP_HOURS = 24;

interface SetOptions {
  readonly certificate?: true;
  readonly overlapHours: string;
  readonly by: string;
}

export function addCredentialCommands(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('secrets of the app registrations and of the webhook, sealed in the ledger');

  credentials
    .command('set')
    .description('store a secret, asked for without echo or read from stdin; a running worker takes it up by itself')
    .argument('<name>', [...CREDENTIAL_NAMES, 'business-central-NAME'].join(', '))
    .option('--certificate', 'private key and certificate (PEM) are on stdin instead of a secret')
    .option(
      '--overlap-hours <n>',
      'how long the one before stays valid; 0 when it is in wrong hands',
      `${OVERLAP_HOURS}`,
    )
    .option(...BY_OPTION)
    .action((given: string, options: SetOptions) =>
      withFoundationAtRest(async ({ vault }, config) => {
        const name = given as CredentialName;
        const overlapHours = parseHours(options.overlapHours);
        const read = options.certificate
          ? { certificate: await readCertificate() }
          : { secret: await readSecret(`secret for ${name} (not shown): `) };
        const input = { name, ...read, overlapHours };
        const stored = await setCredential({ vault }, toPerson(options), input);
        const expiry = stored.expiresAt ? `, certificate until ${day(stored.expiresAt)}` : '';
        console.log(`${name}: generation ${stored.generation} stored, sealed with key ${stored.keyId}${expiry}`);
        for (const ended of stored.ended)
          console.log(
            `generation ${ended} has ended with that, before its time: only the one before the newest is kept`,
          );
        const { applications } = config.businessCentral;
        if (name.startsWith('business-central-') && !applications.some(({ queue }) => queue === name))
          console.log(`nothing uses it: the rules name no application '${name.slice('business-central-'.length)}'`);
        const setting = findSettingInForce(config, name);
        if (setting !== undefined)
          console.log(`${setting} is set and counts instead, until worker and starter start without it`);
      }),
    );

  credentials
    .command('list')
    .description('list what is stored, never a value')
    .action(() =>
      withFoundationAtRest(async ({ vault }) => {
        const rows = (await listCredentials({ vault }, currentPerson(), {})).map((one) => {
          const { name, generation, kind, keyId, setAt, setBy, expiresAt } = one;
          const set = `${day(setAt)} (${daysSince(setAt)} d)`;
          const cells = [name, String(generation), kind, keyId, set, setBy, expiresAt ? day(expiresAt) : '-'];
          return [...cells, toValidity(one.validUntil)];
        });
        if (rows.length === 0) console.log('no credential is stored; what stands in the settings is not listed');
        else printTable([['name', 'generation', 'kind', 'key', 'set', 'by', 'certificate until', 'valid'], ...rows]);
      }),
    );

  credentials
    .command('rotate')
    .description('seal everything with the newest key of the ring')
    .option(...BY_OPTION)
    .action((options: { by: string }) =>
      withFoundationAtRest(async ({ vault }) => {
        const { keyId, resealed } = await rotateCredentials({ vault }, toPerson(options), {});
        console.log(`${resealed} sealed anew, everything is sealed with key ${keyId}`);
      }),
    );

  credentials
    .command('test')
    .description('ask Entra for a token with each credential and say what came back')
    .action(() => withFoundationAtRest(({ vault }, config) => runTest(vault, config)));
}

async function runTest(vault: Vault, config: Config): Promise<void> {
  const { dataverse, businessCentral } = config;
  const toTested = (name: CredentialName, { app, secret }: Pick<Config['dataverse'], 'app' | 'secret'>) => ({
    name,
    app,
    from: secret === undefined ? ('ledger' as const) : ('settings' as const),
    credentials: createCredentialProvider(vault, name, secret),
  });
  const apps = [
    toTested('dataverse', dataverse),
    toTested('business-central', businessCentral),
    ...businessCentral.applications
      .filter(({ isOfItsOwn }) => isOfItsOwn)
      .map(({ name, app }) => toTested(toApplicationCredential(name), { app, secret: undefined })),
  ];
  for (const { name, from, kind, isCurrent, token, problem } of await testCredentials({ apps }, currentPerson(), {})) {
    if (problem !== undefined && isCurrent) process.exitCode = 1;
    const which = kind === undefined ? name : `${name} (${from}, ${kind}${isCurrent ? '' : ', the one before'})`;
    const result = token ? `Entra gave a token for ${token.scope} until ${token.expiresAt.toISOString()}` : problem;
    console.log(`${which}: ${result}`);
  }
}

/** @throws UserError: JavaScript alone would make 0 of an empty text, and the secret before would end at once */
function parseHours(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UserError('overlapHours', 'a number of hours such as 24, or 0', text);
}

async function readCertificate(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new UserError(
      '--certificate',
      'the PEM files on standard input (a terminal would show the private key): `cat key.pem cert.pem | …`',
    );
  }
  return readAll();
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
