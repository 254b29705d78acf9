import { type DestinationStream, type Logger, pino } from 'pino';
import { RemoteApiError } from '../clients/errors.js';
import { INPUT_ERRORS, SETUP_ERRORS } from '../deal/error-codes.js';
import { DealbridgeError } from '../deal/errors.js';
import { findTraceFacts } from '../telemetry/spans.js';

/** One object a line on stderr; errors are shown without what they may quote (I7). */
export function createLog(
  name: string,
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
  findDealId: () => string | undefined = () => undefined,
): Logger {
  // Each line says of which deal and trace it is; what the line itself says counts more.
  const mixin = () => {
    const dealId = findDealId();
    return { ...findTraceFacts(), ...(dealId !== undefined && { dealId }) };
  };
  return pino({ name, level, serializers: { err: toShownError }, mixin }, destination);
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
  const isQuoting = QUOTING.has(name) || QUOTING.has(type);
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
  const { type, message, code, stack } = toShownError(error);
  return [`${type}: ${message}${code ? ` (${code})` : ''}`, ...stack.map((line) => `    ${line}`)].join('\n');
}

/**
 * Node prints an uncaught error with all that it carries; this prints what may be seen. It is a line of the log as any other,
 * but for what a person at the terminal can correct by the message alone.
 */
export function guardOutput(name: string): void {
  process.on('uncaughtException', (error) => {
    if (isForPeople(error)) process.stderr.write(`${describeError(error)}\n`);
    else createLog(name, 'fatal').fatal({ err: error }, 'a fault that nothing caught ends the process');
    process.exit(1);
  });
}
