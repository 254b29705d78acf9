import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import type { Logger } from 'pino';
import { RemoteApiError } from '../clients/errors.js';
import { REMOTE_ERRORS } from '../deal/error-codes.js';
import { ConfigError } from '../deal/errors.js';
import { findDatabaseProblem } from './database-problems.js';
import { toShownError } from './log.js';

/**
 * A process that starts while another system is busy or away waits for it and says for what. So it does while a sign-in is refused: a new
 * secret is entered while it waits. What else a person has to correct ends the start in one line.
 */
export interface Patience {
  readonly log: Logger;
  readonly pause?: (ms: number) => Promise<unknown>;
}

export type RemoteSystem = 'Business Central' | 'Sales';
type System = RemoteSystem | 'PostgreSQL' | 'Temporal';

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
/** Somebody who has entered a new secret waits for it to be taken. */
export const MAX_SIGN_IN_WAIT_MS = 15_000;

export async function waitFor<T>(system: System, ask: () => Promise<T>, { log, pause = sleep }: Patience): Promise<T> {
  let said: string | undefined;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (isRefusedSignIn(error)) {
        said = sayNotReady(log, toRefusedSignIn(system, error), said);
        await pause(Math.min(waitMs, MAX_SIGN_IN_WAIT_MS));
        continue;
      }
      if (!PASSES[system](error)) throw toOneLine(system, error);
      // The server knows better than our back-off when it will listen again (I8).
      const retryInMs = findRetryAfter(error) ?? withJitter(waitMs);
      const { message, code } = toShownError(error);
      const reason = code === undefined || message.includes(code) ? message : `${message} (${code})`;
      log.warn({ waitingFor: system, reason, retryInMs }, `not started yet: waiting for ${system}`);
      await pause(retryInMs);
    }
  }
}

/** Once, not at every try. */
export function sayNotReady(log: Logger, problem: string, saidBefore: string | undefined): string {
  if (problem !== saidBefore) log.warn(`not ready: ${problem}`);
  return problem;
}

/** A secret that is wrong or has expired, or an app registration that is not let in. */
export function isRefusedSignIn(error: unknown): error is RemoteApiError & { readonly code: 'unauthorized' } {
  return error instanceof RemoteApiError && error.code === 'unauthorized';
}

function passesByItself(error: unknown): boolean {
  return error instanceof RemoteApiError && REMOTE_ERRORS[error.code].mender === 'nobody: it is repeated';
}

const PASSES: Readonly<Record<System, (error: unknown) => boolean>> = {
  'Business Central': passesByItself,
  Sales: passesByItself,
  PostgreSQL: (error) => {
    if (findDatabaseProblem(error) !== undefined) return false;
    const code = codeOf(error);
    if (code === undefined) return error instanceof Error && error.constructor === Error;
    return NETWORK.has(code) || /^(08|53|57P)/.test(code);
  },
  Temporal: (error) => {
    if (error instanceof TypeError || error instanceof ConfigError) return false;
    const code = grpcCodeOf(error) ?? grpcCodeOf(error instanceof Error ? error.cause : undefined);
    return code === undefined || PASSING_GRPC.has(code);
  },
};

/** Also the name: in a composition the other container may not be known yet. */
const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const PASSING_GRPC: ReadonlySet<number> = new Set([4, 8, 14]);

function grpcCodeOf(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function findRetryAfter(error: unknown): number | undefined {
  return error instanceof RemoteApiError ? error.facts.retryAfterMs : undefined;
}

/** Workers that start together do not ask together. */
function withJitter(waitMs: number): number {
  return Math.round(waitMs * (0.5 + Math.random() / 2));
}

/** One line on why a system cannot be signed in to. @throws what is a bug */
export function toStartProblem(system: RemoteSystem, error: unknown): string {
  const mended = toOneLine(system, error);
  if (mended instanceof ConfigError && !passesByItself(error)) return mended.message;
  if (!passesByItself(error)) throw error;
  const { message, code } = toShownError(error);
  return `waiting for the sign-in to ${system}: ${code === undefined || message.includes(code) ? message : `${message} (${code})`}`;
}

/** A command asks once, and hears at once that nobody is there. */
export async function askOnce<T>(system: System, ask: () => Promise<T>, where: string): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const mended = toOneLine(system, error);
    if (mended !== error || error instanceof ConfigError || !PASSES[system](error)) throw mended;
    const setting = system === 'PostgreSQL' ? 'DATABASE_URL' : 'TEMPORAL_ADDRESS';
    const { message, code } = toShownError(error);
    throw new ConfigError(`setting ${setting}: expected ${system} at ${where}, got no answer (${code ?? message})`);
  }
}

/** Of an address of the ledger, what may be shown. */
export function toDatabasePlace(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'an address that cannot be read';
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}

const NOT_FOUND = 5;

/** Wrong credentials or names are for a person, without a stack. Anything else is a bug and stays one. */
function toOneLine(system: System, error: unknown): unknown {
  if (error instanceof RemoteApiError) {
    if (isRefusedSignIn(error)) return new ConfigError(toRefusedSignIn(system, error));
    return new ConfigError(`${system}: ${error.message}. ${REMOTE_ERRORS[error.code].nextStep}`);
  }
  const problem = system === 'PostgreSQL' ? findDatabaseProblem(error) : undefined;
  if (problem !== undefined) return new ConfigError(`setting DATABASE_URL: ${problem}`);
  if (system === 'Temporal' && grpcCodeOf(error) === NOT_FOUND) {
    return new ConfigError(
      'setting TEMPORAL_NAMESPACE: expected a namespace of the server, got one that it does not know',
    );
  }
  return error;
}

/** By the settings that a person has to look at. */
function toRefusedSignIn(system: System, { api, facts }: RemoteApiError): string {
  // Before Business Central is asked, Sales may be asked once more.
  const isSales = api === 'dataverse' || (api === 'entra' && system === 'Sales');
  const { prefix, name, shown } = isSales
    ? { prefix: 'DATAVERSE', name: 'dataverse', shown: 'Sales' }
    : { prefix: 'BC', name: 'business-central', shown: 'Business Central' };
  const got = [facts.status, facts.remoteCode].filter((part) => part !== undefined).join(' ') || 'no reason given';
  if (api !== 'entra') {
    return `setting ${prefix}_CLIENT_ID: expected an app registration that ${shown} lets in, got a refusal of its token (${got})`;
  }
  if (!/^(invalid_client|no_credential)/.test(facts.remoteCode ?? '')) {
    return `setting ${prefix}_CLIENT_ID or ENTRA_TENANT_ID: expected an app registration of the tenant, got a refusal of Entra's (${got})`;
  }
  return `setting ${prefix}_CLIENT_SECRET: expected a secret that Entra takes, there or, where it is not set, by \`dealbridge credentials set ${name}\`, got a refusal of Entra's (${got})`;
}
