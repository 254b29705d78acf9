import type { z } from 'zod';
import { RemoteApiError } from '../../clients/errors.js';
import type { WriteContext } from '../../clients/http/write-context.js';
import type { RemoteWrite } from '../../deal/audit-actions.js';
import type { Clock } from '../../deal/clock.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { Intent } from '../../ledger/deals/intents.js';
import type { Decided, Outcome, WriteLedger } from '../../ledger/deals/write-ledger.js';
import { UnparsedContent } from '../../ledger/read-rows.js';
import { toFailure, waitForOutcome } from './failures.js';
import { temporalNow } from './temporal-time.js';

/** What a look-up may want to know of the attempt before. */
export interface EarlierAttempt {
  /** False when it certainly changed nothing: whatever is found then is somebody else's doing. */
  readonly mayHaveLanded: boolean;
  readonly startedFrom: UnparsedContent;
}

/** One remote write that must never be made twice (I3). */
export interface SafeWrite<Result extends object> {
  readonly recordId: string;
  readonly writeKey: string;
  readonly action: RemoteWrite;
  /** What the ledger keeps of the result: a repeat after the end reads it from there. */
  readonly result: z.ZodType<Result>;
  /** How long the other side may still be working on a request whose answer never came. */
  readonly ambiguityWindowMs: number;
  /** Looks for what an earlier attempt may have left. Not called by a first attempt. */
  readonly find: (earlier: EarlierAttempt) => Promise<Result | undefined>;
  /** Kept with the intent, for a write whose end shows only by comparing with it. */
  readonly startedFrom?: object;
  /** The intent, where it was opened together with something else. */
  readonly intent?: Intent;
  /** What is recorded together with the first intent. */
  readonly decided?: Decided;
  readonly write: (
    context: WriteContext,
  ) => Promise<Result & { readonly requestId: string; readonly correlationId: string }>;
  /** Facts of the request itself; the trail has them only when it was sent, not for a row that was there before. */
  readonly sentFacts?: Readonly<Record<string, unknown>>;
  /** What the ledger remembers of the result, in the same transaction as the intent and the audit entry. */
  readonly outcome: (result: Result) => Pick<Outcome, 'change' | 'link' | 'document' | 'writeBack'> &
    Pick<Outcome['audit'], 'before' | 'after' | 'personal'> & {
      readonly facts: Readonly<Record<string, unknown>>;
    };
}

export interface WriteDependencies {
  readonly ledger: WriteLedger & AuditLedger;
  readonly clock: Clock;
}

/** The time between two looks while an outcome is unknown: soon enough to adopt, seldom enough not to be load. */
const PROBE_INTERVAL_MS = 15_000;

/** A request that leaves so long after its intent is counted anew; most leave at once and cost no more. */
const LATE_MS = 1_000;

/**
 * Writes the intent, asks, writes the result. A repeat looks before it asks; after an unknown outcome it asks again
 * only when the other side's own time limit has passed, and after a last look.
 */
export async function writeOnce<Result extends object>(
  { ledger, clock }: WriteDependencies,
  write: SafeWrite<Result>,
): Promise<Result> {
  const { recordId, writeKey } = write;
  const at = temporalNow(clock);
  const intent = write.intent ?? (await ledger.openIntent(writeKey, recordId, at, write.startedFrom, write.decided));
  if (intent.state === 'done') return intent.result.parse(write.result);
  let { attempt } = intent;
  if (intent.state !== 'first') {
    const earlier = { mayHaveLanded: intent.state === 'asking', startedFrom: intent.startedFrom };
    const found = await toTemporalFailures(() => write.find(earlier));
    if (found !== undefined) {
      await keep(ledger, write, found, { mayBeOurs: earlier.mayHaveLanded });
      return found;
    }
    const restMs = intent.state === 'asking' ? write.ambiguityWindowMs - intent.askedMsAgo : 0;
    if (restMs > 0) throw waitForOutcome(Math.min(restMs, PROBE_INTERVAL_MS));
    // Deals share the writes of a customer or an item: whoever asked in between may land after this look.
    if (!(await ledger.reopenIntent(writeKey, attempt, write.ambiguityWindowMs, at, write.startedFrom)))
      throw waitForOutcome(0);
    attempt += 1;
  }
  const begunAt = clock.now().getTime();
  let mayHaveLeft = false;
  const context: WriteContext = {
    async beforeSending() {
      // Somebody has asked meanwhile, because this attempt was taken for dead: it must not leave any more.
      if (clock.now().getTime() - begunAt > LATE_MS && !(await ledger.restartAmbiguityWindow(writeKey, attempt, at)))
        throw waitForOutcome(0);
      mayHaveLeft = true;
    },
  };
  let answer: Result & { readonly requestId: string; readonly correlationId: string };
  try {
    answer = await write.write(context);
  } catch (error) {
    const isRemote = error instanceof RemoteApiError;
    // What was found to be in the way before anything left is no unknown outcome, and neither is a look-up without an answer.
    if (!mayHaveLeft || (isRemote && error.wasNotDone)) await ledger.markNotDone(writeKey, attempt);
    else if (isRemote) await recordNoAnswer(ledger, write, attempt, error, at);
    // The row that has the key may be the very one, made meanwhile or long ago (I1); another one is for a person.
    const isTaken = isRemote && error.code === 'taken';
    const found = isTaken ? await toTemporalFailures(() => write.find(notLanded(write))) : undefined;
    if (found !== undefined) {
      await keep(ledger, write, found, { mayBeOurs: false });
      return found;
    }
    throw toFailure(error);
  }
  const { requestId, correlationId } = answer;
  const result = write.result.parse(answer);
  await keep(ledger, write, result, { requestId, correlationId });
  return result;
}

