import { sleep } from '@temporalio/workflow';
import type { Masters } from '../../activities/deals/claim.js';
import type { ProductPage } from '../../activities/deals/products.js';
import type { DealProgress } from '../../activities/deals/progress.js';
import type { DealSummary } from '../../activities/deals/sales.js';
import type { ItemFindings, ProductRef } from '../../activities/masters/deal-master-data.js';
import type { DocumentKind, RecordRef } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import type { Problem } from '../../deal/holds.js';
import { namedAtMost } from '../../deal/many-problems.js';
import { decideMissing } from '../../deal/missing-master-data.js';
import { businessCentral, dataverse, ledger } from '../activity-options.js';
import type { DealHandlers } from './deal-handlers.js';
import { createDraft, deleteDraft, postingOf, readDraft, setDiscount } from './document-steps.js';
import { type DraftedDeal, withDeal, withDraft } from './drafted-deal.js';
import type { Held } from './held.js';
import { DealEnded } from './interruptions.js';
import type { HandOverResult } from './messages.js';

/** From the won record to a draft that agrees with it, and back to another draft when the record changes. */

export type Start = Refreshed | { readonly kind: 'not-ours'; readonly result: HandOverResult };

export interface DraftOptions {
  readonly isRepeat: boolean;
  readonly draftVersion: number;
  /** The revision to hand over as it was read once; without it the record is read as it is. */
  readonly revision?: string;
  /** The record as it was read a moment ago. */
  readonly read?: DealSummary;
  /** What an earlier run has made. */
  readonly draft?: DealProgress['draft'];
  /** An earlier run, or this one before a hold, has begun to draft, and nothing came of it. */
  readonly isDrafting?: true;
}

/** Reads the deal, finds out whose it is, makes sure of customer and items, and has the draft made. */
export async function bringToDraft(
  handlers: DealHandlers,
  ref: RecordRef,
  options: DraftOptions,
): Promise<Start | Held> {
  const deal = await readRecord(handlers, ref, options);
  handlers.show({ label: { number: deal.number, customer: deal.customer?.name } });
  // Whoever has begun to draft carries the deal: a record after it has ended as already handed over.
  const isOurs = options.draft !== undefined || options.isDrafting === true;
  if (deal.state !== 'won' && (isOurs || (await adoptForgotten(deal, options)))) throw toEnd(deal);
  const whose = await resolveCarrier(handlers, deal, isOurs);
  if (whose.kind === 'not-ours') return whose;
  if (whose.kind === 'differs') return { held: [{ reason: 'handed-over-otherwise', text: whose.text }] };
  if (deal.problems.length > 0) return { held: deal.problems };

  await handlers.move('claimed', 'making sure of customer and items', { alreadyRecorded: true });
  // After a hold nothing is taken on trust: what was known may be what was wrong.
  const masters = await prepareMasters(handlers, deal, options.isRepeat ? undefined : whose.masters);
  if ('held' in masters) return masters;

  const { draft } = options;
  // What is there already is adopted as what it was asked for, whatever the deal is to become by now (I1).
  const kind = draft?.isFromQuote ? 'quote' : draft?.kind;
  const adopted = kind ? { ...deal, policy: { ...deal.policy, documentKind: kind } } : deal;
  const drafted = await makeDraft(handlers, adopted, masters.customerId, options.draftVersion);
  if (!drafted) return { kind: 'not-ours', result: await supersede(handlers, deal) };
  await handlers.move('drafted', 'comparing draft and deal', { alreadyRecorded: true });
  if (drafted.draft.isPosted) return asPostedByHand(handlers, drafted, deal);
  const isAsItIs = !draft && isSameDocument(drafted, deal);
  return isAsItIs ? { kind: 'drafted', drafted } : bringUpToDate(handlers, drafted, deal);
}

/** A restored ledger may not know that it was handed over before it ended in Sales: then it ends with what it has (I1, I12). */
async function adoptForgotten(deal: DealSummary, { draftVersion }: DraftOptions): Promise<boolean> {
  const { recordId, context } = deal;
  if (!deal.mayHaveDocument) return false;
  return businessCentral.adoptForgotten({ companyId: context.companyId, recordId, draftVersion });
}

