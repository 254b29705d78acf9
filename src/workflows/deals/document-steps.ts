import { log } from '@temporalio/workflow';
import type { DealProgress } from '../../activities/deals/progress.js';
import type { DealSummary } from '../../activities/deals/sales.js';
import type { PostInput, PostOutcome } from '../../activities/documents/confirmed-write.js';
import type { ConvertOutcome } from '../../activities/documents/conversion.js';
import type { Draft } from '../../activities/documents/drafts.js';
import type { PostedInvoice } from '../../activities/documents/posting.js';
import type { Actor } from '../../deal/actor.js';
import type { DocumentKind } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { businessCentral } from '../activity-options.js';
import type { DealHandlers } from './deal-handlers.js';
import type { DraftedDeal } from './drafted-deal.js';
import type { Held } from './held.js';

/** The steps of a draft, the same for an invoice that we post and for an order that ships first. */
export function createDraft(
  { recordId, revision, policy, context }: DealSummary,
  customerId: string,
  draftVersion: number,
): Promise<Draft | undefined> {
  const kind = policy.documentKind;
  return businessCentral.createDraft({ ...context, kind, recordId, revision, customerId, draftVersion });
}

/** Undefined when somebody has posted or converted it in this moment. */
export function setDiscount(drafted: DraftedDeal): Promise<Draft | undefined> {
  return businessCentral.setDiscount({
    ...toInput(drafted),
    etag: drafted.draft.etag,
    discount: drafted.draft.discount,
  });
}

/** Undefined when somebody deleted it. */
export function readDraft(drafted: DraftedDeal): Promise<Draft | undefined> {
  const { missingDiscount: missing, discount: found } = drafted.draft;
  return businessCentral.readDraft({ ...toInput(drafted), seen: { missing, found } });
}

/** Asks nobody: what somebody changed in the draft holds the deal. `posted`: somebody posted it before. */
export function deleteDraft({ deal, draft }: DraftedDeal): Promise<'deleted' | 'posted'> {
  const { companyId } = deal.context;
  const kind = deal.policy.documentKind;
  return businessCentral.deleteDraft({
    companyId,
    kind,
    recordId: deal.recordId,
    draftId: draft.id,
    evenIfEdited: false,
  });
}

function toInput({ deal, draft }: DraftedDeal) {
  const kind = deal.policy.documentKind;
  return { ...deal.context, kind, recordId: deal.recordId, revision: deal.revision, draftId: draft.id };
}

/** The rule that the configuration states; nobody's name stands behind it. */
export const BY_RULE: Actor = { name: 'rule', source: 'rule', isVerified: true };

/**
 * Whether the step that posts it records that a rule has confirmed it: a draft that was made a moment ago without any doubt
 * has never been posted before, and nothing is asked of anybody in between.
 */
export function isConfirmedByPosting({ deal: { policy }, draft }: DraftedDeal): boolean {
  const { documentKind, orderPosting } = policy;
  const isPostedByUs = documentKind === 'invoice' || (documentKind === 'order' && orderPosting === 'ship-and-invoice');
  return draft.isCertain === true && isPostedByUs;
}

/** How well it is known what is posted, and who confirms it with that. */
type PostHow = Pick<PostInput, 'mustLookUp' | 'confirmedBy'>;

/** What differs between the two once they are posted. */
interface Posting {
  post(drafted: DraftedDeal, how: PostHow): Promise<PostOutcome>;
  /** Whether somebody posted it in Business Central; `found` is what {@link readDraft} has just found. */
  isPostedByHand(drafted: DraftedDeal, found: Draft | undefined): Promise<boolean>;
  /** Reads what posting has made of it. @returns where the deal stands, if that was asked in the same step */
  readResult(handlers: DealHandlers, drafted: DraftedDeal, isPostedByHand: boolean): Promise<DealProgress | undefined>;
}

export function postingOf({ policy }: DealSummary): Posting {
  return POSTINGS[policy.documentKind];
}

