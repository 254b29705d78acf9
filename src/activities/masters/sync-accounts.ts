import { toAsked } from '../../deal/ambiguity.js';
import { toCode } from '../../deal/codes.js';
import { InternalError } from '../../deal/errors.js';
import { type BusinessCentralMaster, type DataverseMaster, toMasterState } from '../../deal/masters.js';
import type { MasterRef } from '../../ledger/masters/masters.js';
import { toMasterDeal } from '../../mapping/fields/master-fields.js';
import { derivedNumber, toNumberedDeal } from '../../mapping/fields/masters.js';
import { findAmbiguity, withFreeNumber } from '../../mapping/plan/customer-identity.js';
import { planContact, planCustomer } from '../../mapping/plan/plan-master-data.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { ensureContact } from './create/contact.js';
import { ensureCustomer } from './create/customer.js';
import { createRowReader, type ReadRequest, type RowReading } from './read-row.js';
import type { FindStrongCandidate } from './strong-candidates.js';
import {
  type ChangeOutcome,
  createSyncSteps,
  getContent,
  type SyncComparison,
  type SyncDependencies,
} from './sync-master-data.js';

/** Accounts with their contacts, kept in agreement with customers and contacts; the ledger carries what was read. */

export interface AccountRef {
  /** An account, or a contact that is a customer itself. */
  readonly rowId: string;
}

export type AccountReading =
  | Exclude<RowReading, { readonly kind: 'followed' }>
  /** A contact of a company: its account brings it along. */
  | { readonly kind: 'belongs-to'; readonly accountId: string }
  | { readonly kind: 'merged'; readonly survivorId: string }
  | (Extract<RowReading, { readonly kind: 'followed' }> & { readonly contactIds: readonly string[] });

export type CustomerFinding = 'linked' | 'none' | 'refused' | 'stale';

export type AccountDependencies = SyncDependencies & {
  readonly findStrongCandidate: FindStrongCandidate | undefined;
};

const toRef = ({ rowId }: AccountRef): MasterRef => ({ kind: 'account', rowId });

type AccountRequest = ReadRequest & { readonly table: 'account' | 'contact' };

/** On the queue of Sales. */
export function createAccountReaders(dependencies: SyncDependencies) {
  const { clock, masters, rules } = dependencies;
  const steps = createSyncSteps(dependencies);
  const reader = createRowReader(dependencies, {
    kind: 'account',
    follows: rules.masters.accounts,
  });

  async function saveActiveContacts({ contacts = [] }: DataverseMaster, readFrom: Date): Promise<string[]> {
    const active = rules.masters.contacts ? contacts.filter((contact) => toMasterState(contact) === 'active') : [];
    for (const contact of active) {
      await masters.change({ kind: 'contact', rowId: contact.rowId }, { content: contact, state: 'active', readFrom });
    }
    return active.map(({ rowId }) => rowId);
  }

  async function readAccount(input: AccountRequest): Promise<AccountReading> {
    const { table, rowId } = input;
    const readFrom = clock.now();
    // Whoever knows only the link of a contact that is a customer itself names it as an account.
    const row = (await reader.findRow(table, rowId)) ?? (await reader.findRow(other(table), rowId));
    if (row?.kind === 'contact' && row.parentId) return { kind: 'belongs-to', accountId: row.parentId };
    if (row?.mergedInto) {
      await masters.change(toRef(input), { content: row, state: 'merged', mergedInto: row.mergedInto });
      return { kind: 'merged', survivorId: row.mergedInto };
    }
    const reading = await (row ? reader.follow(row, input, readFrom) : reader.followDeleted(table, rowId));
    if (reading.kind !== 'followed') return reading;
    return { ...reading, contactIds: row ? await saveActiveContacts(row, readFrom) : [] };
  }

  return {
    readAccount: async (input: AccountRequest): Promise<AccountReading> =>
      reader.endUnlessFollowed(input.rowId, await readAccount(input)),

    updateAccount: (input: AccountRef): Promise<ChangeOutcome> => steps.updateDataverse(toRef(input)),
    updateContactInDataverse: (input: { readonly contactId: string }): Promise<ChangeOutcome> =>
      steps.updateDataverse({ kind: 'contact', rowId: input.contactId }),
  };
}

