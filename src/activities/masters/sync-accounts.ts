import { RemoteApiError } from '../../clients/errors.js';
import { type BusinessCentralMaster, type DataverseMaster, toMasterState } from '../../deal/masters.js';
import type { MasterRef } from '../../ledger/masters/masters.js';
import { toMasterDeal } from '../../mapping/fields/master-fields.js';
import { derivedNumber } from '../../mapping/fields/masters.js';
import { planContact, planCustomer } from '../../mapping/plan/plan-master-data.js';
import { toFailure } from '../remote/failures.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { ensureContact } from './create/contact.js';
import { ensureCustomer } from './create/customer.js';
import type { FindStrongCandidate } from './strong-candidates.js';
import {
  type ChangeOutcome,
  createMasterSteps,
  getContent,
  type MasterDependencies,
  type SyncComparison,
  toEcho,
  toGone,
} from './sync-master-data.js';

/** Accounts with their contacts, kept in agreement with customers and contacts; the ledger carries what was read. */

export interface AccountRef {
  /** An account, or a contact that is a customer itself. */
  readonly rowId: string;
}

export type AccountReading =
  | { readonly kind: 'not-followed' }
  /** A contact of a company: its account brings it along. */
  | { readonly kind: 'belongs-to'; readonly accountId: string }
  | { readonly kind: 'merged'; readonly survivorId: string }
  /** What Sales says was brought over before. */
  | { readonly kind: 'echo' }
  | {
      readonly kind: 'followed';
      readonly isActive: boolean;
      readonly isLinked: boolean;
      /** A fingerprint of what Sales says. */
      readonly echo: string;
      readonly contactIds: readonly string[];
    };

export type CustomerFinding = 'linked' | 'none' | 'refused' | 'stale';

export type AccountDependencies = MasterDependencies & {
  readonly findStrongCandidate: FindStrongCandidate | undefined;
};

const toRef = ({ rowId }: AccountRef): MasterRef => ({ kind: 'account', rowId });

/** On the queue of Sales. */
export function createAccountReaders(dependencies: MasterDependencies) {
  const { dataverseMasters, masters, rules } = dependencies;
  const steps = createMasterSteps(dependencies);

  async function findRow(table: 'account' | 'contact', rowId: string): Promise<DataverseMaster | undefined> {
    try {
      return await dataverseMasters.readMaster(table, rowId);
    } catch (error) {
      if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
      throw toFailure(error);
    }
  }

  return {
    /** `isThorough` looks at everything again, also when Sales says what it said before. */
    async readAccount(
      input: AccountRef & { table: 'account' | 'contact'; isThorough: boolean },
    ): Promise<AccountReading> {
      const ref = toRef(input);
      const { table } = input;
      // A contact that is a customer itself is told as an account by whoever knows only its link.
      const row = (await findRow(table, input.rowId)) ?? (await findRow(other(table), input.rowId));
      const kept = await masters.findMaster(ref);
      if (!row) {
        const linked =
          (await dependencies.ledger.findLinks('customer', dependencies.companyId, [input.rowId])).size > 0;
        if (!linked) return { kind: 'not-followed' };
        const content = kept?.content ?? toGone(table, input.rowId);
        await masters.change(ref, { state: 'deleted', content }, undefined, {
          actor: 'Sales',
          action: 'delete account in Sales',
          facts: { number: content.number },
        });
        return { kind: 'followed', isActive: false, isLinked: true, echo: 'deleted', contactIds: [] };
      }
      if (row.kind === 'contact' && row.parentId) return { kind: 'belongs-to', accountId: row.parentId };
      if (row.mergedInto) {
        await masters.change(ref, { content: row, state: 'merged', mergedInto: row.mergedInto });
        return { kind: 'merged', survivorId: row.mergedInto };
      }
      const state = toMasterState(row);
      const links = await dependencies.ledger.findLinks('customer', dependencies.companyId, [input.rowId]);
      const isLinked = links.has(input.rowId);
      if (!isLinked && (rules.masters.accounts === 'linked' || state !== 'active')) return { kind: 'not-followed' };
      const hasProblems = (kept?.problems.length ?? 0) > 0;
      const echo = toEcho(row);
      if (isLinked && !input.isThorough && !hasProblems && kept?.echo === echo) return { kind: 'echo' };
      await masters.change(ref, { content: row, state });
      const contacts = rules.masters.contacts ? (row.contacts ?? []) : [];
      const active = contacts.filter((contact) => toMasterState(contact) === 'active');
      for (const contact of active) {
        await masters.change({ kind: 'contact', rowId: contact.rowId }, { content: contact, state: 'active' });
      }
      const contactIds = active.map((one) => one.rowId);
      return { kind: 'followed', isActive: state === 'active', isLinked, echo, contactIds };
    },

    updateAccount: (input: AccountRef): Promise<ChangeOutcome> => steps.updateDataverse(toRef(input)),
    updateContactInDataverse: (input: { readonly contactId: string }): Promise<ChangeOutcome> =>
      steps.updateDataverse({ kind: 'contact', rowId: input.contactId }),
  };
}

