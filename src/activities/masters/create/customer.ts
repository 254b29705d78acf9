import type { CustomerRef } from '../../../clients/business-central/client.js';
import { writeKey } from '../../../deal/ids.js';
import type { MasterPlan } from '../../../mapping/plan/plan-master-data.js';
import { numbered } from '../../remote/results.js';
import { writeOnce } from '../../remote/write-once.js';
import { type CreationDependencies, cutsOf } from './creation.js';

/** @param recordId the deal, or the account itself, in whose trail the creation stands */
export function ensureCustomer(
  dependencies: CreationDependencies,
  recordId: string,
  { salesId, number, values, notes }: MasterPlan,
): Promise<CustomerRef> {
  const { businessCentral, companyId, ambiguityWindowMs } = dependencies;
  return writeOnce(dependencies, {
    recordId,
    // The key is the account's: two deals of one new customer, or a deal and its sync, make one customer.
    writeKey: writeKey(salesId, `customer-${companyId}`),
    action: 'create customer in Business Central',
    result: numbered,
    ambiguityWindowMs,
    find: () => businessCentral.findCustomer(number),
    write: (context) => businessCentral.createCustomer(values, context),
    outcome: (made) => ({
      link: { kind: 'customer', companyId, link: { salesId, bcId: made.id, bcNumber: made.number } },
      // An account has no record of its own among the deals.
      ...(recordId !== salesId && { change: { kind: 'customer' as const, customerNumber: made.number } }),
      facts: { customerNumber: made.number, customerId: made.id, ...cutsOf(notes) },
    }),
  });
}
