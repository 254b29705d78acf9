import { toAsked, toTaken } from '../../deal/ambiguity.js';
import { toCode } from '../../deal/codes.js';
import { findCompanyRule } from '../../deal/companies.js';
import type { DocumentKind, WonDeal } from '../../deal/deal.js';
import { type DocumentDraft, toNet } from '../../deal/document.js';
import { toRecordState } from '../../deal/events.js';
import { HOLDS_WITHOUT_DOCUMENT, type Problem } from '../../deal/holds.js';
import { decideLine, isLeftOut, type LineRules } from '../../deal/line-rules.js';
import { type Creates, decideMissing, listSoldItems, sayMissing } from '../../deal/missing-master-data.js';
import { add, subtract } from '../../deal/money.js';
import { findProblems } from '../../deal/problems.js';
import { withStoredSalesNumbers } from '../../deal/sales-numbers.js';
import { findDifference, whatToDo } from '../../deal/totals.js';
import { findNumberProblems, withOurNumbers } from '../fields/masters.js';
import {
  type FindAccountsWithNumbers,
  findAmbiguity,
  type LinkReader,
  withFreeNumber,
} from '../plan/customer-identity.js';
import { isItemByRule } from '../plan/item-by-rule.js';
import { type CodeReader, type CompanyReader, createLookups } from '../plan/lookups.js';
import { type DealPlan, planDeal } from '../plan/plan-deal.js';
import { customerNumberOf } from '../plan/plan-master-data.js';
import { documentRuleOf } from '../rules/document-rule.js';
import type { DocumentRule, Rules } from '../rules/rules.js';
import { type DocumentBody, type MasterRow, type PlanStep, type Preview, toPreview } from './preview.js';
import { findAccountProblems, findBillToProblems, findBlock } from './refused-rows.js';

/** The plan that a hand-over carries out, with look-ups that read only: nothing is written. */

export interface PreviewSources {
  readonly company: CompanyReader & {
    readonly companyId: string;
    /** As Business Central shows them. */
    findWholeRows(set: 'customers' | 'items' | 'accounts', numbers: readonly string[]): Promise<readonly MasterRow[]>;
  };
  readonly sets: CodeReader;
  readonly ledger: LinkReader;
  readonly findAccountsWithNumbers: FindAccountsWithNumbers;
  /** The request that the client sends for a draft. */
  readonly toBody: (draft: DocumentDraft, kind: DocumentKind) => DocumentBody;
}

/** @param read with the numbers that it has in Sales */
export async function previewDeal(read: WonDeal, rules: Rules, sources: PreviewSources): Promise<Preview> {
  const { company, sets, ledger, toBody } = sources;
  const { companyId } = company;
  const numbered = withStoredSalesNumbers(read, await withOurNumbers(read, rules.mapping, rules.masters.items));
  const deal = await withFreeNumber({ ledger, companyId, businessCentral: company }, numbered);
  const problems: Problem[] = [
    ...findProblems(deal, rules.lines),
    ...(await findNumberProblems(read, rules.mapping, rules.lines)),
    ...findNotWon(deal, rules),
  ];
  const { kind, becomes } = documentRuleOf(deal, rules);
  const found = await findMasterData(deal, rules, sources);
  problems.push(...found.problems, ...(found.customer ? findBlock(found.customer, kind) : []));

  const findCustomerNumber = async (accountId: string): Promise<string | undefined> =>
    (await ledger.findLinks('customer', companyId, [accountId])).get(accountId)?.bcNumber;
  const plan = await planDeal(deal, rules, found.creates, {
    ...createLookups(company, sets, deal, findCustomerNumber),
    knownUnits: () => sets.codes('unitsOfMeasure'),
  });
  problems.push(...plan.problems, ...plan.unitProblems);

  const customer = found.customer ?? plan.customer?.values;
  const canDraft = problems.every(({ reason }) => !HOLDS_WITHOUT_DOCUMENT.has(reason)) && deal.currency !== undefined;
  const draft = canDraft ? plan.document.toDraft(String(customer?.['id'] ?? '')) : undefined;
  const accountNumbers = draft?.lines.filter((line) => line.kind === 'account').map(({ number }) => number) ?? [];
  const accounts = byNumber(await company.findWholeRows('accounts', [...new Set(accountNumbers)]));
  const findCustomerRow = async (number: string) => (await company.findWholeRows('customers', [number]))[0];
  problems.push(
    ...(await findBillToProblems(draft, kind, findCustomerRow)),
    ...findAccountProblems(accountNumbers, accounts),
    ...(draft ? findTotalProblems(deal, draft, rules) : []),
  );
  return toPreview({
    ...{ kind, becomes },
    deal,
    plan: toSteps(plan, draft, { kind, becomes }),
    draft: draft && { ...draft, body: toBody(draft, kind) },
    customer,
    items: new Map([...found.items, ...plan.items.map(({ number, values }) => [toCode(number), values] as const)]),
    accounts,
    unitIds: await readUnitIds(sets),
    masters: {
      companyId,
      company: findCompanyRule(deal, rules.companies)?.company,
      customer: deal.customer && {
        number: found.customerNumber ?? '',
        name: deal.customer.name,
        email: deal.customer.email,
        isFound: found.customer !== undefined,
      },
      items: listSoldItems(deal, rules.lines).map(({ number, line }) => ({
        number,
        name: line.description,
        isFound: found.items.has(toCode(number)),
      })),
    },
    notes: [plan.customer, plan.contact, ...plan.items, plan.document].flatMap((part) => part?.notes ?? []),
    problems,
  });
}

