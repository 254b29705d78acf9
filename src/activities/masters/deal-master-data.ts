import { type CustomerRef, ITEMS_PER_REQUEST } from '../../clients/business-central/client.js';
import { InternalError } from '../../deal/errors.js';
import type { Problem } from '../../deal/holds.js';
import type { Creates } from '../../deal/missing-master-data.js';
import type { CompanyContext, StepContext } from '../../deal/step-context.js';
import { derivedNumber } from '../../mapping/fields/masters.js';
import type { CompanyDependencies, DocumentDependencies } from '../documents/dependencies.js';
import type { DealRef } from '../documents/drafts.js';
import { refuse } from '../remote/failures.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { createMissingMasterDataSteps } from './create-missing-master-data.js';

/** Customer and items of a deal: found in its company, or created there by its mapping. */

export interface ProductRef {
  readonly productId: string;
  readonly number: string;
}

/** Products that cannot be sold as they are: without an item, or with one that is blocked. */
export interface ItemFindings {
  readonly missing: readonly ProductRef[];
  readonly blocked: readonly ProductRef[];
}

export function createMasterDataLookups(dependencies: CompanyDependencies) {
  const { businessCentral, companyId, ledger } = dependencies;
  return {
    async findCustomer({ recordId, revision }: CompanyContext & DealRef): Promise<CustomerRef | undefined> {
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

    /** Looks products up as items, one request for {@link ITEMS_PER_REQUEST} of them. */
    async findItems({
      products,
    }: CompanyContext & { readonly products: readonly ProductRef[] }): Promise<ItemFindings> {
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
  };
}

export type MasterDataLookups = ReturnType<typeof createMasterDataLookups>;

export function createMasterDataCreation(dependencies: DocumentDependencies) {
  const { ledger, rules } = dependencies;
  const masters = createMissingMasterDataSteps(dependencies);
  return {
    async createCustomer({ recordId, revision }: StepContext & DealRef): Promise<CustomerRef> {
      const deal = await ledger.getDeal(recordId, revision);
      const { customer } = deal;
      const number = customer && (customer.number ?? derivedNumber(customer.accountId));
      const strong = number && (await toTemporalFailures(async () => dependencies.findStrongCandidate?.(deal, number)));
      if (strong) throw refuse('customer-ambiguous', strong);
      return masters.createCustomer(deal);
    },

    /** Everything that the mapping would refuse, before anything is written; codes are looked up, most from memory. */
    async findMappingProblems(
      input: StepContext & DealRef & { readonly creates: Creates },
    ): Promise<readonly Problem[]> {
      const deal = await ledger.getDeal(input.recordId, input.revision);
      return toTemporalFailures(() => masters.findMappingProblems(deal, input.creates));
    },

    /** The person who buys, for a customer that exists already; nothing when no rule asks for contacts. */
    async ensureContact(input: StepContext & DealRef & { readonly customerId: string }): Promise<void> {
      if (rules.createContacts) {
        await masters.ensureContact(await ledger.getDeal(input.recordId, input.revision), input.customerId);
      }
    },

    async createItem({
      recordId,
      revision,
      productId,
    }: StepContext & DealRef & { readonly productId: string }): Promise<void> {
      const deal = await ledger.getDeal(recordId, revision);
      const line = deal.lines.find((other) => other.product?.productId === productId);
      if (!line) throw new InternalError(`deal ${recordId} has no product ${productId}`);
      await masters.createItem(deal, line);
    },
  };
}

export type MasterDataCreation = ReturnType<typeof createMasterDataCreation>;
