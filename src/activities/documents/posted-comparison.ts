import type { Order } from '../../clients/business-central/client.js';
import { type Invoice, readStatus, type SalesDocument } from '../../deal/business-central-document.js';
import { comparePosted, type PostedDifference } from '../../deal/compare-posted.js';
import { type CompanyCurrency, toIsoCurrency } from '../../deal/currency.js';
import { POST_STEPS, writeKey } from '../../deal/ids.js';
import { isSame } from '../../deal/money.js';
import type { Notice, NoticeKind } from '../../deal/notices.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { WriteLedger } from '../../ledger/deals/write-ledger.js';
import { isPosted, type PostedList } from './posted-state.js';

/**
 * What was posted beside what was confirmed (I12): invoice rounding is a notice, anything else an alarm. Both stand with the
 * deal once, with what differs in the trail.
 */
export async function recordPostedDifferences(
  ledger: Pick<DealLedger, 'saveNotice'>,
  recordId: string,
  confirmed: Invoice | Order,
  posted: readonly Invoice[],
  /** As the company has it, which only counts for several invoices: each of them rounds for itself. */
  currency: CompanyCurrency = toIsoCurrency(confirmed.currency),
  /** Asked only where something was taken off. */
  findPrepayments: () => Promise<readonly Invoice[]> = async () => [],
): Promise<readonly PostedDifference[]> {
  const takesOff = posted.some(({ lines }) => lines.some(({ quantity }) => isSame(quantity, '-1')));
  const options = { currency, prepayments: takesOff ? await findPrepayments() : [] };
  const found = comparePosted(confirmed, posted, options);
  const standing = listStanding(posted);
  const ofStanding = hasAlarm(found) && standing.length > 0 ? comparePosted(confirmed, standing, options) : found;
  const differences = hasAlarm(ofStanding) ? found : ofStanding;
  await recordDifferences(ledger, recordId, { confirmed, posted, differences });
  return differences;
}

/**
 * Without those that were cancelled: as long as their order is there, it has their quantities to invoice again, and another one takes
 * their place (reference/business-central 4.7).
 */
export function listStanding(invoices: readonly Invoice[]): readonly Invoice[] {
  return invoices.filter(({ status }) => status !== 'Canceled');
}

function hasAlarm(differences: readonly PostedDifference[]): boolean {
  return differences.some(({ kind }) => kind === 'alarm');
}

async function recordDifferences(
  ledger: Pick<DealLedger, 'saveNotice'>,
  recordId: string,
  {
    confirmed,
    posted,
    differences,
  }: {
    readonly confirmed: Invoice | Order;
    readonly posted: readonly Invoice[];
    readonly differences: readonly PostedDifference[];
  },
): Promise<void> {
  for (const kind of ['posted-otherwise', 'posted-with-rounding', 'posted-after-prepayment'] as const) {
    const texts = differences.filter((difference) => toNoticeKind(difference) === kind).map(({ text }) => text);
    if (texts.length === 0) continue;
    const notice: Notice = { kind, subject: confirmed.id };
    const documents = posted.map(({ number }) => number);
    await ledger.saveNotice(recordId, notice, {
      actor: 'dealbridge',
      action: ACTION_OF[kind],
      facts: { documents, differences: texts },
    });
  }
}

export interface ComparisonSources {
  readonly businessCentral: PostedList;
  readonly ledger: Pick<DealLedger, 'saveNotice'> & Pick<WriteLedger, 'wasAsked'>;
}

/**
 * What was confirmed is what the ledger has until a posted invoice takes its place: whoever reads that first compares the two,
 * also where the answer to our request was lost. Nothing is compared that nobody here asked to post.
 * @param invoice as it was read; @param before as the ledger has it
 */
export async function compareIfPostedByUs(
  { businessCentral, ledger }: ComparisonSources,
  recordId: string,
  before: Invoice | undefined,
  invoice: Invoice,
): Promise<readonly PostedDifference[]> {
  if (!before || readStatus(before.status) === 'posted' || readStatus(invoice.status) === 'draft') return [];
  if (!(await ledger.wasAsked(writeKey(recordId, `${POST_STEPS.invoice}-${invoice.id}`)))) return [];
  const posted = [invoice];
  const differences = comparePosted(before, posted, { currency: toIsoCurrency(before.currency) });
  if (differences.length === 0) return [];
  // A released draft is as open as a posted invoice, and whoever released it may have edited it.
  if (!(await isPosted(businessCentral, invoice, before.number))) return [];
  await recordDifferences(ledger, recordId, { confirmed: before, posted, differences });
  return differences;
}

/** The same for whoever holds nothing of the ledger. */
export async function compareWithKnown(
  sources: ComparisonSources & { readonly ledger: Pick<DealLedger, 'listDocuments'> },
  recordId: string,
  document: SalesDocument,
): Promise<readonly PostedDifference[]> {
  if (!('remaining' in document)) return [];
  const known = (await sources.ledger.listDocuments(recordId)).find(({ documentId }) => documentId === document.id);
  return compareIfPostedByUs(sources, recordId, known?.kind === 'invoice' ? known.content : undefined, document);
}

function toNoticeKind({ kind, cause }: PostedDifference): keyof typeof ACTION_OF {
  if (kind === 'alarm') return 'posted-otherwise';
  return cause === 'prepayment' ? 'posted-after-prepayment' : 'posted-with-rounding';
}

const ACTION_OF = {
  'posted-otherwise': 'posted otherwise than confirmed',
  'posted-with-rounding': 'posted with invoice rounding',
  'posted-after-prepayment': 'posted after a prepayment',
} as const satisfies Partial<Record<NoticeKind, string>>;
