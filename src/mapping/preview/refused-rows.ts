import { toCode } from '../../deal/codes.js';
import type { DocumentKind } from '../../deal/deal.js';
import type { DocumentDraft } from '../../deal/document.js';
import type { Problem } from '../../deal/holds.js';
import type { MasterRow } from './preview.js';

/** What Business Central has, and refuses all the same when the draft is made. */

/** Who is blocked for shipping is still invoiced, and gets neither an order nor a quote (reference/business-central 11.1). */
export function findBlock(customer: MasterRow, kind: DocumentKind, role = ''): Problem[] {
  const blocked = String(customer['blocked']);
  if (blocked === '_x0020_' || (blocked === 'Ship' && kind === 'invoice')) return [];
  const text = `customer ${String(customer['number'])}${role} is blocked${blocked === 'All' ? '' : ` (${blocked})`}`;
  return [{ reason: 'customer-blocked', text }];
}

/** @param find the customer with a number */
export async function findBillToProblems(
  draft: DocumentDraft | undefined,
  kind: DocumentKind,
  find: (number: string) => Promise<MasterRow | undefined>,
): Promise<Problem[]> {
  const number = draft?.fields?.['billToCustomerNumber'];
  if (typeof number !== 'string' || number === '') return [];
  const customer = await find(number);
  if (customer) return findBlock(customer, kind, ', who gets the bill,');
  return [{ reason: 'customer-gone', text: `customer ${number}, who gets the bill, is not in Business Central` }];
}

/** Accounts of lines and freight: each once, with what Business Central would refuse it for (reference/business-central 11.2). */
export function findAccountProblems(numbers: readonly string[], accounts: ReadonlyMap<string, MasterRow>): Problem[] {
  return [...new Set(numbers)].flatMap((number): Problem[] => {
    const account = accounts.get(toCode(number));
    if (!account)
      return [{ reason: 'code-unknown', text: `account ${number} of the rules is not in Business Central` }];
    const why =
      account['blocked'] === true ? 'is blocked' : account['directPosting'] !== true && 'lacks Direct Posting';
    return why ? [{ reason: 'posting-setup', text: `account ${number} ${why} in Business Central` }] : [];
  });
}
