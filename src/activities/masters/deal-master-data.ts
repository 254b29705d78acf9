import { type CustomerRef, ITEMS_PER_REQUEST } from '../../clients/business-central/client.js';
import { toAsked, toTaken } from '../../deal/ambiguity.js';
import { isSameCode } from '../../deal/codes.js';
import { InternalError } from '../../deal/errors.js';
import type { Problem } from '../../deal/holds.js';
import { namedAtMost } from '../../deal/many-problems.js';
import { type Creates, keyOfSold, listSoldItems, type SoldItem } from '../../deal/missing-master-data.js';
import type { CompanyContext, StepContext } from '../../deal/step-context.js';
import { BY_RULES } from '../../ledger/masters/links.js';
import { derivedNumber } from '../../mapping/fields/masters.js';
import { findAmbiguity } from '../../mapping/plan/customer-identity.js';
import type { DocumentDependencies, MasterDataDependencies } from '../documents/dependencies.js';
import type { DealRef } from '../documents/drafts.js';
import { refuse, refuseAll } from '../remote/failures.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { createMissingMasterDataSteps } from './create-missing-master-data.js';

/** Customer and items of a deal: found in its company, or created there by its mapping. */

export interface ProductRef {
  readonly productId: string;
  readonly number: string;
  /** The configuration names the item, and may name it for other products as well. */
  readonly isByRule?: true;
  /** A rule names it for this line alone: the product keeps the item that it has, or gets one of its own later. */
  readonly isOfLine?: true;
}

/** Products that cannot be sold as they are: without an item, or with one that is blocked. */
export interface ItemFindings {
  readonly missing: readonly ProductRef[];
  readonly blocked: readonly ProductRef[];
}

export function createMasterDataLookups(dependencies: MasterDataDependencies) {
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
      const { accountId, name } = customer;
      if (!found || (await ledger.isNewByDecision(companyId, accountId))) return undefined;
      const ambiguity = await toTemporalFailures(() => findAmbiguity(dependencies, { accountId, number, name }, found));
      if (ambiguity) throw refuseAll([ambiguity]);
      if (dependencies.findStrongCandidate) throw refuseAll([toAsked(found.number)]);
      const link = { salesId: accountId, bcId: found.id, bcNumber: found.number };
      const others = await ledger.saveLink('customer', companyId, link);
      if (others.length === 0) return { id: found.id, number: found.number };
      throw refuseAll([toTaken('customer', found.number, { id: accountId, name }, others)]);
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
      const ambiguous: Problem[] = [];
      for (const product of products) {
        const item = found.find((other) => isSameCode(other.number, product.number));
        if (!item) missing.push(product);
        else if (item.isBlocked) blocked.push(product);
        else if (!product.isOfLine) {
          const link = { salesId: product.productId, bcId: item.id, bcNumber: item.number };
          const others = await ledger.saveLink('item', companyId, link, product.isByRule && BY_RULES);
          if (others.length > 0) ambiguous.push(toTaken('item', item.number, { id: product.productId }, others));
        }
      }
      if (ambiguous.length > 0) throw refuseAll(ambiguous);
      return { missing, blocked };
    },
  };
}

export type MasterDataLookups = ReturnType<typeof createMasterDataLookups>;

export function createMasterDataCreation(dependencies: DocumentDependencies & MasterDataDependencies) {
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
      return namedAtMost(await toTemporalFailures(() => masters.findMappingProblems(deal, input.creates)));
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
      number,
    }: StepContext & DealRef & Pick<SoldItem, 'productId' | 'number'>): Promise<void> {
      const deal = await ledger.getDeal(recordId, revision);
      const key = keyOfSold({ productId, number });
      const line = listSoldItems(deal, rules.lines).find((other) => keyOfSold(other) === key)?.line;
      if (!line) throw new InternalError(`deal ${recordId} does not sell product ${productId} as item ${number}`);
      await masters.createItem(deal, line);
    },
  };
}

export type MasterDataCreation = ReturnType<typeof createMasterDataCreation>;
