import type { WonDeal } from '../../deal/deal.js';
import type { Problem } from '../../deal/holds.js';
import { type Creates, keyOfSold, listSoldItems } from '../../deal/missing-master-data.js';
import type { Rules } from '../rules/rules.js';
import { type DocumentLookups, type DocumentPlan, planDocument } from './plan-document.js';
import { type ItemPlan, type MasterPlan, planContact, planCustomer, planItem } from './plan-master-data.js';
import { findUnitProblems } from './plan-units.js';

/** What a hand-over would create, and with which values: the hand-over does it, the preview shows it. */

export interface DealPlan {
  readonly customer: MasterPlan | undefined;
  /** The person who buys, of a customer that is created. */
  readonly contact: MasterPlan | undefined;
  readonly items: readonly ItemPlan[];
  readonly document: DocumentPlan;
  /** Everything that is in the way of what is planned, all of it at once. */
  readonly problems: readonly Problem[];
  /** Units of lines that neither exist nor are planned; only a plan of everything that is missing can tell. */
  readonly unitProblems: readonly Problem[];
}

/** Reads what the look-ups read, and writes nothing. */
export async function planDeal(
  deal: WonDeal,
  rules: Rules,
  creates: Creates,
  lookups: DocumentLookups,
): Promise<DealPlan> {
  const document = await planDocument(deal, rules, lookups);
  const createsCustomer = creates.customer && deal.customer !== undefined;
  const customer = createsCustomer ? await planCustomer(deal, rules, lookups) : undefined;
  const contact = createsCustomer && rules.createContacts ? await planContact(deal, rules, lookups) : undefined;
  const items: ItemPlan[] = [];
  // A product may stand on other lines as a comment or an account, which say nothing of its item.
  const lines = new Map(listSoldItems(deal, rules.lines).map((sold) => [keyOfSold(sold), sold.line]));
  for (const key of new Set(creates.items.map(keyOfSold))) {
    const line = lines.get(key);
    if (line) items.push(await planItem(deal, line, rules, lookups));
  }
  const parts = [document, ...(customer ? [customer] : []), ...(contact ? [contact] : []), ...items];
  const ofNewItems = new Set(items.map(({ values }) => String(values['baseUnitOfMeasureCode'])));
  const unitProblems = await findUnitProblems(deal, rules, ofNewItems, lookups);
  return { customer, contact, items, document, problems: parts.flatMap(({ problems }) => problems), unitProblems };
}
