import { condition, setHandler } from '@temporalio/workflow';
import type { StateChange } from '../../activities/deals/ledger.js';
import type { Approval } from '../../deal/approval.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import { parseChangeHint } from '../../deal/decisions.js';
import type { Problem } from '../../deal/holds.js';
import type { DealState, StateEvent } from '../../deal/states.js';
import { ledger } from '../activity-options.js';
import { ignoreOtherSignals, parseOrRefuse } from '../strict-input.js';
import { DealDecisions, type Decision } from './deal-decisions.js';
import { DealDisplay, type DealFacts } from './deal-display.js';
import { type Held, isHeld, toHeld } from './held.js';
import { HoldAge, waitWhileHeld } from './hold-wait.js';
import { RunIsLong } from './interruptions.js';
import { type Approvers, type Continued, changedSignal, statusQuery } from './messages.js';
import { isRunLong, ReadingPace } from './pace.js';
import { type Pending, PendingChanges } from './pending-changes.js';
import { UnfitSignals } from './unfit-signals.js';
import { untilKept } from './until-kept.js';

/**
 * Where people and feeds meet a running deal: it answers queries, takes decisions and hints, and lets the story in
 * hand-over-deal.ts wait for them. Handlers are registered when it is created, before the first await of the workflow.
 */
export class DealHandlers {
  private readonly display: DealDisplay;
  private readonly ref: RecordRef;
  private readonly recordId: string;

