import type { FlowName, FlowNote } from '../../deal/flows.js';
import { ofWholeInstallation } from '../../deal/holds.js';
import type { Carried, PendingThing } from '../../ledger/feeds/flows.js';
import { UnreadableContentError } from '../../ledger/read-rows.js';
import { findRefusals } from '../remote/failures.js';

/** One that the rules switch on. */
export interface SwitchedOnFlow extends Flow {
  /** Of its rule: by another one what could not be carried may be. */
  readonly ruleHash: string;
}

/** One flow: how a page of it is taken into the ledger, and how one thing of it is carried to the other side. */
export interface Flow {
  readonly name: FlowName;
  readonly everyMinutes: number;
  /** What is older stays out; undefined: what is older than its first turn. */
  readonly from?: Date | undefined;
  readonly collect: (place: FlowPlaceInReading) => Promise<FlowPageTaken>;
  readonly carry: (thing: PendingThing) => Promise<Carried>;
  /** So many are carried by one activity. */
  readonly batchSize: number;
}

/** Where a reading goes on; a new one starts at what the ledger knows. */
export interface FlowPlaceInReading {
  /** Undefined at the beginning, and of a page that was the last. */
  readonly next?: string | undefined;
  /** When the reading began. */
  readonly beganAt?: string | undefined;
}

export interface FlowPageTaken extends FlowPlaceInReading {
  readonly found: number;
}

export function toNote(reason: FlowNote, remark?: string): Carried {
  return { state: 'noted', reason, remark };
}

/** What was refused of one thing, or cannot be read in the ledger, is noted, so that the others go on. @throws whatever else it is */
export async function noteRefusals(carry: () => Promise<Carried>): Promise<Carried> {
  try {
    return await carry();
  } catch (error) {
    if (error instanceof UnreadableContentError) return toNote('refused', error.message);
    const [refusal] = findRefusals(error);
    if (!refusal || ofWholeInstallation(refusal.reason)) throw error;
    const isGone = refusal.reason === 'record-gone' || refusal.reason === 'invoice-row-gone';
    return toNote(isGone ? 'row-gone' : 'refused', refusal.text);
  }
}
