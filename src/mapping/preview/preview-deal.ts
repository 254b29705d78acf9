import type { WonDeal } from '../../deal/deal.js';
import type { DocumentBodyKind, DocumentDraft } from '../../deal/document.js';
import { type DealEvent, findEvent, toRecordState } from '../../deal/events.js';
import { HOLDS_WITHOUT_DOCUMENT, type Problem } from '../../deal/holds.js';
import type { SourceTable } from '../../deal/ids.js';
import { decideLine, isLeftOut, type LineRules } from '../../deal/line-rules.js';
import { type Creates, decideMissing, listSoldItems } from '../../deal/missing-master-data.js';
import { findProblems } from '../../deal/problems.js';
import { findNumberProblems, withOurNumbers } from '../fields/masters.js';
import { type CodeReader, type CompanyReader, createLookups } from '../plan/lookups.js';
import { type DealPlan, planDeal } from '../plan/plan-deal.js';
import { customerNumberOf } from '../plan/plan-master-data.js';
import type { Rules } from '../rules/rules.js';
import { type DocumentBody, type MasterRow, type PlanStep, type Preview, toPreview } from './preview.js';

/** The plan that a hand-over carries out, with look-ups that read only: nothing is written, and no ledger is opened. */

export interface PreviewSources {
  readonly company: CompanyReader & {
    /** As Business Central shows them. */
    findWholeRows(set: 'customers' | 'items' | 'accounts', numbers: readonly string[]): Promise<readonly MasterRow[]>;
  };
  readonly sets: CodeReader;
  /** The request that the client sends for a draft. */
  readonly toBody: (draft: DocumentDraft, kind: DocumentBodyKind) => DocumentBody;
}

/** @param read with the numbers that it has in Sales */
export async function previewDeal(read: WonDeal, rules: Rules, sources: PreviewSources): Promise<Preview> {
  const { company, sets, toBody } = sources;
  const deal = await withOurNumbers(read, rules.mapping, rules.masters.items);
  const problems: Problem[] = [
    ...findProblems(deal, rules.lines),
    ...(await findNumberProblems(read, rules.mapping)),
    ...findNotWon(deal, rules),
  ];
  const kind = rules.documents[findEvent(deal.table, deal.stateCode, rules.events) ?? LAST_EVENT[deal.table]];
  const found = await findMasterData(deal, rules, company);
  problems.push(...found.problems);

  const plan = await planDeal(deal, rules, found.creates, {
    ...createLookups(company, sets, deal),
    knownUnits: () => sets.codes('unitsOfMeasure'),
    // Which customer stands for a parent account is in the ledger only.
    findCustomerNumber: async () => 'unknown',
  });
  problems.push(...plan.problems);

  const customer = found.customer ?? plan.customer?.values;
  const canDraft = problems.every(({ reason }) => !HOLDS_WITHOUT_DOCUMENT.has(reason)) && deal.currency !== undefined;
  const draft = canDraft ? plan.document.toDraft(String(customer?.['id'] ?? '')) : undefined;
  const accounts = draft?.lines.filter((line) => line.kind === 'account').map(({ number }) => number) ?? [];
  return toPreview({
    kind,
    deal,
    plan: toSteps(plan, draft, kind),
    draft: draft && { ...draft, body: toBody(draft, kind) },
    customer,
    items: new Map([
      ...found.items,
      ...plan.items.map(({ number, values }) => [number.toUpperCase(), values] as const),
    ]),
    accounts: byNumber(await company.findWholeRows('accounts', [...new Set(accounts)])),
    unitIds: await readUnitIds(sets),
    notes: [plan.customer, plan.contact, ...plan.items, plan.document].flatMap((part) => part?.notes ?? []),
    problems,
  });
}

/** What a record that is not won yet will most likely be handed over by. */
const LAST_EVENT: Record<SourceTable, DealEvent> = {
  opportunity: 'opportunityWon',
  quote: 'quoteWon',
  salesorder: 'orderSubmitted',
};

