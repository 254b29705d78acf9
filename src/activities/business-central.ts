import { ApplicationFailure } from '@temporalio/common';
import type { BusinessCentralClient, CustomerRef, Invoice } from '../clients/business-central/client.js';
import { ITEMS_PER_REQUEST } from '../clients/business-central/client.js';
import { isAlreadyPosted } from '../clients/business-central/refusals.js';
import { RemoteApiError } from '../clients/errors.js';
import type { Figures, WonDeal } from '../deal/deal.js';
import { toDocument, toUnitCode } from '../deal/document.js';
import { documentKey, writeKey } from '../deal/ids.js';
import { isZero } from '../deal/money.js';
import { findDifference } from '../deal/totals.js';
import type { Ledger } from '../ledger/ledger.js';
import { refuse } from './failures.js';
import type { Rules } from './rules.js';
import { inWords, writeOnce } from './write-once.js';

/** A deal at one revision; its content is in the ledger. */
export interface DealRef {
  readonly recordId: string;
  readonly revision: string;
}

export interface ProductRef {
  readonly productId: string;
  readonly number: string;
}

/** Products that cannot be sold as they are: without an item, or with one that is blocked. */
export interface ItemFindings {
  readonly missing: readonly ProductRef[];
  readonly blocked: readonly ProductRef[];
}

/** A draft as the workflow sees it. */
export interface Draft {
  readonly id: string;
  readonly etag: string;
  readonly figures: Figures;
  readonly customerNumber: string;
  /** The header discount of the deal, when it still has to be set. */
  readonly missingDiscount: string | undefined;
  /** Why deal and draft do not agree, if they do not. */
  readonly difference: string | undefined;
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
  readonly rules: Rules;
  /** How long BC may go on with a request whose answer was lost: ten minutes at a real one (reference 8). */
  readonly outcomeMs: number;
}

