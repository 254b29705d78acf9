import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { HoldReason } from '../../deal/holds.js';

/** What feeds, people and the drift report say to the runs of accounts and products. */

export interface SyncRequest {
  /** Look at everything again, also when Sales says what it said before. */
  readonly isThorough?: boolean;
}

export interface SyncAccountInput {
  readonly rowId: string;
  /** Of a contact that is a customer itself, or whose account is not known yet: `contact`. */
  readonly table: 'account' | 'contact';
  readonly quietMs: number;
  /** Left over from the run before. */
  readonly request?: SyncRequest;
}

export interface SyncProductInput {
  readonly rowId: string;
  readonly quietMs: number;
  readonly request?: SyncRequest;
}

export interface SyncStatus {
  readonly passes: number;
  readonly reasons: readonly HoldReason[];
  /** The last signal that did not fit, and why. */
  readonly ignoredSignal?: string;
}

export const accountChangedSignal = defineSignal<[SyncRequest]>('accountChanged');
export const productChangedSignal = defineSignal<[SyncRequest]>('productChanged');
export const retryMasterSignal = defineSignal('retry');
export const syncStatusQuery = defineQuery<SyncStatus>('status');