function isSameDocument({ deal: was, isFromQuote }: DraftedDeal, is: DealSummary): boolean {
  const kind = isFromQuote ? 'quote' : was.policy.documentKind;
  return was.mapping === is.mapping && was.fingerprint === is.fingerprint && kind === is.policy.documentKind;
}

function readRecord(handlers: DealHandlers, ref: RecordRef, options: DraftOptions): Promise<DealSummary> {
  const { revision, read } = options;
  if (revision !== undefined) return dataverse.recallDeal({ ...ref, revision });
  return readSettled(handlers, ref, read);
}

/** Lines of a new order come after its header: it is read until it stands still, though not for ever. */
async function readSettled(handlers: DealHandlers, ref: RecordRef, read?: DealSummary): Promise<DealSummary> {
  const readOnce = async (): Promise<DealSummary> => {
    handlers.beginReading();
    return dataverse.readDeal({ ...ref, claims: true });
  };
  let deal = read ?? (await readOnce());
  handlers.hasRead(deal.revision);
  if (ref.table !== 'salesorder') return deal;
  for (let time = 0; time < MAX_READINGS && deal.state === 'won' && deal.settleMs > 0; time += 1) {
    await sleep(deal.settleMs);
    const again = await readOnce();
    handlers.hasRead(again.revision);
    if (again.revision === deal.revision) return again;
    deal = again;
  }
  return deal;
}

const MAX_READINGS = 10;

async function makeDraft(
  handlers: DealHandlers,
  deal: DealSummary,
  customerId: string,
  draftVersion: number,
): Promise<DraftedDeal | undefined> {
  const draft = await createDraft(deal, customerId, draftVersion);
  if (!draft) return undefined;
  handlers.show({
    customerNumber: draft.customerNumber,
    amount: draft.figures.totalIncludingTax,
    figures: draft.figures,
  });
  // The deal as the document has it, which may have been made of another revision or by another mapping.
  return withDraft({ deal: { ...deal, ...draft.made }, draft, customerId, draftVersion }, draft);
}

type CarrierResolution =
  | { readonly kind: 'ours'; readonly masters: Masters }
  /** Another record of the lineage was handed over, with other figures. */
  | { readonly kind: 'differs'; readonly text: string }
  | { readonly kind: 'not-ours'; readonly result: HandOverResult };

/** Whose deal is it? The most downstream live record of the lineage carries it (I1). */
async function resolveCarrier(handlers: DealHandlers, deal: DealSummary, isOurs: boolean): Promise<CarrierResolution> {
  const { recordId } = deal;
  if (deal.state === 'dead') {
    await ledger.releaseClaims({ recordId });
    await handlers.move('cancelled', 'cancelled in Sales', { endedBy: 'Sales' });
    return { kind: 'not-ours', result: { outcome: 'cancelled' } };
  }
  if (deal.state === 'open') {
    await handlers.move('not-won', 'not won yet');
    return { kind: 'not-ours', result: { outcome: 'seen' } };
  }
  if (deal.descendants.length > 0 && !isOurs) return { kind: 'not-ours', result: await supersede(handlers, deal) };
  const claim = deal.claim ?? (await ledger.claimDeal(deal));
  if (claim.kind === 'carrier') return { kind: 'ours', masters: claim.masters };
  if (claim.kind === 'already-handed-over' && claim.differences.length > 0) {
    await tellSeller(deal);
    return { kind: 'differs', text: claim.differences.join('; ') };
  }
  await handlers.move(claim.kind, 'another record carries the deal', { carrierId: claim.by });
  return { kind: 'not-ours', result: { outcome: claim.kind, carrier: claim.by } };
}

/** Once for each revision, however often the record is read. */
async function tellSeller({ table, recordId, revision }: DealSummary): Promise<void> {
  const notice = { kind: 'handed-over-otherwise', subject: revision } as const;
  await dataverse.writeNote({ ref: { table, recordId }, notice });
  await ledger.saveNotice({ recordId, notice });
}

/** A record further down carries the deal: this one makes sure that it runs and ends. */
async function supersede(handlers: DealHandlers, deal: DealSummary): Promise<HandOverResult> {
  for (const descendant of deal.descendants) await ledger.ensureDealRuns(descendant);
  const carrier = deal.descendants[0]?.recordId;
  await handlers.move('superseded', 'another record carries the deal', carrier ? { carrierId: carrier } : {});
  return carrier ? { outcome: 'superseded', carrier } : { outcome: 'superseded' };
}

