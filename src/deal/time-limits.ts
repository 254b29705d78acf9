/** Time limits that depend on each other; those that are settings are checked against these at start. */

/** One remote step. Posting may take minutes; the HTTP client gives up before, so that no attempt outlives its step. */
export const ACTIVITY_LIMIT_MS = 150_000;
/** One token of Entra, with its answer read whole. */
export const TOKEN_LIMIT_MS = 10_000;
/** The look at the environment before a write: at most two requests. */
export const PROBE_LIMIT_MS = 14_000;
/** A step says that it is alive this often, and a worker that died is noticed after the limit. */
export const HEARTBEAT_INTERVAL_MS = 2_000;
export const HEARTBEAT_LIMIT_MS = 6_000;
/** A document is posted by what was read of its record at most this long ago; else the record is read once more. */
export const RECORD_FRESH_MS = 60_000;
/** A posting that stood in the queue for longer reads it again too, however fresh it was: the worker may have died meanwhile. */
export const QUEUE_WAIT_MS = 2_000;
/** Where a 429 does not say how long to wait, the first pause of a row, and the longest (reference/business-central 8). */
export const FIRST_PAUSE_MS = 5_000;
export const MAX_PAUSE_MS = 60_000;
/** A connection of the ledger, and a statement of worker or starter: a step hears of a server that went silent before its own end. */
export const LEDGER_CONNECT_MS = 20_000;
export const LEDGER_ANSWER_MS = 60_000;
/** Temporal's server, by whom it has to be asked; what waits for a worker there, unless it has a limit of its own, is given longer. */
export const TEMPORAL_ANSWER_MS = 20_000;
export const TEMPORAL_WAIT_MS = 60_000;
/** A worker that is told to stop lets its steps end, then cancels them, then leaves. */
export const SHUTDOWN_GRACE_MS = 20_000;
export const SHUTDOWN_FORCE_MS = 40_000;

export interface TimeLimits {
  readonly requestMs: number;
  readonly dataverseWindowMs: number;
  readonly businessCentralWindowMs: number;
  readonly activityMs: number;
  readonly tokenMs: number;
  readonly probeMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMs: number;
  readonly shutdownGraceMs: number;
  readonly shutdownForceMs: number;
}

export const FIXED_LIMITS = {
  activityMs: ACTIVITY_LIMIT_MS,
  tokenMs: TOKEN_LIMIT_MS,
  probeMs: PROBE_LIMIT_MS,
  heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  heartbeatMs: HEARTBEAT_LIMIT_MS,
  shutdownGraceMs: SHUTDOWN_GRACE_MS,
  shutdownForceMs: SHUTDOWN_FORCE_MS,
} as const;

interface TimeRule {
  readonly name: string;
  /** The setting, or the limit of the program, that has to give way. */
  readonly setting: string;
  readonly found: (limits: TimeLimits) => number;
  readonly isRight: (limits: TimeLimits) => boolean;
  readonly expected: (limits: TimeLimits) => string;
}

/** A window that ends before its request does would let the same write be asked twice (I3). */
function windowRule(system: string, setting: string, found: (limits: TimeLimits) => number): TimeRule {
  return {
    name: `ambiguity window of ${system} after the request`,
    setting,
    found,
    isRight: (limits) => found(limits) > limits.requestMs,
    expected: ({ requestMs }) => `more than ${requestMs}, which is REQUEST_TIMEOUT_MS`,
  };
}

export const TIME_RULES: readonly TimeRule[] = [
  {
    name: 'request within its step',
    setting: 'REQUEST_TIMEOUT_MS',
    found: ({ requestMs }) => requestMs,
    isRight: ({ requestMs, activityMs, tokenMs, probeMs }) => requestMs < activityMs - tokenMs - probeMs,
    expected: ({ activityMs, tokenMs, probeMs }) =>
      `less than ${activityMs - tokenMs - probeMs}: a step has ${activityMs}, of which a token takes ${tokenMs} and the look at the environment ${probeMs}`,
  },
  windowRule('Dataverse', 'DATAVERSE_AMBIGUITY_WINDOW_MS', ({ dataverseWindowMs }) => dataverseWindowMs),
  windowRule('Business Central', 'BC_AMBIGUITY_WINDOW_MS', ({ businessCentralWindowMs }) => businessCentralWindowMs),
  {
    name: 'two heartbeats within their limit',
    setting: 'the heartbeat interval',
    found: ({ heartbeatIntervalMs }) => heartbeatIntervalMs,
    isRight: ({ heartbeatIntervalMs, heartbeatMs }) => heartbeatIntervalMs * 2 < heartbeatMs,
    expected: ({ heartbeatMs }) => `less than ${heartbeatMs / 2}: one that is lost must not end the step`,
  },
  {
    name: 'grace before force',
    setting: 'the grace time of a shutdown',
    found: ({ shutdownGraceMs }) => shutdownGraceMs,
    isRight: ({ shutdownGraceMs, shutdownForceMs }) => shutdownGraceMs < shutdownForceMs,
    expected: ({ shutdownForceMs }) => `less than ${shutdownForceMs}, after which steps are left alone`,
  },
];

/** Every rule that is broken: which setting, what would be right, what was found. */
export function findBrokenTimeRules(
  limits: TimeLimits,
): readonly { readonly name: string; readonly setting: string; readonly problem: string }[] {
  return TIME_RULES.filter(({ isRight }) => !isRight(limits)).map(({ name, setting, found, expected }) => ({
    name,
    setting,
    problem: `expected ${expected(limits)}, got ${found(limits)}`,
  }));
}
