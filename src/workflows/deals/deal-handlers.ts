import { condition, setHandler } from '@temporalio/workflow';
import type { StateChange } from '../../activities/deals/ledger.js';
import type { Actor } from '../../deal/actor.js';
import { type Approval, findApproverMisfit } from '../../deal/approval.js';
import { findFigureDifference } from '../../deal/compare-figures.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import { parseChangeHint, parseConfirmation, parseDecider, parseEnding, parseReplay } from '../../deal/decisions.js';
import type { Problem } from '../../deal/holds.js';
import { type DealState, isHandedOver, type StateEvent } from '../../deal/states.js';
import { ledger } from '../activity-options.js';
import { ignoreOtherSignals, parseOrRefuse, refuse } from '../strict-input.js';
import { DealDisplay, type DealFacts } from './deal-display.js';
import { type Held, isHeld, toHeld } from './held.js';
import { HoldAge, waitWhileHeld } from './hold-wait.js';
import { DealEnded, ReplayWanted, RunIsLong } from './interruptions.js';
import {
  type Continued,
  cancelUpdate,
  changedSignal,
  confirmSignal,
  confirmUpdate,
  type DealStatus,
  rejectSignal,
  rejectUpdate,
  replayUpdate,
  retryUpdate,
  statusQuery,
} from './messages.js';
import { isRunLong, ReadingPace } from './pace.js';
import { type Pending, PendingChanges } from './pending-changes.js';
import { UnfitSignals } from './unfit-signals.js';
import { untilKept } from './until-kept.js';

export type Decision =
  | { readonly kind: 'confirmed'; readonly actor: Actor; readonly note: string | undefined }
  | { readonly kind: 'rejected'; readonly actor: Actor; readonly reason: string };

/**
 * Where people and feeds meet a running deal: it answers queries, takes decisions and hints, and lets the story in
 * hand-over-deal.ts wait for them. Handlers are registered when it is created, before the first await of the workflow.
 */
export class DealHandlers {
  private readonly display: DealDisplay;
  private readonly ref: RecordRef;
  private readonly recordId: string;

  /** What a person decided of the figures that are shown; void once the draft or the record changes. */
  private decision: Decision | undefined;
  /** Set when the deal is to end or to begin again: whoever waits throws it. */
  private ending: DealEnded | ReplayWanted | undefined;
  private isEnding = false;
  /** Whether it waits in a hold; a deal that was ended while it was held shows the hold until its end. */
  private isWaiting = false;
  private isProgressKnown = false;
  /** The run began with a deal whose document is out of our hands, in whatever state the ledger has it. */
  private wasHandedOver = false;
  private isDocumentGone = false;

  private retries = 0;
  private retriedBy: Actor | undefined;
  /** The state from which the deal was held, and to which it returns. */
  private heldFrom: DealState = 'reading';

  private readonly changes = new PendingChanges();
  private readonly pace = new ReadingPace();
  private readonly holdAge: HoldAge;
  private carried: Omit<Continued, 'hold'>;

  constructor(ref: RecordRef, { hold, ...carried }: Continued = {}) {
    this.ref = ref;
    this.holdAge = new HoldAge(hold);
    this.carried = carried;
    this.recordId = ref.recordId;
    this.display = new DealDisplay(ref);
    const unfit = new UnfitSignals(ref.recordId, this.display);
    setHandler(statusQuery, () => this.display.status(), {
      description: 'State, step, holds with their next step, figures',
    });
    setHandler(confirmUpdate, (input) => this.confirm(input), {
      validator: (input) => this.validateConfirm(input),
      description: 'Let the draft with exactly these figures be posted',
    });
    setHandler(rejectUpdate, (input) => this.reject(input), {
      validator: (input) => this.validateReject(input),
      description: 'Do not post the draft; it is deleted',
    });
    setHandler(retryUpdate, (input) => this.retry(input), {
      validator: (input) => this.validateRetry(input),
      description: 'What held the deal is repaired: go on',
    });
    setHandler(cancelUpdate, (input) => this.cancel(input), {
      validator: (input) => this.validateCancel(input),
      description: 'End the deal; a draft is deleted',
    });
    setHandler(replayUpdate, (input) => this.replay(input), {
      validator: (input) => this.validateReplay(input),
      description: 'Run the deal again from its start; what exists is adopted',
    });
    // A signal cannot be refused: one that does not fit is ignored, logged and shown.
    setHandler(confirmSignal, (input) => {
      if (unfit.fits('confirm', () => this.validateConfirm(input))) this.confirm(input);
    });
    setHandler(rejectSignal, (input) => {
      if (unfit.fits('reject', () => this.validateReject(input))) this.reject(input);
    });
    setHandler(changedSignal, (input) => {
      if (unfit.fits('changed', () => void parseOrRefuse(() => parseChangeHint(input))))
        this.changes.add(parseChangeHint(input));
    });
    ignoreOtherSignals(['confirm', 'reject', 'changed'], (signal) => unfit.ignore(signal));
  }

