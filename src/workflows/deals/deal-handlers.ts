import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { StateChange } from '../../activities/deals/ledger.js';
import { isNewerRevision } from '../../deal/change-hints.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import { HOLDS, type Problem, REFUSED } from '../../deal/holds.js';
import { isSame } from '../../deal/money.js';
import type { Replay } from '../../deal/replay.js';
import { canMove, type DealState, isHandedOver } from '../../deal/states.js';
import { ledger } from '../activity-options.js';
import {
  type Asked,
  type Confirmed,
  cancelUpdate,
  changedSignal,
  confirmSignal,
  confirmUpdate,
  type DealStatus,
  type Rejected,
  rejectSignal,
  rejectUpdate,
  replayUpdate,
  retryUpdate,
  statusQuery,
} from './messages.js';
import { SEARCH_ATTRIBUTES } from './search-attributes.js';

/**
 * Where people meet a running deal: it shows state, step and holds, takes their words, and lets the story in
 * hand-over-deal.ts wait for them.
 */
export interface DealHandlers {
  /** Shows the state everywhere; the ledger is told as well unless a step has already told it. */
  enter(
    state: DealState,
    step: string,
    options?: { readonly alreadyRecorded?: boolean } & Omit<StateChange, 'recordId' | 'state'>,
  ): Promise<void>;
  /** Where the ledger says that the deal stands when a run goes on with it. */
  resumeAt(state: DealState): void;
  /** Runs a step; what is refused becomes a hold, and when it is cleared the step runs again. */
  runUnlessHeld<T>(step: string, work: (isRepeat: boolean) => Promise<T | Held>): Promise<T>;
  /** Waits for a person's word on these figures. */
  decide(figures: Figures): Promise<Decision>;
  /** What is told from now on counts as news only when it is newer than this revision. */
  hasRead(revision: string): void;
  /** Whether something was told since the last reading. */
  hasPendingChanges(): boolean;
  /** What was told, once: the next call tells only what came after. */
  takePendingChanges(): PendingChanges;
  show(facts: {
    difference?: string | undefined;
    customerNumber?: string;
    invoiceNumber?: string;
    amount?: string;
    figures?: Figures;
  }): void;
}

export interface Held {
  readonly held: readonly Problem[];
}

export interface PendingChanges {
  /** The record in Sales is another, or may be. */
  readonly ofRecord: boolean;
  /** An invoice in Business Central is another. */
  readonly ofInvoices: boolean;
}

export type Decision =
  /** The record or its document changed while it waited: the question is void. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'confirmed'; readonly by: string; readonly note: string | undefined }
  | { readonly kind: 'rejected'; readonly by: string; readonly reason: string };

/** Thrown through the story when a person ends the deal. */
export class DealEnded {
  readonly state: 'rejected' | 'cancelled';
  readonly by: string;
  readonly reason: string;
  constructor(state: 'rejected' | 'cancelled', by: string, reason: string) {
    this.state = state;
    this.by = by;
    this.reason = reason;
  }
}

/** Thrown through the story when a person wants the deal run again from its start. */
export class ReplayWanted {
  readonly replay: Replay;
  constructor(replay: Replay) {
    this.replay = replay;
  }
}

/** A hold is looked at again by itself, because what blocked it may have been repaired without a word to us. */
const RECHECK_INTERVAL = '1 hour';

