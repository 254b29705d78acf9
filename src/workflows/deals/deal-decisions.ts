import { setHandler } from '@temporalio/workflow';
import type { Actor } from '../../deal/actor.js';
import { findApproverMisfit } from '../../deal/approval.js';
import { findFigureDifference } from '../../deal/compare-figures.js';
import type { Figures } from '../../deal/deal.js';
import { parseConfirmation, parseDecider, parseEnding, parseRejection, parseReplay } from '../../deal/decisions.js';
import { type DealState, isHandedOver } from '../../deal/states.js';
import { parseOrRefuse, refuse } from '../strict-input.js';
import type { DealDisplay } from './deal-display.js';
import { DealEnded, ReplayWanted } from './interruptions.js';
import {
  cancelUpdate,
  confirmSignal,
  confirmUpdate,
  type DealStatus,
  rejectSignal,
  rejectUpdate,
  replayUpdate,
  retryUpdate,
} from './messages.js';
import type { UnfitSignals } from './unfit-signals.js';

export type Decision =
  | { readonly kind: 'confirmed'; readonly actor: Actor; readonly note: string | undefined }
  | {
      readonly kind: 'rejected';
      readonly actor: Actor;
      readonly reason: string;
      readonly figures: Figures | undefined;
    };

/**
 * What people say to a running deal: which of it is taken when, and what was decided last. Nothing is done here; whoever
 * waits for it in deal-handlers.ts looks.
 */
export class DealDecisions {
  private readonly display: DealDisplay;

  /** Of the figures that are shown; void once the draft or the record changes. */
  private decision: Decision | undefined;
  private ending: DealEnded | ReplayWanted | undefined;
  private isEnding = false;
  /** How the deal ends: `rejected by ann`. */
  private endedHow: string | undefined;
  private isProgressKnown = false;
  /** The run began with a deal whose document is out of our hands, in whatever state the ledger has it. */
  private wasHandedOver = false;
  private isDocumentGone = false;

  /** Whether it waits in a hold; a deal that was ended while it was held shows the hold until its end. */
  private isHolding = false;
  /** The state from which the deal was held, and to which it returns. */
  private heldFrom: DealState = 'reading';
  private retries = 0;
  private retriedBy: Actor | undefined;

  constructor(display: DealDisplay, unfit: UnfitSignals) {
    this.display = display;
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
  }

  /** As the deal is shown, with what was decided of it. */
  status(): DealStatus {
    const how = this.findUnderWay();
    const isHeld = this.isEnding && this.isHolding;
    return {
      ...this.display.status(),
      ...(how !== undefined && { decided: { how, ...(isHeld && { isHeld }) } }),
    };
  }

  private findUnderWay(): string | undefined {
    const { ending, decision, display } = this;
    if (this.isEnding) return this.endedHow;
    if (ending) return ending instanceof ReplayWanted ? `run again by ${ending.replay.actor.name}` : toHow(ending);
    return decision && display.state === 'awaiting-confirmation' ? toHow(decision) : undefined;
  }

  /** Somebody is asked anew: what was decided before counts no more. */
  ask(): void {
    this.decision = undefined;
  }

  findDecision(): Decision | undefined {
    return this.decision;
  }

  /** Whether the deal is to end or to begin again: whoever waits throws it. */
  isEnded(): boolean {
    return this.ending !== undefined;
  }

  throwEnding(): void {
    if (this.ending) throw this.ending;
  }

  /** From here on the deal ends: nobody may decide otherwise, though a step of the end may still be held. */
  beginEnd(how: string): void {
    this.isEnding = true;
    this.endedHow = how;
    this.ending = undefined;
  }

  hasBegunEnd(): boolean {
    return this.isEnding;
  }

  /** What the ledger knows of the deal is read: now somebody may end it, unless its document is posted. */
  hasProgress(isDealHandedOver: boolean): void {
    this.isProgressKnown = true;
    this.wasHandedOver = isDealHandedOver;
  }

  /** The document of a deal that is handed over was deleted before an invoice was read: then somebody may end it all the same. */
  setDocumentGone(isGone: boolean): void {
    this.isDocumentGone = isGone;
  }

  beginHold(from: DealState): void {
    this.heldFrom = from;
    this.isHolding = true;
  }

  endHold(): void {
    this.isHolding = false;
  }

  /** From here on a retry counts. Returns who retried last since then. */
  awaitRetry(): { readonly isThere: () => boolean; readonly by: () => Actor | undefined } {
    const { retries } = this;
    this.retriedBy = undefined;
    return { isThere: () => this.retries > retries, by: () => this.retriedBy };
  }

  private confirm(input: unknown): DealStatus {
    const { actor, note } = parseConfirmation(input);
    this.decision = { kind: 'confirmed', actor, note };
    return this.status();
  }

  private validateConfirm(input: unknown): void {
    const { figures, actor } = parseOrRefuse(() => parseConfirmation(input));
    this.validateDecision();
    this.validateFigures(figures);
    const misfit = this.display.approval && findApproverMisfit(actor, this.display.approval);
    if (misfit) refuse(misfit, 'OtherApprover');
  }

  private reject(input: unknown): DealStatus {
    this.decision = { kind: 'rejected', ...parseRejection(input) };
    return this.status();
  }

  private validateReject(input: unknown): void {
    const { figures } = parseOrRefuse(() => parseRejection(input));
    this.validateDecision();
    if (figures) this.validateFigures(figures);
  }

  private validateFigures(seen: Figures): void {
    const difference = findFigureDifference(seen, this.display.figures);
    if (difference) refuse(difference, 'FiguresDiffer');
  }

  private validateDecision(): void {
    const { state } = this.display;
    if (state !== 'awaiting-confirmation') {
      const decided = this.decided();
      const found = `the deal is ${state}, nobody is asked to confirm`;
      refuse(decided === undefined ? found : `${found}: ${decided}`, 'NotAwaitingConfirmation');
    }
    this.ensureNotEnding();
    this.ensureUndecided();
  }

  private retry(input: unknown): DealStatus {
    this.retriedBy = parseDecider(input);
    this.retries += 1;
    return this.status();
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
    return this.status();
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
    return this.status();
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
    if (this.ending || (this.isEnding && !this.isHolding)) refuse('the deal is ending already', 'AlreadyDecided');
  }

  private ensureUndecided(): void {
    const decided = this.decided();
    if (decided !== undefined) refuse(decided, 'AlreadyDecided');
  }

  private decided(): string | undefined {
    return this.decision && `already ${toHow(this.decision)}`;
  }
}

function toHow(decided: Decision | DealEnded): string {
  if (decided instanceof DealEnded) return decided.how;
  return `${decided.kind} by ${decided.actor.name}`;
}
