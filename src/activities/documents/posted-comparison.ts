import type { Order } from '../../clients/business-central/client.js';
import type { Invoice } from '../../deal/business-central-document.js';
import { comparePosted, type PostedDifference } from '../../deal/compare-posted.js';
import { type CompanyCurrency, toIsoCurrency } from '../../deal/currency.js';
import type { Notice } from '../../deal/notices.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';

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
): Promise<readonly PostedDifference[]> {
  const differences = comparePosted(confirmed, posted, { currency });
  for (const kind of ['alarm', 'notice'] as const) {
    const texts = differences.filter((difference) => difference.kind === kind).map(({ text }) => text);
    if (texts.length === 0) continue;
    const notice: Notice = { kind: NOTICE_OF[kind], subject: confirmed.id };
    const documents = posted.map(({ number }) => number);
    await ledger.saveNotice(recordId, notice, {
      actor: 'dealbridge',
      action: ACTION_OF[kind],
      facts: { documents, differences: texts },
    });
  }
  return differences;
}

const NOTICE_OF = { alarm: 'posted-otherwise', notice: 'posted-with-rounding' } as const;
const ACTION_OF = { alarm: 'posted otherwise than confirmed', notice: 'posted with invoice rounding' } as const;