export function createDealHandlers(ref: RecordRef): DealHandlers {
  let state: DealState = 'reading';
  let step = 'starting';
  let problems: readonly Problem[] = [];
  let figures: Figures | undefined;
  let invoiceNumber: string | undefined;
  let difference: string | undefined;
  let decision: Exclude<Decision, { kind: 'changed' }> | undefined;
  /** Whatever it is, whoever waits throws it. */
  let ended: DealEnded | ReplayWanted | undefined;
  let retries = 0;
  let retriedBy: string | undefined;
  /** Where the deal stood when it was held. */
  let heldAt: DealState = 'reading';
  let revision: string | undefined;
  // A revision that is told before the first reading is compared once that is known.
  let newest: string | undefined;
  let isRecordTold = false;
  let areInvoicesTold = false;
  let isWoken = false;
  // Each word wakes a hold once: the step that is held may not be one that reads the record again.
  let notified = 0;
  let answered = 0;

  const status = (): DealStatus => ({
    state,
    step,
    problems: problems.map((problem) => ({ ...problem, ...HOLDS[problem.reason] })),
    figures,
    invoiceNumber,
    ...(difference !== undefined && { difference }),
  });
  const refuse = (message: string, type: string): never => {
    throw ApplicationFailure.nonRetryable(message, type);
  };
  const mayDecide = (): void => {
    if (state !== 'awaiting-confirmation')
      refuse(`the deal is ${state}, nobody is asked to confirm`, 'NotAwaitingConfirmation');
    if (decision) refuse(`already ${decision.kind} by ${decision.by}`, 'AlreadyDecided');
  };
  const mayConfirm = (word: Confirmed): void => {
    mayDecide();
    const difference = findFigureDifference(word.figures, figures);
    if (difference) refuse(difference, 'FiguresDiffer');
  };
  const confirm = (word: Confirmed): DealStatus => {
    decision = { kind: 'confirmed', by: word.by, note: word.note };
    return status();
  };
  const reject = (word: Rejected): DealStatus => {
    decision = { kind: 'rejected', by: word.by, reason: word.reason };
    return status();
  };
  // The command line of Temporal lets it be said without a name.
  const retry = (word?: Asked): DealStatus => {
    retries += 1;
    retriedBy = word?.by;
    return status();
  };
  const cancel = (word: Rejected): DealStatus => {
    ended = new DealEnded('cancelled', word.by, word.reason);
    return status();
  };
  const replay = (wish: Replay): DealStatus => {
    ended = new ReplayWanted(wish);
    return status();
  };
  const mayEnd = (doing: string): void => {
    if (state !== 'held' && state !== 'awaiting-confirmation')
      refuse(`the deal is ${state} and cannot be ${doing} now`, 'NotWaiting');
    if (ended) refuse('the deal is ending already', 'AlreadyDecided');
    if (state === 'awaiting-confirmation' && decision)
      refuse(`already ${decision.kind} by ${decision.by}`, 'AlreadyDecided');
  };
  const mayCancel = (): void => {
    mayEnd('cancelled');
    if (state === 'held' && isHandedOver(heldAt)) refuse('its document is posted: cancel that', 'NotWaiting');
  };
  const mayReplay = (wish: Partial<Replay> | undefined): void => {
    mayEnd('replayed');
    if (!wish?.by) refuse('by: found nothing, the name of who wants it is right', 'NoName');
  };

  setHandler(statusQuery, status, { description: 'State, step, holds with their next step, figures' });
  setHandler(confirmUpdate, confirm, {
    validator: mayConfirm,
    description: 'Let the draft be posted',
  });
  setHandler(rejectUpdate, reject, {
    validator: (_word) => mayDecide(),
    description: 'Do not post the draft; it is deleted',
  });
  setHandler(retryUpdate, retry, {
    validator: (_word) => {
      if (state !== 'held') refuse(`the deal is ${state}, nothing waits for a retry`, 'NotHeld');
    },
    description: 'What held the deal is cleared: go on',
  });
  setHandler(cancelUpdate, cancel, {
    validator: (_word) => mayCancel(),
    description: 'End the deal; a draft is deleted',
  });
  setHandler(replayUpdate, replay, {
    validator: (wish) => mayReplay(wish),
    description: 'Run the deal again from its start; what exists is adopted',
  });
  // A signal cannot be refused, so one that does not fit is left unheard, and the log says so.
  setHandler(changedSignal, (hint) => {
    notified += 1;
    switch (hint.at) {
      case 'dataverse':
        if (hint.revision === undefined || hint.isDeleted) isRecordTold = true;
        else if (newest === undefined || isNewerRevision(hint.revision, newest)) newest = hint.revision;
        return;
      case 'business-central':
        areInvoicesTold = true;
        return;
      case 'masters':
        isWoken = true;
    }
  });
  setHandler(confirmSignal, (word) =>
    unlessRefused(
      'confirm',
      () => mayConfirm(word),
      () => confirm(word),
    ),
  );
  setHandler(rejectSignal, (word) => unlessRefused('reject', mayDecide, () => reject(word)));

  const publish = (): void => {
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.sourceTable, value: ref.table },
      { key: SEARCH_ATTRIBUTES.state, value: state },
      { key: SEARCH_ATTRIBUTES.holdReason, value: problems[0]?.reason ?? null },
    ]);
    setCurrentDetails(toMarkdown(status()));
  };

  const isRecordNew = (): boolean =>
    isRecordTold || (newest !== undefined && (revision === undefined || isNewerRevision(newest, revision)));
  const hasPendingChanges = (): boolean => isRecordNew() || areInvoicesTold;

  const enter: DealHandlers['enter'] = async (next, doing, options = {}) => {
    // A bug, but none that a deal has to stand still for: somebody has to look at the table.
    if (!canMove(state, next)) log.error('a move that the table of states does not have', { from: state, to: next });
    state = next;
    step = doing;
    problems = [];
    publish();
    const { alreadyRecorded, ...facts } = options;
    if (!alreadyRecorded) await ledger.recordState({ recordId: ref.recordId, state, ...facts });
  };

  const hold = async (found: readonly Problem[]): Promise<void> => {
    const before = state;
    heldAt = before;
    state = 'held';
    problems = found;
    publish();
    await ledger.recordState({ recordId: ref.recordId, state, problems });
    const heard = retries;
    retriedBy = undefined;
    // A word that came while the step ran counts, too: it may be of something that the step looked at before.
    await condition(
      () => retries > heard || ended !== undefined || isWoken || (hasPendingChanges() && notified > answered),
      RECHECK_INTERVAL,
    );
    answered = notified;
    if (ended) throw ended;
    state = before;
    problems = [];
    publish();
    const reasons = found.map(({ reason }) => reason);
    await ledger.recordState({
      recordId: ref.recordId,
      state,
      ...(retriedBy !== undefined && { decision: { actor: retriedBy, action: 'retry', facts: { reasons } } }),
    });
  };

  return {
    enter,
    resumeAt(stands) {
      state = stands;
    },
    async runUnlessHeld(doing, work) {
      step = doing;
      for (let isRepeat = false; ; isRepeat = true) {
        isWoken = false;
        const result = await work(isRepeat).catch(toHeld);
        if (!isHeld(result)) return result;
        await hold(result.held);
      }
    },
    async decide(shown) {
      figures = shown;
      decision = undefined;
      await enter('awaiting-confirmation', 'waiting for a person to confirm');
      await condition(() => decision !== undefined || ended !== undefined || hasPendingChanges());
      if (ended) throw ended;
      const word = decision as Exclude<Decision, { kind: 'changed' }> | undefined;
      if (word && (word.kind === 'rejected' || !hasPendingChanges())) return word;
      // From here on nobody may confirm what is being read again; a word that was just given is void.
      const isVoid = word && { actor: word.by, action: 'confirmation is void', facts: { figures } };
      await enter('drafted', 'reading both sides again', isVoid && { decision: isVoid });
      return { kind: 'changed' };
    },
    hasRead(read) {
      revision = read;
      isRecordTold = false;
    },
    hasPendingChanges,
    takePendingChanges() {
      const news = { ofRecord: isRecordNew(), ofInvoices: areInvoicesTold };
      isRecordTold = false;
      areInvoicesTold = false;
      // Whoever takes it reads the record: what was told until now is no news any more.
      if (newest !== undefined && (revision === undefined || isNewerRevision(newest, revision))) revision = newest;
      return news;
    },
    show(facts) {
      figures = facts.figures ?? figures;
      if ('difference' in facts) difference = facts.difference;
      invoiceNumber = facts.invoiceNumber ?? invoiceNumber;
      const attributes = [];
      if (facts.customerNumber) attributes.push({ key: SEARCH_ATTRIBUTES.customerNumber, value: facts.customerNumber });
      if (facts.invoiceNumber) attributes.push({ key: SEARCH_ATTRIBUTES.invoiceNumber, value: facts.invoiceNumber });
      if (facts.amount) attributes.push({ key: SEARCH_ATTRIBUTES.amount, value: Number(facts.amount) });
      if (attributes.length > 0) upsertSearchAttributes(attributes);
    },
  };
}