/** Asks for the conversion of what was confirmed; what the quote became is read next. */
export function convertQuote(drafted: DraftedDeal, mustLookUp: boolean): Promise<ConvertOutcome> {
  const { context, policy } = drafted.deal;
  const into = policy.quoteBecomes ?? 'order';
  return businessCentral.convertQuote({ ...toPostInput(drafted, { mustLookUp }), ...context, into });
}

const placeOf = ({ recordId, context: { companyId } }: DealSummary) => ({ recordId, companyId });

function toPostInput({ deal, draft }: DraftedDeal, how: PostHow): PostInput {
  const { table, revision, readAt } = deal;
  return { ...placeOf(deal), table, revision, readAt, draft, ...how };
}

/** Nobody makes another by itself when one was posted and deleted before anybody read it: its entries may stand. */
export function readPosted(
  handlers: DealHandlers,
  input: Parameters<typeof businessCentral.readPosted>[0],
): Promise<PostedInvoice> {
  return handlers.runUnlessHeld('reading the posted invoice', async (): Promise<PostedInvoice | Held> => {
    handlers.setDocumentGone(false);
    const invoice = await businessCentral.readPosted(input);
    if (invoice !== 'gone') return invoice;
    handlers.setDocumentGone(true);
    return { held: [{ reason: 'draft-gone', text: INVOICE_GONE }] };
  });
}

const INVOICE_GONE =
  'the invoice was posted, and deleted in Business Central before its number was read; a retry only looks for it, a replay of the cancelled deal makes another';

const INVOICE: Posting = {
  post: (drafted, how) => businessCentral.post(toPostInput(drafted, how)),
  isPostedByHand: async (_drafted, found) => found?.isPosted ?? false,
  async readResult(handlers, { deal, draft }, isPostedByHand) {
    await handlers.move('posted', 'reading the posted invoice', { alreadyRecorded: true });
    const { table } = deal;
    const invoice = await readPosted(handlers, {
      ...{ ...placeOf(deal), table },
      invoiceId: draft.id,
      isConfirmed: !isPostedByHand,
    });
    const alarms = invoice.differences.filter(({ kind }) => kind === 'alarm');
    if (alarms.length > 0) log.error('posted otherwise than confirmed', { causes: alarms.map(({ cause }) => cause) });
    handlers.show({ invoiceNumber: invoice.number });
    return invoice.progress;
  },
};

const ORDER: Posting = {
  async post(drafted, how) {
    // The warehouse ships and invoices in its own time; the confirmed order is its, if that is still there as it was.
    if (drafted.deal.policy.orderPosting !== 'ship-and-invoice') {
      const isAsConfirmed = !how.mustLookUp || (await businessCentral.isAsConfirmed(toPostInput(drafted, how)));
      return isAsConfirmed ? 'posted' : 'conflict';
    }
    return businessCentral.shipAndInvoice(toPostInput(drafted, how));
  },
  // The order is gone when it is fully posted; its invoices tell that from an order that was deleted
  // (reference/business-central 4.4).
  async isPostedByHand({ deal, draft }, found) {
    if (found) return found.isPosted ?? false;
    const order = { ...placeOf(deal), orderId: draft.id, isComplete: false };
    const invoices = await businessCentral.readOrderInvoices(order);
    return invoices.length > 0;
  },
  async readResult(handlers, { deal, draft }) {
    if (deal.policy.orderPosting !== 'ship-and-invoice') {
      await handlers.move('left-to-warehouse', 'the warehouse ships and invoices');
      return undefined;
    }
    await handlers.move('posted', 'reading the invoices of the order', { alreadyRecorded: true });
    await handlers.runUnlessHeld('reading the invoices of the order', () =>
      businessCentral.readOrderInvoices({ ...placeOf(deal), orderId: draft.id, isComplete: false }),
    );
    return undefined;
  },
};

/** Nobody posts a quote, neither we nor anybody in Business Central: what it became is posted. */
const QUOTE: Posting = {
  async post() {
    throw new InternalError('a quote is converted before anything is posted');
  },
  isPostedByHand: async () => false,
  async readResult() {
    throw new InternalError('nothing comes of a quote before it is converted');
  },
};

const POSTINGS: Readonly<Record<DocumentKind, Posting>> = { invoice: INVOICE, order: ORDER, quote: QUOTE };
