import { type Ambiguity, type ClaimingRow, toShared, toTaken } from '../../deal/ambiguity.js';
import { isSameCode } from '../../deal/codes.js';
import type { WonDeal } from '../../deal/deal.js';
import type { LinkKind } from '../../deal/masters.js';
import type { Rules } from '../rules/rules.js';
import type { CompanyReader } from './lookups.js';

/** Whether a number tells which account a customer stands for: one that two live accounts have tells nothing (I11). */

/** The active accounts of Sales that have one of these numbers, whichever they are. */
export type FindAccountsWithNumbers = (numbers: readonly string[]) => Promise<readonly Account[]>;

/** What the ledger tells of links, and of what people decided about them. */
export interface LinkReader {
  findLinks(
    kind: LinkKind,
    companyId: string,
    salesIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly bcId: string; readonly bcNumber: string }>>;
  findLinkedOthers(
    kind: LinkKind,
    companyId: string,
    link: { readonly bcId: string; readonly salesId: string },
  ): Promise<readonly ClaimingRow[]>;
  isNewByDecision(companyId: string, accountId: string): Promise<boolean>;
  /** The number that a customer may have been made with for the account already, which nobody has heard of yet. */
  findAskedCustomer(
    companyId: string,
    account: { readonly accountId: string; readonly ownNumber: string; readonly recordId: string },
  ): Promise<string | undefined>;
}

export interface IdentityDependencies {
  readonly ledger: LinkReader;
  readonly companyId: string;
  readonly findAccountsWithNumbers: FindAccountsWithNumbers;
}

/** Only the account number can be looked for; what a formula makes of other columns only the ledger can compare. */
export function createFindAccountsWithNumbers(
  dataverse: { readonly findAccountsWithNumbers: FindAccountsWithNumbers },
  { mapping }: Pick<Rules, 'mapping'>,
): FindAccountsWithNumbers {
  const from = mapping.sections.customer.get('number')?.from;
  const columns = from?.kind === 'columns' ? from.columns : [];
  const isAccountNumber = columns.every(({ row, column }) => row === 'account' && column === 'accountnumber');
  return columns.length > 0 && isAccountNumber ? dataverse.findAccountsWithNumbers : async () => [];
}

interface Account {
  readonly accountId: string;
  readonly number: string;
  readonly name?: string | undefined;
}

/** What keeps the number from telling that the customer is this account; nothing when it does. */
export async function findAmbiguity(
  dependencies: IdentityDependencies,
  { accountId, number, name }: Account,
  customer: { readonly id: string; readonly number: string },
): Promise<Ambiguity | undefined> {
  const { ledger, companyId } = dependencies;
  const taken = await ledger.findLinkedOthers('customer', companyId, { bcId: customer.id, salesId: accountId });
  const own = { id: accountId, name };
  if (taken.length > 0) return toTaken('customer', customer.number, own, taken);
  const rivals = (await findRivals(dependencies, [{ accountId, number }])).get(accountId) ?? [];
  return rivals.length > 0 ? toShared('customer', customer.number, own, rivals) : undefined;
}

/** By account, the others that could be meant by its number: those that nobody has told apart yet. */
export async function findRivals(
  { ledger, companyId, findAccountsWithNumbers }: IdentityDependencies,
  accounts: readonly Account[],
): Promise<Map<string, ClaimingRow[]>> {
  if (accounts.length === 0) return new Map();
  const found = await findAccountsWithNumbers(accounts.map(({ number }) => number));
  const ids = [...new Set(found.map(({ accountId }) => accountId))];
  const links = await ledger.findLinks('customer', companyId, ids);
  const settled = new Set(links.keys());
  for (const id of ids) if (await ledger.isNewByDecision(companyId, id)) settled.add(id);
  return new Map(
    accounts.map(({ accountId, number }) => [
      accountId,
      found
        .filter((one) => one.accountId !== accountId && isSameCode(one.number, number) && !settled.has(one.accountId))
        .map((one) => ({ id: one.accountId, name: one.name })),
    ]),
  );
}

/**
 * An account of which a person decided that it is a customer of its own cannot have the number of a customer that is there
 * already: it gets one that follows from its id. What may be its own customer, whose answer was lost, is asked for again by the
 * number that it was asked for with.
 * @param recordId in whose trail the creation stands
 */
export async function withFreeNumber(
  {
    ledger,
    companyId,
    businessCentral,
  }: Pick<IdentityDependencies, 'ledger' | 'companyId'> & {
    readonly businessCentral: Pick<CompanyReader, 'findCustomer'>;
  },
  deal: WonDeal,
  recordId: string = deal.recordId,
): Promise<WonDeal> {
  const { customer } = deal;
  if (!customer?.number || !(await ledger.isNewByDecision(companyId, customer.accountId))) return deal;
  const { accountId, number: ownNumber } = customer;
  const holder = await businessCentral.findCustomer(ownNumber);
  if (!holder) return deal;
  const isTaken =
    (await ledger.findLinkedOthers('customer', companyId, { bcId: holder.id, salesId: accountId })).length > 0;
  const asked = isTaken ? undefined : await ledger.findAskedCustomer(companyId, { accountId, ownNumber, recordId });
  return asked === ownNumber ? deal : { ...deal, customer: { ...customer, number: asked } };
}
