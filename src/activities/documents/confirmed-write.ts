import { ApplicationFailure } from '@temporalio/common';
import { RemoteApiError } from '../../clients/errors.js';
import type { Actor } from '../../deal/actor.js';
import type { RecordRef } from '../../deal/deal.js';
import { documentTail } from '../../deal/document-number.js';
import type { CompanyContext } from '../../deal/step-context.js';
import { RECORD_FRESH_MS } from '../../deal/time-limits.js';
import type { Decided } from '../../ledger/deals/write-ledger.js';
import type { RecordCheck } from '../deals/sales.js';
import { refuse } from '../remote/failures.js';
import { hasWaited, isRepeated } from '../remote/temporal-time.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { CompanyDependencies } from './dependencies.js';
import { type DocumentPort, severalDocuments } from './document-kinds.js';
import type { Draft } from './drafts.js';

/** What is made sure of right before something that was confirmed is written: the same record, one document, its etag. */

/** What is to be posted, and how well it is known. */
export interface PostInput extends CompanyContext, RecordRef {
  readonly draft: Draft;
  readonly revision: string;
  /** When the record was read; undefined when the deal is handed over as it was read once. */
  readonly readAt: string | undefined;
  /** Whether anything was uncertain on the way, or took long: then everything under the key is looked up once more. */
  readonly mustLookUp: boolean;
  /** Who confirms these figures with this step; absent when that is recorded already. */
  readonly confirmedBy?: Actor;
}

/** The confirmation is in the trail before the request leaves, and together with it (I2, I10). */
export function toDecided({ confirmedBy: actor, draft: { figures } }: PostInput): { readonly decided?: Decided } {
  if (!actor) return {};
  return {
    decided: {
      change: { kind: 'state', state: 'confirmed' },
      audit: { actor, action: 'confirm', facts: { figures } },
    },
  };
}

/** `changed`: the record is another by now; `conflict`: the draft is. Neither was posted. */
export type PostOutcome = 'posted' | 'changed' | 'conflict';

export interface PostingDependencies extends CompanyDependencies {
  readonly checkRecord: (input: { readonly ref: RecordRef; readonly revision: string }) => Promise<RecordCheck>;
}

/** Whether the record may be another than what is to be posted: what is known of it is old, or this step has waited. */
export async function isOutdated(
  { clock, checkRecord }: Pick<PostingDependencies, 'clock' | 'checkRecord'>,
  { table, recordId, revision, readAt }: PostInput,
): Promise<boolean> {
  if (readAt === undefined) return false;
  const ageMs = clock.now().getTime() - Date.parse(readAt);
  if (ageMs <= RECORD_FRESH_MS && !hasWaited(clock)) return false;
  const { found } = await checkRecord({ ref: { table, recordId }, revision });
  return found !== 'same';
}

/**
 * The last guard before the posting: exactly this document stands under the number of the deal (I1). Waiting in the queue puts no
 * other one there; it would cost two requests more just when the quota is what the step waits for.
 */
async function ensureOnly(port: DocumentPort, { recordId, draft, mustLookUp }: PostInput): Promise<void> {
  if (!mustLookUp && !isRepeated()) return;
  const found = await toTemporalFailures(() => port.list(recordId));
  const others = await toTemporalFailures(() => port.listOthers(recordId));
  const all = [...found, ...others];
  if (all.length > 1) throw severalDocuments(recordId, all);
  if (found.length === 1 && found[0]?.id === draft.id) return;
  // Somebody converted the quote: its conversion finds what it became.
  if (port.kind === 'quote' && found.length === 0) return;
  const { documentNumber } = draft.figures;
  const what = all[0] ? `${all[0].number} carries it instead` : 'nothing carries it';
  throw refuse(
    'draft-edited',
    `${documentNumber} is to be posted under the External Document No. …-${documentTail(recordId)}, and ${what}`,
  );
}

export async function postOnce(
  dependencies: PostingDependencies,
  input: PostInput,
  write: (beforePosting: (port: DocumentPort) => Promise<void>) => Promise<unknown>,
): Promise<PostOutcome> {
  let isChanged = false;
  try {
    await write(async (port) => {
      isChanged = await isOutdated(dependencies, input);
      if (isChanged) throw new RemoteApiError('business-central', 'conflict', 'post', {});
      await ensureOnly(port, input);
    });
    return 'posted';
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== 'business-central/conflict') throw error;
    return isChanged ? 'changed' : 'conflict';
  }
}
