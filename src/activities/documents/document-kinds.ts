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
  /** The one document under our key; what was posted of an order counts as well. @throws when there are several */
  find(key: string): Promise<Document | undefined>;
  /**
   * What must be adopted although no attempt of ours is known, before another version is created: the one before may only
   * have seemed to be gone. @throws when several documents, or one of the other kind, carry the key (I1)
   */
  findBeforeCreating(key: string, draftVersion: number): Promise<Document | undefined>;
  /** Everything of this kind that carries the key. */
  list(key: string): Promise<readonly Document[]>;
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
  const findInvoice = async (key: string): Promise<Invoice | undefined> => {
    const found = await businessCentral.findInvoices(key);
    if (found.length > 1) throw severalDocuments(key, found);
    return found[0];
  };
  /**
   * The order of a deal; when all of it was posted, what its invoices tell of it. An invoice of another origin under our
   * key is a document of the same deal, so that no order may stand beside it (I1).
   */
  const findOrder = async (key: string): Promise<Order | undefined> => {
    const orders = await businessCentral.findOrders(key);
    if (orders.length > 1) throw severalDocuments(key, orders);
    if (orders[0]) return orders[0];
    const invoices = await businessCentral.findInvoices(key);
    if (invoices.length === 0) return undefined;
    const posted = toPostedOrder(invoices);
    if (!posted) throw severalDocuments(key, invoices);
    return posted;
  };
  const invoice: DocumentPort<Invoice> = {
    kind: 'invoice',
    name: 'invoice',
    content: invoiceContent,
    find: findInvoice,
    async findBeforeCreating(key, draftVersion) {
      if (draftVersion === 1) return undefined;
      const orders = await businessCentral.findOrders(key);
      if (orders.length > 0) throw severalDocuments(key, orders);
      return findInvoice(key);
    },
    list: (key) => businessCentral.findInvoices(key),
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
    findBeforeCreating: (key, draftVersion) => (draftVersion > 1 ? findOrder(key) : Promise.resolve(undefined)),
    list: (key) => businessCentral.findOrders(key),
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

export function severalDocuments(key: string, documents: readonly { readonly number: string }[]) {
  return refuse('two-documents', `${documents.map(({ number }) => number).join(' and ')} carry the key ${key}`);
}
