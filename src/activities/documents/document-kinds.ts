import type { z } from 'zod';
import type {
  BusinessCentralClient,
  Invoice,
  Order,
  OrderLine,
  Quote,
  Receipt,
} from '../../clients/business-central/client.js';
import type { WriteContext } from '../../clients/http/write-context.js';
import { type InvoiceLine, readStatus, type SalesDocument } from '../../deal/business-central-document.js';
import type { DocumentKind } from '../../deal/deal.js';
import type { DocumentDraft } from '../../deal/document.js';
import { documentTail } from '../../deal/document-number.js';
import { isZero } from '../../deal/money.js';
import { isPrepayment, takeOutDeductions } from '../../deal/prepayments.js';
import { invoiceContent, orderContent, quoteContent } from '../../ledger/deals/document-schema.js';
import { refuse } from '../remote/failures.js';
import { isPostedOrder, toPostedOrder } from './posted-order.js';
import { isPosted, type PostedList } from './posted-state.js';

/** What differs between the kinds of documents while they are drafts; the steps of a draft know nothing else of them. */
export interface DocumentPort<Document extends SalesDocument = SalesDocument> {
  readonly kind: DocumentKind;
  /** As the audit trail names it. */
  readonly name: string;
  /** As the ledger keeps it; of a quote also what it became. */
  readonly content: z.ZodType<SalesDocument>;
  /**
   * The one document under our number; what was posted of an order counts as well, and what a quote became.
   * @throws when there are several, or one of another kind (I1)
   */
  find(recordId: string): Promise<SalesDocument | undefined>;
  /**
   * What must be adopted although no attempt of ours is known, before another version is created: the one before may only
   * have seemed to be gone. @throws when several documents, or one of another kind, carry the number (I1)
   */
  findBeforeCreating(recordId: string, draftVersion: number): Promise<SalesDocument | undefined>;
  /** Everything of this kind under our number. */
  list(recordId: string): Promise<readonly Document[]>;
  /** What else stands under our number and must not, while this one waits to be posted (I1). */
  listOthers(recordId: string): Promise<readonly SalesDocument[]>;
  create(draft: DocumentDraft, context: WriteContext): Promise<Document & Receipt>;
  get(id: string): Promise<Document>;
  /** @param draftNumber the number that it had as a draft */
  isPosted(document: SalesDocument, draftNumber: string): Promise<boolean>;
  /** What came of a document that is not there any more: invoices of an order, order or invoice of a quote. */
  findSuccessors(id: string, recordId: string): Promise<readonly SalesDocument[]>;
  /** Why a document that is not posted may not be deleted, if it may not. */
  whyKept(document: SalesDocument): string | undefined;
  setDiscount(id: string, etag: string, amount: string, context: WriteContext): Promise<Document & Receipt>;
  delete(id: string, etag: string, context: WriteContext): Promise<Receipt>;
}