  /** Moves the deal by what happened, shows it, and records it in the ledger unless a step has recorded it already. */
  async move(
    event: StateEvent,
    step: string,
    options: { readonly alreadyRecorded?: boolean } & Omit<StateChange, 'recordId' | 'state'> = {},
  ): Promise<DealState> {
    const { alreadyRecorded, ...facts } = options;
    for (;;) {
      const { state: before } = this.display;
      const state = this.display.move(event, step);
      if (alreadyRecorded) return state;
      const refused = await this.findRefusal({ state, ...facts });
      if (!refused) return state;
      this.display.resume(before);
      await this.hold(refused);
    }
  }

  /** Into the trail, while the deal stays where it is: what follows from the decision comes after. */
  async recordDecision(decision: NonNullable<StateChange['decision']>): Promise<void> {
    for (;;) {
      const { state, problems } = this.display;
      const refused = await this.findRefusal({ state, ...(problems.length > 0 && { problems }), decision });
      if (!refused) return;
      await this.hold(refused);
    }
  }

  /** From here on the deal ends: nobody may decide otherwise, though a step of the end may still be held. */
  beginEnd(): void {
    this.isEnding = true;
    this.ending = undefined;
  }

  /** What the ledger knows of the deal is read: now somebody may end it, unless its document is posted. */
  hasProgress(isDealHandedOver: boolean): void {
    this.isProgressKnown = true;
    this.wasHandedOver = isDealHandedOver;
  }

  /** The document of a deal that is handed over was deleted before anything was invoiced: then somebody may end it all the same. */
  setDocumentGone(isGone: boolean): void {
    this.isDocumentGone = isGone;
  }

  /** A run that goes on with a deal begins in the state that the ledger has. */
  resumeAt(state: DealState): void {
    this.display.resumeAt(state);
  }

  /** Runs a step; what it refuses becomes a hold, and when that is cleared the step runs again. */
  async runUnlessHeld<T>(step: string, work: (isRepeat: boolean) => Promise<T | Held>): Promise<T> {
    this.display.setStep(step);
    for (let isRepeat = false; ; isRepeat = true) {
      this.changes.forgetMasterData();
      const result = await work(isRepeat).catch(toHeld);
      if (!isHeld(result)) return result;
      await this.hold(result.held);
    }
  }

  /** Waits for a decision on these figures; `changed` when record or document changed first, and the question is void. */
  async decide(figures: Figures, approval: Approval): Promise<Decision | { readonly kind: 'changed' }> {
    this.throwIfLong();
    this.display.show({ figures, approval });
    this.decision = undefined;
    const isFirst = this.display.state !== 'awaiting-confirmation';
    if (isFirst) await this.move('asked', 'waiting for a person to confirm');
    else this.display.setStep('waiting for another person to confirm');
    this.display.list({ isLast: true });
    const mayGoOn = () => this.decision !== undefined || this.ending !== undefined || this.hasPendingChanges();
    await condition(() => mayGoOn() || isRunLong('while-waiting'));
    if (this.decision || this.ending) await untilKept();
    this.throwEnding();
    const decision = this.findDecision();
    if (!mayGoOn()) this.goOnInNextRun();
    if (decision && (decision.kind === 'rejected' || !this.hasPendingChanges())) return decision;
    // From here on nobody may confirm what is being read again; a decision that was just made is void.
    const isVoid = decision && { actor: decision.actor, action: 'confirmation is void', facts: { figures } };
    await this.readAgain(isVoid);
    await this.gatherChanges();
    return { kind: 'changed' };
  }

