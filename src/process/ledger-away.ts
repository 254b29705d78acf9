import { isLedgerError } from '../ledger/ledger-errors.js';
import { findDatabaseProblem } from './database-problems.js';

/** Codes of Node: also the name, since in a composition the other container may not be known yet, and a machine that has just started no network. */
export const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** A connection lost, resources (a full disk, too many sessions), an operator's doing, a file of the server's; a database without writes. */
const PASSING = /^(08|53|57|58)|^25006$/;
/** And who may come in, what he may do, which database, and a pooler in between: a person has to correct it. */
const REFUSED = /^(28|3D)|^(42501|42P05|26000)$/;

/** Whether the words of PostgreSQL are about the server and quote no row (I7). */
export function isAboutServer(code: unknown): boolean {
  return typeof code === 'string' && (PASSING.test(code) || REFUSED.test(code));
}

/** Whether the ledger, its host or the way there is away, or takes nothing for now, and it passes by itself. */
export function isLedgerAway(error: unknown): boolean {
  if (!(error instanceof Error) || !isLedgerError(error) || findDatabaseProblem(error) !== undefined) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // A connection that was cut has no code.
  return code === undefined || NETWORK.has(code) || PASSING.test(code);
}

/** What the ledger failed with, where it is no fault of the statement that met it; also as the cause of what a step made of it. */
export function findLedgerFailure(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!isLedgerError(error)) return findLedgerFailure(error.cause);
  return isLedgerAway(error) || findDatabaseProblem(error) !== undefined ? error : undefined;
}
