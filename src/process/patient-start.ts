import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import type { Logger } from 'pino';
import { RemoteApiError } from '../clients/errors.js';
import { REMOTE_ERRORS } from '../deal/error-codes.js';
import { ConfigError } from '../deal/errors.js';
import { toShownError } from './log.js';

/**
 * A process that starts while another system is busy or away waits for it and says for what; what a person has to correct
 * ends the start in one line.
 */
export interface Patience {
  readonly log: Logger;
  readonly pause?: (ms: number) => Promise<unknown>;
}

type System = 'Business Central' | 'PostgreSQL' | 'Temporal';

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

export async function waitFor<T>(system: System, ask: () => Promise<T>, { log, pause = sleep }: Patience): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      return await ask();
    } catch (error) {
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

const PASSES: Readonly<Record<System, (error: unknown) => boolean>> = {
  'Business Central': (error) =>
    error instanceof RemoteApiError && REMOTE_ERRORS[error.code].mender === 'nobody: it is repeated',
  PostgreSQL: (error) => {
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

function findRetryAfter(error: unknown): number | undefined {
  return error instanceof RemoteApiError ? error.facts.retryAfterMs : undefined;
}

/** Workers that start together do not ask together. */
function withJitter(waitMs: number): number {
  return Math.round(waitMs * (0.5 + Math.random() / 2));
}

/** Wrong credentials or names are for a person, without a stack. Anything else is a bug and stays one. */
function toOneLine(system: System, error: unknown): unknown {
  if (error instanceof RemoteApiError) {
    return new ConfigError(`${system}: ${error.message}. ${REMOTE_ERRORS[error.code].nextStep}`);
  }
  const code = codeOf(error);
  // Wrong user or password, unknown database.
  if (system === 'PostgreSQL' && code !== undefined && /^(28|3D)/.test(code)) {
    return new ConfigError(`PostgreSQL: the server refuses the user, password or database of DATABASE_URL (${code})`);
  }
  return error;
}
