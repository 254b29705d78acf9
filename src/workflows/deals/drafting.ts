import { sleep } from '@temporalio/workflow';
import type { Masters, Standing } from '../../activities/deals/ledger.js';
import type { DealSummary } from '../../activities/deals/sales.js';
import type { RecordRef } from '../../deal/deal.js';
import type { Problem } from '../../deal/holds.js';
import { businessCentral, ledger, sales } from '../activity-options.js';
import { DealEnded, type Desk, type Held } from './deal-handlers.js';
import { type Paper, papersOf } from './document-steps.js';
import type { HandOverResult } from './messages.js';

/** From the won record to a draft that agrees with it, and back to another draft when the record changes. */

export type Start = Refreshed | { readonly kind: 'not-ours'; readonly result: HandOverResult };

export interface DraftOptions {
  readonly isRepeat: boolean;
  readonly generation: number;
  /** The revision to hand over as it was read once; without it the record is read as it is. */
  readonly revision?: string;
  /** What an earlier run has made. */
  readonly draft?: Standing['draft'];
}

/** Reads the deal, finds out whose it is, makes sure of customer and items, and has the draft made. */
export async function bringToDraft(desk: Desk, ref: RecordRef, options: DraftOptions): Promise<Start | Held> {
  const deal = await readRecord(desk, ref, options);
  if (options.draft && deal.state !== 'won') throw toEnd(deal);
  const whose = await findWhose(desk, deal, options.draft !== undefined);
  if (whose.kind === 'not-ours') return whose;
  if (deal.problems.length > 0) return { held: deal.problems };

  await desk.enter('preparing', 'making sure of customer and items', { told: true });
  // After a hold nothing is taken on trust: what was known may be what was wrong.
  const known = options.isRepeat ? { customer: undefined, unknownProducts: deal.products } : whose.masters;
  const masters = await prepareMasters(deal, known);
  if ('held' in masters) return masters;

  const { draft } = options;
  // What is there already is adopted as what it is, an invoice or an order, whatever the deal is to become by now (I1).
  const drafted = draft ? { ...deal, policy: { ...deal.policy, documentKind: draft.kind } } : deal;
  const paper = await makeDraft(desk, drafted, masters.customerId, options.generation);
  if (!paper) return { kind: 'not-ours', result: await giveWay(desk, deal) };
  await desk.enter('drafted', 'comparing draft and deal', { told: true });
  const isAsItIs = !draft && isSameDocument(paper.deal, deal);
  return isAsItIs ? { kind: 'paper', paper } : bringUpToDate(desk, paper, deal);
}

function isSameDocument(was: DealSummary, is: DealSummary): boolean {
  return (
    was.mapping === is.mapping &&
    was.fingerprint === is.fingerprint &&
    was.policy.documentKind === is.policy.documentKind
  );
}

function readRecord(desk: Desk, ref: RecordRef, { revision }: DraftOptions): Promise<DealSummary> {
  if (revision !== undefined) return sales.recallDeal({ ...ref, revision });
  return readSettled(desk, ref);
}

/** Lines of a new order come after its header: it is read until it stands still, though not for ever. */
async function readSettled(desk: Desk, ref: RecordRef): Promise<DealSummary> {
  let deal = await sales.readDeal(ref);
  desk.hasRead(deal.revision);
  if (ref.table !== 'salesorder') return deal;
  for (let time = 0; time < MOST_READINGS && deal.state === 'won' && deal.settleMs > 0; time += 1) {
    await sleep(deal.settleMs);
    const again = await sales.readDeal(ref);
    desk.hasRead(again.revision);
    if (again.revision === deal.revision) return again;
    deal = again;
  }
  return deal;
}

const MOST_READINGS = 10;

async function makeDraft(
  desk: Desk,
  deal: DealSummary,
  customerId: string,
  generation: number,
): Promise<Paper | undefined> {
  const draft = await papersOf(deal).createDraft(deal, customerId, generation);
  if (!draft) return undefined;
  desk.show({ customerNumber: draft.customerNumber, amount: draft.figures.totalIncludingTax, figures: draft.figures });
  // The deal as the document has it, which may have been made of another revision or by another mapping.
  return { deal: { ...deal, ...draft.made }, draft, customerId, generation };
}

type Whose =
  | { readonly kind: 'ours'; readonly masters: Masters }
  | { readonly kind: 'not-ours'; readonly result: HandOverResult };

/** Whose deal is it? The most downstream live record of the lineage carries it (I1). */
async function findWhose(desk: Desk, deal: DealSummary, hasDraft: boolean): Promise<Whose> {
  const { recordId, ancestors, products } = deal;
  if (deal.state === 'dead') {
    await ledger.releaseClaims({ recordId });
    await desk.enter('cancelled', 'cancelled in Sales', { endedBy: 'Sales' });
    return { kind: 'not-ours', result: { outcome: 'cancelled' } };
  }
  if (deal.state === 'open') {
    await desk.enter('seen', 'not won yet');
    return { kind: 'not-ours', result: { outcome: 'seen' } };
  }
  // Who has a draft carries the deal already, and what comes after it is covered.
  if (deal.descendants.length > 0 && !hasDraft) return { kind: 'not-ours', result: await giveWay(desk, deal) };
  const claim = await ledger.claimDeal({ recordId, ancestors, accountId: deal.customer?.accountId ?? '', products });
  if (claim.kind === 'bearer') return { kind: 'ours', masters: claim.masters };
  await desk.enter(claim.kind, `${claim.by} carries the deal`, { bearerId: claim.by });
  return { kind: 'not-ours', result: { outcome: claim.kind, bearer: claim.by } };
}