function findNotWon({ table, stateCode }: WonDeal, { events }: Rules): Problem[] {
  const state = toRecordState(table, stateCode, events);
  return state === 'won' ? [] : [{ reason: 'not-won', text: `the ${table} is ${state}` }];
}

interface FoundRows {
  readonly customer: MasterRow | undefined;
  /** By number, in upper case. */
  readonly items: ReadonlyMap<string, MasterRow>;
  readonly creates: Creates;
  readonly problems: readonly Problem[];
}

async function findMasterData(deal: WonDeal, rules: Rules, company: PreviewSources['company']): Promise<FoundRows> {
  const customerNumber = deal.customer && customerNumberOf(deal.customer);
  const [customer] = customerNumber === undefined ? [] : await company.findWholeRows('customers', [customerNumber]);
  const products = listSoldItems(deal, rules.lines);
  const unsold = listNumbersWithoutProduct(deal, rules.lines);
  const numbers = [...new Set([...products.map(({ number }) => number.toUpperCase()), ...unsold])];
  const items = byNumber(await company.findWholeRows('items', numbers));
  const lacks = (number: string): boolean => !items.has(number.toUpperCase());
  const { problems, creates } = decideMissing(
    {
      customer: customer ?? (deal.customer ? undefined : {}),
      customerNumber,
      missing: products.filter(({ number }) => lacks(number)),
      blocked: [...items].filter(([, item]) => item['blocked'] === true).map(([number]) => ({ number })),
    },
    rules.policy,
  );
  // Only a product says what a new item would be.
  for (const number of unsold.filter(lacks)) problems.push({ reason: 'item-missing', text: `no item ${number}` });
  // What is only blocked for shipping may still be invoiced (reference/business-central 11.1).
  if (customer && !['_x0020_', 'Ship'].includes(String(customer['blocked']))) {
    problems.push({ reason: 'customer-blocked', text: `customer ${customerNumber} is blocked` });
  }
  return { customer, items, creates, problems };
}

/** Items that a rule names for lines without a product. */
function listNumbersWithoutProduct(deal: WonDeal, rules: LineRules): string[] {
  return deal.lines.flatMap((line) => {
    const { kind, number } = decideLine(line, rules, deal.extra.owner);
    return kind === 'item' && !line.product && !isLeftOut(line, rules) ? [number.toUpperCase()] : [];
  });
}

function toSteps(plan: DealPlan, draft: DocumentDraft | undefined, kind: DocumentBodyKind): PlanStep[] {
  const { customer, contact, items } = plan;
  const steps: PlanStep[] = [];
  if (customer) steps.push({ step: 'create-customer', number: customer.number, fields: customer.values });
  if (contact) steps.push({ step: 'create-contact', number: contact.number, fields: contact.values });
  for (const { number, values, newUnit } of items) {
    const isPlanned = (step: PlanStep['step'], wanted: string): boolean =>
      steps.some((other) => other.step === step && other.number === wanted);
    // A rule may make one item of two products.
    if (isPlanned('create-item', number)) continue;
    if (newUnit && !isPlanned('create-unit', newUnit.code))
      steps.push({ step: 'create-unit', number: newUnit.code, fields: {} });
    steps.push({ step: 'create-item', number, fields: values });
  }
  if (!draft) return steps;
  const number = draft.externalDocumentNumber;
  steps.push({ step: kind === 'order' ? 'create-order' : 'create-invoice', number, fields: {} });
  if (draft.headerDiscount) {
    steps.push({ step: 'set-discount', number, fields: { discountAmount: draft.headerDiscount } });
  }
  return steps;
}

async function readUnitIds(sets: CodeReader): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const code of await sets.codes('unitsOfMeasure')) {
    const unit = await sets.find('unitsOfMeasure', code);
    if (unit) ids.set(code, unit.id);
  }
  return ids;
}

function byNumber(rows: readonly MasterRow[]): Map<string, MasterRow> {
  return new Map(rows.map((row) => [String(row['number']), row]));
}
