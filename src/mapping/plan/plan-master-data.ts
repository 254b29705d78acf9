import type { DealLine, WonDeal } from '../../deal/deal.js';
import type { FieldValues } from '../../deal/document.js';
import { InternalError } from '../../deal/errors.js';
import type { Problem } from '../../deal/holds.js';
import { decideLine } from '../../deal/line-rules.js';
import { cutTo } from '../../deal/texts.js';
import { derivedNumber, resolveContact, resolveCustomer, resolveItem } from '../fields/masters.js';
import type { Lookups, MappingNote } from '../fields/resolve.js';
import type { Rules } from '../rules/rules.js';
import { isItemByRule } from './item-by-rule.js';
import { isTooLong, toUnitProblem } from './plan-units.js';

/** The rows that Business Central lacks, as they are to be created; whoever creates or shows them takes them from here. */

export interface MasterPlan {
  /** The row of Sales for which the new row stands. */
  readonly salesId: string;
  readonly number: string;
  readonly values: FieldValues;
  readonly notes: readonly MappingNote[];
  /** Why it cannot be created. */
  readonly problems: readonly Problem[];
}

export interface ItemPlan extends MasterPlan {
  /** The base unit, when Business Central has no such unit yet. */
  readonly newUnit: { readonly code: string; readonly name: string } | undefined;
  /** The configuration names the item, and may name it for other products as well. */
  readonly isByRule: boolean;
  /** A rule names it for this line alone: the product is not linked with it. */
  readonly isOfLine?: true;
}

type CodeLookups = Pick<Lookups, 'findCode'>;

export async function planCustomer(deal: WonDeal, rules: Pick<Rules, 'mapping'>, lookups: CodeLookups) {
  const { customer } = deal;
  if (!customer) throw new InternalError(`deal ${deal.recordId} has no customer`);
  const resolved = await resolveCustomer(deal, rules.mapping, lookups);
  return { ...resolved, salesId: customer.accountId, number: customerNumberOf(customer) } satisfies MasterPlan;
}

/** An account without a number gets one that follows from its id. */
export function customerNumberOf({ number, accountId }: NonNullable<WonDeal['customer']>): string {
  return number ?? derivedNumber(accountId);
}

/** The contact whose columns were read, if any was. */
export async function planContact(
  deal: WonDeal,
  rules: Pick<Rules, 'mapping'>,
  lookups: CodeLookups,
): Promise<MasterPlan | undefined> {
  const contact = await resolveContact(deal, rules.mapping, lookups);
  if (!contact) return undefined;
  const { contactId, ...resolved } = contact;
  return { ...resolved, salesId: contactId, number: String(contact.values['number']) };
}

/** @param rules.createUnits whether a base unit that Business Central lacks may be created with the item */
export async function planItem(
  deal: WonDeal,
  line: DealLine,
  rules: Pick<Rules, 'mapping' | 'lines' | 'masters' | 'createUnits'>,
  lookups: CodeLookups,
): Promise<ItemPlan> {
  const { product } = line;
  if (!product) throw new InternalError(`line ${line.lineId} has no product`);
  const { unitCode, unitColumn, ...resolved } = await resolveItem(deal, line, rules.mapping, rules.lines, lookups);
  const number = String(resolved.values['number']);
  const problems = [...resolved.problems];
  const isNewUnit = unitCode !== undefined && !(await lookups.findCode('unitsOfMeasure', unitCode));
  const isReported = problems.some(({ reason }) => reason === 'unit-unknown');
  if (isNewUnit && !isReported && (!rules.createUnits || isTooLong(unitCode))) {
    problems.push(toUnitProblem(`item ${number}`, unitCode, undefined, unitColumn));
  }
  return {
    ...resolved,
    salesId: product.productId,
    number,
    problems,
    isByRule: isItemByRule(number, deal, line, rules),
    ...(decideLine(line, rules.lines, deal).isOfLine && { isOfLine: true as const }),
    newUnit: isNewUnit ? { code: unitCode, name: cutTo(line.unit ?? unitCode, UNIT_NAME_LENGTH) } : undefined,
  };
}

const UNIT_NAME_LENGTH = 50;
