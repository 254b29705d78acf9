import type { DealSummary } from '../../activities/deals/sales.js';
import type { Draft } from '../../activities/documents/invoices.js';
import { businessCentral } from '../activity-options.js';
import type { Desk } from './deal-handlers.js';

/** The deal as it was read and the draft that was made of it. */
export interface Paper {
  readonly deal: DealSummary;
  readonly draft: Draft;
  readonly customerId: string;
  /** The how manyeth draft of this deal: a new one only when the one before is certainly gone. */
  readonly generation: number;
}

/** The steps of a document: an invoice that we post, or an order that ships first. */
export interface Papers {
  createDraft(deal: DealSummary, customerId: string, generation: number): Promise<Draft | undefined>;
  setDiscount(paper: Paper): Promise<Draft>;
  /** Undefined when somebody deleted it. */
  readDraft(paper: Paper): Promise<Draft | undefined>;
  deleteDraft(paper: Paper): Promise<void>;
  post(paper: Paper): Promise<'posted' | 'changed'>;
  /** Whether somebody posted it in Business Central; `found` is what {@link readDraft} has just found. */
  isPostedByHand(paper: Paper, found: Draft | undefined): Promise<boolean>;
  /** Reads what posting has made of it; the number when it is one invoice. */
  readResult(desk: Desk, paper: Paper): Promise<string | undefined>;
}

export function papersOf(deal: DealSummary): Papers {
  return deal.policy.documentKind === 'order' ? ORDER : INVOICE;
}

const of = ({ deal, draft }: Paper) => ({ recordId: deal.recordId, revision: deal.revision, draftId: draft.id });

const INVOICE: Papers = {
  createDraft: ({ recordId, revision }, customerId, generation) =>
    businessCentral.createDraft({ recordId, revision, customerId, generation }),
  setDiscount: (paper) => businessCentral.setDiscount({ ...of(paper), etag: paper.draft.etag }),
  readDraft: (paper) => businessCentral.readDraft(of(paper)),
  deleteDraft: ({ deal, draft }) => businessCentral.deleteDraft({ recordId: deal.recordId, draftId: draft.id }),
  post: ({ deal, draft }) => businessCentral.post({ recordId: deal.recordId, draft }),
  // The id stays, the number changes (reference 4.3).
  isPostedByHand: ({ draft }, found) =>
    Promise.resolve(found !== undefined && found.figures.documentNumber !== draft.figures.documentNumber),
  async readResult(desk, { deal, draft }) {
    await desk.enter('posted', 'reading the posted invoice', { told: true });
    const invoice = await desk.untilClear('reading the posted invoice', () =>
      businessCentral.readPosted({ recordId: deal.recordId, invoiceId: draft.id }),
    );
    desk.show({ invoiceNumber: invoice.number });
    return invoice.number;
  },
};

const ORDER: Papers = {
  createDraft: ({ recordId, revision }, customerId, generation) =>
    businessCentral.createOrderDraft({ recordId, revision, customerId, generation }),
  setDiscount: (paper) => businessCentral.setOrderDiscount({ ...of(paper), etag: paper.draft.etag }),
  readDraft: (paper) => businessCentral.readOrderDraft(of(paper)),
  deleteDraft: ({ deal, draft }) => businessCentral.deleteOrderDraft({ recordId: deal.recordId, draftId: draft.id }),
  async post({ deal, draft }) {
    // The warehouse ships and invoices in its own time; the confirmed order is its.
    if (deal.policy.orderPosting !== 'ship-and-invoice') return 'posted';
    return businessCentral.shipAndInvoice({ recordId: deal.recordId, draft });
  },
  // The order is gone when it is fully posted; its invoices tell that from an order that was deleted (reference 4.4).
  async isPostedByHand({ deal, draft }, found) {
    if (found) return false;
    const invoices = await businessCentral.readOrderInvoices({ recordId: deal.recordId, orderId: draft.id });
    return invoices.length > 0;
  },
  async readResult(desk, { deal, draft }) {
    if (deal.policy.orderPosting !== 'ship-and-invoice') {
      await desk.enter('awaiting-shipment', 'the warehouse ships and invoices');
      return undefined;
    }
    await desk.enter('posted', 'reading the invoices of the order', { told: true });
    await desk.untilClear('reading the invoices of the order', () =>
      businessCentral.readOrderInvoices({ recordId: deal.recordId, orderId: draft.id }),
    );
    return undefined;
  },
};
