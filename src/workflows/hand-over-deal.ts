import type { Draft, PostedInvoice } from '../activities/business-central.js';
import type { Masters } from '../activities/ledger.js';
import type { DealSummary } from '../activities/sales.js';
import type { Policy, RecordRef } from '../deal/deal.js';
import type { Problem } from '../deal/holds.js';
import { isLess } from '../deal/money.js';
import type { DealState } from '../deal/states.js';
import { businessCentral, ledger, sales } from './activity-options.js';
import { DealEnded, type Desk, type Held, openDesk } from './desk.js';

export interface HandOverResult {
  readonly outcome: DealState;
  readonly invoiceNumber?: string;
  /** The record that carries the deal instead of this one. */
  readonly bearer?: string;
}

/** The main job: one won record of Sales becomes one posted invoice, and its number goes back to the seller. */
export async function handOverDeal(ref: RecordRef): Promise<HandOverResult> {
  const desk = openDesk(ref);
  let paper: Paper | undefined;
  try {
    await desk.enter('reading', 'reading the deal in Sales', { told: true });
    const start = await desk.untilClear('preparing the draft', (isRepeat) => bringToDraft(desk, ref, isRepeat));
    if (start.kind === 'not-ours') return start.result;
    paper = start.paper;

    paper = await agreeOnDraft(desk, paper);
    await confirm(desk, paper);
    while ((await post(desk, paper)) === 'changed') {
      // Somebody touched the draft after it was confirmed: the word is void, the new figures are asked for (I2).
      paper = await agreeOnDraft(desk, await refresh(desk, paper));
      await confirm(desk, paper);
    }

    const invoice = await readPosted(desk, paper);
    await writeBack(desk, paper.deal, invoice);
    await desk.enter('settled', 'done');
    return { outcome: 'settled', invoiceNumber: invoice.number };
  } catch (error) {
    if (!(error instanceof DealEnded)) throw error;
    return endByPerson(desk, ref, paper, error);
  }
}

/** The deal as it was read and the draft that was made of it. */
interface Paper {
  readonly deal: DealSummary;
  readonly draft: Draft;
  readonly customerId: string;
  /** The how manyeth draft of this deal: a new one only when the one before is certainly gone. */
  readonly generation: number;
}

type Start =
  | { readonly kind: 'drafted'; readonly paper: Paper }
  | { readonly kind: 'not-ours'; readonly result: HandOverResult };

/** Reads the deal, finds out whose it is, makes sure of customer and items, and has the draft made. */
async function bringToDraft(desk: Desk, ref: RecordRef, isRepeat: boolean): Promise<Start | Held> {
  const deal = await sales.readDeal(ref);
  const whose = await findWhose(desk, deal);
  if (whose.kind === 'not-ours') return whose;
  if (deal.problems.length > 0) return { held: deal.problems };

  await desk.enter('preparing', 'making sure of customer and items', { told: true });
  // After a hold nothing is taken on trust: what was known may be what was wrong.
  const known = isRepeat ? { customer: undefined, unknownProducts: deal.products } : whose.masters;
  const masters = await prepareMasters(deal, known);
  if ('held' in masters) return masters;

  const paper = await makeDraft(desk, deal, masters.customerId, 1);
  if (!paper) return { kind: 'not-ours', result: await giveWay(desk, deal) };
  await desk.enter('drafted', 'comparing draft and deal', { told: true });
  return { kind: 'drafted', paper };
}

async function makeDraft(
  desk: Desk,
  deal: DealSummary,
  customerId: string,
  generation: number,
): Promise<Paper | undefined> {
  const { recordId, revision } = deal;
  const draft = await businessCentral.createDraft({ recordId, revision, customerId, generation });
  if (!draft) return undefined;
  desk.show({ customerNumber: draft.customerNumber, amount: draft.figures.totalIncludingTax, figures: draft.figures });
  return { deal, draft, customerId, generation };
}

type Whose =
  | { readonly kind: 'ours'; readonly masters: Masters }
  | { readonly kind: 'not-ours'; readonly result: HandOverResult };

/** Whose deal is it? The most downstream live record of the lineage carries it (I1). */
async function findWhose(desk: Desk, deal: DealSummary): Promise<Whose> {
  const { recordId, ancestors, products } = deal;
  if (deal.state === 'dead') {
    await ledger.releaseClaims({ recordId });
    await desk.enter('cancelled', 'cancelled in Sales');
    return { kind: 'not-ours', result: { outcome: 'cancelled' } };
  }
  if (deal.state === 'open') {
    await desk.enter('seen', 'not won yet');
    return { kind: 'not-ours', result: { outcome: 'seen' } };
  }
  if (deal.descendants.length > 0) return { kind: 'not-ours', result: await giveWay(desk, deal) };
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
    const found = await businessCentral.findItems({ products: products.slice(index, index + PRODUCTS_AT_ONCE) });
    missing.push(...found.missing);
    for (const { number } of found.blocked) held.push({ reason: 'item-blocked', text: `item ${number} is blocked` });
  }
  if (!customer && !policy.createCustomers) {
    held.push({ reason: 'customer-missing', text: `no customer ${deal.customer?.number ?? '(no number)'}` });
  }
  if (!policy.createItems) {
    for (const product of missing) held.push({ reason: 'item-missing', text: `no item ${product.number}` });
  }
  if (held.length > 0) return { held };

  customer ??= await businessCentral.createCustomer({ recordId, revision });
  for (const { productId } of missing) await businessCentral.createItem({ recordId, revision, productId });
  return { customerId: customer.id };
}

