import { z } from 'zod';
import { type AppRegistration, type CredentialProvider, requestToken } from '../../clients/entra/tokens.js';
import { RemoteApiError } from '../../clients/errors.js';
import { UserError } from '../../deal/errors.js';
import type { CredentialFacts } from '../../ledger/settings/credentials.js';
import {
  CREDENTIAL_NAMES,
  type CredentialName,
  isCredentialName,
  type StoredCredential,
  toApplicationCredential,
  type Vault,
} from '../../ledger/settings/vault.js';
import { CredentialError, parseCertificate } from '../../secrets/credential.js';
import { findOwnSecretProblem, findSecretProblem } from '../../secrets/secret-text.js';
import { defineOperation } from '../operation.js';

export { CREDENTIAL_NAMES, type CredentialName, toApplicationCredential };

/** Secrets of the app registrations and of the webhook. The vault itself records each change in the trail. */

interface VaultDependencies {
  readonly vault: Vault;
}

/** Never a value. */
export const listCredentials = defineOperation({
  act: 'list credentials',
  input: z.strictObject({}),
  run: ({ vault }: VaultDependencies): Promise<readonly CredentialFacts[]> => vault.list(),
});

/** A year: what counts for longer was not replaced. */
const MAX_OVERLAP_HOURS = 8_760;
const OVERLAP = `a number of hours from 0 to ${MAX_OVERLAP_HOURS}`;

/** Stores a secret or a certificate; a running worker takes it up by itself. */
export const setCredential = defineOperation({
  act: 'change credentials',
  input: z.strictObject({
    name: z.custom<CredentialName>(
      (name) => typeof name === 'string' && isCredentialName(name),
      `one of ${CREDENTIAL_NAMES.join(', ')}, or business-central-NAME for an application of the rules`,
    ),
    secret: z.string().optional(),
    /** Private key and certificate in one PEM text. */
    certificate: z.string().optional(),
    overlapHours: z.number('a number of hours').min(0, OVERLAP).max(MAX_OVERLAP_HOURS, OVERLAP),
  }),
  run: (
    { vault }: VaultDependencies,
    { name, secret, certificate, overlapHours },
    actor,
  ): Promise<StoredCredential> => {
    const read = certificate === undefined ? toSecret(name, secret ?? '') : toCertificate(name, certificate);
    return vault.set({ name, ...read, actor, overlapHours });
  },
});

/** Seals everything with the newest key of the ring. */
export const rotateCredentials = defineOperation({
  act: 'change credentials',
  input: z.strictObject({}),
  run: ({ vault }: VaultDependencies, _input, actor) => vault.rotate(actor),
});

/** An app registration, and the credentials that would be used for it. */
export interface TestedApp {
  readonly name: CredentialName;
  readonly app: AppRegistration;
  readonly from: 'ledger' | 'settings';
  readonly credentials: CredentialProvider;
}

export interface TestedCredential {
  readonly name: CredentialName;
  readonly from: 'ledger' | 'settings';
  /** Undefined when there is none. */
  readonly kind: string | undefined;
  /** The one before may have ended already; that is what an overlap is for. */
  readonly isCurrent: boolean;
  readonly token: { readonly scope: string; readonly expiresAt: Date } | undefined;
  readonly problem: string | undefined;
}

/** Asks Entra for a token with each of them; nothing is changed. */
export const testCredentials = defineOperation({
  act: 'list credentials',
  input: z.strictObject({}),
  run: async ({ apps }: { readonly apps: readonly TestedApp[] }): Promise<readonly TestedCredential[]> =>
    (await Promise.all(apps.map(testApp))).flat(),
});

async function testApp({ name, app, from, credentials }: TestedApp): Promise<TestedCredential[]> {
  const found = await credentials();
  const none = { name, from, kind: undefined, isCurrent: true, token: undefined };
  if (found.length === 0) return [{ ...none, problem: 'there is none, neither in the settings nor in the ledger' }];
  return Promise.all(
    found.map(async (credential, index) => {
      const tested = { name, from, kind: credential.kind, isCurrent: index === 0 };
      try {
        const { expiresAt } = await requestToken(app, credential);
        return { ...tested, token: { scope: app.scope, expiresAt }, problem: undefined };
      } catch (error) {
        if (!(error instanceof RemoteApiError)) throw error;
        return { ...tested, token: undefined, problem: error.message };
      }
    }),
  );
}

function toSecret(name: string, secret: string) {
  if (secret === '') throw new UserError('secret', 'a secret on standard input');
  const problem = name === 'webhook' ? findOwnSecretProblem(secret) : findSecretProblem(secret);
  if (problem) throw new UserError('secret', problem.expected, problem.found);
  return { credential: { kind: 'secret', secret } as const };
}

function toCertificate(name: string, pem: string) {
  if (name === 'webhook' || name === 'desk')
    throw new UserError('--certificate', `a secret: the ${name} has no certificate`);
  try {
    const { credential, facts } = parseCertificate(pem);
    return { credential, certificate: facts };
  } catch (error) {
    throw error instanceof CredentialError ? new UserError('certificate', error.expected, error.found) : error;
  }
}
