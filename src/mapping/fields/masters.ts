import { isSameCode } from '../../deal/codes.js';
import type { DealLine, WonDeal } from '../../deal/deal.js';
import type { FieldValues } from '../../deal/document.js';
import { InternalError } from '../../deal/errors.js';
import type { Problem } from '../../deal/holds.js';
import { decideLine, goesByItsProduct, type LineRules, toUnitCode } from '../../deal/line-rules.js';
import { type DataverseMaster, type ItemNumberRules, toItemNumber } from '../../deal/masters.js';
import { withStoredSalesNumbers } from '../../deal/sales-numbers.js';
import type { Mapping } from '../rules/mapping.js';
import { mapSection, mapSources } from './fields.js';
import { toMasterDeal } from './master-fields.js';
import { type Lookups, type Resolved, resolveSection } from './resolve.js';

/** What a customer, contact or item is made of when Business Central lacks it. */

export async function resolveCustomer(
  deal: WonDeal,
  mapping: Mapping,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<Resolved<FieldValues>> {
  const { customer } = deal;
  if (!customer) throw new InternalError(`deal ${deal.recordId} has no customer`);
  const resolved = await resolveSection('customer', await mapSection('customer', mapping, deal), lookups);
  const type = customer.kind === 'contact' ? 'Person' : 'Company';
  return {
    ...resolved,
    values: { type, ...resolved.values, number: customer.number ?? derivedNumber(customer.accountId) },
  };
}

/** The contact whose columns were read, if any was. */
export async function resolveContact(
  deal: WonDeal,
  mapping: Mapping,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<(Resolved<FieldValues> & { readonly contactId: string }) | undefined> {
  const contactId = deal.extra.contact['contactid'];
  // A person who is the customer has the contact that Business Central makes by itself.
  if (contactId === undefined || deal.customer?.kind === 'contact') return undefined;
  const resolved = await resolveSection('contact', await mapSection('contact', mapping, deal), lookups);
  return { ...resolved, contactId, values: { number: derivedNumber(contactId), type: 'Person', ...resolved.values } };
}

export async function resolveItem(
  deal: WonDeal,
  line: DealLine,
  mapping: Mapping,
  rules: LineRules,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<Resolved<FieldValues> & { readonly unitCode: string | undefined; readonly unitColumn: string }> {
  const { product } = line;
  if (!product) throw new InternalError(`line ${line.lineId} has no product`);
  // A rule can name another item than the product's own.
  const number = decideLine(line, rules, deal).number || product.number;
  const mapped = await mapSection('item', mapping, deal, line);
  const unit = mapped.fields.find(({ name }) => name === 'baseUnitOfMeasureCode');
  const unitCode = unit ? String(unit.value) : toUnitCode(line.unit, rules);
  // The unit is the caller's matter, who may make it; everything else has to exist.
  const others = mapped.fields.filter((field) => field !== unit);
  const resolved = await resolveSection(`item ${number}`, { ...mapped, fields: others }, lookups);
  const values = {
    type: product.isService ? 'Service' : 'Inventory',
    ...notNegative(resolved.values),
    number,
    ...(unitCode && { baseUnitOfMeasureCode: unitCode }),
  };
  return { ...resolved, values, unitCode, unitColumn: unit ? unit.source.replace(/^column /, '') : 'uomid' };
}

/** Prices of an item may not be negative there; the built-in integration makes them 0 as well. */
function notNegative(values: FieldValues): FieldValues {
  const checked: Record<string, string | boolean> = { ...values };
  for (const name of ['unitPrice', 'unitCost']) {
    const value = checked[name];
    if (typeof value === 'string' && value.startsWith('-')) checked[name] = '0';
  }
  return checked;
}

/** Code[20]: a row of Sales without a number gets one that follows from its id. */
export function derivedNumber(id: string): string {
  return `S${id.replaceAll('-', '').toUpperCase().slice(0, 19)}`;
}

/**
 * The numbers under which customer and items are looked up, where the configuration names another column or a formula:
 * set once, when the deal is read, so that every step means the same.
 */
export async function withMappedNumbers(deal: WonDeal, mapping: Mapping): Promise<WonDeal> {
  const customer = mapping.sections.customer.get('number');
  const item = mapping.sections.item.get('number');
  let mapped = deal;
  if (customer && !customer.isDefault && deal.customer) {
    mapped = { ...mapped, customer: { ...deal.customer, number: await only('customer', mapping, deal) } };
  }
  if (item && !item.isDefault) {
    const lines: DealLine[] = [];
    for (const line of deal.lines) {
      const number = line.product && (await only('item', mapping, deal, line));
      lines.push(line.product && number ? { ...line, product: { ...line.product, number } } : line);
    }
    mapped = { ...mapped, lines };
  }
  return mapped;
}

/** With the numbers of the mapping, and those items that are called otherwise than their products: all that a step looks up. */
export async function withOurNumbers(deal: WonDeal, mapping: Mapping, items: ItemNumberRules): Promise<WonDeal> {
  const mapped = await withMappedNumbers(deal, mapping);
  const named: Record<string, true> = {};
  const lines = mapped.lines.map((line) => {
    if (!line.product) return line;
    const number = toItemNumber(line.product.number, items);
    if (!isSameCode(number, line.product.number)) named[line.lineId] = true;
    return { ...line, product: { ...line.product, number } };
  });
  return { ...mapped, lines, ...(Object.keys(named).length > 0 && { salesNumbers: { lines: {}, named } }) };
}

/** A row of Sales as a deal of nothing but itself, under the numbers by which deals look for what stands for it. */
export async function toNumberedDeal(
  master: DataverseMaster,
  { mapping, masters }: { readonly mapping: Mapping; readonly masters: { readonly items: ItemNumberRules } },
): Promise<{ readonly deal: WonDeal; readonly problems: readonly Problem[] }> {
  const read = toMasterDeal(master);
  return {
    deal: withStoredSalesNumbers(read, await withOurNumbers(read, mapping, masters.items)),
    problems: await findNumberProblems(read, mapping),
  };
}

/**
 * A number that is configured and cannot be told is a problem: without it another row would be taken or made.
 * @param rules by which a line may go without the number of its product; absent for a product that nobody sells
 */
export async function findNumberProblems(deal: WonDeal, mapping: Mapping, rules?: LineRules): Promise<Problem[]> {
  const problems: Problem[] = [];
  const customers = deal.customer ? [undefined] : [];
  const numbered = rules ? deal.lines.filter((line) => goesByItsProduct(line, rules, deal)) : deal.lines;
  for (const [section, lines] of [['customer', customers] as const, ['item', numbered] as const]) {
    const number = mapping.sections[section].get('number');
    if (!number || number.isDefault) continue;
    for (const line of lines) {
      if (section === 'item' && !line?.product) continue;
      const where = line?.product ? `item ${line.product.number}` : section;
      const view = { deal, timeZone: mapping.timeZone, line };
      problems.push(...(await mapSources(where, new Map([['number', number]]), mapping, view)).problems);
    }
  }
  return problems;
}

async function only(
  section: 'customer' | 'item',
  mapping: Mapping,
  deal: WonDeal,
  line?: DealLine,
): Promise<string | undefined> {
  const { fields } = await mapSection(section, mapping, deal, line);
  const number = fields.find(({ name }) => name === 'number')?.value;
  return number === undefined ? undefined : String(number);
}