/** A record further down carries the deal: this one makes sure that it runs and ends. */
async function giveWay(desk: Desk, deal: DealSummary): Promise<HandOverResult> {
  for (const descendant of deal.descendants) await ledger.ensureDealRuns(descendant);
  const bearer = deal.descendants[0]?.recordId;
  await desk.enter('superseded', 'another record carries the deal', bearer ? { bearerId: bearer } : {});
  return bearer ? { outcome: 'superseded', bearer } : { outcome: 'superseded' };
}

/** Customer and items: known, found, or created where the rules allow it; all that is missing is named at once. */
async function prepareMasters(deal: DealSummary, known: Masters): Promise<{ readonly customerId: string } | Held> {
  const { recordId, revision, policy } = deal;
  const products = known.unknownProducts;
  let customer = known.customer ?? (await businessCentral.findCustomer({ recordId, revision }));

  const held: Problem[] = [];
  const missing = [];
  for (let index = 0; index < products.length; index += PRODUCTS_AT_ONCE) {
    const found = await businessCentral.findItems({
      recordId,
      products: products.slice(index, index + PRODUCTS_AT_ONCE),
    });
    missing.push(...found.missing);
    for (const { number } of found.blocked) held.push({ reason: 'item-blocked', text: `item ${number} is blocked` });
  }
  if (!customer && !policy.createCustomers) {
    held.push({ reason: 'customer-missing', text: `no customer ${deal.customer?.number ?? '(no number)'}` });
  }
  if (!policy.createItems) {
    for (const product of missing) held.push({ reason: 'item-missing', text: `no item ${product.number}` });
  }
  // Before anything is made: what the mapping refuses is named in the same breath.
  if (!customer || missing.length > 0) {
    const createsProducts = policy.createItems ? missing.map(({ productId }) => productId) : [];
    const createsCustomer = !customer && policy.createCustomers;
    held.push(...(await businessCentral.findMappingProblems({ recordId, revision, createsCustomer, createsProducts })));
  }
  if (held.length > 0) return { held };

  if (customer && policy.createContacts) {
    await businessCentral.ensureContact({ recordId, revision, customerId: customer.id });
  }
  customer ??= await businessCentral.createCustomer({ recordId, revision });
  for (const { productId } of missing) await businessCentral.createItem({ recordId, revision, productId });
  return { customerId: customer.id };
}

/** As many numbers as one look-up takes. */
const PRODUCTS_AT_ONCE = 20;

/** Lines, discounts, freight and tax of deal and draft must agree before anybody is asked to confirm. */
export async function agreeOnDraft(desk: Desk, made: Paper): Promise<Refreshed> {
  let paper = made;
  return desk.untilClear('comparing draft and deal', async (isRepeat): Promise<Refreshed | Held> => {
    if (isRepeat) {
      const fresh = await refreshOnce(desk, paper);
      if ('held' in fresh || fresh.kind === 'posted-by-hand') return fresh;
      paper = fresh.paper;
    }
    if (paper.draft.missingDiscount) paper = { ...paper, draft: await papersOf(paper.deal).setDiscount(paper) };
    const { figures, difference, differencePolicy } = paper.draft;
    desk.show({ amount: figures.totalIncludingTax, figures, difference });
    // A difference that a person may accept is shown with the question.
    return difference && differencePolicy !== 'ask'
      ? { held: [{ reason: 'totals-differ', text: difference }] }
      : { kind: 'paper', paper };
  });
}

export interface Refreshed {
  /** `posted-by-hand`: somebody posted it in Business Central, so nobody has to confirm it any more. */
  readonly kind: 'paper' | 'posted-by-hand';
  readonly paper: Paper;
}

/** Reads both sides again, until nothing holds it. @throws DealEnded when the record is won no longer. */
export function refresh(desk: Desk, paper: Paper): Promise<Refreshed> {
  return desk.untilClear('bringing the draft up to date', () => refreshOnce(desk, paper));
}

async function refreshOnce(desk: Desk, paper: Paper): Promise<Refreshed | Held> {
  desk.takeNews();
  const { recordId, table } = paper.deal;
  const deal = await sales.readDeal({ recordId, table });
  desk.hasRead(deal.revision);
  return bringUpToDate(desk, paper, deal);
}

/** A deal that changed in Sales, another mapping, or a draft that is gone means a new draft. */
async function bringUpToDate(desk: Desk, paper: Paper, deal: DealSummary): Promise<Refreshed | Held> {
  const { recordId } = deal;
  const papers = papersOf(paper.deal);
  const draft = await papers.readDraft(paper);
  if (await papers.isPostedByHand(paper, draft)) {
    await ledger.keepNotice({ recordId, notice: { kind: 'posted-by-hand', subject: paper.draft.id } });
    await ledger.noteState({ recordId, state: 'posted', isClosed: paper.deal.policy.documentKind !== 'order' });
    return { kind: 'posted-by-hand', paper };
  }
  if (deal.state !== 'won') throw toEnd(deal);
  if (draft && isSameDocument(paper.deal, deal)) return { kind: 'paper', paper: { ...paper, deal, draft } };
  if (draft) await papers.deleteDraft(paper);
  if (deal.problems.length > 0) return { held: deal.problems };
  const masters = await prepareMasters(deal, { customer: undefined, unknownProducts: deal.products });
  if ('held' in masters) return masters;
  const again = await makeDraft(desk, deal, masters.customerId, paper.generation + 1);
  if (!again) throw new TypeError(`deal ${recordId} was drafted before and cannot have been taken over`);
  return { kind: 'paper', paper: again };
}

function toEnd(deal: DealSummary): DealEnded {
  return new DealEnded('cancelled', 'Sales', deal.state === 'dead' ? 'cancelled in Sales' : 'reopened in Sales');
}
