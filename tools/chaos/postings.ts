import type { Simulators } from '@dealbridge/simulators';
import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';

/** When the request came that posted an invoice: what happened in Sales before it could be known. */
export interface Postings {
  /** Undefined of what a person posted, and of what is not posted. */
  arrivalOf(invoice: SalesDocument): number | undefined;
}

const POSTING = /\(([0-9a-f-]{36})\)\/Microsoft\.NAV\.(?:post|shipAndInvoice)$/i;
/** Both clocks count whole milliseconds. */
const ROUNDING_MS = 5;

export function watchPostings({ businessCentral }: Simulators): Postings {
  const { company, requests } = businessCentral;
  const postedAt = new Map<string, number>();
  const { onChange } = company;
  company.onChange = (change) => {
    onChange(change);
    if (change.set !== 'salesInvoices' || postedAt.has(change.id)) return;
    if (company.invoices.get(change.id)?.isPosted) postedAt.set(change.id, Date.now());
  };
  return {
    arrivalOf({ row }) {
      const at = postedAt.get(String(row['id']));
      if (at === undefined) return undefined;
      const ids = new Set([String(row['id']), String(row['orderId'])].map((id) => id.toLowerCase()));
      const arrivals = requests
        .filter(({ method, path }) => method === 'POST' && ids.has(POSTING.exec(path)?.[1]?.toLowerCase() ?? ''))
        .map(({ startedAt, durationMs }) => ({ from: Date.parse(startedAt), durationMs }))
        .filter(({ from, durationMs }) => from <= at && at <= from + durationMs + ROUNDING_MS)
        .map(({ from }) => from);
      return arrivals.length > 0 ? Math.min(...arrivals) : undefined;
    },
  };
}
