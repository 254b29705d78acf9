import type { BusinessCentralClient, WholeRow } from '../../clients/business-central/client.js';
import { createReferenceSets, type ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { DataverseClient } from '../../clients/dataverse/client.js';
import type { WonDeal } from '../../deal/deal.js';
import { toDocument } from '../../deal/document.js';
import { type DealEvent, findEvent, toRecordState } from '../../deal/events.js';
import { HOLDS_WITHOUT_DOCUMENT, type Problem } from '../../deal/holds.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { decideLine, isLeftOut } from '../../deal/line-rules.js';
import { findProblems } from '../../deal/problems.js';
import { askedColumns } from '../../mapping/fields/columns.js';
import {
  derivedNumber,
  findNumberProblems,
  resolveContact,
  resolveCustomer,
  resolveItem,
  withOurNumbers,
} from '../../mapping/fields/masters.js';
import { type Lookups, type MappingNote, resolveDocument } from '../../mapping/fields/resolve.js';
import { createLookups } from '../../mapping/plan/lookups.js';
import {
  findChanges,
  type PlanStep,
  type Preview,
  type PreviewChange,
  toPreview,
} from '../../mapping/preview/preview.js';
import { creationPolicyOf, type Rules } from '../../mapping/rules/rules.js';

/** Reads what a hand-over would read and tells what it would write. Only GETs leave this file, and no ledger is opened. */

export interface PreviewDependencies {
  readonly dataverse: DataverseClient;
  /** The company that the rules choose for the deal. */
  readonly companyOf: (deal: WonDeal, rules: Rules) => Promise<BusinessCentralClient>;
}

export interface Previewer {
  preview(table: SourceTable, recordId: string): Promise<Preview>;
  /** @param read with the numbers that it has in Sales */
  previewRead(read: WonDeal): Promise<Preview>;
}

export function createPreviewer({ dataverse, companyOf }: PreviewDependencies, rules: Rules): Previewer {
  const known = new Map<BusinessCentralClient, ReferenceSets>();
  const setsOf = (company: BusinessCentralClient): ReferenceSets => {
    const sets = known.get(company) ?? createReferenceSets({ readCodes: (set) => company.readCodes(set) });
    known.set(company, sets);
    return sets;
  };
  const previewRead = async (read: WonDeal): Promise<Preview> => {
    const problems = await findNumberProblems(read, rules.mapping);
    const deal = await withOurNumbers(read, rules.mapping, rules.masters.items);
    const company = await companyOf(deal, rules);
    return previewDeal(deal, rules, company, setsOf(company), problems);
  };
  return {
    previewRead,
    async preview(table, recordId) {
      const asked = askedColumns(rules.mapping, rules.lines, creationPolicyOf(rules), table);
      return previewRead(await dataverse.readDeal(table, recordId, asked));
    },
  };
}

async function previewDeal(
  deal: WonDeal,
  rules: Rules,
  businessCentral: BusinessCentralClient,
  sets: ReferenceSets,
  found: readonly Problem[],
): Promise<Preview> {
  const lookups = createLookups(businessCentral, sets, deal);
  const problems: Problem[] = [...findProblems(deal, rules.lines), ...found];
  const state = toRecordState(deal.table, deal.stateCode, rules.events);
  if (state !== 'won') problems.push({ reason: 'not-won', text: `the ${deal.table} is ${state}` });
  const kind = rules.documents[findEvent(deal.table, deal.stateCode, rules.events) ?? LAST_EVENT[deal.table]];
  const notes: MappingNote[] = [];
  const plan: PlanStep[] = [];
  const customer = await planCustomer(deal, rules, businessCentral, lookups, plan, problems, notes);
  const items = await planItems(deal, rules, businessCentral, sets, lookups, plan, problems, notes);
  const document = await resolveDocument(deal, rules.mapping, rules.lines, lookups);
  problems.push(...document.problems);
  notes.push(...document.notes);

  const canDraft = problems.every(({ reason }) => !HOLDS_WITHOUT_DOCUMENT.has(reason)) && deal.currency !== undefined;
  const units = await sets.codes('unitsOfMeasure');
  const options = { fields: document.values, ...(rules.lines.convertUnits && { knownUnits: units }) };
  const draft = canDraft ? toDocument(deal, String(customer?.['id'] ?? ''), rules.lines, options) : undefined;
  const accountNumbers = draft?.lines.filter(({ kind }) => kind === 'account').map(({ number }) => number) ?? [];
  const accounts = byNumber(await businessCentral.findWholeRows('accounts', [...new Set(accountNumbers)]));
  if (draft) {
    plan.push({
      step: kind === 'order' ? 'create-order' : 'create-invoice',
      number: draft.externalDocumentNumber,
      fields: {},
    });
    const { headerDiscount } = draft;
    if (headerDiscount) {
      plan.push({
        step: 'set-discount',
        number: draft.externalDocumentNumber,
        fields: { discountAmount: headerDiscount },
      });
    }
  }
  const unitIds = new Map<string, string>();
  for (const code of units) {
    const unit = await sets.find('unitsOfMeasure', code);
    if (unit) unitIds.set(code, unit.id);
  }
  return toPreview({ kind, deal, plan, draft, customer, items, accounts, unitIds, notes, problems });
}

/** What a record that is not won yet will most likely be handed over by. */
const LAST_EVENT: Record<SourceTable, DealEvent> = {
  opportunity: 'opportunityWon',
  quote: 'quoteWon',
  salesorder: 'orderSubmitted',
};

async function planCustomer(
  deal: WonDeal,
  rules: Rules,
  businessCentral: BusinessCentralClient,
  lookups: Lookups,
  plan: PlanStep[],
  problems: Problem[],
  notes: MappingNote[],
): Promise<WholeRow | undefined> {
  const { customer } = deal;
  if (!customer) return undefined;
  const number = customer.number ?? derivedNumber(customer.accountId);
  const [found] = await businessCentral.findWholeRows('customers', [number]);
  if (found) {
    // What is only blocked for shipping may still be invoiced (reference/business-central 11.1).
    if (!['_x0020_', 'Ship'].includes(String(found['blocked'])))
      problems.push({ reason: 'customer-blocked', text: `customer ${number} is blocked` });
    return found;
  }
  if (!rules.policy.createCustomers) {
    problems.push({ reason: 'customer-missing', text: `no customer ${number}` });
    return undefined;
  }
  const made = await resolveCustomer(deal, rules.mapping, lookups);
  problems.push(...made.problems);
  notes.push(...made.notes);
  plan.push({ step: 'create-customer', number, fields: made.values });
  const contact = rules.createContacts ? await resolveContact(deal, rules.mapping, lookups) : undefined;
  if (contact) {
    problems.push(...contact.problems);
    notes.push(...contact.notes);
    plan.push({ step: 'create-contact', number: String(contact.values['number']), fields: contact.values });
  }
  return made.values;
}

async function planItems(
  deal: WonDeal,
  rules: Rules,
  businessCentral: BusinessCentralClient,
  sets: ReferenceSets,
  lookups: Lookups,
  plan: PlanStep[],
  problems: Problem[],
  notes: MappingNote[],
): Promise<ReadonlyMap<string, WholeRow>> {
  const lines = new Map<string, WonDeal['lines'][number]>();
  for (const line of deal.lines) {
    const { kind, number } = decideLine(line, rules.lines, deal.extra.owner);
    if (kind === 'item' && !isLeftOut(line, rules.lines)) lines.set(number.toUpperCase(), line);
  }
  const items = new Map(byNumber(await businessCentral.findWholeRows('items', [...lines.keys()])));
  for (const [number, line] of lines) {
    const item = items.get(number);
    if (item) {
      if (item['blocked'] === true) problems.push({ reason: 'item-blocked', text: `item ${number} is blocked` });
      continue;
    }
    if (!rules.policy.createItems || !line.product) {
      problems.push({ reason: 'item-missing', text: `no item ${number}` });
      continue;
    }
    const made = await resolveItem(deal, line, rules.mapping, rules.lines, lookups);
    problems.push(...made.problems);
    notes.push(...made.notes);
    const { unitCode } = made;
    if (unitCode && !(await sets.find('unitsOfMeasure', unitCode))) {
      const isPlanned = plan.some(({ step, number: code }) => step === 'create-unit' && code === unitCode);
      if (!rules.createUnits) problems.push({ reason: 'unit-unknown', text: `item ${number}: no unit ${unitCode}` });
      else if (!isPlanned) plan.push({ step: 'create-unit', number: unitCode, fields: {} });
    }
    plan.push({ step: 'create-item', number, fields: made.values });
    items.set(number, made.values);
  }
  return items;
}

function byNumber(rows: readonly WholeRow[]): Map<string, WholeRow> {
  return new Map(rows.map((row) => [String(row['number']), row]));
}

export interface ChangedDeal {
  readonly deal: Preview['deal'];
  readonly changes: readonly PreviewChange[];
}

/** Every deal that changed since a day and is handed over by itself, under the rules of today. */
export async function* previewSince(
  { dataverse }: PreviewDependencies,
  previewer: Previewer,
  since: string,
): AsyncGenerator<Preview> {
  for (const table of SOURCE_TABLES) {
    for (const recordId of await dataverse.findRecordIds(table, since)) {
      const preview = await previewer.preview(table, recordId);
      const isOurs = preview.deal.carrier === undefined && !preview.problems.some(({ reason }) => reason === 'not-won');
      if (isOurs) yield preview;
    }
  }
}

/** What another mapping would make different, deal by deal; deals that stay the same are left out. */
export async function* compareMappings(
  dependencies: PreviewDependencies,
  before: Previewer,
  after: Previewer,
  since: string,
): AsyncGenerator<ChangedDeal> {
  for await (const preview of previewSince(dependencies, before, since)) {
    const { table, recordId } = preview.deal;
    const other = await after.preview(table, recordId);
    const changes = findChanges(preview, other);
    if (changes.length > 0) yield { deal: preview.deal, changes };
  }
}
