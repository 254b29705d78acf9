import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { CHANGED_SIGNAL, type ChangeHint } from '../../deal/change-hints.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import type { Problem } from '../../deal/holds.js';
import type { Replay } from '../../deal/replay.js';
import type { DealState } from '../../deal/states.js';

/** What people and tools say to a running deal, and what it answers. */

export interface HandOverInput extends RecordRef {
  /** What the run was begun for; without it everything is looked at. */
  readonly hint?: ChangeHint;
  /** A person wants it run again from the start: what exists is adopted, what is missing is made. */
  readonly replay?: Replay;
}

export interface HandOverResult {
  readonly outcome: DealState;
  readonly invoiceNumber?: string;
  /** The record that carries the deal instead of this one. */
  readonly carrier?: string;
}

export interface Confirmed {
  readonly by: string;
  readonly note?: string;
  /** The figures that were seen; when they are given, they must be the draft's (I2). */
  readonly figures?: Partial<Figures>;
}

export interface Rejected {
  readonly by: string;
  readonly reason: string;
}

export interface Asked {
  readonly by: string;
}

export interface DealStatus {
  readonly state: DealState;
  readonly step: string;
  readonly problems: readonly (Problem & { readonly owner: string; readonly nextStep: string })[];
  readonly figures: Figures | undefined;
  readonly invoiceNumber: string | undefined;
  /** Where draft and deal do not agree, when a person may confirm it all the same. */
  readonly difference?: string;
}

/** Signals are for tools that know nothing else; an update tells the person whether it was accepted. */
export const confirmSignal = defineSignal<[Confirmed]>('confirm');
export const rejectSignal = defineSignal<[Rejected]>('reject');
/** From feeds and webhooks: there may be news. It carries no truth; what it names is read again. */
export const changedSignal = defineSignal<[ChangeHint]>(CHANGED_SIGNAL);
export const confirmUpdate = defineUpdate<DealStatus, [Confirmed]>('confirm');
export const rejectUpdate = defineUpdate<DealStatus, [Rejected]>('reject');
export const retryUpdate = defineUpdate<DealStatus, [Asked]>('retry');
export const replayUpdate = defineUpdate<DealStatus, [Replay]>('replay');
export const cancelUpdate = defineUpdate<DealStatus, [Rejected]>('cancel');
export const statusQuery = defineQuery<DealStatus>('status');
