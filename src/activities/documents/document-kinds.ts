import type { z } from 'zod';
import type { BusinessCentralClient, Invoice, Order, Receipt } from '../../clients/business-central/client.js';
import type { WriteContext } from '../../clients/http/write-context.js';
import type { DocumentKind } from '../../deal/deal.js';
import type { DocumentDraft } from '../../deal/document.js';
import { invoiceContent, orderContent } from '../../ledger/deals/document-schema.js';
import { refuse } from '../remote/failures.js';
import { toPostedOrder } from './posted-order.js';

/** What differs between the two kinds of documents while they are drafts; the steps of a draft know nothing else of them. */
export interface DocumentPort<Document extends Invoice | Order = Invoice | Order> {
  readonly kind: DocumentKind;
  /** As the audit trail names it. */
  readonly name: string;
  /** As the ledger keeps it. */
  readonly content: z.ZodType<Document>;
  /** The one document under our key; what was posted of an order counts as well. @throws when there are several */
  find(key: string): Promise<Document | undefined>;
  /** What must be adopted although no attempt of ours is known, before another one is created (I1). */
  findBeforeCreating(key: string, draftVersion: number): Promise<Document | undefined>;
  create(draft: DocumentDraft, context: WriteContext): Promise<Document & Receipt>;
  get(id: string): Promise<Document>;
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
    findBeforeCreating: async () => undefined,
    create: (draft, context) => businessCentral.createInvoice(draft, context),
    get: (id) => businessCentral.getInvoice(id),
    setDiscount: (id, etag, amount, context) => businessCentral.setInvoiceDiscount(id, etag, amount, context),
    delete: (id, etag, context) => businessCentral.deleteInvoice(id, etag, context),
  };
  const order: DocumentPort<Order> = {
    kind: 'order',
    name: 'order',
    content: orderContent,
    find: findOrder,
    // The order before this one may be gone because it was posted, and then it must not be made again.
    findBeforeCreating: (key, draftVersion) => (draftVersion > 1 ? findOrder(key) : Promise.resolve(undefined)),
    create: (draft, context) => businessCentral.createOrder(draft, context),
    get: (id) => businessCentral.getOrder(id),
    setDiscount: (id, etag, amount, context) => businessCentral.setOrderDiscount(id, etag, amount, context),
    delete: (id, etag, context) => businessCentral.deleteOrder(id, etag, context),
  };
  return { invoice, order };
}

function severalDocuments(key: string, documents: readonly { readonly number: string }[]) {
  return refuse('two-documents', `${documents.map(({ number }) => number).join(' and ')} carry the key ${key}`);
}