function unlessRefused(name: string, check: () => void, act: () => unknown): void {
  try {
    check();
  } catch (error) {
    log.warn('signal left unheard', { signal: name, reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  act();
}

function findFigureDifference(seen: Partial<Figures> | undefined, actual: Figures | undefined): string | undefined {
  if (!seen || !actual) return undefined;
  if (seen.documentNumber !== undefined && seen.documentNumber !== actual.documentNumber) {
    return `the draft is ${actual.documentNumber}, not ${seen.documentNumber}`;
  }
  if (seen.currency !== undefined && seen.currency !== actual.currency)
    return `the draft is in ${actual.currency}, not ${seen.currency}`;
  if (seen.totalIncludingTax !== undefined && !isSame(seen.totalIncludingTax, actual.totalIncludingTax)) {
    return `the draft amounts to ${actual.totalIncludingTax}, not ${seen.totalIncludingTax}`;
  }
  return undefined;
}

function isHeld<T>(result: T | Held): result is Held {
  return typeof result === 'object' && result !== null && 'held' in result;
}

/** A refused step is a hold; anything else, cancellation and bugs above all, goes its way. */
function toHeld(error: unknown): Held {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) throw error;
  // Everything that is wrong with a deal is told at once, each in a detail of its own.
  return { held: (cause.details ?? []) as Problem[] };
}

function toMarkdown(status: DealStatus): string {
  const lines = [`### ${status.state}`, status.step];
  if (status.figures) {
    lines.push(
      `draft **${status.figures.documentNumber}**, ${status.figures.totalIncludingTax} ${status.figures.currency}`,
    );
  }
  if (status.difference) lines.push(`does not agree with the deal: ${status.difference}`);
  if (status.invoiceNumber) lines.push(`invoice **${status.invoiceNumber}**`);
  for (const problem of status.problems)
    lines.push(`- **${problem.reason}** (${problem.owner}): ${problem.text}. ${problem.nextStep}`);
  return lines.join('\n\n');
}
