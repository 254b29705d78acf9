import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { BusinessCentralClient, CustomerRef, Invoice } from '../../clients/business-central/client.js';
import { ITEMS_PER_REQUEST } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import { isAlreadyPosted } from '../../clients/business-central/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE, type WriteContext } from '../../clients/http/write-context.js';
import type { Clock } from '../../deal/clock.js';
import type { Problem } from '../../deal/holds.js';
import { DRAFT_STEPS, documentKey, writeKey } from '../../deal/ids.js';
import type { Creates } from '../../deal/missing-master-data.js';
import { invoiceContent } from '../../ledger/deals/document-schema.js';
import type { Ledger } from '../../ledger/ledger.js';
import { derivedNumber } from '../../mapping/fields/masters.js';
import { planDocument } from '../../mapping/plan/plan-document.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { cutsOf } from '../masters/create/creation.js';
import { createMissingMasterDataSteps } from '../masters/create-missing-master-data.js';
import type { FindStrongCandidate } from '../masters/strong-candidates.js';
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

export type { DealRef, Draft } from './drafts.js';

export interface ProductRef {
  readonly productId: string;
  readonly number: string;
}

/** Products that cannot be sold as they are: without an item, or with one that is blocked. */
export interface ItemFindings {
  readonly missing: readonly ProductRef[];
  readonly blocked: readonly ProductRef[];
}

export interface PostedInvoice {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly total: string;
}

export interface BusinessCentralActivityDependencies {
  readonly businessCentral: BusinessCentralClient;
  readonly companyId: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly rules: Rules;
  /** How long BC may go on with a request whose answer was lost: ten minutes at a real one (reference/business-central 8). */
  readonly ambiguityWindowMs: number;
  /** Codes of Business Central, kept for an hour. */
  readonly sets: ReferenceSets;
  /** Given when a person decides whether a customer exists already. */
  readonly findStrongCandidate?: FindStrongCandidate | undefined;
}

