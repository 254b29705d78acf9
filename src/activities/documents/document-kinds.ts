import type { z } from 'zod';
import type {
  BusinessCentralClient,
  Invoice,
  Order,
  OrderLine,
  Receipt,
} from '../../clients/business-central/client.js';
import type { WriteContext } from '../../clients/http/write-context.js';
import { readStatus } from '../../deal/business-central-document.js';
import type { DocumentKind } from '../../deal/deal.js';
import type { DocumentDraft } from '../../deal/document.js';
import { documentTail } from '../../deal/document-number.js';
import { isZero } from '../../deal/money.js';
import { invoiceContent, orderContent } from '../../ledger/deals/document-schema.js';
import { refuse } from '../remote/failures.js';
import { isPostedOrder, toPostedOrder } from './posted-order.js';
import { isPosted } from './posted-state.js';

/** What differs between the two kinds of documents while they are drafts; the steps of a draft know nothing else of them. */
export interface DocumentPort<Document extends Invoice | Order = Invoice | Order> {
  readonly kind: DocumentKind;
  /** As the audit trail names it. */
  readonly name: string;
  /** As the ledger keeps it. */
  readonly content: z.ZodType<Document>;
  /** The one document under our number; what was posted of an order counts as well. @throws when there are several */
  find(recordId: string): Promise<Document | undefined>;
  /**
   * What must be adopted although no attempt of ours is known, before another version is created: the one before may only
   * have seemed to be gone. @throws when several documents, or one of the other kind, carry the number (I1)
   */
  findBeforeCreating(recordId: string, draftVersion: number): Promise<Document | undefined>;
  /** Everything of this kind under our number. */
  list(recordId: string): Promise<readonly Document[]>;
  create(draft: DocumentDraft, context: WriteContext): Promise<Document & Receipt>;
  get(id: string): Promise<Document>;
  /** @param draftNumber the number that it had as a draft */
  isPosted(document: Invoice | Order, draftNumber: string): Promise<boolean>;
  /** What came of a document that is not there any more: invoices of an order, nothing of an invoice. */
  findSuccessors(id: string): Promise<readonly Invoice[]>;
  /** Why a document that is not posted may not be deleted, if it may not. */
  whyKept(document: Invoice | Order): string | undefined;
  setDiscount(id: string, etag: string, amount: string, context: WriteContext): Promise<Document & Receipt>;
  delete(id: string, etag: string, context: WriteContext): Promise<Receipt>;
}

export function createDocumentPorts(businessCentral: BusinessCentralClient): Record<DocumentKind, DocumentPort> {
  const findInvoice = async (recordId: string): Promise<Invoice | undefined> => {
    const found = await businessCentral.findInvoices(recordId);
    if (found.length > 1) throw severalDocuments(recordId, found);
    return found[0];
  };
  /**
   * The order of a deal; when all of it was posted, what its invoices tell of it. An invoice of another origin under our
   * number is a document of the same deal, so that no order may stand beside it (I1).
   */
  const findOrder = async (recordId: string): Promise<Order | undefined> => {
    const orders = await businessCentral.findOrders(recordId);
    if (orders.length > 1) throw severalDocuments(recordId, orders);
    if (orders[0]) return orders[0];
    const invoices = await businessCentral.findInvoices(recordId);
    if (invoices.length === 0) return undefined;
    const posted = toPostedOrder(invoices);
    if (!posted) throw severalDocuments(recordId, invoices);
    return posted;
  };
  const invoice: DocumentPort<Invoice> = {
    kind: 'invoice',
    name: 'invoice',
    content: invoiceContent,
    find: findInvoice,
    async findBeforeCreating(recordId, draftVersion) {
      if (draftVersion === 1) return undefined;
      const orders = await businessCentral.findOrders(recordId);
      if (orders.length > 0) throw severalDocuments(recordId, orders);
      return findInvoice(recordId);
    },
    list: (recordId) => businessCentral.findInvoices(recordId),
    create: (draft, context) => businessCentral.createInvoice(draft, context),
    get: (id) => businessCentral.getInvoice(id),
    isPosted: (document, draftNumber) => isPosted(businessCentral, document, draftNumber),
    findSuccessors: async () => [],
    whyKept: ({ status, number }) =>
      readStatus(status) === 'draft'
        ? undefined
        : `invoice ${number} is ${status} in Business Central, not a draft: reopen it there`,
    setDiscount: (id, etag, amount, context) => businessCentral.setInvoiceDiscount(id, etag, amount, context),
    delete: (id, etag, context) => businessCentral.deleteInvoice(id, etag, context),
  };
  const order: DocumentPort<Order> = {
    kind: 'order',
    name: 'order',
    content: orderContent,
    find: findOrder,
    findBeforeCreating: (recordId, draftVersion) =>
      draftVersion > 1 ? findOrder(recordId) : Promise.resolve(undefined),
    list: (recordId) => businessCentral.findOrders(recordId),
    create: (draft, context) => businessCentral.createOrder(draft, context),
    get: (id) => businessCentral.getOrder(id),
    isPosted: async (document) => isPostedOrder(document),
    findSuccessors: (id) => businessCentral.findInvoicesOfOrder(id),
    whyKept: (document) =>
      'fullyShipped' in document && document.lines.some(hasMoved)
        ? `order ${document.number} is shipped or invoiced in part in Business Central`
        : undefined,
    setDiscount: (id, etag, amount, context) => businessCentral.setOrderDiscount(id, etag, amount, context),
    delete: (id, etag, context) => businessCentral.deleteOrder(id, etag, context),
  };
  return { invoice, order };
}

function hasMoved({ shippedQuantity, invoicedQuantity }: OrderLine): boolean {
  return !isZero(shippedQuantity) || !isZero(invoicedQuantity);
}

export function severalDocuments(recordId: string, documents: readonly { readonly number: string }[]) {
  const numbers = documents.map(({ number }) => number).join(' and ');
  return refuse('two-documents', `${numbers} stand under the External Document No. …-${documentTail(recordId)}`);
}
