import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { type ErrorCode, REMOTE_ERRORS } from '../../deal/error-codes.js';
import {
  ChangedSinceError,
  DealbridgeError,
  NotAllowedError,
  NotTakenYetError,
  RefusedError,
  UnknownError,
  UserError,
} from '../../deal/errors.js';

/** Of the API alone; docs/desk.md lists them. */
type ApiCode =
  | 'not-signed-in'
  | 'not-found'
  | 'precondition-required'
  | 'body-refused'
  | 'too-many-requests'
  | 'other-address'
  | 'not-available';

/** What nothing works without. The process that serves knows how each of them fails. */
export type AwaySystem = 'ledger' | 'Temporal';
export type FindAway = (error: unknown) => AwaySystem | undefined;

/** Who asks need not be one of ours: neither host nor reason. What was sent may have arrived before the answer was lost. */
export const AWAY_WORDS: Readonly<Record<AwaySystem, string>> = {
  ledger: 'The ledger (PostgreSQL) is not available right now.',
  Temporal: 'Temporal is not available right now.',
};
const LOOK_FIRST = 'Ask again in a while; before you repeat a change, look whether it was made.';
/** Most outages are a restart. */
const ASK_AGAIN_SECONDS = 10;

/** Refusals as RFC 9457 has them; `code` is one of docs/errors.md, or of the API alone. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode | ApiCode;
  /** Of input that does not fit. */
  readonly field?: string;
  readonly expected?: string;
}

const TITLES: Readonly<Record<ProblemDetails['status'], string>> = {
  400: 'The input does not fit',
  401: 'Nobody is signed in',
  403: 'None of your roles allows it',
  404: 'There is no such thing',
  408: 'The body is not taken',
  409: 'It cannot be done as things stand',
  411: 'The body is not taken',
  412: 'It has changed since it was looked at',
  413: 'The body is not taken',
  415: 'The body is not taken',
  421: 'The address is another one',
  428: 'Say which figures you saw',
  429: 'Ask later',
  500: 'Something failed',
  503: 'Not available right now',
};

export function toProblem(
  status: ContentfulStatusCode,
  code: ProblemDetails['code'],
  detail: string,
  more: Pick<ProblemDetails, 'field' | 'expected'> = {},
): ProblemDetails {
  return { type: `urn:dealbridge:${code}`, title: TITLES[status] ?? 'Refused', status, detail, code, ...more };
}

export function sendProblem(c: Context, problem: ProblemDetails): Response {
  c.header('content-type', 'application/problem+json');
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode);
}

/** What of an error a person may see, and as which status. */
export function problemOf(error: unknown): ProblemDetails {
  if (error instanceof UnknownError) return toProblem(404, error.code, error.message);
  if (error instanceof NotAllowedError) return toProblem(403, error.code, error.message);
  if (error instanceof ChangedSinceError) return toProblem(412, error.code, error.message);
  if (error instanceof NotTakenYetError) return toProblem(503, error.code, error.message);
  if (error instanceof RefusedError) return toProblem(409, error.code, error.message);
  if (error instanceof UserError) {
    const { field, expected } = error;
    return toProblem(400, error.code, error.message, { field, expected });
  }
  // Of Hono's own, which reads the bodies: 400 for what is no JSON, 415 for what says to be something else.
  if (error instanceof HTTPException && (error.status === 400 || error.status === 415))
    return toProblem(error.status, 'body-refused', 'body: expected JSON, with the content type application/json');
  const code = error instanceof DealbridgeError ? error.code : 'internal';
  // Its message says what was asked and what came back, never whose data (src/clients/errors.ts).
  if (error instanceof DealbridgeError && code in REMOTE_ERRORS)
    return toProblem(code === 'not-found' ? 404 : 503, code, error.message);
  return toProblem(500, code, 'Dealbridge or its ledger has a fault; the log of the starter names it.');
}

/** When somebody may ask again. */
export function setRetryAfter(c: Context): void {
  c.header('retry-after', String(ASK_AGAIN_SECONDS));
}

export function sendNotAvailable(c: Context, what: string): Response {
  setRetryAfter(c);
  return sendProblem(c, toProblem(503, 'not-available', `${what} ${LOOK_FIRST}`));
}

export function answerError(error: Error, c: Context, log: Logger, findAway: FindAway): Response {
  const away = findAway(error);
  if (away !== undefined) {
    log.error({ err: error, route: routePath(c, -1) }, 'request failed');
    return sendNotAvailable(c, AWAY_WORDS[away]);
  }
  const problem = problemOf(error);
  // The path holds what the caller typed: the name of a view, or of a customer.
  if (problem.status >= 500) log.error({ err: error, route: routePath(c, -1) }, 'request failed');
  return sendProblem(c, problem);
}

/** What stands before all routes of the desk refuses in words of its own; under the API these are problem details as well. */
export const withProblems: MiddlewareHandler = async (c, next) => {
  await next();
  const { status, headers } = c.res;
  if (status < 400 || headers.get('content-type')?.startsWith('application/problem+json')) return;
  const problem = toProblem(status as ContentfulStatusCode, codeOfRefusal(status), toWords(await c.res.text()));
  // The headers stay, but for the type.
  c.res = new Response(JSON.stringify(problem), { status, headers: { 'content-type': 'application/problem+json' } });
};

function codeOfRefusal(status: number): ApiCode {
  if (status === 421) return 'other-address';
  return status === 429 ? 'too-many-requests' : 'body-refused';
}

/** @param text of `refuse` (src/http/limits/refusals.ts), or plain */
function toWords(text: string): string {
  try {
    return (JSON.parse(text) as { readonly error: string }).error;
  } catch {
    return text;
  }
}
