import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulators } from '@dealbridge/simulators';
import { documentTail, findTail } from '../../src/deal/document-number.js';
import { CHANGE_KINDS, type Change, type ChangeKind, type Deal, hasProduct } from './deals.js';
import { TIMES } from './effects.js';
import type { Seller } from './seller.js';

/** What sellers change while Business Central takes nothing: it has to be known before anything is posted. */

/** `drafts`: neither drafts nor postings are taken, and deals without a draft change; `postings`: those with one. */
export const OUTAGES = ['postings', 'drafts'] as const;
export type Outage = (typeof OUTAGES)[number];

const POSTINGS = ['/Microsoft\\.NAV\\.(post|shipAndInvoice)$'];
const REFUSED: Readonly<Record<Outage, readonly string[]>> = {
  postings: POSTINGS,
  drafts: [...POSTINGS, '/sales(Invoices|Orders)\\?'],
};
/** Whatever arrived before the outage is done by then, late requests too. */
const BEGINS_MS = TIMES.lateMs + 500;
/** So long nothing is posted after what was changed. */
const LASTS_MS = 6_000;
const REOPENED_MS = 3_000;
const CHANGED_AT_ONCE = 5;
const DISCOUNT = 7.13;
const MORE = 300;

/**
 * An order that is active again is still handed over: only an opportunity that is open is not. The discount that changes what an
 * opportunity comes to needs a product among its lines: Business Central has no place for it on write-ins alone.
 */
export function changesOf({ kind, seed }: Pick<Deal, 'kind' | 'seed'>): readonly ChangeKind[] {
  return CHANGE_KINDS.filter((one) => {
    if (one === 'reopened') return kind === 'opportunity';
    return one !== 'amount' || kind !== 'opportunity' || hasProduct(seed);
  });
}

export interface Changes {
  /** Takes as long as the outage. */
  breakOut(outage: Outage): Promise<void>;
  readonly made: Readonly<Record<ChangeKind, number>>;
  /** Nothing that was reopened has yet to be won again. */
  isDone(): boolean;
}

export function createChanges({
  simulators,
  deals,
  seller,
  say,
}: {
  readonly simulators: Simulators;
  readonly deals: readonly Deal[];
  readonly seller: Seller;
  readonly say: (text: string) => void;
}): Changes {
  const { company, faults } = simulators.businessCentral;
  const made: Record<ChangeKind, number> = { cancelled: 0, amount: 0, reopened: 0 };
  let turn = 0;
  let reopened = 0;

  function candidates(outage: Outage): Deal[] {
    const drafts = new Set<string | undefined>();
    const posted = new Set<string | undefined>();
    for (const { row, isPosted, isPlaceholder } of [...company.invoices.values(), ...company.documents.order.values()])
      if (!isPlaceholder) (isPosted ? posted : drafts).add(findTail(String(row['externalDocumentNumber'])));
    return deals.filter(({ isWon, kind, case: of, change, isByHand, seed }) => {
      if (!isWon || of || change || isByHand || (kind !== 'opportunity' && kind !== 'salesorder')) return false;
      const tail = documentTail(seed.id);
      return !posted.has(tail) && drafts.has(tail) === (outage === 'postings');
    });
  }

  function kindFor(deal: Deal): ChangeKind {
    const kinds = changesOf(deal);
    turn += 1;
    return kinds[turn % kinds.length] ?? 'cancelled';
  }

  async function change(deal: Deal): Promise<void> {
    const { kind: table, seed } = deal;
    const kind = kindFor(deal);
    const isOrder = table === 'salesorder';
    if (kind === 'cancelled') await (isOrder ? seller.cancelOrder(seed.id) : seller.loseWon(seed.id));
    if (kind === 'amount')
      await (isOrder ? seller.addToSubmitted(seed.id, MORE) : seller.giveDiscount(seed.id, DISCOUNT));
    if (kind === 'reopened') await seller.reopen(seed.id);
    deal.change = { kind, at: Date.now() };
    made[kind] += 1;
    if (kind === 'reopened') void winAgain(deal, deal.change);
  }

  async function winAgain({ seed }: Deal, of: Change): Promise<void> {
    reopened += 1;
    await sleep(LASTS_MS + REOPENED_MS);
    await seller.winOpportunity(seed.id).then(
      () => {
        of.wonAgainAt = Date.now();
      },
      (error: unknown) => say(`a deal could not be won again: ${String(error)}`),
    );
    reopened -= 1;
  }

  return {
    made,
    isDone: () => reopened === 0,
    async breakOut(outage) {
      const rules = REFUSED[outage].map((path) =>
        faults.add({
          id: `businessCentral/${outage} refused/503-retry-after/${Date.now()}${path}`,
          match: { method: 'POST', path },
          times: 0,
          effect: { kind: 'status', status: 503, body: UNAVAILABLE, headers: { 'retry-after': '1' } },
        }),
      );
      await sleep(BEGINS_MS);
      for (const deal of candidates(outage).slice(0, CHANGED_AT_ONCE))
        await change(deal).catch((error: unknown) => say(`a deal could not be changed: ${String(error)}`));
      await sleep(LASTS_MS);
      for (const rule of rules) faults.remove(rule);
    },
  };
}

const UNAVAILABLE = { error: { code: 'Internal_TenantUnavailable', message: 'The tenant is not available.' } };
