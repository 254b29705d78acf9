import { POST_ACTIONS, POST_STEPS, writeKey } from '../../deal/ids.js';
import type { WriteLedger } from '../../ledger/deals/write-ledger.js';

/**
 * What a request of ours was to post, and was then found posted by whoever read it next: the answer was lost, and the step was
 * refused or ended before it could look. It is recorded as ours (I4). @returns whether there was such a request
 */
export async function recordOwnPosting(
  ledger: Pick<WriteLedger, 'wasAsked' | 'recordOutcome'>,
  recordId: string,
  documentId: string,
): Promise<boolean> {
  for (const kind of ['invoice', 'order'] as const) {
    const key = writeKey(recordId, `${POST_STEPS[kind]}-${documentId}`);
    if (!(await ledger.wasAsked(key))) continue;
    await ledger.recordOutcome({
      recordId,
      writeKey: key,
      result: { done: true },
      adopted: true,
      change: { kind: 'posted', ...(kind === 'invoice' && { isClosed: true }) },
      audit: { actor: 'dealbridge', action: POST_ACTIONS[kind], facts: { documentId, adopted: true } },
    });
    return true;
  }
  return false;
}
