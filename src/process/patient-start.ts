import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type RemoteApi, RemoteApiError } from '../clients/errors.js';
import { REMOTE_ERRORS } from '../deal/error-codes.js';
import { ConfigError } from '../deal/errors.js';
import { isLedgerError } from '../ledger/ledger-errors.js';
import { findDatabaseProblem, findDatabaseTrouble } from './database-problems.js';
import { isLedgerAway, NETWORK } from './ledger-away.js';
import { toReason, toShownError } from './log.js';
import { findTemporalAway, grpcCodeOf } from './temporal-away.js';

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
type AwaySystem = System | 'Entra';

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
/** Somebody who has entered a new secret waits for it to be taken. */
export const MAX_SIGN_IN_WAIT_MS = 15_000;

/** Waits for whichever system is away meanwhile: what is asked of one may need the ledger, Entra or Temporal as well. */
export async function waitFor<T>(system: System, ask: () => Promise<T>, { log, pause = sleep }: Patience): Promise<T> {
  let said: string | undefined;
  let awayBefore: AwaySystem | undefined;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (isRefusedSignIn(error)) {
        said = sayNotReady(log, toRefusedSignIn(system, error), said);
        await pause(Math.min(waitMs, MAX_SIGN_IN_WAIT_MS));
        continue;
      }
      const away = findAway(system, error);
      if (away === undefined) throw toOneLine(system, error);
      // One that was not waited for yet is asked again soon.
      if (awayBefore !== undefined && away !== awayBefore) waitMs = FIRST_WAIT_MS;
      awayBefore = away;
      // The server knows better than our back-off when it will listen again (I8).
      const retryInMs = findRetryAfter(error) ?? withJitter(waitMs);
      log.warn({ waitingFor: away, reason: toWaitReason(error), retryInMs }, `not started yet: waiting for ${away}`);
      await pause(retryInMs);
    }
  }
}

function toWaitReason(error: unknown): string {
  const { message } = toShownError(error);
  // An environment that restarts is answered so, and a wrong name: only a person can tell which.
  if (error instanceof RemoteApiError && error.facts.remoteCode === 'NoEnvironment')
    return `${message}: it restarts, or setting BC_ENVIRONMENT names none of the tenant`;
  return toReason(error);
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

/** Which system failed with what passes by itself, whatever was asked; undefined when it does not pass. */
function findAway(asked: System, error: unknown): AwaySystem | undefined {
  if (error instanceof RemoteApiError) {
    return REMOTE_ERRORS[error.code].mender === 'nobody: it is repeated' ? REMOTE_SYSTEMS[error.api] : undefined;
  }
  if (isLedgerError(error)) return isLedgerAway(error) ? 'PostgreSQL' : undefined;
  const code = codeOf(error);
  if (asked === 'PostgreSQL' && code !== undefined) {
    if (findDatabaseProblem(error) !== undefined) return undefined;
    return NETWORK.has(code) || /^(08|53|57P)/.test(code) ? 'PostgreSQL' : undefined;
  }
  return isTemporalAway(asked, error) ? 'Temporal' : undefined;
}

const REMOTE_SYSTEMS: Readonly<Record<RemoteApi, AwaySystem>> = {
  'business-central': 'Business Central',
  dataverse: 'Sales',
  entra: 'Entra',
};

function isTemporalAway(asked: System, error: unknown): boolean {
  const code = grpcCodeOf(error) ?? grpcCodeOf(error instanceof Error ? error.cause : undefined);
  if (code !== undefined) return findTemporalAway(error) !== undefined;
  // Of a connection its SDKs throw errors without a code.
  return asked === 'Temporal' && codeOf(error) === undefined && !(error instanceof TypeError);
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
  const away = findAway(system, error);
  if (away !== undefined) return `waiting for ${away} (sign-in to ${system}): ${toWaitReason(error)}`;
  const mended = toOneLine(system, error);
  if (mended instanceof ConfigError) return mended.message;
  throw error;
}

/** A command asks once, and hears at once that nobody is there. */
export async function askOnce<T>(system: System, ask: () => Promise<T>, where: string): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const mended = toOneLine(system, error);
    if (mended !== error || findAway(system, error) === undefined) throw mended;
    const setting = system === 'PostgreSQL' ? 'DATABASE_URL' : 'TEMPORAL_ADDRESS';
    const { message, code } = toShownError(error);
    const trouble = findDatabaseTrouble(error);
    if (trouble !== undefined)
      throw new ConfigError(`${system} at ${where} does nothing for now: ${trouble.found}. ${trouble.advice}`);
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
    // In words of ours, with both environments and the command.
    if (error.code === 'other-environment') return new ConfigError(error.facts.remoteMessage ?? error.message);
    if (error.code === 'not-found' && error.api === 'business-central') {
      const right = 'the name of a company as Business Central > page Companies shows it';
      return new ConfigError(`setting BC_COMPANY: expected ${right}, got another one (${error.message})`);
    }
    return new ConfigError(`${system}: ${error.message}. ${REMOTE_ERRORS[error.code].nextStep}`);
  }
  const problem = system === 'PostgreSQL' || isLedgerError(error) ? findDatabaseProblem(error) : undefined;
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