/** As the draft would be compared: what only Business Central can tell, its tax and its own discounts, agrees as yet. */
function findTotalProblems(deal: WonDeal, draft: DocumentDraft, { totals }: Rules): Problem[] {
  const { currency, lines, pricesIncludeTax = false, headerDiscount: discount = '0' } = draft;
  const nets = lines.map((line) => toNet(line, currency));
  const sum = subtract(add('0', ...nets), discount);
  const drafted = {
    ...{ currency: currency.code, excludingTax: sum, tax: deal.tax, includingTax: sum, pricesIncludeTax, discount },
    lines: lines.map((line, index) => ({ ...line, net: nets[index] ?? '0' })),
  };
  const found = findDifference(deal, drafted, { lines, pricesIncludeTax, currency }, totals);
  return found && whatToDo(found.cause, totals) === 'refuse' ? [{ reason: 'totals-differ', text: found.text }] : [];
}

function findNotWon({ table, stateCode }: WonDeal, { events }: Rules): Problem[] {
  const state = toRecordState(table, stateCode, events);
  return state === 'won' ? [] : [{ reason: 'not-won', text: `the ${table} is ${state}` }];
}

interface FoundRows {
  readonly customer: MasterRow | undefined;
  readonly customerNumber: string | undefined;
  /** By number, in upper case. */
  readonly items: ReadonlyMap<string, MasterRow>;
  readonly creates: Creates;
  readonly problems: readonly Problem[];
}

async function findMasterData(deal: WonDeal, rules: Rules, sources: PreviewSources): Promise<FoundRows> {
  const { company } = sources;
  const { customer, customerNumber, ambiguity } = await findCustomer(deal, rules, sources);
  const products = listSoldItems(deal, rules.lines);
  const unsold = listNumbersWithoutProduct(deal, rules.lines);
  const numbers = [...new Set([...products.map(({ number }) => toCode(number)), ...unsold])];
  const items = byNumber(await company.findWholeRows('items', numbers));
  const lacks = (number: string): boolean => !items.has(toCode(number));
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
  for (const number of unsold.filter(lacks))
    problems.push({ reason: 'item-missing', text: sayMissing('item', number) });
  problems.push(...(ambiguity ? [ambiguity] : []), ...(await findSharedItems(deal, items, rules, sources)));
  return { customer, customerNumber, items, creates, problems };
}

interface FoundCustomer {
  readonly customer: MasterRow | undefined;
  readonly customerNumber: string | undefined;
  readonly ambiguity?: Problem | undefined;
}

/** The customer that is linked, else the one with the number of the account, unless it could be another's (I11). */
async function findCustomer(deal: WonDeal, { masters }: Rules, sources: PreviewSources): Promise<FoundCustomer> {
  if (!deal.customer) return { customer: undefined, customerNumber: undefined };
  const { company, ledger, findAccountsWithNumbers } = sources;
  const { companyId } = company;
  const { accountId, name } = deal.customer;
  const linked = (await ledger.findLinks('customer', companyId, [accountId])).get(accountId);
  const customerNumber = linked?.bcNumber ?? customerNumberOf(deal.customer);
  const [customer] = await company.findWholeRows('customers', [customerNumber]);
  if (!customer || linked) return { customer, customerNumber };
  if (await ledger.isNewByDecision(companyId, accountId)) return { customer: undefined, customerNumber };
  const found = { id: String(customer['id']), number: String(customer['number']) };
  const identity = { ledger, companyId, findAccountsWithNumbers };
  const ambiguity = await findAmbiguity(identity, { accountId, number: customerNumber, name }, found);
  const asked = masters.match === 'ask' ? toAsked(found.number) : undefined;
  return { customer, customerNumber, ambiguity: ambiguity ?? asked };
}

/** Items that stand for another product already, although no rule says that they may. */
async function findSharedItems(
  deal: WonDeal,
  items: ReadonlyMap<string, MasterRow>,
  rules: Rules,
  { company: { companyId }, ledger }: PreviewSources,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const products = listSoldItems(deal, rules.lines);
  const ids = products.map(({ productId }) => productId);
  const links = await ledger.findLinks('item', companyId, ids);
  for (const { productId, number, line } of products) {
    const item = items.get(toCode(number));
    if (!item || links.has(productId) || isItemByRule(number, deal, line, rules)) continue;
    const link = { bcId: String(item['id']), salesId: productId };
    const others = await ledger.findLinkedOthers('item', companyId, link);
    if (others.length > 0)
      problems.push(toTaken('item', String(item['number']), { id: productId, name: line.product?.name }, others));
  }
  return problems;
}

/** Items that a rule names for lines without a product. */
function listNumbersWithoutProduct(deal: WonDeal, rules: LineRules): string[] {
  return deal.lines.flatMap((line) => {
    const { kind, number } = decideLine(line, rules, deal);
    return kind === 'item' && !line.product && !isLeftOut(line, rules) ? [toCode(number)] : [];
  });
}

function toSteps(plan: DealPlan, draft: DocumentDraft | undefined, { kind, becomes }: DocumentRule): PlanStep[] {
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
  steps.push({ step: `create-${kind}`, number, fields: {} });
  if (draft.headerDiscount) {
    steps.push({ step: 'set-discount', number, fields: { discountAmount: draft.headerDiscount } });
  }
  if (becomes) steps.push({ step: `make-${becomes}`, number, fields: {} });
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
  return new Map(rows.map((row) => [toCode(String(row['number'])), row]));
}
