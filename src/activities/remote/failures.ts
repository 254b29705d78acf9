import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { z } from 'zod';
import * as businessCentral from '../../clients/business-central/refusals.js';
import * as dataverse from '../../clients/dataverse/refusals.js';
import { RemoteApiError, type RemoteErrorCode } from '../../clients/errors.js';
import { OUTCOME_UNKNOWN, REFUSED, type StepFailure } from '../../deal/failure-types.js';
import { type HoldReason, isHoldReason, type Problem } from '../../deal/holds.js';
import { namedAtMost } from '../../deal/many-problems.js';

/** Asking again cannot help: a person has to change something first. The verdict stands here and nowhere else. */
const HOPELESS: ReadonlySet<RemoteErrorCode> = new Set([
  'rejected',
  'not-found',
  'taken',
  'forbidden',
  'other-environment',
]);

/** Client error -> Temporal failure. Whatever is no RemoteApiError is a bug and stays one. */
export function toFailure(error: unknown): unknown {
  if (!(error instanceof RemoteApiError)) return error;
  if (HOPELESS.has(error.code)) return refuse(toReason(error), error.facts.remoteMessage ?? error.message, error);
  return ApplicationFailure.create({
    type: `${error.api}/${error.code}` satisfies StepFailure,
    message: error.message,
    // The server knows better than our backoff when it will listen again (I8).
    ...(error.facts.retryAfterMs !== undefined && { nextRetryDelay: error.facts.retryAfterMs }),
    details: [{ requestId: error.facts.requestId }],
    // Throttles, outages and lost answers are daily business: Temporal repeats, nobody is woken.
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** What a person has to repair, as a value; undefined for what passes by itself or is a bug. */
export function findProblem(error: unknown): Problem | undefined {
  if (!(error instanceof RemoteApiError) || !HOPELESS.has(error.code)) return undefined;
  return { reason: toReason(error), text: error.facts.remoteMessage ?? error.message };
}

const refusal = z.object({
  reason: z.custom<HoldReason>((value) => typeof value === 'string' && isHoldReason(value)),
  text: z.string(),
});

/** The problems that a refused step told as its details; none when it failed for another reason. */
export function findRefusals(error: unknown): readonly Problem[] {
  return error instanceof ApplicationFailure && error.type === REFUSED
    ? z.array(refusal).catch([]).parse(error.details)
    : [];
}

/** A business problem found by us or told by the other side. */
export function refuse(reason: HoldReason, text: string, error?: RemoteApiError): ApplicationFailure {
  const refusal: Problem = { reason, text };
  return ApplicationFailure.create({
    type: REFUSED,
    message: error?.message ?? reason,
    nonRetryable: true,
    details: [refusal],
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Several problems at once: each is a detail of its own, so that nobody repairs one a day. */
export function refuseAll(problems: readonly Problem[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: REFUSED,
    message: [...new Set(problems.map(({ reason }) => reason))].join(', '),
    nonRetryable: true,
    details: namedAtMost(problems),
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** An unknown outcome must not be asked again yet (I3): the look-up is repeated after this delay. */
export function waitForOutcome(delayMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: OUTCOME_UNKNOWN,
    message: 'an earlier attempt may still land; looked, found nothing, looking again later',
    nextRetryDelay: Math.max(1_000, Math.round(delayMs)),
    category: ApplicationFailureCategory.BENIGN,
  });
}

function toReason({ api, code, facts }: RemoteApiError): HoldReason {
  if (code === 'other-environment') return 'environment-changed';
  switch (api) {
    case 'entra':
      return 'permission';
    case 'business-central':
      return businessCentral.toHoldReason(code, facts);
    case 'dataverse':
      return dataverse.toHoldReason(code, facts);
  }
}