  private readonly decisions: DealDecisions;
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
    setHandler(statusQuery, () => this.decisions.status(), {
      description: 'State, step, holds with their next step, figures',
    });
    this.decisions = new DealDecisions(this.display, unfit);
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
      if (!refused) {
        this.holdAge.end(step);
        return state;
      }
      this.display.resume(before);
      await this.hold(refused, step);
    }
  }

  /** Into the trail, while the deal stays where it is: what follows from the decision comes after. */
  async recordDecision(decision: NonNullable<StateChange['decision']>): Promise<void> {
    for (;;) {
      const { state, problems } = this.display;
      const refused = await this.findRefusal({ state, ...(problems.length > 0 && { problems }), decision });
      if (!refused) return this.holdAge.end(decision.action);
      await this.hold(refused, decision.action);
    }
  }

  /** From here on the deal ends: nobody may decide otherwise, though a step of the end may still be held. */
  beginEnd(how: string): void {
    this.decisions.beginEnd(how);
  }

  /** What the ledger knows of the deal is read: now somebody may end it, unless its document is posted. */
  hasProgress(isDealHandedOver: boolean): void {
    this.decisions.hasProgress(isDealHandedOver);
  }

  /** The document of a deal that is handed over was deleted before an invoice was read: then somebody may end it all the same. */
  setDocumentGone(isGone: boolean): void {
    this.decisions.setDocumentGone(isGone);
  }

  /** A run that goes on with a deal begins in the state that the ledger has. */
  resumeAt(state: DealState): void {
    this.display.resumeAt(state);
  }

  /**
   * Runs a step; what it refuses becomes a hold, and when that is cleared the step runs again.
   * @param isDone false of a result that came of something else than the step, so that nobody knows whether it is still held
   */
  async runUnlessHeld<T>(
    step: string,
    work: (isRepeat: boolean) => Promise<T | Held>,
    isDone: (result: T) => boolean = () => true,
  ): Promise<T> {
    this.display.setStep(step);
    for (let isRepeat = false; ; isRepeat = true) {
      this.changes.forgetMasterData();
      const result = await work(isRepeat).catch(toHeld);
      if (isHeld(result)) {
        await this.hold(result.held, step);
        continue;
      }
      if (isDone(result)) this.holdAge.end(step);
      return result;
    }
  }

  /** Waits for a decision on these figures; `changed` when record or document changed first, and the question is void. */
  async decide(figures: Figures, approval: Approval): Promise<Decision | { readonly kind: 'changed' }> {
    // What was confirmed so far and is void by now is in the trail first.
    this.holdAge.endAny();
    if (approval.by.length === 0 || !this.hasPendingChanges()) this.throwIfLong();
    this.display.show({ figures, approval });
    this.decisions.ask();
    const isFirst = this.display.state !== 'awaiting-confirmation';
    if (isFirst) await this.move('asked', 'waiting for a person to confirm');
    else this.display.setStep('waiting for another person to confirm');
    this.display.list({ isLast: true });
    const isDecided = () => this.decisions.findDecision() !== undefined || this.decisions.isEnded();
    const mayGoOn = () => isDecided() || this.hasPendingChanges();
    await condition(() => mayGoOn() || isRunLong('while-waiting'));
    if (isDecided()) await untilKept();
    this.decisions.throwEnding();
    const decision = this.decisions.findDecision();
    if (!mayGoOn()) this.goOnInNextRun();
    if (decision && (decision.kind === 'rejected' || !this.hasPendingChanges())) return decision;
    // From here on nobody may confirm what is being read again; a decision that was just made is void.
    const isVoid = decision && { actor: decision.actor, action: 'confirmation is void' as const, facts: { figures } };
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

  /** Who of several people has confirmed the draft as it is. */
  get approvers(): Approvers {
    const { by = [], people } = this.carried.asked ?? {};
    return { by, people };
  }

  private async hold(problems: readonly Problem[], step: string): Promise<void> {
    // A hold that nobody has recorded yet begins in the next run.
    this.throwIfLong();
    const isRepeated = this.holdAge.begin(problems, step, Date.now());
    const { state: before } = this.display;
    let shown = problems;
    this.decisions.beginHold(before);
    try {
      for (;;) {
        const refused = await this.holdOnce(problems, shown, before, isRepeated);
        if (!refused) break;
        // Nothing goes on before the ledger has what was decided.
        shown = [...problems, ...refused];
      }
      // Until the deal leaves the hold somebody may still end it.
      if (this.decisions.isEnded()) await untilKept();
    } finally {
      this.decisions.endHold();
    }
    this.decisions.throwEnding();
    this.display.resume(before);
  }

  /** Returns why the end of the hold cannot be recorded, if it cannot. */
  private async holdOnce(
    problems: readonly Problem[],
    shown: readonly Problem[],
    before: DealState,
    isRepeated: boolean,
  ): Promise<readonly Problem[] | undefined> {
    // Also one that comes while the ledger records the hold.
    const retry = this.decisions.awaitRetry();
    this.display.hold(shown);
    // A hold that the ledger does not take is shown all the same.
    const unrecorded = await this.findRefusal({ state: 'held', problems: shown, ...(isRepeated && { isRepeated }) });
    if (unrecorded) this.display.hold([...shown, ...unrecorded]);
    const isDecided = () => retry.isThere() || this.decisions.isEnded();
    const held = this.holdAge.since ?? { problems, sinceMs: Date.now() };
    await waitWhileHeld(this.ref, held, () => isDecided() || this.changes.mayEndHold());
    if (!isDecided() && this.changes.mayEndHold()) await this.gatherChanges(isDecided);
    // After a retry that is lost the hold looks again by itself; after an end that is lost nothing would.
    if (this.decisions.isEnded()) await untilKept();
    this.changes.answerHold();
    this.decisions.throwEnding();
    const reasons = problems.map(({ reason }) => reason);
    const retriedBy = retry.by();
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
    if (!this.decisions.hasBegunEnd() && isRunLong('before-waiting')) this.goOnInNextRun();
  }

  /** The next run reads what is left to do. */
  goOnInNextRun(): never {
    // A change that nobody has read voids the confirmation: the next run reads everything.
    const isVoid = this.hasPendingChanges() && { confirmed: undefined, asked: undefined };
    throw new RunIsLong({ ...this.carried, ...isVoid, hold: this.holdAge.since });
  }
}
