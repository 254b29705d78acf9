import { z } from 'zod';
import type { BusinessCentralClient, Invoice, Order } from '../../clients/business-central/client.js';
import { isAlreadyPosted } from '../../clients/business-central/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import type { WriteContext } from '../../clients/http/write-context.js';
import { alignInvoices } from '../../deal/align-lines.js';
import type { PostedDifference } from '../../deal/compare-posted.js';
import { type CompanyCurrency, toCompanyCurrency } from '../../deal/currency.js';
import type { RecordRef } from '../../deal/deal.js';
import { findContentEdits } from '../../deal/draft-edits.js';
import { POST_ACTIONS, POST_STEPS, writeKey } from '../../deal/ids.js';
import { bySequence } from '../../deal/lines-by-sequence.js';
import { add, isSame, isZero } from '../../deal/money.js';
import type { CompanyContext } from '../../deal/step-context.js';
import { type CodeReader, findCurrency } from '../../mapping/plan/lookups.js';
import type { DealProgress, LoadProgress } from '../deals/progress.js';
import { refuse } from '../remote/failures.js';
import { done } from '../remote/results.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import {
  isOutdated,
  type PostInput,
  type PostingDependencies,
  type PostOutcome,
  postOnce,
  toDecided,
} from './confirmed-write.js';
import { withCredits } from './credits.js';
import { createDocumentPorts, findPrepayments, severalDocuments } from './document-kinds.js';
import type { Draft } from './drafts.js';
import { findOrGone, readOwn } from './gone.js';
import { compareWithKnown, listStanding, recordPostedDifferences } from './posted-comparison.js';
import { toPostedOrder } from './posted-order.js';
import { isPosted, undefinedIfRefused } from './posted-state.js';

/** Posting and what comes of it: no mapping decides any of it, only the company where the document is. */

export interface PostedInvoice {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly total: string;
  /** From what was confirmed; none when nobody had confirmed it here. */
  readonly differences: readonly PostedDifference[];
  /** Where the deal stands with it. */
  readonly progress: DealProgress;
}

/** One invoice of an order, as the workflow sees it. */
export interface OrderInvoice {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly total: string;
  readonly remaining: string;
}

/**
 * How far an order has come; `gone` once all of it is posted, or when somebody deleted it; `gone-after-shipping` when its invoices
 * do not account for it and it was shipped, which nobody can delete before it is invoiced.
 */
export type OrderProgress =
  | 'gone'
  | 'gone-after-shipping'
  | { readonly shippedQuantity: string; readonly invoicedQuantity: string; readonly etag: string };

interface OrderRef extends CompanyContext {
  readonly recordId: string;
  readonly orderId: string;
}

