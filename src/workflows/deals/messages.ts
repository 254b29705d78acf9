import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Actor } from '../../deal/actor.js';
import type { Approval } from '../../deal/approval.js';
import { CHANGED_SIGNAL, type ChangeHint } from '../../deal/change-hints.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import type { Problem } from '../../deal/holds.js';
import type { Replay } from '../../deal/replay.js';
import type { DealState } from '../../deal/states.js';
import type { DraftedDeal } from './drafted-deal.js';

/** What people and programs send to a running deal, and what it answers. */

export interface HandOverInput extends RecordRef {
  /** What the run was begun for; without it everything is read. */
  readonly hint?: ChangeHint;
  /** The ledger held nothing of it but its name when the run was started. */
  readonly isNew?: true;
  /** A person wants it run again from the start: what exists is adopted, what is missing is made. */
  readonly replay?: Replay;
  /** What the run before this one knew: it only became too long. */
  readonly continued?: Continued;
}

export type Approvers = Pick<Approval, 'by' | 'people'>;

export interface Continued {
  readonly hold?: HeldSince | undefined;
  /** A person or a rule confirmed it, and it is not posted yet: nobody is asked twice. */
  readonly confirmed?: DraftedDeal | undefined;
  /** Some of the people whom it takes have confirmed it. */
  readonly asked?: ({ readonly drafted: DraftedDeal } & Approvers) | undefined;
  /** The older revision that is handed over on a person's wish. */
  readonly revision?: string | undefined;
}

export interface HeldSince {
  readonly problems: readonly Problem[];
  /** The one that is repeated until it goes on. */
  readonly step: string;
  readonly sinceMs: number;
}

export interface HandOverResult {
  readonly outcome: DealState;
  readonly invoiceNumber?: string;
  /** The record that carries the deal instead of this one. */
  readonly carrier?: string;
}

/**
 * Who decides: `by` is what a person types into Temporal's own tools, `actor` what our programs send. One of the two; how
 * each is read, and what is refused, stands in src/deal/decisions.ts.
 */
type Decider = { readonly by: string } | { readonly actor: Actor };

export type ConfirmInput = Decider & {
  readonly note?: string;
  /** All figures that were seen: they must be the draft's (I2). */
  readonly figures: Figures;
};
export type EndInput = Decider & { readonly reason: string };
/** Who has seen figures says which: another draft than that is not rejected. */
export type RejectInput = EndInput & { readonly figures?: Figures };
export type RetryInput = Decider;
export type ReplayInput = Decider & { readonly revision?: string; readonly mapping?: string };

export interface DealStatus {
  readonly state: DealState;
  readonly step: string;
  readonly problems: readonly (Problem & { readonly owner: string; readonly nextStep: string })[];
  readonly figures: Figures | undefined;
  readonly invoiceNumber: string | undefined;
  /** Where draft and deal do not agree, when a person may confirm it all the same. */
  readonly difference?: string;
  /** What somebody changed in the draft by hand, which no rule confirms. */
  readonly edited?: string;
  /** How many people have to confirm, and who has, when one is not enough. */
  readonly approval?: Approval | undefined;
  /** The last signal that did not fit, and why: a signal cannot be refused. */
  readonly ignoredSignal?: string;
  /** What was decided and is being carried out: nobody can decide otherwise by now. */
  readonly decided?: Decided;
}

export interface Decided {
  /** `rejected by ann` */
  readonly how: string;
  /** A step of it is held, and may be retried. */
  readonly isHeld?: true;
}

/** Signals are for tools that know nothing else; an update tells the person whether it was accepted. */
export const confirmSignal = defineSignal<[ConfirmInput]>('confirm');
export const rejectSignal = defineSignal<[RejectInput]>('reject');
/** From feeds and webhooks: something may have changed. It carries no truth; what it names is read again. */
export const changedSignal = defineSignal<[ChangeHint]>(CHANGED_SIGNAL);
export const confirmUpdate = defineUpdate<DealStatus, [ConfirmInput]>('confirm');
export const rejectUpdate = defineUpdate<DealStatus, [RejectInput]>('reject');
export const retryUpdate = defineUpdate<DealStatus, [RetryInput]>('retry');
export const replayUpdate = defineUpdate<DealStatus, [ReplayInput]>('replay');
export const cancelUpdate = defineUpdate<DealStatus, [EndInput]>('cancel');
export const statusQuery = defineQuery<DealStatus>('status');
