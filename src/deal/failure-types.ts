import type { ErrorAdvice, RemoteErrorCode } from './error-codes.js';

/** The closed set of types that our failures have in Temporal; a type is what code branches on, never a message. */

export const REMOTE_APIS = ['business-central', 'dataverse', 'entra'] as const;
export type RemoteApi = (typeof REMOTE_APIS)[number];

/** A step was refused for what a person has to repair; its details are the problems. */
export const REFUSED = 'Refused';
/** A write may still land: the step looks again, and asks again only after the ambiguity window. */
export const OUTCOME_UNKNOWN = 'OutcomeUnknown';
/** Nothing that a held deal waits for has changed: Temporal looks again, later. */
export const STILL_HELD = 'StillHeld';
/** What a look at a hold sees that is refused; no failure, see {@link STILL_HELD}. */
export const NOTHING_SEEN = 'nothing';

const decides = (meaning: string, nextStep: string): ErrorAdvice => ({
  meaning,
  mender: 'whoever gave the input',
  nextStep,
});

/** Why a decision on a deal was refused; the run goes on as before. */
export const DECISION_FAILURES = {
  BadInput: decides('The decision cannot be read.', 'Give the field that the message names.'),
  NotAwaitingConfirmation: decides('Nobody is asked to confirm the deal now.', 'See its state: `dealbridge show`.'),
  AlreadyDecided: decides('Somebody has decided before.', 'See who: `dealbridge audit show <guid>`.'),
  FiguresDiffer: decides('The draft has other figures than those confirmed.', 'Look at the draft again, then confirm.'),
  OtherApprover: decides(
    'Several people confirm the document, and this person is none of those who are missing.',
    'Let another person confirm who is signed in.',
  ),
  NotHeld: decides('The deal is not held, so there is nothing to retry.', 'Nothing.'),
  NotWaiting: decides('The deal is in the middle of a step, or its document is posted.', 'Wait until it waits.'),
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export const STEP_FAILURES = {
  [REFUSED]: {
    meaning: 'A step needs a person first: the deal is held, and the details are its problems.',
    mender: 'whoever gave the input',
    nextStep: 'See the hold: it names the owner and the next step.',
  },
  [OUTCOME_UNKNOWN]: {
    meaning: 'An earlier attempt may still land in the other system.',
    mender: 'nobody: it is repeated',
    nextStep: 'Wait for the ambiguity window to pass.',
  },
  [STILL_HELD]: {
    meaning: 'Nothing that a held deal waits for has changed in Sales or Business Central.',
    mender: 'nobody: it is repeated',
    nextStep: 'See the hold: it names the owner and the next step.',
  },
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export type DecisionFailure = keyof typeof DECISION_FAILURES;
export type StepFailure = keyof typeof STEP_FAILURES | `${RemoteApi}/${RemoteErrorCode}`;
