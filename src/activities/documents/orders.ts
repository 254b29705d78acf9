import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { BusinessCentralClient, Invoice, Order } from '../../clients/business-central/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE, type WriteContext } from '../../clients/http/write-context.js';
import { DRAFT_STEPS, documentKey, writeKey } from '../../deal/ids.js';
import { add, isSame } from '../../deal/money.js';
import { orderContent } from '../../ledger/deals/document-schema.js';
import { planDocument } from '../../mapping/plan/plan-document.js';
import { cutsOf } from '../masters/create/creation.js';
import { refuse, refuseAll } from '../remote/failures.js';
import { deletion, done } from '../remote/results.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import { createDocumentLookups } from './document-lookups.js';
import {
  createDraftReader,
  type DealRef,
  type Draft,
  type DraftProvenance,
  deleteOnce,
  discountWithFreshEtag,
  draftProvenance,
  ensureCompanyStands,
  undefinedIfNotFound,
  withProvenance,
} from './drafts.js';
import { toFingerprint } from './fingerprint.js';
import type { BusinessCentralActivityDependencies } from './invoices.js';
import { toPostedOrder } from './posted-order.js';

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

interface OrderRef {
  readonly recordId: string;
  readonly orderId: string;
}

/** The order instead of the draft invoice: the warehouse may ship it in parts, each part becomes an invoice. */
export function createOrderActivities(dependencies: BusinessCentralActivityDependencies) {
  const { businessCentral, ledger, rules, ambiguityWindowMs, sets } = dependencies;
  const { toDraft } = createDraftReader({ rules, sets });

  return {
    /** As `createDraft`, with an order: undefined when a record further down the lineage took the deal over (I1, I3). */
    async createOrderDraft(
      input: DealRef & { readonly customerId: string; readonly draftVersion: number },
    ): Promise<Draft | undefined> {
      const { recordId, revision } = input;
      await ensureCompanyStands(dependencies, input);
      const deal = await ledger.getDeal(recordId, revision);
      const plan = await toTemporalFailures(() => planDocument(deal, rules, createDocumentLookups(dependencies, deal)));
      if (plan.problems.length > 0) throw refuseAll(plan.problems);
      if (!(await ledger.startDrafting(recordId))) return undefined;
      const key = documentKey(recordId);
      const made: DraftProvenance = { mapping: rules.mappingHash, fingerprint: toFingerprint(deal) };
      const order = await writeOnce(dependencies, {
        recordId,
        writeKey: writeKey(recordId, DRAFT_STEPS.order, input.draftVersion),
        startedFrom: made,
        action: 'create order in Business Central',
        result: draftResult,
        ambiguityWindowMs,
        find: async ({ startedFrom }) => withProvenance(await findOne(businessCentral, key), startedFrom),
        write: async (context) => {
          // The order before this one may be gone because it was posted, and then it must not be made again (I1); of
          // what it was made is not asked any more.
          const posted = input.draftVersion > 1 ? await findOne(businessCentral, key) : undefined;
          if (posted) return { ...posted, requestId: '', correlationId: '' };
          return {
            ...(await businessCentral.createOrder(plan.toDraft(input.customerId), context)),
            made,
          };
        },
        outcome: ({ made: of, ...draft }) => ({
          change: {
            kind: 'drafted',
            documentId: draft.id,
            documentKind: 'order',
            mapping: of?.mapping,
            draftVersion: input.draftVersion,
            draftNumber: draft.number,
            customerNumber: draft.customerNumber,
          },
          document: { kind: 'order', content: draft },
          facts: {
            documentId: draft.id,
            draftNumber: draft.number,
            totalIncludingTax: draft.includingTax,
            ...(of && { mapping: of.mapping }),
            ...cutsOf(plan.notes),
          },
        }),
      });
      return { ...(await toDraft(deal, order)), ...(order.made && { made: order.made }) };
    },

    /**
     * The header discount, after the lines exist (reference/business-central 3.7). Setting the same amount twice is
     * harmless.
     */
    async setOrderDiscount(input: DealRef & { readonly draftId: string; readonly etag: string }): Promise<Draft> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      return toTemporalFailures(async () => {
        const { before, answer } = await discountWithFreshEtag(
          input.etag,
          (etag) => businessCentral.setOrderDiscount(input.draftId, etag, deal.headerDiscount, REPEATABLE),
          () => businessCentral.getOrder(input.draftId),
        );
        const { requestId, correlationId, ...order } = answer;
        await ledger.recordOutcome({
          recordId: input.recordId,
          document: { kind: 'order', content: order },
          audit: {
            actor: 'dealbridge',
            action: 'set order discount in Business Central',
            requestId,
            correlationId,
            facts: { documentId: order.id, totalIncludingTax: order.includingTax },
            before: { discount: before },
            after: { discount: order.discount },
          },
        });
        return toDraft(deal, order);
      });
    },

    /** The order as it stands now; undefined when it is gone, which may also mean that all of it was posted. */
    async readOrderDraft(input: DealRef & { readonly draftId: string }): Promise<Draft | undefined> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      const order = await toTemporalFailures(() => undefinedIfNotFound(businessCentral.getOrder(input.draftId)));
      if (!order) return undefined;
      // What a later posting compares with: the quantities that belong to the etag that is confirmed next.
      await ledger.saveDocument(input.recordId, 'order', order);
      return toDraft(deal, order);
    },

    async deleteOrderDraft(input: { readonly recordId: string; readonly draftId: string }): Promise<void> {
      const { recordId, draftId } = input;
      await writeOnce(dependencies, {
        recordId,
        // As for an invoice: the intent tells a repeat that an order which is gone was deleted by us (I4).
        writeKey: writeKey(recordId, `delete-${draftId}`),
        action: 'delete order in Business Central',
        result: deletion,
        ambiguityWindowMs: 0,
        find: async () =>
          (await undefinedIfNotFound(businessCentral.getOrder(draftId))) === undefined ? { wasThere: true } : undefined,
        write: (context) =>
          deleteOnce(async () => {
            const { etag } = await businessCentral.getOrder(draftId);
            return businessCentral.deleteOrder(draftId, etag, context);
          }),
        outcome: ({ wasThere }) => ({
          change: { kind: 'draft-gone' },
          facts: { documentId: draftId, ...(!wasThere && { alreadyGone: true }) },
        }),
      });
    },

    /**
     * Posts what was confirmed: BC compares the confirmed etag, `changed` when the order is another by now (I2). Asked
     * twice it would post twice, so a repeat first compares with the quantities from before (reference/business-central
     * 12.2).
     */
    async shipAndInvoice(input: { readonly recordId: string; readonly draft: Draft }): Promise<'posted' | 'changed'> {
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

    /** Every invoice that came from the order so far: one when it was posted at once, several when in parts. */
    async readOrderInvoices({ recordId, orderId }: OrderRef): Promise<OrderInvoice[]> {
      const invoices = await toTemporalFailures(() => businessCentral.findInvoicesOfOrder(orderId));
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

/** The order, and of what it was made as far as that is known. */
const draftResult = orderContent.and(z.object({ made: draftProvenance.exactOptional() }));

export type OrderActivities = ReturnType<typeof createOrderActivities>;

/**
 * The order of a deal; when all of it was posted, what its invoices tell of it. An invoice of another origin under our
 * key is a document of the same deal, so that no order may stand beside it (I1).
 */
async function findOne(businessCentral: BusinessCentralClient, key: string): Promise<Order | undefined> {
  const orders = await businessCentral.findOrders(key);
  if (orders.length > 1) throw twoDocuments(key, orders);
  if (orders[0]) return orders[0];
  const invoices = await businessCentral.findInvoices(key);
  if (invoices.length === 0) return undefined;
  const posted = toPostedOrder(invoices);
  if (!posted) throw twoDocuments(key, invoices);
  return posted;
}

function twoDocuments(key: string, documents: readonly { readonly number: string }[]): ApplicationFailure {
  return refuse('two-documents', `${documents.map(({ number }) => number).join(' and ')}: found under the key ${key}`);
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