export function createPostingSteps(
  dependencies: PostingDependencies & { readonly loadProgress: LoadProgress; readonly sets: Pick<CodeReader, 'find'> },
) {
  const { businessCentral, ledger, clock, ambiguityWindowMs, sets } = dependencies;
  const ports = createDocumentPorts(businessCentral);

  /** @param isExplained whether its invoices account for an order that is not found */
  const findOrder = (
    { recordId, orderId }: { readonly recordId: string; readonly orderId: string },
    isExplained: (invoices: readonly Invoice[]) => boolean | Promise<boolean>,
  ): Promise<Order | undefined> =>
    findOrGone(dependencies, {
      id: orderId,
      read: () => businessCentral.getOrder(orderId),
      list: () => businessCentral.findOrders(recordId),
      isExplained: async () => isExplained(await businessCentral.findInvoicesOfOrder(orderId)),
    });

  async function getUnlessGone(recordId: string, invoiceId: string): Promise<Invoice | undefined> {
    const read = () => readOwn(ledger, recordId, () => businessCentral.getInvoice(invoiceId));
    const list = () => businessCentral.findInvoices(recordId);
    const invoice = await findOrGone(dependencies, { id: invoiceId, read, list });
    // Who may see none of the posted ones knows nothing of this one.
    if (!invoice && !(await toTemporalFailures(() => businessCentral.showsPostedInvoices())))
      throw refuse('permission', SEES_NOTHING_POSTED);
    return invoice;
  }

  async function saveWithCredits(recordId: string, invoices: readonly Invoice[], readFrom: Date): Promise<void> {
    const found: Invoice[] = [];
    for (const invoice of invoices) found.push(await toTemporalFailures(() => withCredits(businessCentral, invoice)));
    await ledger.saveInvoices(recordId, found, readFrom);
  }

  async function recordGone(ref: RecordRef, invoiceId: string): Promise<PostedInvoice | 'gone'> {
    if ((await ledger.getRecord(ref.recordId)).invoiceNumber === undefined) return 'gone';
    const known = await ledger.getInvoice(invoiceId);
    await ledger.businessCentralFeeds.recordInvoiceGone(dependencies.companyId, known);
    const { id, number, status, includingTax: total } = known;
    return { id, number, status, total, differences: [], progress: await dependencies.loadProgress(ref) };
  }

  /** Whether anything of an order was shipped and not undone; whoever may not read shipments knows of none. */
  async function wasShipped(orderNumber: string): Promise<boolean> {
    return toTemporalFailures(async () => {
      const shipments = await undefinedIfRefused(() => businessCentral.listShipmentsOfOrder(orderNumber));
      return (shipments ?? []).some(({ lines }) => !isZero(add('0', ...lines.map(({ quantity }) => quantity))));
    });
  }

  async function findCurrencyOf({ currency }: Order): Promise<CompanyCurrency | undefined> {
    const found = await toTemporalFailures(() => findCurrency(sets, currency));
    return found && toCompanyCurrency(currency, found);
  }

  return {
    /** Posts what was confirmed: BC compares the confirmed etag (I2). */
    async post(input: PostInput): Promise<PostOutcome> {
      const { recordId, draft } = input;
      return postOnce(dependencies, input, (beforePosting) =>
        writeOnce(dependencies, {
          recordId,
          writeKey: writeKey(recordId, `${POST_STEPS.invoice}-${draft.id}`),
          action: POST_ACTIONS.invoice,
          ...toDecided(input),
          result: done,
          ambiguityWindowMs,
          find: async () => {
            const invoice = await findOrGone(dependencies, {
              id: draft.id,
              read: () => readOwn(ledger, recordId, () => businessCentral.getInvoice(draft.id)),
              list: () => businessCentral.findInvoices(recordId),
            });
            const isDone = invoice && (await isPosted(businessCentral, invoice, draft.figures.documentNumber));
            return isDone ? { done: true } : undefined;
          },
          write: async (context) => {
            await beforePosting(ports.invoice);
            return postInvoice(businessCentral, draft, context);
          },
          outcome: () => ({
            change: { kind: 'posted', isClosed: true },
            facts: { documentId: draft.id, figures: draft.figures },
          }),
        }),
      );
    },

    /**
     * One that was reported once and is deleted by now is told as gone.
     * @returns `gone` for one of which nobody has read what it became: that is a question
     * @param input `isConfirmed`: it was posted by us, so that it must be what the ledger has of it
     */
    async readPosted({
      table,
      recordId,
      invoiceId,
      isConfirmed,
    }: CompanyContext &
      RecordRef & {
        readonly invoiceId: string;
        readonly isConfirmed: boolean;
      }): Promise<PostedInvoice | 'gone'> {
      // By our number, which costs no more than by its id and shows at once whether there is another (I1).
      const confirming = isConfirmed ? ledger.getInvoice(invoiceId) : undefined;
      // What Business Central refuses comes first.
      confirming?.catch(() => undefined);
      const readFrom = clock.now();
      const found = await toTemporalFailures(() => businessCentral.findInvoices(recordId));
      const standing = found.filter(({ status }) => status !== 'Canceled' && status !== 'Corrective');
      if (standing.length > 1) throw severalDocuments(recordId, standing);
      const invoice = found.find(({ id }) => id === invoiceId) ?? (await getUnlessGone(recordId, invoiceId));
      if (!invoice) return recordGone({ table, recordId }, invoiceId);
      const confirmed = await confirming;
      const differences = confirmed
        ? await recordPostedDifferences(ledger, recordId, confirmed, [invoice])
        : await compareWithKnown(dependencies, recordId, invoice);
      await saveWithCredits(recordId, [invoice], readFrom);
      const { id, number, status, includingTax: total } = invoice;
      const progress = await dependencies.loadProgress({ table, recordId });
      return { id, number, status, total, differences, progress };
    },

    /**
     * Posts what was confirmed: BC compares the confirmed etag (I2). Asked twice it would post twice, so a repeat first
     * compares with the quantities from before (reference/business-central 12.2).
     */
    async shipAndInvoice(input: PostInput): Promise<PostOutcome> {
      const { recordId, draft } = input;
      const before = toQuantities(await ledger.getOrder(draft.id));
      return postOnce(dependencies, input, (beforePosting) =>
        writeOnce(dependencies, {
          recordId,
          writeKey: writeKey(recordId, `${POST_STEPS.order}-${draft.id}`),
          action: POST_ACTIONS.order,
          ...toDecided(input),
          result: done,
          ambiguityWindowMs,
          startedFrom: { lines: before },
          find: async ({ mayHaveLanded, startedFrom }) => {
            const order = await findOrder({ recordId, orderId: draft.id }, (invoices) => invoices.length > 0);
            if (!order) return findPosted(businessCentral, draft.id);
            if (!mayHaveLanded) return undefined;
            return hasMoved(startedFrom.parse(quantities).lines, toQuantities(order)) ? { done: true } : undefined;
          },
          write: async (context) => {
            await beforePosting(ports.order);
            return shipOnce(businessCentral, draft, context);
          },
          outcome: () => ({
            change: { kind: 'posted' },
            facts: { documentId: draft.id, figures: draft.figures, before },
          }),
        }),
      );
    },

    /**
     * Every invoice that came from the order so far: one when it was posted at once, several when in parts.
     * @param input `isComplete`: no further one comes, so that their sum must be what was confirmed
     */
    async readOrderInvoices({
      recordId,
      orderId,
      isComplete,
    }: OrderRef & { readonly isComplete: boolean }): Promise<OrderInvoice[]> {
      const readFrom = clock.now();
      const invoices = await toTemporalFailures(() => businessCentral.findInvoicesOfOrder(orderId));
      if (isComplete && invoices.length > 0) {
        const confirmed = await ledger.getOrder(orderId);
        const currency = invoices.length > 1 ? await findCurrencyOf(confirmed) : undefined;
        await recordPostedDifferences(ledger, recordId, confirmed, invoices, currency, () =>
          toTemporalFailures(() => findPrepayments(businessCentral, recordId, confirmed.lines)),
        );
      }
      if (invoices.length > 0) await saveWithCredits(recordId, invoices, readFrom);
      return invoices.map(toOrderInvoice);
    },

    /**
     * Whether an order is what was read of it last, and somebody has confirmed, and its record too: of one that is left to
     * the warehouse no request of ours compares the etag (I2). One that is gone is not.
     */
    async isAsConfirmed(input: PostInput): Promise<boolean> {
      const { recordId } = input;
      const { id: orderId, etag } = input.draft;
      // A run that Temporal took up from an older copy asks for what the warehouse has long had.
      if ((await ledger.getRecord(recordId)).isHandedOver) return true;
      if (await isOutdated(dependencies, input)) return false;
      const order = await findOrder({ recordId, orderId }, (invoices) => invoices.length > 0);
      if (!order) return false;
      const confirmed = await ledger.getOrder(orderId);
      // Read once more since it was confirmed, as after a hold: nobody saw what the ledger has by now.
      if (confirmed.etag !== etag) return false;
      const isSameTotal = isSame(order.includingTax, confirmed.includingTax);
      return isSameTotal && findContentEdits(confirmed, order).length === 0;
    },

    async readOrderProgress(input: OrderRef): Promise<OrderProgress> {
      const known = await ledger.getOrder(input.orderId);
      let isInvoiced = false as boolean;
      const order = await findOrder(input, (invoices) => {
        const isExplained = isCovered(known, listStanding(invoices));
        // One may have been cancelled after the order was gone.
        isInvoiced = isExplained || isCovered(known, invoices);
        return isExplained;
      });
      if (!order) return isInvoiced || !(await wasShipped(known.number)) ? 'gone' : 'gone-after-shipping';
      return {
        shippedQuantity: add(...order.lines.map((line) => line.shippedQuantity)),
        invoicedQuantity: add(...order.lines.map((line) => line.invoicedQuantity)),
        etag: order.etag,
      };
    },
  };
}

