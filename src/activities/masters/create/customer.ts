import type { CustomerRef } from '../../../clients/business-central/client.js';
import { nameRow } from '../../../deal/ambiguity.js';
import { customerKey } from '../../../deal/ids.js';
import { findAmbiguity } from '../../../mapping/plan/customer-identity.js';
import type { MasterPlan } from '../../../mapping/plan/plan-master-data.js';
import { refuse, refuseAll } from '../../remote/failures.js';
import { numbered } from '../../remote/results.js';
import { type EarlierAttempt, writeOnce } from '../../remote/write-once.js';
import { type CreationDependencies, cutsOf, nameIn, refuseTaken } from './creation.js';

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
    writeKey: customerKey(salesId, companyId),
    startedFrom: { number },
    action: 'create customer in Business Central',
    result: numbered,
    ambiguityWindowMs,
    sentFacts: cutsOf(notes),
    find: (earlier) => findOwn(dependencies, { accountId: salesId, number, name: nameIn(values) }, earlier),
    write: (context) => businessCentral.createCustomer(values, context),
    outcome: (made) => ({
      link: { kind: 'customer', companyId, link: { salesId, bcId: made.id, bcNumber: made.number } },
      // An account has no record of its own among the deals.
      ...(recordId !== salesId && { change: { kind: 'customer' as const, customerNumber: made.number } }),
      facts: { customerNumber: made.number, customerId: made.id },
    }),
  });
}

/** The customer that an earlier attempt may have made, or that the number says is the account's. */
async function findOwn(
  dependencies: CreationDependencies,
  account: { readonly accountId: string; readonly number: string; readonly name: string | undefined },
  { mayHaveLanded }: EarlierAttempt,
): Promise<CustomerRef | undefined> {
  const { businessCentral, companyId, ledger } = dependencies;
  const { accountId, number, name } = account;
  const own = { id: accountId, name };
  const found = await businessCentral.findCustomer(number);
  if (!found) return undefined;
  await refuseTaken(dependencies, 'customer', own, found);
  if (mayHaveLanded) return found;
  // Somebody else's doing, and so no more than a customer with the number of the account.
  const ambiguity = await findAmbiguity(dependencies, account, found);
  if (ambiguity) throw refuseAll([ambiguity]);
  if (await ledger.isNewByDecision(companyId, accountId)) {
    const text = `customer ${found.number} has the number of account ${nameRow(own)}, which is to get a customer of its own`;
    throw refuse('customer-ambiguous', text);
  }
  return found;
}