export function createDocumentPorts(businessCentral: BusinessCentralClient): Record<DocumentKind, DocumentPort> {
  /** Beside an order or an invoice no quote may stand: it would become a second document (I1). */
  const refuseQuotes = async (recordId: string): Promise<undefined> => {
    const quotes = await businessCentral.findQuotes(recordId);
    if (quotes.length > 0) throw severalDocuments(recordId, quotes);
    return undefined;
  };
  const findInvoice = async (recordId: string): Promise<Invoice | undefined> => {
    const found = await businessCentral.findInvoices(recordId);
    if (found.length > 1) throw severalDocuments(recordId, found);
    return found[0] ?? refuseQuotes(recordId);
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
    if (invoices.length === 0) return refuseQuotes(recordId);
    const posted = await toOrderOfInvoices(businessCentral, invoices);
    if (!posted) throw severalDocuments(recordId, invoices);
    return posted;
  };
  /** The quote, or what it became: whoever does not find the one must look for the other (reference/business-central 4.9). */
  const findQuote = async (recordId: string): Promise<SalesDocument | undefined> => {
    const quotes = await businessCentral.findQuotes(recordId);
    const successor = await findSuccessor(businessCentral, recordId);
    const found = [...quotes, ...(successor ? [successor] : [])];
    if (found.length > 1) throw severalDocuments(recordId, found);
    return found[0];
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
    listOthers: (recordId) => businessCentral.findQuotes(recordId),
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
    listOthers: (recordId) => businessCentral.findQuotes(recordId),
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
  const quote: DocumentPort<Quote> = {
    kind: 'quote',
    name: 'quote',
    // In this order, as each has what the next one lacks.
    content: invoiceContent.or(orderContent).or(quoteContent),
    find: findQuote,
    findBeforeCreating: (recordId, draftVersion) =>
      draftVersion > 1 ? findQuote(recordId) : Promise.resolve(undefined),
    list: (recordId) => businessCentral.findQuotes(recordId),
    async listOthers(recordId) {
      const orders = await businessCentral.findOrders(recordId);
      return [...orders, ...(await businessCentral.findInvoices(recordId))];
    },
    create: (draft, context) => businessCentral.createQuote(draft, context),
    get: (id) => businessCentral.getQuote(id),
    isPosted: async () => false,
    async findSuccessors(_id, recordId) {
      const successor = await findSuccessor(businessCentral, recordId);
      return successor ? [successor] : [];
    },
    whyKept: () => undefined,
    setDiscount: (id, etag, amount, context) => businessCentral.setQuoteDiscount(id, etag, amount, context),
    delete: (id, etag, context) => businessCentral.deleteQuote(id, etag, context),
  };
  return { invoice, order, quote };
}

/**
 * What the quote of a deal became, found by our number, which is all that links the two (reference/business-central 4.9).
 * @throws when several documents carry it (I1)
 */
export async function findSuccessor(
  businessCentral: FoundDocuments,
  recordId: string,
): Promise<Invoice | Order | undefined> {
  const orders = await businessCentral.findOrders(recordId);
  const invoices = await businessCentral.findInvoices(recordId);
  const [order] = orders;
  if (order) {
    // An order that is invoiced in parts stands beside its invoices.
    const ofOthers = invoices.filter(({ orderId }) => orderId !== order.id);
    const prepayments = await listPrepayments(businessCentral, order.lines, ofOthers);
    const others = ofOthers.filter((invoice) => !prepayments.includes(invoice));
    if (orders.length + others.length > 1) throw severalDocuments(recordId, [...orders, ...others]);
    return order;
  }
  if (invoices.length <= 1 && invoices[0]?.orderId === undefined) return invoices[0];
  const posted = await toOrderOfInvoices(businessCentral, invoices);
  if (!posted) throw severalDocuments(recordId, invoices);
  return posted;
}

type FoundDocuments = Pick<BusinessCentralClient, 'findOrders' | 'findInvoices' | 'findPostedIds'>;

/** An order that is gone, as its invoices tell it; undefined where one of them is neither of it nor a prepayment. */
async function toOrderOfInvoices(
  businessCentral: PostedList,
  invoices: readonly Invoice[],
): Promise<Order | undefined> {
  const ofOrder = invoices.filter(({ orderId }) => orderId !== undefined);
  const lines = ofOrder.flatMap((invoice) => invoice.lines);
  const prepayments = await listPrepayments(businessCentral, lines, invoices);
  if (ofOrder.length + prepayments.length < invoices.length) return undefined;
  return toPostedOrder(takeOutDeductions(ofOrder, prepayments).invoices);
}

/** Prepayment invoices that were posted of an order with these lines. */
export async function findPrepayments(
  businessCentral: PostedList & Pick<BusinessCentralClient, 'findInvoices'>,
  recordId: string,
  lines: readonly InvoiceLine[],
): Promise<Invoice[]> {
  return listPrepayments(businessCentral, lines, await businessCentral.findInvoices(recordId));
}

async function listPrepayments(
  businessCentral: PostedList,
  lines: readonly InvoiceLine[],
  invoices: readonly Invoice[],
): Promise<Invoice[]> {
  const found: Invoice[] = [];
  // One that is open may be a draft that somebody released; who cannot tell takes it for one.
  for (const invoice of invoices)
    if (isPrepayment(lines, invoice) && (await isPosted(businessCentral, invoice, invoice.number))) found.push(invoice);
  return found;
}

function hasMoved({ shippedQuantity, invoicedQuantity }: OrderLine): boolean {
  return !isZero(shippedQuantity) || !isZero(invoicedQuantity);
}

export function severalDocuments(recordId: string, documents: readonly { readonly number: string }[]) {
  const numbers = documents.map(({ number }) => number).join(' and ');
  return refuse('two-documents', `${numbers} stand under the External Document No. …-${documentTail(recordId)}`);
}