const SEES_NOTHING_POSTED =
  'the posted invoice is not found, and Business Central shows no other that is paid or cancelled: the application may lack the permission to read posted sales invoices; whether this one was deleted shows once it sees another';

export type PostingSteps = ReturnType<typeof createPostingSteps>;

async function postInvoice(businessCentral: BusinessCentralClient, draft: Draft, context: WriteContext) {
  try {
    const { requestId, correlationId } = await businessCentral.postInvoice(draft.id, draft.etag, context);
    return { done: true as const, requestId, correlationId };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || !isAlreadyPosted(error.facts.remoteMessage)) throw error;
    return { done: true as const, requestId: error.facts.requestId ?? '', correlationId: '' };
  }
}

async function findPosted(
  businessCentral: BusinessCentralClient,
  orderId: string,
): Promise<{ readonly done: true } | undefined> {
  const invoices = await businessCentral.findInvoicesOfOrder(orderId);
  return invoices.length > 0 ? { done: true } : undefined;
}

async function shipOnce(businessCentral: BusinessCentralClient, draft: Draft, context: WriteContext) {
  try {
    const receipt = await businessCentral.shipAndInvoice(draft.id, draft.etag, context);
    return { done: true as const, ...receipt };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw error;
    // Somebody posted all of it in Business Central before us: the wanted state is reached.
    const posted = await findPosted(businessCentral, draft.id);
    if (!posted) throw error;
    return { ...posted, requestId: error.facts.requestId ?? '', correlationId: '' };
  }
}

