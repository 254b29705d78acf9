import type { FaultEffect } from '@dealbridge/simulators/kernel/faults.js';
import type { RequestKind, System } from './request-kinds.js';

/**
 * What can happen to one request, in the words of the other side (reference/business-central 10,
 * reference/dataverse-sales 10).
 */

export const EFFECTS = [
  'lost-before',
  'lost-after',
  'reset-before',
  'reset-after',
  'cut',
  '408-before',
  '408-after',
  '429',
  '429-retry-after',
  '500-before',
  '500-after',
  '502-before',
  '502-after',
  '503-retry-after',
  '504-before',
  '504-after',
  'slow',
  'late-before',
  'late-after',
  'lock-409',
  'lock-older-words',
  'deadlock-400',
  'deadlock-500',
  'stale-etag',
  '401',
  'expired-delta',
] as const;
/** Not part of the usual run, see additions.ts. */
export const LIES = ['404-record', '404-record-while', '404-gateway'] as const;
export type LieName = (typeof LIES)[number];
export type EffectName = (typeof EFFECTS)[number] | LieName | '403';

/**
 * The client gives up after the time-out, and its step comes again a second later. What it gave up on lands after that,
 * so that whoever asked again at once would do it twice, and before the outcome time has passed, since that is what the
 * outcome time promises. The distance between these two is for a machine that is busy.
 */
export const TIMES = {
  requestTimeoutMs: 1_000,
  slowMs: 400,
  lateMs: 2_300,
  ambiguityWindowMs: 3_500,
  throttlePauseMs: 1_000,
} as const;
/** Longer than an unknown outcome is waited for, as a minute is not in production: nothing may be concluded from it. */
const NOT_FOUND_SECONDS = 8;

const ENTRA: readonly EffectName[] = [
  'lost-before',
  'lost-after',
  'reset-before',
  'cut',
  '429-retry-after',
  '500-before',
  '502-before',
  '503-retry-after',
  '504-before',
  'slow',
];
const OF_ONE: Readonly<Partial<Record<EffectName, System>>> = {
  // Dataverse has no such answer: what takes it too long ends as 500 or 504.
  '408-before': 'businessCentral',
  '408-after': 'businessCentral',
  'lock-409': 'businessCentral',
  'lock-older-words': 'businessCentral',
  'deadlock-400': 'businessCentral',
  'deadlock-500': 'dataverse',
};

/** The effects that a kind of request can suffer. */
export function effectsOf(kind: RequestKind): readonly EffectName[] {
  if (kind.system === 'entra') return ENTRA;
  return EFFECTS.filter((effect) => {
    if (effect === 'stale-etag') return kind.hasEtag === true;
    if (effect === 'expired-delta') return kind.isDelta === true;
    const only = OF_ONE[effect];
    return only === undefined || only === kind.system;
  });
}

const HTML = '<html><head><title>Error</title></head><body>The gateway got no answer in time.</body></html>';

export function effectOf(system: System, name: EffectName): FaultEffect {
  switch (name) {
    case 'lost-before':
    case 'lost-after':
      return { kind: 'lose-answer', when: phase(name) };
    case 'reset-before':
    case 'reset-after':
      return { kind: 'lose-answer', when: phase(name), reset: true };
    case 'cut':
      return { kind: 'cut' };
    case '429':
      return status(429, tooMany(system));
    case '429-retry-after':
      return status(429, tooMany(system), { headers: { 'retry-after': '1' } });
    case '500-before':
    case '500-after':
      return status(500, unexpected(system), { when: phase(name) });
    case '408-before':
    case '408-after':
    case '502-before':
    case '502-after':
    case '504-before':
    case '504-after':
      return status(Number(name.slice(0, 3)), HTML, { when: phase(name) });
    case '503-retry-after':
      return status(503, unavailable(system), { headers: { 'retry-after': '1' } });
    case 'slow':
      return { kind: 'delay', ms: TIMES.slowMs };
    case 'late-before':
    case 'late-after':
      return { kind: 'delay', ms: TIMES.lateMs, when: phase(name) };
    case 'lock-409':
      return status(409, envelope('Internal_ServerError', LOCKED));
    case 'lock-older-words':
      return status(409, envelope('Internal_ServerError', LOCKED_OLDER));
    case 'deadlock-400':
      return status(400, envelope('Application_DialogException', DEADLOCK));
    case 'deadlock-500':
      return status(500, { error: { code: '0x80044150', message: SQL_DEADLOCK } });
    case '403':
      return status(403, forbidden(system));
    case 'stale-etag':
      return { kind: 'stale-etag' };
    case '401':
      return status(401, system === 'dataverse' ? '' : envelope('Authentication_InvalidCredentials', REJECTED));
    case 'expired-delta':
      return { kind: 'expired-delta' };
    case '404-record':
      return { kind: 'not-found' };
    case '404-record-while':
      return { kind: 'not-found', seconds: NOT_FOUND_SECONDS };
    case '404-gateway':
      return status(404, envelope('NoEnvironment', "Environment 'Production' does not exist."));
  }
}

const LOCKED =
  "We can't save your changes right now, because a record in table 'Sales Header' is being updated in a transaction done by another session. You'll have to wait until the other transaction has completed, which may take a while. Please try again later.";
const LOCKED_OLDER =
  'The Sales Header table cannot be locked or changed because it is already locked by the user who has User ID ADMIN.';
const DEADLOCK =
  'Your activity was deadlocked with another user who was modifying the same data, and has been stopped. Please retry the activity.';
const SQL_DEADLOCK =
  'Generic SQL error. Transaction (Process ID 77) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.';
const PRIVILEGE =
  "Principal user (Id=0a000000-0000-0000-0000-000000000001, type=8) is missing prvWriteInvoice privilege (OTC=1) on entity 'invoice'.";
const PERMISSION =
  'Sorry, the current permissions prevented the action. (TableData 36 Sales Header Insert: Base Application)  CorrelationId:  0a000000-0000-0000-0000-000000000002.';
const REJECTED = 'The server has rejected the client credentials.';

function phase(name: EffectName): 'before' | 'after' {
  return name.endsWith('-after') ? 'after' : 'before';
}

function status(
  code: number,
  body: unknown,
  more: { headers?: Record<string, string>; when?: 'before' | 'after' } = {},
): FaultEffect {
  return { kind: 'status', status: code, body, ...more };
}

function envelope(code: string, message: string): object {
  return { error: { code, message } };
}

function entra(error: string, description: string): object {
  return { error, error_description: description, error_codes: [] };
}

function tooMany(system: System): object {
  if (system === 'entra') return entra('temporarily_unavailable', 'Too many requests.');
  if (system === 'businessCentral')
    return envelope('Application_TooManyRequests', 'Too many requests reached. Actual (101). Maximum (100).');
  return envelope('0x80072322', 'Number of requests exceeded the limit of 6000 over the time window of 300 seconds.');
}

function unexpected(system: System): object {
  if (system === 'entra') return entra('server_error', 'The server ran into an error.');
  if (system === 'businessCentral') return envelope('Internal_ServerError', 'An unexpected error occurred.');
  return envelope('0x80040216', 'An unexpected error occurred.');
}

function forbidden(system: System): object {
  if (system === 'dataverse') return { error: { code: '0x80040220', message: PRIVILEGE } };
  return envelope('Authorization_RequestDenied', PERMISSION);
}

function unavailable(system: System): object | string {
  if (system === 'entra') return entra('temporarily_unavailable', 'The service is busy.');
  if (system === 'businessCentral') return envelope('Internal_TenantUnavailable', 'The tenant is not available.');
  return '';
}
