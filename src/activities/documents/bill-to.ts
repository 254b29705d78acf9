import type { WonDeal } from '../../deal/deal.js';
import type { DocumentFields } from '../../deal/document.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { refuse } from '../remote/failures.js';

/** The column of an account that names its parent. */
export const PARENT = '_parentaccountid_value';

/** The bill goes to the customer of the parent account, where the rules say so and nothing else names one. */
export async function withBillTo(
  deal: WonDeal,
  fields: DocumentFields,
  { ledger, companyId, rules }: { readonly ledger: Ledger; readonly companyId: string; readonly rules: Rules },
): Promise<DocumentFields> {
  const parentId = deal.extra.account[PARENT]?.toLowerCase();
  if (rules.masters.billTo === 'self' || !parentId || fields.header['billToCustomerNumber']) return fields;
  const parent = (await ledger.findLinks('customer', companyId, [parentId])).get(parentId);
  if (!parent)
    throw refuse('customer-missing', `the bill goes to the parent account ${parentId}, which has no customer`);
  return { ...fields, header: { ...fields.header, billToCustomerNumber: parent.bcNumber } };
}
