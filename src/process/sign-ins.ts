import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError } from '../deal/errors.js';
import {
  findRetryAfter,
  MAX_SIGN_IN_WAIT_MS,
  type RemoteSystem,
  sayNotReady,
  toStartProblem,
} from './patient-start.js';
import { NOT_ASKED_YET } from './telemetry/readiness.js';

/**
 * Worker and starter stay up while Entra refuses one of their secrets, so that a new one can be entered at the desk and the alert goes
 * out: they say which setting is refused, and are ready once every sign-in works.
 */
export interface SignIn {
  readonly system: RemoteSystem;
  readonly ask: () => Promise<unknown>;
}

export interface SignInWatch {
  readonly log: Logger;
  /** Where the desk is, when it is switched on. */
  readonly deskUrl: string | undefined;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export interface SignIns {
  /** Resolves with whether all work; false when it was stopped before. */
  readonly all: Promise<boolean>;
  readonly work: () => boolean;
  stop(): void;
}

const FIRST_WAIT_MS = 1_000;

export function watchSignIns(signIns: readonly SignIn[], { log, deskUrl, pause = pauseFor }: SignInWatch): SignIns {
  const stopping = new AbortController();
  let areGood = false;
  let said: string | undefined;
  const desk = deskUrl === undefined ? '' : `; the desk is open at ${deskUrl}`;
  const all = (async () => {
    for (let waitMs = FIRST_WAIT_MS; !stopping.signal.aborted; waitMs = Math.min(waitMs * 2, MAX_SIGN_IN_WAIT_MS)) {
      const problem = await findProblem(signIns);
      // Whoever stops closes what the next step would need.
      if (stopping.signal.aborted) return false;
      if (problem === undefined) {
        areGood = true;
        return true;
      }
      said = sayNotReady(log, `${problem.text}${desk}`, said);
      // The server knows better than our back-off when it will listen again (I8).
      await pause(Math.max(waitMs, problem.retryAfterMs), stopping.signal);
    }
    return false;
  })();
  return { all, work: () => areGood, stop: () => stopping.abort() };
}

/** For the check of readiness. @throws ConfigError */
export function ensureSignedIn(signIns: SignIns | undefined): typeof NOT_ASKED_YET | undefined {
  if (!signIns) return NOT_ASKED_YET;
  if (!signIns.work()) throw new ConfigError('a sign-in is refused or was not taken yet');
  return undefined;
}

interface Problem {
  readonly text: string;
  readonly retryAfterMs: number;
}

async function findProblem(signIns: readonly SignIn[]): Promise<Problem | undefined> {
  const problems = await Promise.all(
    signIns.map(async ({ system, ask }) => {
      try {
        await ask();
        return undefined;
      } catch (error) {
        return { text: toStartProblem(system, error), retryAfterMs: findRetryAfter(error) ?? 0 };
      }
    }),
  );
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length === 0) return undefined;
  return {
    text: found.map(({ text }) => text).join('; '),
    retryAfterMs: Math.max(...found.map(({ retryAfterMs }) => retryAfterMs)),
  };
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