const quantities = z.object({
  lines: z.array(z.object({ sequence: z.number(), shipped: z.string(), invoiced: z.string() })),
});
type Quantities = z.infer<typeof quantities>['lines'];

function toQuantities(order: Order): Quantities {
  return order.lines.map((line) => ({
    sequence: line.sequence,
    shipped: line.shippedQuantity,
    invoiced: line.invoicedQuantity,
  }));
}

function hasMoved(before: Quantities, now: Quantities): boolean {
  const known = bySequence(before);
  return now.some((line) => {
    const earlier = known.get(line.sequence);
    return !isSame(line.shipped, earlier?.shipped ?? '0') || !isSame(line.invoiced, earlier?.invoiced ?? '0');
  });
}

/** Whether the invoices have all of what was ordered, line by line. */
function isCovered(order: Order, invoices: readonly Invoice[]): boolean {
  const invoiced = bySequence(toPostedOrder(alignInvoices(order.lines, invoices))?.lines ?? []);
  return order.lines.every(({ sequence, quantity }) => {
    const line = invoiced.get(sequence);
    return isZero(quantity) || (line !== undefined && isSame(line.quantity, quantity));
  });
}

function toOrderInvoice({ id, number, status, includingTax, remaining }: Invoice): OrderInvoice {
  return { id, number, status, total: includingTax, remaining };
}