/**
 * Waits until nothing that was asked before can land any more; never asks itself. Finds what it left, and keeps it as
 * {@link writeOnce} would.
 * @throws ApplicationFailure to be repeated, while the outcome is unknown
 */
export async function settleOpenWrite<Result extends object>(
  { ledger, clock }: WriteDependencies,
  write: Omit<SafeWrite<Result>, 'write'>,
): Promise<Result | undefined> {
  const { writeKey, recordId } = write;
  const at = temporalNow(clock);
  if (!(await ledger.findOpenIntent(writeKey, at))) return undefined;
  const intent = await ledger.openIntent(writeKey, recordId, at);
  if (intent.state !== 'asking') return undefined;
  const found = await toTemporalFailures(() => write.find({ mayHaveLanded: true, startedFrom: intent.startedFrom }));
  if (found !== undefined) {
    await keep(ledger, write, found, { mayBeOurs: true });
    return found;
  }
  const restMs = write.ambiguityWindowMs - intent.askedMsAgo;
  if (restMs > 0) throw waitForOutcome(Math.min(restMs, PROBE_INTERVAL_MS));
  await ledger.markNotDone(writeKey, intent.attempt);
  return undefined;
}

function notLanded<Result extends object>({ writeKey, startedFrom }: SafeWrite<Result>): EarlierAttempt {
  const content = new UnparsedContent('write_intents', writeKey, 'started_from', startedFrom);
  return { mayHaveLanded: false, startedFrom: content };
}

/** It may have been done: the trail has the id to ask the other side about (I4). */
async function recordNoAnswer<Result extends object>(
  ledger: WriteLedger & AuditLedger,
  write: SafeWrite<Result>,
  attempt: number,
  error: RemoteApiError,
  at: Date,
): Promise<void> {
  await ledger.restartAmbiguityWindow(write.writeKey, attempt, at);
  const { requestId, status, remoteCode } = error.facts;
  await ledger.audit({
    recordId: write.recordId,
    actor: 'dealbridge',
    action: `${write.action}: outcome unknown`,
    requestId,
    facts: { writeKey: write.writeKey, ...(status && { status }), ...(remoteCode && { remoteCode }) },
  });
}

async function keep<Result extends object>(
  ledger: WriteLedger,
  write: Omit<SafeWrite<Result>, 'write'>,
  result: Result,
  source: { readonly requestId: string; readonly correlationId: string } | { readonly mayBeOurs: boolean },
): Promise<void> {
  const receipt = 'requestId' in source ? source : undefined;
  const wasSent = !('mayBeOurs' in source) || source.mayBeOurs;
  const { change, link, document, writeBack, facts, before, after, personal } = write.outcome(result);
  await ledger.recordOutcome({
    recordId: write.recordId,
    writeKey: write.writeKey,
    result,
    adopted: receipt === undefined,
    unlessDone: true,
    ...(change && { change }),
    ...(link && { link }),
    ...(document && { document }),
    ...(writeBack && { writeBack }),
    audit: {
      actor: 'dealbridge',
      action: write.action,
      ...receipt,
      facts: { ...facts, ...(wasSent && write.sentFacts), ...(receipt === undefined && { adopted: true }) },
      ...(before && { before }),
      ...(after && { after }),
      ...(personal && { personal }),
    },
  });
}

/** A request that only reads: its error becomes a Temporal failure and nothing else. */
export async function toTemporalFailures<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw toFailure(error);
  }
}
