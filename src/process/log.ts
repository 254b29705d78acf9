import { type DestinationStream, type LogFn, type Logger, pino } from 'pino';
import { RemoteApiError } from '../clients/errors.js';
import { INPUT_ERRORS, SEAL_ERRORS, SETUP_ERRORS } from '../deal/error-codes.js';
import { DealbridgeError } from '../deal/errors.js';
import { SealError } from '../secrets/key-ring.js';
import { findTraceFacts } from '../telemetry/spans.js';
import { findLedgerFailure, isAboutServer } from './ledger-away.js';
import { findTemporalAway } from './temporal-away.js';

/** One object a line on stderr; errors are shown without what they may quote (I7). */
export function createLog(
  name: string,
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
  findDealId: () => string | undefined = () => undefined,
  now: () => number = Date.now,
): Logger {
  // Each line says of which deal and trace it is; what the line itself says counts more.
  const mixin = () => {
    const dealId = findDealId();
    return { ...findTraceFacts(), ...(dealId !== undefined && { dealId }) };
  };
  const hooks = { logMethod: createOutageQuiet(now) };
  return pino({ name, level, serializers: { err: toShownError }, mixin, hooks }, destination);
}

const QUIET_MS = 60_000;
const { fatal: FATAL } = pino.levels.values;

/** While ledger or Temporal is away everything fails for the same reason: that is one line a minute, and at `debug` all of them. */
function createOutageQuiet(now: () => number) {
  const said = new Map<string, { until: number; left: number }>();
  return function sayOnce(this: Logger, given: Parameters<LogFn>, say: LogFn, level: number): void {
    const [facts, message] = given;
    const hasError = typeof facts === 'object' && facts !== null && 'err' in facts;
    const outage = hasError ? findOutage(facts.err) : undefined;
    if (!hasError || outage === undefined || level === FATAL || this.isLevelEnabled('debug')) {
      say.apply(this, given);
      return;
    }
    const { reason } = outage;
    const what = AWAY[outage.system];
    const key = `${what} ${reason}`;
    const before = said.get(key) ?? { until: Number.NEGATIVE_INFINITY, left: 0 };
    const left = before.left + 1;
    if (now() < before.until) {
      said.set(key, { ...before, left });
      return;
    }
    said.set(key, { until: now() + QUIET_MS, left: 0 });
    const { err: _err, ...others } = facts;
    say.call(this, { ...others, reason, lines: left }, `${what}: ${String(message)}`);
  };
}

export interface Outage {
  readonly system: 'ledger' | 'Temporal';
  /** For the log and a terminal: it may name a host. */
  readonly reason: string;
}

/** Which of the two that nothing works without is away, where that is why something failed. */
export function findOutage(error: unknown): Outage | undefined {
  const failure = findLedgerFailure(error);
  if (failure !== undefined) return { system: 'ledger', reason: toReason(failure) };
  const reason = findTemporalAway(error);
  return reason === undefined ? undefined : { system: 'Temporal', reason };
}

const AWAY: Readonly<Record<Outage['system'], string>> = {
  ledger: 'the ledger is not available',
  Temporal: 'Temporal is not available',
};

/** In the words of PostgreSQL or of the network, with the code by which a person finds more. */
export function toReason(error: unknown): string {
  const { message, code } = toShownError(error);
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}

export interface ShownError {
  readonly type: string;
  readonly message: string;
  readonly stack: readonly string[];
  readonly code?: string;
  readonly facts?: object;
}

/** Their messages quote what they were given: a piece of JSON, a value that a column refuses. */
const QUOTING: ReadonlySet<string> = new Set(['SyntaxError', 'ZodError', '$ZodError', 'error', 'DatabaseError']);

/** What may be seen of an error: never its details, its cause or the other properties that it carries. */
export function toShownError(error: unknown): ShownError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not shown', stack: [] };
  const { name, message } = error;
  const type = error.constructor.name;
  const stack = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isOfServer = 'code' in error && isAboutServer(error.code);
  const isQuoting = !isOfServer && (QUOTING.has(name) || QUOTING.has(type));
  return {
    type,
    message: isQuoting ? 'not shown: it quotes what was read' : message,
    stack: stack.map((line) => line.trim()),
    ...('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? { code: String(error.code) }
      : {}),
    ...(error instanceof RemoteApiError && { facts: error.facts }),
  };
}

/** What a person can correct by the message alone. */
function isForPeople(error: unknown): error is DealbridgeError {
  return error instanceof DealbridgeError && (error.code in INPUT_ERRORS || error.code in SETUP_ERRORS);
}

const TELLS_MORE = '`dealbridge doctor` tells more';

/** For a terminal: the same, in lines; what a person can correct comes without a stack. */
export function describeError(error: unknown): string {
  if (isForPeople(error)) {
    const { code, message } = error;
    if (code !== 'invalid-configuration' || message.includes('dealbridge doctor')) return message;
    return message.includes('\n') ? `${message}\n${TELLS_MORE}` : `${message.replace(/\.$/, '')}; ${TELLS_MORE}`;
  }
  if (error instanceof SealError) return `${error.message}. ${SEAL_ERRORS[error.code].nextStep}`;
  const outage = findOutage(error);
  if (outage !== undefined) return `${AWAY[outage.system]}: ${outage.reason}; ${TELLS_MORE}`;
  const { type, message, code, stack } = toShownError(error);
  return [`${type}: ${message}${code ? ` (${code})` : ''}`, ...stack.map((line) => `    ${line}`)].join('\n');
}

/**
 * Node prints an uncaught error with all that it carries; this prints what may be seen. It is a line of the log as any other,
 * but for what a person at the terminal can correct by the message alone.
 */
export function guardOutput(name: string): void {
  process.on('uncaughtException', (error) => {
    if (isForPeople(error) || error instanceof SealError) process.stderr.write(`${describeError(error)}\n`);
    else createLog(name, 'fatal').fatal({ err: error }, 'a fault that nothing caught ends the process');
    process.exit(1);
  });
}