/** As many numbers as one look-up takes. */
const PRODUCTS_AT_ONCE = 20;

/** Lines, discounts, freight and tax of deal and draft must agree before anybody is asked to confirm. */
async function agreeOnDraft(desk: Desk, made: Paper): Promise<Paper> {
  let paper = made;
  return desk.untilClear('comparing draft and deal', async (isRepeat): Promise<Paper | Held> => {
    if (isRepeat) paper = await refresh(desk, paper);
    const { recordId, revision } = paper.deal;
    const { id: draftId, etag, missingDiscount } = paper.draft;
    if (missingDiscount) {
      paper = { ...paper, draft: await businessCentral.setDiscount({ recordId, revision, draftId, etag }) };
    }
    const { figures, difference } = paper.draft;
    desk.show({ amount: figures.totalIncludingTax, figures });
    return difference ? { held: [{ reason: 'totals-differ', text: difference }] } : paper;
  });
}

/** After a hold both sides are read again; a deal that changed in Sales, or a draft that is gone, means a new draft. */
async function refresh(desk: Desk, paper: Paper): Promise<Paper> {
  const { recordId, table } = paper.deal;
  const deal = await sales.readDeal({ recordId, table });
  const draft = await businessCentral.readDraft({ recordId, revision: deal.revision, draftId: paper.draft.id });
  if (draft && deal.revision === paper.deal.revision) return { ...paper, draft };
  if (draft) await businessCentral.deleteDraft({ recordId, draftId: draft.id });
  const again = await makeDraft(desk, deal, paper.customerId, paper.generation + 1);
  if (!again) throw new TypeError(`deal ${recordId} was drafted before and cannot have been taken over`);
  return again;
}

/** By rule or by a person; whoever it is, the figures are kept with the word. */
async function confirm(desk: Desk, { deal, draft }: Paper): Promise<void> {
  const { figures } = draft;
  let by = 'rule';
  let note = '';
  if (!isConfirmedByRule(deal.policy, draft)) {
    const word = await desk.decide(figures);
    if (word.kind === 'rejected') throw new DealEnded('rejected', word.by, word.reason);
    by = word.by;
    note = word.note ?? '';
  }
  const decision = { actor: by, action: 'confirm', facts: { figures, note } };
  await ledger.noteState({ recordId: deal.recordId, state: 'confirmed', decision });
  await desk.enter('confirmed', 'posting', { told: true });
}

function isConfirmedByRule(policy: Policy, draft: Draft): boolean {
  switch (policy.confirmation.by) {
    case 'rule':
      return true;
    case 'rule-below':
      return isLess(draft.figures.totalIncludingTax, policy.confirmation.amount);
    case 'person':
      return false;
  }
}

/** Posts exactly what was confirmed; `changed` sends the story back to the comparison. */
async function post(desk: Desk, { deal, draft }: Paper): Promise<'posted' | 'changed'> {
  const { recordId, revision } = deal;
  return desk.untilClear('posting', async (isRepeat) => {
    if (isRepeat && !(await businessCentral.readDraft({ recordId, revision, draftId: draft.id }))) return 'changed';
    return businessCentral.post({ recordId, draft });
  });
}

async function readPosted(desk: Desk, { deal, draft }: Paper): Promise<PostedInvoice> {
  await desk.enter('posted', 'reading the posted invoice', { told: true });
  const invoice = await desk.untilClear('reading the posted invoice', () =>
    businessCentral.readPosted({ recordId: deal.recordId, invoiceId: draft.id }),
  );
  desk.show({ invoiceNumber: invoice.number });
  return invoice;
}

/** The seller learns the number: an invoice row in Sales, and the columns that the configuration names. */
async function writeBack(desk: Desk, deal: DealSummary, invoice: PostedInvoice): Promise<void> {
  const back = { ref: { table: deal.table, recordId: deal.recordId }, revision: deal.revision, invoiceId: invoice.id };
  await desk.untilClear('writing back to Sales', () => sales.createInvoiceRow(back));
  if (deal.policy.writeOpportunityColumns) {
    await desk.untilClear('writing the columns of the opportunity', () => sales.writeOpportunityColumns(back));
  }
  await desk.enter('written-back', 'settling', { told: true });
}

async function endByPerson(
  desk: Desk,
  ref: RecordRef,
  paper: Paper | undefined,
  end: DealEnded,
): Promise<HandOverResult> {
  if (paper) await businessCentral.deleteDraft({ recordId: ref.recordId, draftId: paper.draft.id });
  await ledger.releaseClaims({ recordId: ref.recordId });
  await ledger.noteState({
    recordId: ref.recordId,
    state: end.state,
    decision: { actor: end.by, action: end.state, facts: { reason: end.reason } },
  });
  await desk.enter(end.state, `${end.state} by ${end.by}`, { told: true });
  return { outcome: end.state };
}
