import type { CustomerRef } from '../../../clients/business-central/client.js';
import { writeKey } from '../../../deal/ids.js';
import type { MasterPlan } from '../../../mapping/plan/plan-master-data.js';
import { numbered } from '../../remote/results.js';
import { writeOnce } from '../../remote/write-once.js';
import { type CreationDependencies, cutsOf, nameIn, refuseTaken } from './creation.js';

/**
 * A person, under the company contact that stands for the customer (reference/business-central 2.3).
 * @param recordId the deal, or the contact itself, in whose trail the creation stands
 */
export function ensureContact(
  dependencies: CreationDependencies,
  recordId: string,
  { salesId, number, values, notes }: MasterPlan,
  companyNumber: string | undefined,
): Promise<CustomerRef> {
  const { businessCentral, companyId, ambiguityWindowMs } = dependencies;
  return writeOnce(dependencies, {
    recordId,
    writeKey: writeKey(salesId, `contact-${companyId}`),
    action: 'create contact in Business Central',
    result: numbered,
    ambiguityWindowMs,
    sentFacts: cutsOf(notes),
    find: async () => {
      const found = await businessCentral.findContact(number);
      if (found) await refuseTaken(dependencies, 'contact', { id: salesId, name: nameIn(values) }, found);
      return found;
    },
    write: (context) => businessCentral.createContact({ ...values, ...(companyNumber && { companyNumber }) }, context),
    outcome: (made) => ({
      link: { kind: 'contact', companyId, link: { salesId, bcId: made.id, bcNumber: made.number } },
      facts: { contactNumber: made.number, contactId: made.id },
    }),
  });
}
