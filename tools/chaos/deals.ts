import type { Simulators } from '@dealbridge/simulators';
import type { SeedAccount, SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import type { SourceTable } from '../../src/deal/ids.js';
import { type CaseCustomer, type PlannedCase, prepareCase } from './cases.js';
import type { Seller } from './seller.js';

/** The deals of a run and the clicks that win them. */

/** `cancelled`: nothing is left to be sold; `reopened`: and won again later; `amount`: it is sold for another sum. */
export const CHANGE_KINDS = ['cancelled', 'amount', 'reopened'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Change {
  readonly kind: ChangeKind;
  /** Sales has answered by then, so that whoever asks later can know. */
  readonly at: number;
  /** Won again, after it was reopened. */
  wonAgainAt?: number;
}

/** One business fact, whatever number of records it has in Sales: exactly one of them may carry a document. */
export interface Deal {
  readonly kind: SourceTable | 'chain';
  readonly account: SeedAccount;
  readonly seed: SeedDocument;
  /** The records that exist so far; a chain gets its quote and its order by the clicks. */
  readonly records: { readonly table: SourceTable; readonly id: string }[];
  readonly case: PlannedCase | undefined;
  readonly sharing: CaseCustomer['sharing'];
  /** A person in Business Central may post it before Dealbridge does. */
  readonly isByHand: boolean;
  isWon: boolean;
  /** What the seller changed while Business Central took nothing. */
  change: Change | undefined;
  /** The customer of Business Central that may get a document; nobody while that has to be decided. */
  bills: Billed | undefined;
  /** A person ended it: nothing may be left of it. */
  isCancelled: boolean;
  /** A person takes it that less was handed over than the order says. */
  acceptsDifference: boolean;
}

export interface Billed {
  readonly number?: string;
  readonly name?: string;
  /** Made because a person said so. */
  readonly isNew?: boolean;
}

/** How many open records of the seed a run of so many deals may need. */
export function documentsFor(deals: number): number {
  // A third of the seed are opportunities, of which half of the deals may be made.
  return Math.ceil(deals * 1.5) + 30;
}

export interface DealsOptions {
  readonly deals: number;
  readonly orders: number;
  readonly cases: ReadonlyMap<number, PlannedCase>;
  /** The share of the plain deals that a person in Business Central posts. */
  readonly byHand?: number;
  readonly roll: (what: string) => number;
}

/** Deals of all three tables and chains of opportunity, quote and order; the share of `orders` ends as orders. */
export function chooseDeals(simulators: Simulators, { deals, orders, cases, byHand = 0, roll }: DealsOptions): Deal[] {
  const { data } = simulators;
  const left = new Map<SourceTable, SeedDocument[]>();
  for (const document of data.documents) {
    if (document.state === (document.kind === 'quote' ? 1 : 0))
      left.set(document.kind, [...(left.get(document.kind) ?? []), document]);
  }
  const choose = (index: number): Deal => {
    const planned = cases.get(index);
    const isOrder = roll(`kind/${index}`) < orders;
    const isFirst = roll(`which/${index}`) < 0.5;
    const plain: Deal['kind'] = isOrder ? (isFirst ? 'salesorder' : 'chain') : isFirst ? 'opportunity' : 'quote';
    const wanted = planned ? (KINDS[planned.name] ?? plain) : plain;
    const table = wanted === 'chain' ? 'opportunity' : wanted;
    const found = [table, 'opportunity', 'quote', 'salesorder'].find((name) => left.get(name as SourceTable)?.length);
    const seed = take(left.get(found as SourceTable) ?? [], planned?.name === 'automatic-discount');
    if (!seed) throw new RangeError(`the seed holds too few records for ${deals} deals`);
    const account = data.accounts[seed.accountIndex];
    if (!account) throw new RangeError(`the seed holds no account of ${seed.number}`);
    const kind = seed.kind === table ? wanted : seed.kind;
    const customer = planned ? prepareCase(simulators, planned, seed, account) : { account, sharing: undefined };
    return {
      ...customer,
      kind,
      seed,
      records: [{ table: seed.kind, id: seed.id }],
      case: planned,
      // The records of a chain are made on the way, and whose deal it is changes with them.
      isByHand: !planned && kind !== 'chain' && roll(`by hand/${index}`) < byHand,
      isWon: false,
      change: undefined,
      bills: planned?.name === 'shared-number' ? undefined : { number: customer.account.number },
      isCancelled: false,
      acceptsDifference: false,
    };
  };
  // A case that only one kind of record can be takes its record while there are some.
  const isBound = (index: number): boolean => KINDS[cases.get(index)?.name ?? ''] !== undefined;
  const indices = Array.from({ length: deals }, (_, index) => index);
  const chosen = [...indices.filter(isBound), ...indices.filter((index) => !isBound(index))];
  const byIndex = new Map(chosen.map((index) => [index, choose(index)] as const));
  return [...byIndex].sort(([left], [right]) => left - right).map(([, deal]) => deal);
}

/** The next of them; a discount of the whole document needs a product among the lines. */
function take(seeds: SeedDocument[], needsProduct: boolean): SeedDocument | undefined {
  const index = needsProduct ? seeds.findIndex(hasProduct) : 0;
  return index < 0 ? undefined : seeds.splice(index, 1)[0];
}

export function hasProduct({ lines }: SeedDocument): boolean {
  return lines.some(({ productIndex }) => productIndex !== undefined);
}

/** What only some records can be: a won opportunity may still be changed, and a chain has two records to compare. */
const KINDS: Readonly<Partial<Record<string, Deal['kind']>>> = {
  'shared-number': 'opportunity',
  'other-order': 'chain',
  'automatic-discount': 'opportunity',
};

/** Wins a deal as a person would; the clicks of a chain come in one of several orders. */
export async function win(deal: Deal, seller: Seller, roll: (what: string) => number): Promise<void> {
  const { seed } = deal;
  switch (deal.kind) {
    case 'opportunity':
      await seller.winOpportunity(seed.id);
      break;
    case 'quote':
      await seller.winQuote(seed.id);
      break;
    case 'salesorder':
      await seller.submitOrder(seed.id);
      break;
    case 'chain':
      if (deal.case?.name === 'other-order') await winOtherOrder(deal, seller);
      else await winChain(deal, seller, roll(`chain/${seed.id}`), roll(`pause/${seed.id}`));
  }
  deal.isWon = true;
}

/** One click after the other, as quick as software or as slow as a person. */
const MAX_PAUSE_MS = 1_000;

async function winChain(deal: Deal, seller: Seller, variant: number, pause: number): Promise<void> {
  const opportunity = deal.seed.id;
  const quote = await seller.offer(opportunity);
  deal.records.push({ table: 'quote', id: quote });
  const order = async (): Promise<string> => {
    const made = await seller.order(quote);
    deal.records.push({ table: 'salesorder', id: made });
    return made;
  };
  if (variant < 0.25) {
    await seller.winQuote(quote);
    const made = await order();
    await seller.winOpportunity(opportunity);
    await seller.submitOrder(made);
  } else if (variant < 0.5) {
    await seller.winQuote(quote);
    await seller.winOpportunity(opportunity);
    await seller.pause(pause * MAX_PAUSE_MS);
    await seller.submitOrder(await order());
  } else {
    await seller.winOpportunity(opportunity);
    if (variant < 0.75) await seller.pause(pause * MAX_PAUSE_MS);
    else await seller.untilDrafted(opportunity);
    await seller.winQuote(quote);
    await seller.submitOrder(await order());
  }
}

/** What the order has more than its quote. */
const MORE = 500;
/** Before there is a draft nothing differs from it; processes that were killed on a busy machine take their time. */
const UNTIL_DRAFTED_MS = 180_000;

/** The quote has its draft when the order made of it gets a line more. */
async function winOtherOrder(deal: Deal, seller: Seller): Promise<void> {
  const quote = await seller.offer(deal.seed.id);
  deal.records.push({ table: 'quote', id: quote });
  await seller.winQuote(quote);
  await seller.untilDrafted(quote, UNTIL_DRAFTED_MS);
  await seller.winOpportunity(deal.seed.id);
  const order = await seller.order(quote);
  deal.records.push({ table: 'salesorder', id: order });
  await seller.addLine(order, MORE);
  await seller.submitOrder(order);
}