/** On the queue of Business Central. */
export function createCustomerSteps(dependencies: AccountDependencies) {
  const { businessCentral, clock, companyId, ledger, masters, rules } = dependencies;
  const steps = createSyncSteps(dependencies);

  const getCompanyContact = async (rowId: string): Promise<string> => {
    const { companyContact } = await masters.getMaster({ kind: 'account', rowId });
    if (companyContact === undefined) throw new InternalError(`account ${rowId} has no company contact`);
    return companyContact;
  };
  /** Nothing for an account of which a person decided that it is none of the customers that there are. */
  const findByNumber = async ({ rowId }: MasterRef, number: string): Promise<BusinessCentralMaster | undefined> =>
    (await ledger.isNewByDecision(companyId, rowId)) ? undefined : businessCentral.findMaster('customers', number);
  const getNumbered = async (ref: MasterRef) => toNumberedDeal(getContent(await masters.getMaster(ref)), rules);

  return {
    /** The customer of an account without a link: by its number if the rules allow, else a person decides. */
    async findCustomerOfAccount(input: AccountRef): Promise<CustomerFinding> {
      const ref = toRef(input);
      const { deal, problems } = await getNumbered(ref);
      const number = deal.customer?.number ?? derivedNumber(ref.rowId);
      const found = await steps.keeping(ref, 'match', async () => {
        if (problems.length > 0) {
          await masters.saveProblems(ref, 'match', problems);
          return 'refused' as const;
        }
        const known = await findByNumber(ref, number);
        const account = { accountId: ref.rowId, number, name: deal.customer?.name };
        const ambiguity = known && (await findAmbiguity(dependencies, account, known));
        if (ambiguity) {
          await steps.saveProblem(ref, 'match', ambiguity);
          return 'refused' as const;
        }
        if (known && rules.masters.match === 'ask') {
          await steps.saveProblem(ref, 'match', toAsked(known.number));
          return 'refused' as const;
        }
        if (known) return steps.linkByNumber(ref, known);
        const strong = await dependencies.findStrongCandidate?.(deal, number);
        if (!strong) return 'none' as const;
        await steps.saveProblem(ref, 'match', { reason: 'customer-ambiguous', text: strong });
        return 'refused' as const;
      });
      return found;
    },

    async createCustomerOfAccount(input: AccountRef): Promise<CustomerFinding> {
      const ref = toRef(input);
      const { deal } = await getNumbered(ref);
      const plan = await toTemporalFailures(async () =>
        planCustomer(await withFreeNumber(dependencies, deal, ref.rowId), rules, steps.lookups),
      );
      return steps.creating(ref, plan.problems, () => ensureCustomer(dependencies, ref.rowId, plan));
    },

    readCustomer: (input: AccountRef): Promise<SyncComparison> => steps.readComparison(toRef(input)),
    updateCustomer: (input: AccountRef): Promise<ChangeOutcome> => steps.updateBusinessCentral(toRef(input)),

    /** The company contact under which the persons of the customer stand; false when there is none. */
    async findCompanyContact(input: AccountRef): Promise<boolean> {
      const ref = toRef(input);
      const { bcId, companyContact } = await masters.getMaster(ref);
      if (companyContact !== undefined) return true;
      if (bcId === undefined) return false;
      const found = await toTemporalFailures(() => businessCentral.findCompanyContact(bcId));
      if (found !== undefined) {
        await masters.change(ref, { companyContact: found });
        return true;
      }
      const text = 'the customer has no company contact, so persons have no place in Business Central';
      await steps.saveProblem(ref, 'company-contact', { reason: 'customer-setup', text });
      return false;
    },

    /** All persons of the customer in one request; which contacts of Sales have to be made, changed, or looked for. */
    async readContacts(input: AccountRef & { readonly contactIds: readonly string[] }): Promise<{
      readonly missing: string[];
      readonly elsewhere: string[];
      readonly different: string[];
      readonly toDataverse: string[];
    }> {
      const companyNumber = await getCompanyContact(input.rowId);
      const readFrom = clock.now();
      const persons = await toTemporalFailures(() => businessCentral.findPersons(companyNumber));
      const byId = new Map(persons.map((person) => [person.id, person]));
      const byNumber = new Map(persons.map((person) => [toCode(person.number), person]));
      const kept = await masters.findMasters('contact', input.contactIds);
      const answer = {
        missing: [] as string[],
        elsewhere: [] as string[],
        different: [] as string[],
        toDataverse: [] as string[],
      };
      for (const contactId of input.contactIds) {
        const contact = kept.get(contactId);
        if (!contact) continue;
        const businessCentral: BusinessCentralMaster | undefined =
          contact.bcId === undefined ? byNumber.get(toCode(derivedNumber(contactId))) : byId.get(contact.bcId);
        if (!businessCentral) {
          answer[contact.bcId === undefined ? 'missing' : 'elsewhere'].push(contactId);
          continue;
        }
        if (contact.bcId === undefined && (await steps.linkByNumber(contact, businessCentral)) === 'refused') continue;
        const comparison = await toTemporalFailures(() =>
          steps.saveComparison(contact, businessCentral, readFrom, companyNumber),
        );
        if (comparison.hasBusinessCentralChange) answer.different.push(contactId);
        if (comparison.hasDataverseChange) answer.toDataverse.push(contactId);
      }
      return answer;
    },

    /** A contact that stood under another company. */
    readContact: async (input: AccountRef & { readonly contactId: string }): Promise<SyncComparison> =>
      steps.readComparison({ kind: 'contact', rowId: input.contactId }, await getCompanyContact(input.rowId)),

    updateContact: async (input: AccountRef & { readonly contactId: string }): Promise<ChangeOutcome> =>
      steps.updateBusinessCentral({ kind: 'contact', rowId: input.contactId }, await getCompanyContact(input.rowId)),

    async createContact(input: AccountRef & { readonly contactId: string }): Promise<CustomerFinding> {
      const ref: MasterRef = { kind: 'contact', rowId: input.contactId };
      const companyNumber = await getCompanyContact(input.rowId);
      const deal = { ...toMasterDeal(getContent(await masters.getMaster(ref))), customer: undefined };
      const plan = await toTemporalFailures(() => planContact(deal, rules, steps.lookups));
      if (!plan) return 'none';
      return steps.creating(ref, plan.problems, () => ensureContact(dependencies, ref.rowId, plan, companyNumber));
    },
  };
}

function other(table: 'account' | 'contact'): 'account' | 'contact' {
  return table === 'account' ? 'contact' : 'account';
}

export type AccountReaders = ReturnType<typeof createAccountReaders>;
export type CustomerSteps = ReturnType<typeof createCustomerSteps>;
