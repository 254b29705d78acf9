import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { WonDeal } from '../../deal/deal.js';
import type { LinkLedger } from '../../ledger/masters/link-ledger.js';
import { createLookups } from '../../mapping/plan/lookups.js';
import type { DocumentLookups } from '../../mapping/plan/plan-document.js';

/** What the plan of a document reads: Business Central, and in the ledger which customer stands for an account. */
export function createDocumentLookups(
  dependencies: {
    readonly businessCentral: BusinessCentralClient;
    readonly sets: ReferenceSets;
    readonly companyId: string;
    readonly ledger: LinkLedger;
  },
  deal: WonDeal,
): DocumentLookups {
  const { businessCentral, sets, companyId, ledger } = dependencies;
  const findCustomerNumber = async (accountId: string): Promise<string | undefined> =>
    (await ledger.findLinks('customer', companyId, [accountId])).get(accountId)?.bcNumber;
  return {
    ...createLookups(businessCentral, sets, deal, findCustomerNumber),
    knownUnits: () => sets.codes('unitsOfMeasure'),
  };
}