export function createBusinessCentralActivities(dependencies: BusinessCentralActivityDependencies) {
  const { businessCentral, companyId, ledger, rules, ambiguityWindowMs, sets } = dependencies;

  const masters = createMissingMasterDataSteps(dependencies);

  const { toDraft } = createDraftReader({ rules, sets });

  return {
    async findCustomer({ recordId, revision }: DealRef): Promise<CustomerRef | undefined> {
      const { customer } = await ledger.getDeal(recordId, revision);
      if (!customer) return undefined;
      // Linked since the deal was held for it, perhaps to a customer with another number.
      const linked = (await ledger.findLinks('customer', companyId, [customer.accountId])).get(customer.accountId);
      if (linked) return { id: linked.bcId, number: linked.bcNumber };
      const { number } = customer;
      if (!number) return undefined;
      const found = await toTemporalFailures(() => businessCentral.findCustomer(number));
      if (found && dependencies.findStrongCandidate) {
        throw refuse('customer-ambiguous', `customer ${found.number} has the number of the account`);
      }
      if (found) {
        const link = { salesId: customer.accountId, bcId: found.id, bcNumber: found.number };
        await ledger.saveLink('customer', companyId, link);
      }
      return found;
    },

    async createCustomer({ recordId, revision }: DealRef): Promise<CustomerRef> {
      const deal = await ledger.getDeal(recordId, revision);
      const { customer } = deal;
      const number = customer && (customer.number ?? derivedNumber(customer.accountId));
      const strong = number && (await toTemporalFailures(async () => dependencies.findStrongCandidate?.(deal, number)));
      if (strong) throw refuse('customer-ambiguous', strong);
      return masters.createCustomer(deal);
    },

    /** Everything that the mapping would refuse, before anything is written; codes are looked up, most from memory. */
    async findMappingProblems(input: DealRef & { readonly creates: Creates }): Promise<readonly Problem[]> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      return toTemporalFailures(() => masters.findMappingProblems(deal, input.creates));
    },

    /** The person who buys, for a customer that exists already; nothing when no rule asks for contacts. */
    async ensureContact(input: DealRef & { readonly customerId: string }): Promise<void> {
      if (rules.createContacts) {
        await masters.ensureContact(await ledger.getDeal(input.recordId, input.revision), input.customerId);
      }
    },

    /** Looks products up as items, one request for {@link ITEMS_PER_REQUEST} of them. */
    async findItems({
      products,
    }: {
      readonly products: readonly ProductRef[];
      /** Whose company is asked. */
      readonly recordId: string;
    }): Promise<ItemFindings> {
      const found = await toTemporalFailures(() =>
        businessCentral.findItems(products.map((product) => product.number)),
      );
      const missing: ProductRef[] = [];
      const blocked: ProductRef[] = [];
      for (const product of products) {
        const item = found.find((other) => other.number === product.number.toUpperCase());
        if (!item) missing.push(product);
        else if (item.isBlocked) blocked.push(product);
        else {
          const link = { salesId: product.productId, bcId: item.id, bcNumber: item.number };
          await ledger.saveLink('item', companyId, link);
        }
      }
      return { missing, blocked };
    },

    async createItem({ recordId, revision, productId }: DealRef & { readonly productId: string }): Promise<void> {
      const deal = await ledger.getDeal(recordId, revision);
      const line = deal.lines.find((other) => other.product?.productId === productId);
      if (!line) throw new TypeError(`deal ${recordId} has no product ${productId}`);
      await masters.createItem(deal, line);
    },

    /**
     * The one document of the deal, lines and all, in one request (I1, I3). Undefined when a record further down the
     * lineage took the deal over in the meantime; from here on none can.
     */
    async createDraft(
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
      const invoice = await writeOnce(dependencies, {
        recordId,
        writeKey: writeKey(recordId, DRAFT_STEPS.invoice, input.draftVersion),
        startedFrom: made,
        action: 'create draft invoice in Business Central',
        result: draftResult,
        ambiguityWindowMs,
        find: async ({ startedFrom }) => withProvenance(await findOne(businessCentral, key), startedFrom),
        write: async (context) => ({
          ...(await businessCentral.createInvoice(plan.toDraft(input.customerId), context)),
          made,
        }),
        outcome: ({ made: of, ...draft }) => ({
          change: {
            kind: 'drafted',
            documentId: draft.id,
            documentKind: 'invoice',
            mapping: of.mapping,
            draftVersion: input.draftVersion,
            draftNumber: draft.number,
            customerNumber: draft.customerNumber,
          },
          document: { kind: 'invoice', content: draft },
          facts: {
            documentId: draft.id,
            draftNumber: draft.number,
            totalIncludingTax: draft.includingTax,
            mapping: of.mapping,
            ...cutsOf(plan.notes),
          },
        }),
      });
      return { ...(await toDraft(deal, invoice)), made: invoice.made };
    },

    /**
     * The header discount, after the lines exist (reference/business-central 3.7). Setting the same amount twice is
     * harmless.
     */
    async setDiscount(input: DealRef & { readonly draftId: string; readonly etag: string }): Promise<Draft> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      return toTemporalFailures(async () => {
        const { before, answer } = await discountWithFreshEtag(
          input.etag,
          (etag) => businessCentral.setInvoiceDiscount(input.draftId, etag, deal.headerDiscount, REPEATABLE),
          () => businessCentral.getInvoice(input.draftId),
        );
        const { requestId, correlationId, ...invoice } = answer;
        await ledger.recordOutcome({
          recordId: input.recordId,
          document: { kind: 'invoice', content: invoice },
          audit: {
            actor: 'dealbridge',
            action: 'set invoice discount in Business Central',
            requestId,
            correlationId,
            facts: { documentId: invoice.id, totalIncludingTax: invoice.includingTax },
            before: { discount: before },
            after: { discount: invoice.discount },
          },
        });
        return toDraft(deal, invoice);
      });
    },

    /** The draft as it stands now; undefined when somebody deleted it. */
    async readDraft(input: DealRef & { readonly draftId: string }): Promise<Draft | undefined> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      const invoice = await toTemporalFailures(() => undefinedIfNotFound(businessCentral.getInvoice(input.draftId)));
      return invoice && toDraft(deal, invoice);
    },

    async deleteDraft({ recordId, draftId }: { readonly recordId: string; readonly draftId: string }): Promise<void> {
      await writeOnce(dependencies, {
        recordId,
        // The intent tells a repeat that a draft which is gone was deleted by us: without it nothing would (I4).
        writeKey: writeKey(recordId, `delete-${draftId}`),
        action: 'delete draft invoice in Business Central',
        result: deletion,
        // Deleting again is harmless, so there is no outcome to wait for.
        ambiguityWindowMs: 0,
        find: async () =>
          (await undefinedIfNotFound(businessCentral.getInvoice(draftId))) === undefined
            ? { wasThere: true }
            : undefined,
        write: (context) =>
          deleteOnce(async () => {
            const { etag } = await businessCentral.getInvoice(draftId);
            return businessCentral.deleteInvoice(draftId, etag, context);
          }),
        outcome: ({ wasThere }) => ({
          change: { kind: 'draft-gone' },
          facts: { documentId: draftId, ...(!wasThere && { alreadyGone: true }) },
        }),
      });
    },

    /** Posts what was confirmed: BC compares the confirmed etag. `changed` when the draft is another by now (I2). */
    async post(input: { readonly recordId: string; readonly draft: Draft }): Promise<'posted' | 'changed'> {
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

    async readPosted({
      recordId,
      invoiceId,
    }: {
      readonly recordId: string;
      readonly invoiceId: string;
    }): Promise<PostedInvoice> {
      const invoice = await toTemporalFailures(() => businessCentral.getInvoice(invoiceId));
      await ledger.saveDocument(recordId, 'invoice', invoice);
      await ledger.change(recordId, { kind: 'invoiced', invoiceNumber: invoice.number });
      return { id: invoice.id, number: invoice.number, status: invoice.status, total: invoice.includingTax };
    },
  };
}

/** The invoice, and of what it was made. */
const draftResult = invoiceContent.and(z.object({ made: draftProvenance }));

export type BusinessCentralActivities = ReturnType<typeof createBusinessCentralActivities>;

async function findOne(businessCentral: BusinessCentralClient, key: string): Promise<Invoice | undefined> {
  const found = await businessCentral.findInvoices(key);
  if (found.length > 1) {
    throw refuse('two-documents', `${found.map((invoice) => invoice.number).join(' and ')} carry the key ${key}`);
  }
  return found[0];
}

async function postOnce(businessCentral: BusinessCentralClient, draft: Draft, context: WriteContext) {
  try {
    const { requestId, correlationId } = await businessCentral.postInvoice(draft.id, draft.etag, context);
    return { done: true as const, requestId, correlationId };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || !isAlreadyPosted(error.facts.remoteMessage)) throw error;
    return { done: true as const, requestId: error.facts.requestId ?? '', correlationId: '' };
  }
}
