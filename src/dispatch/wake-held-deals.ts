import type { ChangedRow } from '../deal/business-central-feeds.js';
import type { ChangeHint } from '../deal/change-hints.js';
import type { RecordRef } from '../deal/deal.js';
import type { HeldSweeps, SweepPace } from '../ledger/deals/held-sweeps.js';
import type { Waiting } from '../ledger/deals/waiting.js';

/** Customers, items or quotes changed in Business Central: whatever waits for one is woken. */
export interface WakeHeldDeals {
  wake(rows: readonly ChangedRow[]): Promise<void>;
  /** Resolves when none is being woken any more. */
  stop(): Promise<void>;
}

export interface WakeHeldDealsDependencies {
  readonly startDeal: (ref: RecordRef, hint: ChangeHint) => Promise<unknown>;
  readonly waiting: Pick<Waiting, 'findHeldForRows' | 'findDealsOfQuotes'>;
  readonly sweeps: HeldSweeps;
  readonly onTrouble: (error: unknown) => void;
}

const KINDS = { customers: 'customer', items: 'item' } as const;
/** A notice tells no etag; the deal reads its quote anyhow. */
const UNREAD = 'unread';
const PACE: SweepPace = {
  // A woken deal asks Business Central twice: so they take a fifth of what it allows in a second.
  betweenMs: 500,
  // A deal that a row nobody knows may concern is woken again after that, however many of them change.
  restMs: 5 * 60_000,
  // What a starter that dies has taken and not woken yet is left to the watch of each hold.
  limit: 100,
};
/** Also what another starter was asked, and left. */
const LOOK_MS = 10_000;

/**
 * Deals that wait for a row which is linked are woken at once. A row that is linked to nothing may be new, and nothing tells
 * which deal it is for: those are woken one after the other, and the hold is watched anyhow.
 */
export function createWakeHeldDeals(dependencies: WakeHeldDealsDependencies): WakeHeldDeals {
  const { startDeal, waiting, sweeps, onTrouble } = dependencies;
  /** At most a page. */
  let taken: RecordRef[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isResting = false;
  let isAsked = false;
  let isStopped = false;
  let stepping: Promise<void> = Promise.resolve();

  const stepIn = (ms: number): void => {
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      stepping = step();
    }, ms);
    timer.unref();
  };
  const takeMore = async (): Promise<RecordRef[]> => {
    isAsked = false;
    try {
      return [...(await sweeps.take(PACE))];
    } catch (error) {
      onTrouble(error);
      return [];
    }
  };
  const step = async (): Promise<void> => {
    isResting = false;
    if (taken.length === 0) taken = await takeMore();
    const ref = taken.shift();
    if (ref) await startDeal(ref, { at: 'masters' }).catch(onTrouble);
    isResting = ref === undefined;
    stepIn(ref ? PACE.betweenMs : isAsked ? 0 : LOOK_MS);
  };
  const askForAll = async (kind: 'customer' | 'item'): Promise<void> => {
    await sweeps.ask(kind);
    isAsked = true;
    if (isResting) stepIn(0);
  };

  stepIn(0);
  return {
    async wake(rows) {
      const quotes = rows.filter(({ resource }) => resource === 'salesQuotes');
      if (quotes.length > 0) {
        for await (const { quoteId, ...ref } of waiting.findDealsOfQuotes(quotes))
          await startDeal(ref, { at: 'business-central', invoiceId: quoteId, etag: UNREAD }).catch(onTrouble);
      }
      for (const resource of ['customers', 'items'] as const) {
        const ids = rows.filter((row) => row.resource === resource).map((row) => row.id);
        if (ids.length === 0) continue;
        const kind = KINDS[resource];
        const known = ids.filter((id) => id !== undefined);
        const { deals, unlinked } = await waiting.findHeldForRows(kind, known);
        for await (const ref of deals) await startDeal(ref, { at: 'masters' }).catch(onTrouble);
        if (unlinked.length > 0 || known.length < ids.length) await askForAll(kind);
      }
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await stepping;
    },
  };
}