/**
 * Customer and items: known, found, or created where the rules allow it; all that is missing is named at once.
 * @param known absent when nothing is taken on trust
 */
async function prepareMasters(
  handlers: DealHandlers,
  deal: DealSummary,
  known?: Masters,
): Promise<{ readonly customerId: string } | Held> {
  const { recordId, revision, policy, context } = deal;
  const { companyId } = context;
  const of = { ...context, recordId, revision };
  let customer = known?.customer ?? (await businessCentral.findCustomer({ companyId, recordId, revision }));

  const { missing, blocked } = await findItems(deal, known);
  const found = { customer, customerNumber: deal.customer?.number, missing, blocked };
  const { problems: held, creates } = decideMissing(found, policy);
  // Before anything is made: what the mapping refuses is named together with what is missing.
  if (!customer || missing.length > 0) {
    held.push(...(await businessCentral.findMappingProblems({ ...of, creates })));
  }
  if (held.length > 0) return { held: namedAtMost(held) };

  if (customer && policy.createContacts) {
    await businessCentral.ensureContact({ ...of, customerId: customer.id });
  }
  customer ??= await businessCentral.createCustomer(of);
  for (const [index, { productId, number }] of missing.entries()) {
    if (index === MAX_ITEMS_PER_RUN) handlers.goOnInNextRun();
    await businessCentral.createItem({ ...of, productId, number });
  }
  return { customerId: customer.id };
}

/** Six events each: with the look-ups of as many products a run stays below what the server asks to be short. */
const MAX_ITEMS_PER_RUN = 500;

/** Page by page, since a deal may have thousands of products. */
async function findItems(deal: DealSummary, known: Masters | undefined): Promise<ItemFindings> {
  const { recordId, revision, context } = deal;
  const { companyId } = context;
  const which = known ? 'unknown' : 'all';
  const missing: ProductRef[] = [];
  const blocked: ProductRef[] = [];
  let { products, nextProduct: from }: ProductPage = known ? { ...known, products: known.unknownProducts } : deal;
  for (;;) {
    for (let index = 0; index < products.length; index += PRODUCTS_BATCH_SIZE) {
      const batch = products.slice(index, index + PRODUCTS_BATCH_SIZE);
      const found = await businessCentral.findItems({ companyId, products: batch });
      missing.push(...found.missing);
      blocked.push(...found.blocked);
    }
    if (from === undefined) return { missing, blocked };
    ({ products, nextProduct: from } = await ledger.listProducts({ ...context, recordId, revision, from, which }));
  }
}

/** As many numbers as one look-up takes. */
const PRODUCTS_BATCH_SIZE = 20;

/** Lines, discounts, freight and tax of deal and draft must agree before anybody is asked to confirm. */
export async function agreeOnDraft(handlers: DealHandlers, made: DraftedDeal): Promise<Refreshed> {
  let drafted = made;
  return handlers.runUnlessHeld('comparing draft and deal', async (isRepeat): Promise<Refreshed | Held> => {
    let mustRefresh = isRepeat;
    for (;;) {
      if (mustRefresh) {
        const fresh = await refreshOnce(handlers, drafted);
        if ('held' in fresh || fresh.kind === 'posted-by-hand') return fresh;
        drafted = fresh.drafted;
      }
      if (!drafted.draft.missingDiscount) break;
      const { isCertain } = drafted.draft;
      const draft = await setDiscount(drafted);
      if (draft) drafted = { ...drafted, draft: { ...draft, ...(isCertain && { isCertain }) } };
      if (draft) break;
      // What somebody has made of it meanwhile shows when it is read.
      mustRefresh = true;
    }
    const { figures, difference, differencePassed, differencePolicy, edited, expired, negative } = drafted.draft;
    handlers.show({
      amount: figures.totalIncludingTax,
      figures,
      difference: difference ?? drafted.becameOtherwise,
      edited,
    });
    if (expired) return { held: [{ reason: 'quote-expired', text: expired }] };
    if (differencePassed !== undefined) {
      const notice = { kind: 'differs-as-allowed', subject: `${figures.documentNumber}: ${differencePassed}` } as const;
      await ledger.saveNotice({ recordId: drafted.deal.recordId, notice });
    }
    const held: Problem[] = negative ? [{ reason: 'total-negative', text: negative }] : [];
    // A difference that a person may accept is shown with the question.
    if (difference && differencePolicy !== 'ask') held.push({ reason: 'totals-differ', text: difference });
    return held.length > 0 ? { held } : { kind: 'drafted', drafted };
  });
}