  /** Nobody is asked any more: deal or draft became another. */
  async readAgain(decision?: StateChange['decision']): Promise<void> {
    if (this.display.state !== 'awaiting-confirmation') return;
    await this.move('changed', 'reading both sides again', decision && { decision });
  }

  /** What hints without a revision have named until now is about to be read; what they name from here on is not. */
  beginReading(): void {
    this.changes.beginReading();
  }

  /** From now on a hint that names a revision counts only when that is newer than this. */
  hasRead(revision: string): void {
    this.changes.hasRead(revision);
  }

  /** The record was read, and is another than what is handed over: whoever follows the deal has to say so. */
  leaveRecordUntold(): void {
    this.changes.leaveRecord();
  }

  hasPendingChanges(): boolean {
    return this.changes.hasAny();
  }

  /** What hints have named since the last reading, once: whoever takes it reads again. */
  takePendingChanges(): Pending {
    return this.changes.take();
  }

  show(facts: DealFacts): void {
    this.display.show(facts);
  }

  showLast(): void {
    this.display.list({ isLast: true });
  }

  /** What the next run has to know, should this one become long. */
  carry(facts: Omit<Continued, 'hold'>): void {
    this.carried = { ...this.carried, ...facts };
  }

  private async hold(problems: readonly Problem[]): Promise<void> {
    const isRepeated = this.holdAge.begin(problems, Date.now());
    this.throwIfLong();
    const { state: before } = this.display;
    this.heldFrom = before;
    let shown = problems;
    this.isWaiting = true;
    try {
      for (;;) {
        const refused = await this.holdOnce(problems, shown, before, isRepeated);
        if (!refused) break;
        // Nothing goes on before the ledger has what was decided.
        shown = [...problems, ...refused];
      }
      // Until the deal leaves the hold somebody may still end it.
      if (this.ending) await untilKept();
    } finally {
      this.isWaiting = false;
    }
    this.throwEnding();
    this.display.resume(before);
  }

  /** Returns why the end of the hold cannot be recorded, if it cannot. */
  private async holdOnce(
    problems: readonly Problem[],
    shown: readonly Problem[],
    before: DealState,
    isRepeated: boolean,
  ): Promise<readonly Problem[] | undefined> {
    // From here on a retry counts, also one that comes while the ledger records the hold.
    const retries = this.retries;
    this.retriedBy = undefined;
    this.display.hold(shown);
    // A hold that the ledger does not take is shown all the same.
    const unrecorded = await this.findRefusal({ state: 'held', problems: shown, ...(isRepeated && { isRepeated }) });
    if (unrecorded) this.display.hold([...shown, ...unrecorded]);
    const isDecided = () => this.retries > retries || this.ending !== undefined;
    const held = this.holdAge.since ?? { problems, sinceMs: Date.now() };
    await waitWhileHeld(this.ref, held, () => isDecided() || this.changes.mayEndHold());
    if (!isDecided() && this.changes.mayEndHold()) await this.gatherChanges(isDecided);
    // After a retry that is lost the hold looks again by itself; after an end that is lost nothing would.
    if (this.ending) await untilKept();
    this.changes.answerHold();
    this.throwEnding();
    const reasons = problems.map(({ reason }) => reason);
    const retriedBy = this.findRetry();
    return this.findRefusal({
      state: before,
      ...(retriedBy && { decision: { actor: retriedBy, action: 'retry', facts: { reasons } } }),
    });
  }

  /** Records in the ledger; returns why it can never be recorded, if it cannot. */
  private async findRefusal(change: Omit<StateChange, 'recordId'>): Promise<readonly Problem[] | undefined> {
    try {
      await ledger.recordState({ recordId: this.recordId, ...change });
      return undefined;
    } catch (error) {
      return toHeld(error).held;
    }
  }

  /** Many changes in a short time are read together; a person need not wait for them. */
  private async gatherChanges(isDecided: () => boolean = () => false): Promise<void> {
    const restMs = this.pace.next(Date.now());
    if (restMs > 0) await condition(isDecided, restMs);
  }

  private throwIfLong(): void {
    // What a person has ended goes to its end in this run.
    if (!this.isEnding && isRunLong('before-waiting')) this.goOnInNextRun();
  }

