import type { DealSummary } from '../../activities/deals/sales.js';
import type { Draft } from '../../activities/documents/invoices.js';
import { businessCentral } from '../activity-options.js';
import type { DealHandlers } from './deal-handlers.js';

/** The deal as it was read and the draft that was made of it. */
export interface DraftedDeal {
  readonly deal: DealSummary;
  readonly draft: Draft;
  readonly customerId: string;
  /** 1 for the first draft, 2 for its replacement: a new one only when the one before is certainly gone. */
  readonly draftVersion: number;
}

/** The steps of a document: an invoice that we post, or an order that ships first. */
export interface DocumentSteps {
  createDraft(deal: DealSummary, customerId: string, draftVersion: number): Promise<Draft | undefined>;
  setDiscount(drafted: DraftedDeal): Promise<Draft>;
  /** Undefined when somebody deleted it. */
  readDraft(drafted: DraftedDeal): Promise<Draft | undefined>;
  deleteDraft(drafted: DraftedDeal): Promise<void>;
  post(drafted: DraftedDeal): Promise<'posted' | 'changed'>;
  /** Whether somebody posted it in Business Central; `found` is what {@link readDraft} has just found. */
  isPostedByHand(drafted: DraftedDeal, found: Draft | undefined): Promise<boolean>;
  /** Reads what posting has made of it; the number when it is one invoice. */
  readResult(handlers: DealHandlers, drafted: DraftedDeal): Promise<string | undefined>;
}

export function documentStepsFor(deal: DealSummary): DocumentSteps {
  return deal.policy.documentKind === 'order' ? ORDER : INVOICE;
}

const of = ({ deal, draft }: DraftedDeal) => ({ recordId: deal.recordId, revision: deal.revision, draftId: draft.id });

const INVOICE: DocumentSteps = {
  createDraft: ({ recordId, revision }, customerId, draftVersion) =>
    businessCentral.createDraft({ recordId, revision, customerId, draftVersion }),
  setDiscount: (drafted) => businessCentral.setDiscount({ ...of(drafted), etag: drafted.draft.etag }),
  readDraft: (drafted) => businessCentral.readDraft(of(drafted)),
  deleteDraft: ({ deal, draft }) => businessCentral.deleteDraft({ recordId: deal.recordId, draftId: draft.id }),
  post: ({ deal, draft }) => businessCentral.post({ recordId: deal.recordId, draft }),
  // The id stays, the number changes (reference/business-central 4.3).
  isPostedByHand: ({ draft }, found) =>
    Promise.resolve(found !== undefined && found.figures.documentNumber !== draft.figures.documentNumber),
  async readResult(handlers, { deal, draft }) {
    await handlers.move('posted', 'reading the posted invoice', { alreadyRecorded: true });
    const invoice = await handlers.runUnlessHeld('reading the posted invoice', () =>
      businessCentral.readPosted({ recordId: deal.recordId, invoiceId: draft.id }),
    );
    handlers.show({ invoiceNumber: invoice.number });
    return invoice.number;
  },
};

const ORDER: DocumentSteps = {
  createDraft: ({ recordId, revision }, customerId, draftVersion) =>
    businessCentral.createOrderDraft({ recordId, revision, customerId, draftVersion }),
  setDiscount: (drafted) => businessCentral.setOrderDiscount({ ...of(drafted), etag: drafted.draft.etag }),
  readDraft: (drafted) => businessCentral.readOrderDraft(of(drafted)),
  deleteDraft: ({ deal, draft }) => businessCentral.deleteOrderDraft({ recordId: deal.recordId, draftId: draft.id }),
  async post({ deal, draft }) {
    // The warehouse ships and invoices in its own time; the confirmed order is its.
    if (deal.policy.orderPosting !== 'ship-and-invoice') return 'posted';
    return businessCentral.shipAndInvoice({ recordId: deal.recordId, draft });
  },
  // The order is gone when it is fully posted; its invoices tell that from an order that was deleted
  // (reference/business-central 4.4).
  async isPostedByHand({ deal, draft }, found) {
    if (found) return false;
    const invoices = await businessCentral.readOrderInvoices({ recordId: deal.recordId, orderId: draft.id });
    return invoices.length > 0;
  },
  async readResult(handlers, { deal, draft }) {
    if (deal.policy.orderPosting !== 'ship-and-invoice') {
      await handlers.move('left-to-warehouse', 'the warehouse ships and invoices');
      return undefined;
    }
    await handlers.move('posted', 'reading the invoices of the order', { alreadyRecorded: true });
    await handlers.runUnlessHeld('reading the invoices of the order', () =>
      businessCentral.readOrderInvoices({ recordId: deal.recordId, orderId: draft.id }),
    );
    return undefined;
  },
};
