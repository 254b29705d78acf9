import type { CustomerRef } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { DealLine, WonDeal } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import type { Problem } from '../../deal/holds.js';
import type { Creates } from '../../deal/missing-master-data.js';
import { withFreeNumber } from '../../mapping/plan/customer-identity.js';
import { planDeal } from '../../mapping/plan/plan-deal.js';
import { planContact, planItem } from '../../mapping/plan/plan-master-data.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { createDocumentLookups } from '../documents/document-lookups.js';
import { refuseAll } from '../remote/failures.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { ensureContact } from './create/contact.js';
import type { CreationDependencies } from './create/creation.js';
import { ensureCustomer } from './create/customer.js';
import { ensureItem } from './create/item.js';

/** Customers, contacts and items that a deal needs and Business Central lacks, created as the plan of the deal says. */

export interface MissingMasterDataDependencies extends CreationDependencies {
  readonly rules: Rules;
  readonly sets: ReferenceSets;
}

export function createMissingMasterDataSteps(dependencies: MissingMasterDataDependencies) {
  const { businessCentral, rules } = dependencies;
  const lookupsFor = (deal: WonDeal) => createDocumentLookups(dependencies, deal);
  const plan = (deal: WonDeal, creates: Creates) => planDeal(deal, rules, creates, lookupsFor(deal));

  return {
    /** Everything that the mapping would refuse, before anything is written. */
    async findMappingProblems(deal: WonDeal, creates: Creates): Promise<readonly Problem[]> {
      const { problems, unitProblems } = await plan(deal, creates);
      return [...problems, ...unitProblems];
    },

    async createCustomer(deal: WonDeal): Promise<CustomerRef> {
      const { customer, contact, problems } = await toTemporalFailures(async () =>
        plan(await withFreeNumber(dependencies, deal), { customer: true, items: [] }),
      );
      if (!customer) throw new InternalError(`deal ${deal.recordId} has no customer`);
      if (problems.length > 0) throw refuseAll(problems);
      const made = await ensureCustomer(dependencies, deal.recordId, customer);
      if (contact) {
        const companyNumber = await toTemporalFailures(() => businessCentral.findCompanyContact(made.id));
        await ensureContact(dependencies, deal.recordId, contact, companyNumber);
      }
      return made;
    },

    /** The person who buys, for a customer that exists. */
    async ensureContact(deal: WonDeal, customerId: string): Promise<void> {
      const contact = await toTemporalFailures(() => planContact(deal, rules, lookupsFor(deal)));
      if (!contact) return;
      if (contact.problems.length > 0) throw refuseAll(contact.problems);
      const companyNumber = await toTemporalFailures(() => businessCentral.findCompanyContact(customerId));
      await ensureContact(dependencies, deal.recordId, contact, companyNumber);
    },

    async createItem(deal: WonDeal, line: DealLine): Promise<void> {
      const item = await toTemporalFailures(() => planItem(deal, line, rules, lookupsFor(deal)));
      if (item.problems.length > 0) throw refuseAll(item.problems);
      await ensureItem(dependencies, deal.recordId, item);
    },
  };
}