export function createBusinessCentralActivities(dependencies: BusinessCentralActivityDependencies) {
  const { businessCentral, companyId, ledger, rules, outcomeMs } = dependencies;

  const keepCustomerLink = (accountId: string, customer: CustomerRef) => ({
    kind: 'customer' as const,
    companyId,
    link: { salesId: accountId, bcId: customer.id, bcNumber: customer.number },
  });

  return {
    async findCustomer({ recordId, revision }: DealRef): Promise<CustomerRef | undefined> {
      const { customer } = await ledger.getDeal(recordId, revision);
      const number = customer?.number;
      if (!customer || !number) return undefined;
      const found = await inWords(() => businessCentral.findCustomer(number));
      if (found) await ledger.keepLink('customer', companyId, keepCustomerLink(customer.accountId, found).link);
      return found;
    },

    async createCustomer({ recordId, revision }: DealRef): Promise<CustomerRef> {
      const { customer, currency } = await ledger.getDeal(recordId, revision);
      if (!customer) throw new TypeError(`deal ${recordId} has no customer`);
      const number = customer.number ?? derivedNumber(customer.accountId);
      const { address } = customer;
      return writeOnce<CustomerRef>(ledger, {
        recordId,
        // The key is the account's: two deals of one new customer make one customer.
        writeKey: writeKey(customer.accountId, `customer-${companyId}`),
        action: 'create customer in Business Central',
        outcomeMs,
        find: () => businessCentral.findCustomer(number),
        write: () =>
          businessCentral.createCustomer({
            ...address,
            number,
            name: customer.name,
            isPerson: customer.kind === 'contact',
            email: customer.email,
            phone: customer.phone,
            website: customer.website,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            state: address.state,
            postalCode: address.postalCode,
            country: address.country && (rules.countries[address.country.toUpperCase()] ?? undefined),
            currencyCode: currency,
          }),
        outcome: (result) => ({
          link: keepCustomerLink(customer.accountId, result),
          change: { customerNumber: result.number },
          facts: { customerNumber: result.number, customerId: result.id, accountId: customer.accountId },
        }),
      });
    },

    /** Looks products up as items, one request for {@link ITEMS_PER_REQUEST} of them. */
    async findItems({ products }: { readonly products: readonly ProductRef[] }): Promise<ItemFindings> {
      const found = await inWords(() => businessCentral.findItems(products.map((product) => product.number)));
      const missing: ProductRef[] = [];
      const blocked: ProductRef[] = [];
      for (const product of products) {
        const item = found.find((other) => other.number === product.number.toUpperCase());
        if (!item) missing.push(product);
        else if (item.isBlocked) blocked.push(product);
        else {
          const link = { salesId: product.productId, bcId: item.id, bcNumber: item.number };
          await ledger.keepLink('item', companyId, link);
        }
      }
      return { missing, blocked };
    },

    async createItem({ recordId, revision, productId }: DealRef & { readonly productId: string }): Promise<void> {
      const deal = await ledger.getDeal(recordId, revision);
      const line = deal.lines.find((other) => other.product?.productId === productId);
      const product = line?.product;
      if (!product) throw new TypeError(`deal ${recordId} has no product ${productId}`);
      const { number, name, isService } = product;
      await writeOnce(ledger, {
        recordId,
        writeKey: writeKey(productId, `item-${companyId}`),
        action: 'create item in Business Central',
        outcomeMs,
        find: async () => (await businessCentral.findItems([number]))[0],
        write: () =>
          businessCentral.createItem({ number, name, isService, unitCode: toUnitCode(line.unit, rules.lines) }),
        outcome: (item) => ({
          link: { kind: 'item', companyId, link: { salesId: productId, bcId: item.id, bcNumber: item.number } },
          facts: { itemNumber: item.number, itemId: item.id, productId },
        }),
      });
    },

    /**
     * The one document of the deal, lines and all, in one request (I1, I3). Undefined when a record further down the
     * lineage took the deal over in the meantime; from here on none can.
     */
    async createDraft(
      input: DealRef & { readonly customerId: string; readonly generation: number },
    ): Promise<Draft | undefined> {
      const { recordId, revision } = input;
      if (!(await ledger.startDrafting(recordId))) return undefined;
      const deal = await ledger.getDeal(recordId, revision);
      const key = documentKey(recordId);
      const invoice = await writeOnce<Invoice>(ledger, {
        recordId,
        writeKey: writeKey(recordId, 'draft', input.generation),
        action: 'create draft invoice in Business Central',
        outcomeMs,
        find: () => findOne(businessCentral, key),
        write: () => businessCentral.createInvoice(toDocument(deal, input.customerId, rules.lines)),
        outcome: (draft) => ({
          change: {
            state: 'drafted',
            documentId: draft.id,
            draftNumber: draft.number,
            customerNumber: draft.customerNumber,
          },
          document: { kind: 'invoice', content: draft },
          facts: { documentId: draft.id, draftNumber: draft.number, totalIncludingTax: draft.includingTax },
        }),
      });
      return toDraft(deal, invoice);
    },

    /** The header discount, after the lines exist (reference 3.7). Setting the same amount twice is harmless. */
    async setDiscount(input: DealRef & { readonly draftId: string; readonly etag: string }): Promise<Draft> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      return inWords(async () => {
        const { before, answer } = await discount(businessCentral, input.draftId, input.etag, deal);
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
      const invoice = await inWords(() => orNothing(businessCentral.getInvoice(input.draftId)));
      return invoice && toDraft(deal, invoice);
    },

    async deleteDraft({ recordId, draftId }: { readonly recordId: string; readonly draftId: string }): Promise<void> {
      await writeOnce<{ readonly wasThere: boolean }>(ledger, {
        recordId,
        // The intent tells a repeat that a draft which is gone was deleted by us: without it nothing would (I4).
        writeKey: writeKey(recordId, `delete-${draftId}`),
        action: 'delete draft invoice in Business Central',
        // Deleting again is harmless, so there is no outcome to wait for.
        outcomeMs: 0,
        find: async () =>
          (await orNothing(businessCentral.getInvoice(draftId))) === undefined ? { wasThere: true } : undefined,
        write: () => deleteOnce(businessCentral, draftId),
        outcome: ({ wasThere }) => ({ facts: { documentId: draftId, ...(!wasThere && { alreadyGone: true }) } }),
      });
    },

    /** Posts what was confirmed: BC compares the confirmed etag. `changed` when the draft is another by now (I2). */
    async post(input: { readonly recordId: string; readonly draft: Draft }): Promise<'posted' | 'changed'> {
      const { recordId, draft } = input;
      try {
        await writeOnce<{ readonly done: true }>(ledger, {
          recordId,
          writeKey: writeKey(recordId, `post-${draft.id}`),
          action: 'post invoice in Business Central',
          outcomeMs,
          find: async () => {
            const invoice = await businessCentral.getInvoice(draft.id);
            return invoice.number === draft.figures.documentNumber ? undefined : { done: true };
          },
          write: () => postOnce(businessCentral, draft),
          outcome: () => ({ change: { state: 'posted' }, facts: { documentId: draft.id, figures: draft.figures } }),
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
      const invoice = await inWords(() => businessCentral.getInvoice(invoiceId));
      await ledger.keepDocument(recordId, 'invoice', invoice);
      await ledger.change(recordId, { invoiceNumber: invoice.number });
      return { id: invoice.id, number: invoice.number, status: invoice.status, total: invoice.includingTax };
    },
  };
}

export type BusinessCentralActivities = ReturnType<typeof createBusinessCentralActivities>;

/** Code[20]: an account without a number gets one that follows from its id. */
function derivedNumber(accountId: string): string {
  return `S${accountId.replaceAll('-', '').toUpperCase().slice(0, 19)}`;
}

async function findOne(businessCentral: BusinessCentralClient, key: string): Promise<Invoice | undefined> {
  const found = await businessCentral.findInvoices(key);
  if (found.length > 1) {
    throw refuse('two-documents', `${found.map((invoice) => invoice.number).join(' and ')} carry the key ${key}`);
  }
  return found[0];
}

async function orNothing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Tells the amount that it replaced; a draft is asked for a discount only while it has none. */
async function discount(businessCentral: BusinessCentralClient, draftId: string, etag: string, deal: WonDeal) {
  const { headerDiscount } = deal;
  try {
    return { before: '0', answer: await businessCentral.setInvoiceDiscount(draftId, etag, headerDiscount) };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'conflict') throw error;
    // A mere GET moves the etag of a draft (reference 11.4); the amount is ours either way.
    const fresh = await businessCentral.getInvoice(draftId);
    return {
      before: fresh.discount,
      answer: await businessCentral.setInvoiceDiscount(draftId, fresh.etag, headerDiscount),
    };
  }
}

async function deleteOnce(businessCentral: BusinessCentralClient, draftId: string) {
  try {
    const { etag } = await businessCentral.getInvoice(draftId);
    const { requestId, correlationId } = await businessCentral.deleteInvoice(draftId, etag);
    return { wasThere: true, requestId, correlationId };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw error;
    return { wasThere: false, requestId: error.facts.requestId ?? '', correlationId: '' };
  }
}

async function postOnce(businessCentral: BusinessCentralClient, draft: Draft) {
  try {
    const { requestId, correlationId } = await businessCentral.postInvoice(draft.id, draft.etag);
    return { done: true as const, requestId, correlationId };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || !isAlreadyPosted(error.facts.remoteMessage)) throw error;
    return { done: true as const, requestId: error.facts.requestId ?? '', correlationId: '' };
  }
}

function toDraft(deal: WonDeal, invoice: Invoice): Draft {
  const wanted = !isZero(deal.headerDiscount) && isZero(invoice.discount) ? deal.headerDiscount : undefined;
  return {
    id: invoice.id,
    etag: invoice.etag,
    customerNumber: invoice.customerNumber,
    figures: { documentNumber: invoice.number, totalIncludingTax: invoice.includingTax, currency: invoice.currency },
    missingDiscount: wanted,
    difference: wanted === undefined ? findDifference(deal, invoice) : undefined,
  };
}
