import type { ChangedRow } from '../deal/business-central-feeds.js';
import type { ChangeHint } from '../deal/change-hints.js';
import type { Clock } from '../deal/clock.js';
import type { RecordRef } from '../deal/deal.js';
import type { Waiting } from '../ledger/deals/waiting.js';

/** Customers, items or quotes changed in Business Central: whatever waits for one is woken. */
export interface WakeHeldDeals {
  wake(rows: readonly ChangedRow[]): Promise<void>;
  stop(): void;
}

export interface WakeHeldDealsDependencies {
  readonly startDeal: (ref: RecordRef, hint: ChangeHint) => Promise<unknown>;
  readonly waiting: Pick<Waiting, 'findHeldForRows' | 'listHeldForAny' | 'findDealsOfQuotes'>;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
  readonly paceMs?: number;
}

const KINDS = { customers: 'customer', items: 'item' } as const;
/** A notice tells no etag; the deal reads its quote anyhow. */
const UNREAD = 'unread';
/** A woken deal asks Business Central twice: so they take a fifth of what it allows in a second. */
const PACE_MS = 500;
/** A deal that a row nobody knows may concern is not woken again sooner, however many of them change. */
const REST_MS = 5 * 60_000;

/**
 * Deals that wait for a row which is linked are woken at once. A row that is linked to nothing may be new, and nothing tells
 * which deal it is for: those are woken one after the other, and the hold is watched anyhow.
 */
export function createWakeHeldDeals(dependencies: WakeHeldDealsDependencies): WakeHeldDeals {
  const { startDeal, waiting, clock, onTrouble, paceMs = PACE_MS } = dependencies;
  const due = new Map<string, RecordRef>();
  const wokenAt = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const nextDue = (): RecordRef | undefined => {
    const now = clock.now().getTime();
    for (const [recordId, at] of wokenAt) if (now - at >= REST_MS) wokenAt.delete(recordId);
    for (const [recordId, ref] of due) if (!wokenAt.has(recordId)) return ref;
    return undefined;
  };
  const step = async (): Promise<void> => {
    const ref = nextDue();
    if (ref) {
      due.delete(ref.recordId);
      wokenAt.set(ref.recordId, clock.now().getTime());
      await startDeal(ref, { at: 'masters' }).catch(onTrouble);
    }
    timer = due.size > 0 && !isStopped ? setTimeout(() => void step(), paceMs) : undefined;
    timer?.unref();
  };

  return {
    async wake(rows) {
      const quotes = rows.filter(({ resource }) => resource === 'salesQuotes');
      for (const { quoteId, ...ref } of quotes.length > 0 ? await waiting.findDealsOfQuotes(quotes) : [])
        await startDeal(ref, { at: 'business-central', invoiceId: quoteId, etag: UNREAD });
      for (const resource of ['customers', 'items'] as const) {
        const ids = rows.filter((row) => row.resource === resource).map((row) => row.id);
        if (ids.length === 0) continue;
        const kind = KINDS[resource];
        const known = ids.filter((id) => id !== undefined);
        const { deals, unlinked } = await waiting.findHeldForRows(kind, known);
        for (const ref of deals) {
          due.delete(ref.recordId);
          await startDeal(ref, { at: 'masters' });
        }
        if (unlinked.length === 0 && known.length === ids.length) continue;
        for (const ref of await waiting.listHeldForAny(kind)) due.set(ref.recordId, ref);
      }
      if (due.size > 0 && timer === undefined && !isStopped) {
        timer = setTimeout(() => void step(), 0);
        timer.unref();
      }
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