export interface Refreshed {
  /** `posted-by-hand`: somebody posted it in Business Central, so nobody has to confirm it any more. */
  readonly kind: 'drafted' | 'posted-by-hand';
  readonly drafted: DraftedDeal;
}

/** Reads both sides again, until nothing holds it. @throws DealEnded when the record is won no longer. */
export function refresh(handlers: DealHandlers, drafted: DraftedDeal): Promise<Refreshed> {
  return handlers.runUnlessHeld('bringing the draft up to date', () => refreshOnce(handlers, drafted));
}

async function refreshOnce(handlers: DealHandlers, drafted: DraftedDeal): Promise<Refreshed | Held> {
  handlers.takePendingChanges();
  // From here on the record counts as it is now.
  handlers.carry({ revision: undefined, confirmed: undefined, asked: undefined });
  const { recordId, table } = drafted.deal;
  const deal = await dataverse.readDeal({ recordId, table });
  handlers.hasRead(deal.revision);
  return bringUpToDate(handlers, drafted, deal);
}

/** A deal that changed in Sales, another mapping, or a draft that is gone means a new draft. */
async function bringUpToDate(
  handlers: DealHandlers,
  before: DraftedDeal,
  deal: DealSummary,
): Promise<Refreshed | Held> {
  const { recordId } = deal;
  const draft = await readDraft(before);
  const drafted = draft ? withDraft(before, draft) : before;
  if (await postingOf(drafted.deal).isPostedByHand(drafted, draft)) return asPostedByHand(handlers, drafted, deal);
  if (deal.state !== 'won') throw toEnd(deal);
  if (draft && isSameDocument(drafted, deal)) return { kind: 'drafted', drafted: withDeal(drafted, deal) };
  if (draft && (await deleteDraft(drafted)) === 'posted')
    return asPostedByHand(handlers, await followQuote(drafted), deal);
  if (deal.problems.length > 0) return { held: deal.problems };
  // Without its draft nothing keeps the deal in its company.
  const next = { ...deal, context: { ...deal.context, companyId: deal.nextCompanyId } };
  const masters = await prepareMasters(handlers, next);
  if ('held' in masters) return masters;
  const again = await makeDraft(handlers, next, masters.customerId, drafted.draftVersion + 1);
  if (!again) throw new InternalError(`deal ${recordId} was drafted before and cannot have been taken over`);
  return again.draft.isPosted ? asPostedByHand(handlers, again, deal) : { kind: 'drafted', drafted: again };
}

/** Somebody converted the quote, and posted what it became, while it was to be deleted. */
async function followQuote(drafted: DraftedDeal): Promise<DraftedDeal> {
  if (drafted.deal.policy.documentKind !== 'quote') return drafted;
  const draft = await readDraft(drafted);
  return draft ? withDraft(drafted, draft) : drafted;
}

/**
 * Nobody is asked to confirm it any more; what came of it is followed, with a notice. A record that is another by now was not
 * handed over so: its seller is told, as after any posting (I12).
 */
async function asPostedByHand(handlers: DealHandlers, drafted: DraftedDeal, is: DealSummary): Promise<Refreshed> {
  const { deal, draft } = drafted;
  await recordPostedByHand(deal.recordId, draft.id, deal.policy.documentKind, deal.revision);
  if (is.state !== 'won' || is.fingerprint !== deal.fingerprint) handlers.leaveRecordUntold();
  return { kind: 'posted-by-hand', drafted };
}

/** @param revision of which the document was made, where a later one was read since */
export async function recordPostedByHand(
  recordId: string,
  draftId: string,
  kind: DocumentKind,
  revision?: string,
): Promise<void> {
  await ledger.saveNotice({ recordId, notice: { kind: 'posted-by-hand', subject: draftId } });
  await ledger.recordState({ recordId, state: 'posted', isClosed: kind !== 'order', ...(revision && { revision }) });
}

function toEnd(deal: DealSummary): DealEnded {
  return new DealEnded('cancelled', 'Sales', deal.state === 'dead' ? 'cancelled in Sales' : 'reopened in Sales');
}
