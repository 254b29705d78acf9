import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { BusinessCentralClient, Invoice, Order } from '../../clients/business-central/client.js';
import { isAlreadyPosted } from '../../clients/business-central/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import type { WriteContext } from '../../clients/http/write-context.js';
import type { PostedDifference } from '../../deal/compare-posted.js';
import { writeKey } from '../../deal/ids.js';
import { add, isSame } from '../../deal/money.js';
import type { CompanyContext } from '../../deal/step-context.js';
import { done } from '../remote/results.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import type { CompanyDependencies } from './dependencies.js';
import { type Draft, undefinedIfNotFound } from './drafts.js';
import { recordPostedDifferences } from './posted-comparison.js';

/** Posting and what comes of it: no mapping decides any of it, only the company where the document is. */

export interface PostedInvoice {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly total: string;
  /** From what was confirmed; none when nobody had confirmed it here. */
  readonly differences: readonly PostedDifference[];
}

/** One invoice of an order, as the workflow sees it. */
export interface OrderInvoice {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly total: string;
  readonly remaining: string;
}

/** How far an order has come; `gone` once all of it is posted, or when somebody deleted it. */
export type OrderProgress =
  | 'gone'
  | { readonly shippedQuantity: string; readonly invoicedQuantity: string; readonly etag: string };

interface OrderRef extends CompanyContext {
  readonly recordId: string;
  readonly orderId: string;
}

export function createPostingSteps(dependencies: CompanyDependencies) {
  const { businessCentral, ledger, ambiguityWindowMs } = dependencies;
  return {
    /** Posts what was confirmed: BC compares the confirmed etag. `changed` when the draft is another by now (I2). */
    async post(
      input: CompanyContext & { readonly recordId: string; readonly draft: Draft },
    ): Promise<'posted' | 'changed'> {
      const { recordId, draft } = input;
      try {
        await writeOnce(dependencies, {
          recordId,
          writeKey: writeKey(recordId, `post-${draft.id}`),
          action: 'post invoice in Business Central',
          result: done,
          ambiguityWindowMs,
          find: async () => {
            const invoice = await businessCentral.getInvoice(draft.id);
            return invoice.number === draft.figures.documentNumber ? undefined : { done: true };
          },
          write: (context) => postOnce(businessCentral, draft, context),
          outcome: () => ({
            change: [{ kind: 'posted' }, { kind: 'closed' }],
            facts: { documentId: draft.id, figures: draft.figures },
          }),
        });
        return 'posted';
      } catch (error) {
        if (error instanceof ApplicationFailure && error.type === 'business-central/conflict') return 'changed';
        throw error;
      }
    },

    /** @param input `isConfirmed`: it was posted by us, so that it must be what the ledger has of it */
    async readPosted({
      recordId,
      invoiceId,
      isConfirmed,
    }: CompanyContext & {
      readonly recordId: string;
      readonly invoiceId: string;
      readonly isConfirmed: boolean;
    }): Promise<PostedInvoice> {
      const invoice = await toTemporalFailures(() => businessCentral.getInvoice(invoiceId));
      const differences = isConfirmed
        ? await recordPostedDifferences(ledger, recordId, await ledger.getInvoice(invoiceId), [invoice])
        : [];
      await ledger.saveDocument(recordId, 'invoice', invoice);
      await ledger.change(recordId, { kind: 'invoiced', invoiceNumber: invoice.number });
      const { id, number, status, includingTax: total } = invoice;
      return { id, number, status, total, differences };
    },

    /**
     * Posts what was confirmed: BC compares the confirmed etag, `changed` when the order is another by now (I2). Asked
     * twice it would post twice, so a repeat first compares with the quantities from before (reference/business-central
     * 12.2).
     */
    async shipAndInvoice(
      input: CompanyContext & { readonly recordId: string; readonly draft: Draft },
    ): Promise<'posted' | 'changed'> {
      const { recordId, draft } = input;
      const before = toQuantities(await ledger.getOrder(draft.id));
      try {
        await writeOnce(dependencies, {
          recordId,
          writeKey: writeKey(recordId, `ship-and-invoice-${draft.id}`),
          action: 'ship and invoice order in Business Central',
          result: done,
          ambiguityWindowMs,
          startedFrom: { lines: before },
          find: async ({ mayHaveLanded, startedFrom }) => {
            const order = await undefinedIfNotFound(businessCentral.getOrder(draft.id));
            if (!order) return findPosted(businessCentral, draft.id);
            if (!mayHaveLanded) return undefined;
            return hasMoved(startedFrom.parse(quantities).lines, toQuantities(order)) ? { done: true } : undefined;
          },
          write: (context) => shipOnce(businessCentral, draft, context),
          outcome: () => ({
            change: { kind: 'posted' },
            facts: { documentId: draft.id, figures: draft.figures, before },
          }),
        });
        return 'posted';
      } catch (error) {
        if (error instanceof ApplicationFailure && error.type === 'business-central/conflict') return 'changed';
        throw error;
      }
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
      const invoices = await toTemporalFailures(() => businessCentral.findInvoicesOfOrder(orderId));
      if (isComplete && invoices.length > 0) {
        await recordPostedDifferences(ledger, recordId, await ledger.getOrder(orderId), invoices);
      }
      for (const invoice of invoices) await ledger.saveDocument(recordId, 'invoice', invoice);
      const numbers = invoices.map((invoice) => invoice.number).sort();
      if (numbers.length > 0) await ledger.change(recordId, { kind: 'invoiced', invoiceNumber: numbers.join(', ') });
      return invoices.map(toOrderInvoice);
    },

    async readOrderProgress({ orderId }: OrderRef): Promise<OrderProgress> {
      const order = await toTemporalFailures(() => undefinedIfNotFound(businessCentral.getOrder(orderId)));
      if (!order) return 'gone';
      return {
        shippedQuantity: add(...order.lines.map((line) => line.shippedQuantity)),
        invoicedQuantity: add(...order.lines.map((line) => line.invoicedQuantity)),
        etag: order.etag,
      };
    },
  };
}

export type PostingSteps = ReturnType<typeof createPostingSteps>;

async function postOnce(businessCentral: BusinessCentralClient, draft: Draft, context: WriteContext) {
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
  return now.some((line) => {
    const earlier = before.find((other) => other.sequence === line.sequence);
    return !isSame(line.shipped, earlier?.shipped ?? '0') || !isSame(line.invoiced, earlier?.invoiced ?? '0');
  });
}

function toOrderInvoice({ id, number, status, includingTax, remaining }: Invoice): OrderInvoice {
  return { id, number, status, total: includingTax, remaining };
}
