import type { BusinessCentralClient, CustomerRef } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { DealLine, WonDeal } from '../../deal/deal.js';
import type { Problem } from '../../deal/holds.js';
import { writeKey } from '../../deal/ids.js';
import type { Ledger } from '../../ledger/ledger.js';
import { derivedNumber, resolveContact, resolveCustomer, resolveItem } from '../../mapping/fields/masters.js';
import type { MappingNote } from '../../mapping/fields/resolve.js';
import { resolveDocument } from '../../mapping/fields/resolve.js';
import { createLookups } from '../../mapping/plan/lookups.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { refuse, refuseAll } from '../remote/failures.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';

/** Customers, contacts, items and units that Business Central lacks, made as the mapping says. */

export interface MasterDependencies {
  readonly businessCentral: BusinessCentralClient;
  readonly companyId: string;
  readonly ledger: Ledger;
  readonly rules: Rules;
  readonly ambiguityWindowMs: number;
  readonly sets: ReferenceSets;
}

export function createMasterSteps(dependencies: MasterDependencies) {
  const { businessCentral, companyId, ledger, rules, ambiguityWindowMs, sets } = dependencies;
  const lookupsFor = (deal: WonDeal) => createLookups(businessCentral, sets, deal);

  /** Everything that the mapping would refuse, before anything is written. */
  async function findMappingProblems(
    deal: WonDeal,
    creates: { readonly customer: boolean; readonly productIds: readonly string[] },
  ): Promise<Problem[]> {
    const lookups = lookupsFor(deal);
    const document = await resolveDocument(deal, rules.mapping, rules.lines, lookups);
    const problems = [...document.problems];
    if (creates.customer && deal.customer) {
      problems.push(...(await resolveCustomer(deal, rules.mapping, lookups)).problems);
      if (rules.createContacts)
        problems.push(...((await resolveContact(deal, rules.mapping, lookups))?.problems ?? []));
    }
    for (const productId of new Set(creates.productIds)) {
      const line = deal.lines.find((other) => other.product?.productId === productId);
      if (!line) continue;
      const { problems: wrong, unitCode } = await resolveItem(deal, line, rules.mapping, rules.lines, lookups);
      problems.push(...wrong);
      if (unitCode && !rules.createUnits && !(await sets.find('unitsOfMeasure', unitCode))) {
        problems.push({ reason: 'unit-unknown', text: `item ${line.product?.number}: no unit ${unitCode}` });
      }
    }
    return problems;
  }

  async function createCustomer(deal: WonDeal): Promise<CustomerRef> {
    const { customer, recordId } = deal;
    if (!customer) throw new TypeError(`deal ${recordId} has no customer`);
    const number = customer.number ?? derivedNumber(customer.accountId);
    const { problems, created } = await toTemporalFailures(async () => ({
      problems: await findMappingProblems(deal, { customer: true, productIds: [] }),
      created: await resolveCustomer(deal, rules.mapping, lookupsFor(deal)),
    }));
    if (problems.length > 0) throw refuseAll(problems);
    const { values, notes } = created;
    const made = await writeOnce<CustomerRef>(ledger, {
      recordId,
      // The key is the account's: two deals of one new customer make one customer.
      writeKey: writeKey(customer.accountId, `customer-${companyId}`),
      action: 'create customer in Business Central',
      ambiguityWindowMs,
      find: () => businessCentral.findCustomer(number),
      write: () => businessCentral.createCustomer(values),
      outcome: (result) => ({
        link: {
          kind: 'customer',
          companyId,
          link: { salesId: customer.accountId, bcId: result.id, bcNumber: result.number },
        },
        change: { customerNumber: result.number },
        facts: { customerNumber: result.number, customerId: result.id, ...cutsOf(notes) },
      }),
    });
    if (rules.createContacts) await ensureContact(deal, made.id);
    return made;
  }

  /** The person who buys, under the company contact that stands for the customer (reference/business-central 2.3). */
  async function ensureContact(deal: WonDeal, customerId: string): Promise<CustomerRef | undefined> {
    const contact = await toTemporalFailures(() => resolveContact(deal, rules.mapping, lookupsFor(deal)));
    if (!contact) return undefined;
    if (contact.problems.length > 0) throw refuseAll(contact.problems);
    const number = String(contact.values['number']);
    const companyNumber = await toTemporalFailures(() => businessCentral.findCompanyContact(customerId));
    return writeOnce<CustomerRef>(ledger, {
      recordId: deal.recordId,
      writeKey: writeKey(contact.contactId, `contact-${companyId}`),
      action: 'create contact in Business Central',
      ambiguityWindowMs,
      find: () => businessCentral.findContact(number),
      write: () => businessCentral.createContact({ ...contact.values, ...(companyNumber && { companyNumber }) }),
      outcome: (result) => ({ facts: { contactNumber: result.number, ...cutsOf(contact.notes) } }),
    });
  }

  async function createItem(deal: WonDeal, line: DealLine): Promise<void> {
    const { product } = line;
    if (!product) throw new TypeError(`line ${line.lineId} has no product`);
    const { productId } = product;
    const item = await toTemporalFailures(() => resolveItem(deal, line, rules.mapping, rules.lines, lookupsFor(deal)));
    if (item.problems.length > 0) throw refuseAll(item.problems);
    const number = String(item.values['number']);
    if (item.unitCode) await ensureUnit(deal, item.unitCode, line.unit ?? item.unitCode);
    await writeOnce(ledger, {
      recordId: deal.recordId,
      writeKey: writeKey(productId, `item-${companyId}`),
      action: 'create item in Business Central',
      ambiguityWindowMs,
      find: async () => (await businessCentral.findItems([number]))[0],
      write: () => businessCentral.createItem(item.values),
      outcome: (made) => ({
        link: { kind: 'item', companyId, link: { salesId: productId, bcId: made.id, bcNumber: made.number } },
        facts: { itemNumber: made.number, itemId: made.id, ...cutsOf(item.notes) },
      }),
    });
  }

  async function ensureUnit(deal: WonDeal, code: string, name: string): Promise<void> {
    // Without leave to make units nothing is asked: Business Central itself refuses an unknown one.
    if (!rules.createUnits || (await toTemporalFailures(() => sets.find('unitsOfMeasure', code)))) return;
    if (code.length > UNIT_LENGTH) {
      throw refuse('value-too-long', `unit ${code}: ${code.length} characters where ${UNIT_LENGTH} fit`);
    }
    const find = (): Promise<{ id: string; code: string } | undefined> => {
      sets.forget('unitsOfMeasure');
      return sets.find('unitsOfMeasure', code);
    };
    await writeOnce(ledger, {
      recordId: deal.recordId,
      writeKey: writeKey(code, `unit-${companyId}`),
      action: 'create unit in Business Central',
      ambiguityWindowMs,
      find,
      write: () => businessCentral.createUnit(code, name.slice(0, UNIT_NAME_LENGTH)),
      outcome: (made) => ({ facts: { unitCode: made.code } }),
    });
    sets.forget('unitsOfMeasure');
  }

  return { findMappingProblems, createCustomer, ensureContact, createItem, lookupsFor };
}

const UNIT_LENGTH = 10; // Code[10], reference/business-central 2.4
const UNIT_NAME_LENGTH = 50;

/** What was cut or left out, for the audit trail: fields and lengths, not the texts. */
export function cutsOf(notes: readonly MappingNote[]): {
  readonly cuts?: readonly string[];
  readonly leftOut?: readonly string[];
} {
  const cuts = notes.flatMap(({ field, value, cutFrom }) =>
    cutFrom === undefined ? [] : [`${field}: ${cutFrom.length} → ${String(value).length} characters`],
  );
  const leftOut = notes.filter(({ isLeft }) => isLeft).map(({ field }) => field);
  return { ...(cuts.length > 0 && { cuts }), ...(leftOut.length > 0 && { leftOut }) };
}