  /** The next run reads what is left to do. */
  goOnInNextRun(): never {
    // A change that nobody has read voids the confirmation: the next run reads everything.
    const confirmed = this.hasPendingChanges() ? undefined : this.carried.confirmed;
    throw new RunIsLong({ ...this.carried, confirmed, hold: this.holdAge.since });
  }

  private throwEnding(): void {
    if (this.ending) throw this.ending;
  }

  /** Set by a handler while the story waits, which the compiler cannot see. */
  private findDecision(): Decision | undefined {
    return this.decision;
  }

  private findRetry(): Actor | undefined {
    return this.retriedBy;
  }

  private confirm(input: unknown): DealStatus {
    const { actor, note } = parseConfirmation(input);
    this.decision = { kind: 'confirmed', actor, note };
    return this.display.status();
  }

  private validateConfirm(input: unknown): void {
    const { figures, actor } = parseOrRefuse(() => parseConfirmation(input));
    this.validateDecision();
    const difference = findFigureDifference(figures, this.display.figures);
    if (difference) refuse(difference, 'FiguresDiffer');
    const misfit = this.display.approval && findApproverMisfit(actor, this.display.approval);
    if (misfit) refuse(misfit, 'OtherApprover');
  }

  private reject(input: unknown): DealStatus {
    const { actor, reason } = parseEnding(input);
    this.decision = { kind: 'rejected', actor, reason };
    return this.display.status();
  }

  private validateReject(input: unknown): void {
    parseOrRefuse(() => parseEnding(input));
    this.validateDecision();
  }

  private validateDecision(): void {
    const { state } = this.display;
    if (state !== 'awaiting-confirmation')
      refuse(`the deal is ${state}, nobody is asked to confirm`, 'NotAwaitingConfirmation');
    this.ensureNotEnding();
    this.ensureUndecided();
  }

  private retry(input: unknown): DealStatus {
    this.retriedBy = parseDecider(input);
    this.retries += 1;
    return this.display.status();
  }

  private validateRetry(input: unknown): void {
    parseOrRefuse(() => parseDecider(input));
    const { state } = this.display;
    if (state !== 'held') refuse(`the deal is ${state}, nothing waits for a retry`, 'NotHeld');
    this.ensureNotEnding();
  }

  private cancel(input: unknown): DealStatus {
    const { actor, reason } = parseEnding(input);
    this.ending = new DealEnded('cancelled', actor, reason);
    return this.display.status();
  }

  private validateCancel(input: unknown): void {
    parseOrRefuse(() => parseEnding(input));
    this.validateEnding('cancelled');
    if (this.isEnding) refuse('the deal is ending already', 'AlreadyDecided');
    if (!this.isProgressKnown) refuse('the ledger has not said yet how far the deal is: retry', 'NotWaiting');
    // A run that goes on with a held deal does not know from where it was held.
    const isOurs = !this.wasHandedOver && !(this.display.state === 'held' && isHandedOver(this.heldFrom));
    if (!isOurs && !(this.isDocumentGone && this.display.state === 'held'))
      refuse('its document is posted: cancel that', 'NotWaiting');
  }

  private replay(input: unknown): DealStatus {
    this.ending = new ReplayWanted(parseReplay(input));
    return this.display.status();
  }

  private validateReplay(input: unknown): void {
    parseOrRefuse(() => parseReplay(input));
    this.validateEnding('replayed');
  }

  private validateEnding(doing: string): void {
    const { state } = this.display;
    if (state !== 'held' && state !== 'awaiting-confirmation')
      refuse(`the deal is ${state} and cannot be ${doing} now`, 'NotWaiting');
    if (state === 'awaiting-confirmation') this.ensureUndecided();
    this.ensureNotEnding();
  }

  /** What is accepted now would never be looked at; a step of the end that is held may be repeated. */
  private ensureNotEnding(): void {
    if (this.ending || (this.isEnding && !this.isWaiting)) refuse('the deal is ending already', 'AlreadyDecided');
  }

  private ensureUndecided(): void {
    const { decision } = this;
    if (decision) refuse(`already ${decision.kind} by ${decision.actor.name}`, 'AlreadyDecided');
  }
}