/** On the queue of Business Central. */
export function createCustomerSteps(dependencies: AccountDependencies) {
  const { businessCentral, masters, rules } = dependencies;
  const steps = createMasterSteps(dependencies);

  const getCompanyContact = async (rowId: string): Promise<string> => {
    const { companyContact } = await masters.getMaster({ kind: 'account', rowId });
    if (companyContact === undefined) throw new TypeError(`account ${rowId} has no company contact`);
    return companyContact;
  };
  const wantedNumber = ({ number, rowId }: DataverseMaster): string => number ?? derivedNumber(rowId);

  return {
    /** The customer of an account without a link: by its number if the rules allow, else a person decides. */
    async findCustomerOfAccount(input: AccountRef): Promise<CustomerFinding> {
      const ref = toRef(input);
      const content = getContent(await masters.getMaster(ref));
      const number = wantedNumber(content);
      const found = await steps.keeping(ref, 'match', async () => {
        const known = await businessCentral.findMaster('customers', number);
        if (known && rules.masters.match === 'ask') {
          const text = `customer ${known.number} has the number of the account`;
          await steps.saveProblem(ref, 'match', { reason: 'customer-ambiguous', text });
          return 'refused' as const;
        }
        if (known) {
          const link = { salesId: ref.rowId, bcId: known.id, bcNumber: known.number };
          await masters.change(ref, {}, link, {
            actor: 'dealbridge',
            action: 'link customer by its number',
            facts: { customerNumber: known.number },
          });
          return 'linked' as const;
        }
        const strong = await dependencies.findStrongCandidate?.(toMasterDeal(content), number);
        if (!strong) return 'none' as const;
        await steps.saveProblem(ref, 'match', { reason: 'customer-ambiguous', text: strong });
        return 'refused' as const;
      });
      return found;
    },

    async createCustomerOfAccount(input: AccountRef): Promise<CustomerFinding> {
      const ref = toRef(input);
      const content = getContent(await masters.getMaster(ref));
      const plan = await toTemporalFailures(() => planCustomer(toMasterDeal(content), rules, steps.lookups));
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
      const persons = await toTemporalFailures(() => businessCentral.findPersons(companyNumber));
      const byId = new Map(persons.map((person) => [person.id, person]));
      const byNumber = new Map(persons.map((person) => [person.number, person]));
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
          contact.bcId === undefined ? byNumber.get(derivedNumber(contactId)) : byId.get(contact.bcId);
        if (!businessCentral) {
          answer[contact.bcId === undefined ? 'missing' : 'elsewhere'].push(contactId);
          continue;
        }
        const comparison = await toTemporalFailures(() =>
          steps.saveComparison(contact, businessCentral, companyNumber),
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
