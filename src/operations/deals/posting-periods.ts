import { setTimeout } from 'node:timers/promises';
import { type ClosedPeriod, findClosedPeriod, type PostingPeriod } from '../../deal/posting-period.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';

/** Whether the day of a draft is open for posting, asked before somebody confirms it and not after. */

/** Of a company of Business Central; undefined when it is not known, as while Business Central does not answer. */
export type FindPostingPeriod = (companyId: string) => Promise<PostingPeriod | undefined>;

interface Options {
  readonly read: (companyId: string) => Promise<PostingPeriod | undefined>;
  readonly now: () => Date;
}

/** A period is opened once a month: whoever opens it sees that within a minute. */
const FRESH_MS = 60_000;
/** Whoever looks at a deal does not wait for Business Central longer than this. */
const PATIENCE_MS = 3_000;

/** One question a minute and company, however many look; a refusal counts as an answer for as long. */
export function createFindPostingPeriod({ read, now }: Options): FindPostingPeriod {
  const known = new Map<string, { readonly askedAt: number; readonly answer: Promise<PostingPeriod | undefined> }>();
  return async (companyId) => {
    const at = now().getTime();
    let entry = known.get(companyId);
    if (!entry || at - entry.askedAt >= FRESH_MS) {
      entry = { askedAt: at, answer: read(companyId).catch(() => undefined) };
      known.set(companyId, entry);
    }
    const ended = new AbortController();
    const silence = setTimeout(PATIENCE_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    const first = await Promise.race([entry.answer, silence]);
    ended.abort();
    return first;
  };
}

export interface PeriodDependencies {
  readonly ledger: Pick<DealLedger, 'findRecord' | 'listDocuments'>;
  readonly findPostingPeriod: FindPostingPeriod;
}

/** Undefined when the day is open, is not known, or the document is posted. */
export async function findClosedPeriodOf(
  { ledger, findPostingPeriod }: PeriodDependencies,
  recordId: string,
): Promise<ClosedPeriod | undefined> {
  const record = await ledger.findRecord(recordId);
  if (!record || record.isHandedOver || record.documentId === undefined || record.companyId === undefined)
    return undefined;
  const documents = await ledger.listDocuments(recordId);
  const draft = documents.find(({ documentId }) => documentId === record.documentId);
  const period = draft && (await findPostingPeriod(record.companyId));
  return draft && period && findClosedPeriod(draft.content.postingDate, period);
}
