import type { Columns, WonDeal } from '../../deal/deal.js';
import type { Problem } from '../../deal/holds.js';
import type { DataverseMaster, FieldKind } from '../../deal/masters.js';
import { STATE_CODES } from '../../deal/state-codes.js';
import type { FieldSource, Mapping } from '../rules/mapping.js';
import { mapSources } from './fields.js';
import { type Lookups, resolveSection } from './resolve.js';
import { BROUGHT } from './sources.js';
import type { Section } from './targets.js';
import type { DealView } from './view.js';

/** The fields of the mapping that follow a row of Sales, and what the row says of them in Business Central's terms. */

export type MasterSection = Extract<Section, 'customer' | 'contact' | 'item'>;

/** Set when the row is made, and by rules of their own afterwards. */
const NOT_FOLLOWED: Readonly<Record<MasterSection, ReadonlySet<string>>> = {
  customer: new Set(['number', 'type', 'blocked', 'currencyCode']),
  contact: new Set(['number', 'type']),
  // Business Central lets nobody change the base unit of an item that was used.
  item: new Set(['number', 'type', 'baseUnitOfMeasureCode']),
};
export const PRICES: ReadonlySet<string> = new Set(['unitPrice', 'unitCost']);
const ROWS: Readonly<Record<MasterSection, ReadonlySet<string>>> = {
  customer: new Set(['account', 'owner']),
  contact: new Set(['contact', 'owner']),
  item: new Set(['product']),
};

/**
 * Only what columns of the row itself fill: a constant or a formula is what a new row begins with, and a column of the
 * deal says nothing about its customer.
 */
export function followedFields(
  section: MasterSection,
  mapping: Mapping,
  options: { readonly pushPrices?: boolean; readonly renumber?: boolean } = {},
): ReadonlyMap<string, FieldSource> {
  const fields = new Map<string, FieldSource>();
  for (const [name, source] of mapping.sections[section]) {
    const isFollowed =
      name === 'number' ? (options.renumber ?? false) && section === 'customer' : !NOT_FOLLOWED[section].has(name);
    if (!isFollowed || (PRICES.has(name) && !options.pushPrices)) continue;
    const { from } = source;
    if (from.kind !== 'columns' || !from.columns.every(({ row }) => ROWS[section].has(row))) continue;
    fields.set(name, source);
  }
  return fields;
}

/** The columns of Sales that a section needs of a row, and of its owner. */
export function masterColumns(
  section: MasterSection,
  mapping: Mapping,
): { readonly own: readonly string[]; readonly owner: readonly string[] } {
  const own = new Set<string>();
  const owner = new Set<string>();
  const sources = [...mapping.sections[section].values()];
  // A formula says nothing of the columns that it uses: what a new row is made of must not depend on who makes it.
  const columns = [...mapping.read, ...sources.flatMap(({ from }) => (from.kind === 'columns' ? from.columns : []))];
  for (const { row, column } of columns) {
    if (row === 'owner') owner.add(column);
    else if (ROWS[section].has(row) && !BROUGHT.has(column)) own.add(column);
  }
  return { own: [...own], owner: [...owner] };
}

/**
 * The column that a field of Business Central can be written back to: one, without a table in between. Of several that
 * are joined it is the first, while the others are empty.
 */
export function findWritableColumn({ from, table, target }: FieldSource, row: Columns): string | undefined {
  if (from.kind !== 'columns' || table !== undefined) return undefined;
  if (target.kind !== 'text' && !(target.kind === 'code' && target.set === undefined)) return undefined;
  const [first, ...others] = from.columns;
  if (others.length > 0 && !(from.isJoined && others.every(({ column }) => !row[column]))) return undefined;
  return first && first.row !== 'owner' ? first.column : undefined;
}

export interface MappedMaster {
  /** Every followed field but those that are left to Business Central; what Sales does not say is empty. */
  readonly values: ReadonlyMap<string, { readonly kind: FieldKind; readonly value: string }>;
  readonly problems: readonly Problem[];
}

export async function mapMaster(
  section: MasterSection,
  fields: ReadonlyMap<string, FieldSource>,
  mapping: Mapping,
  master: DataverseMaster,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<MappedMaster> {
  const mapped = await mapSources(section, fields, mapping, toMasterView(master, mapping.timeZone));
  const resolved = await resolveSection(section, mapped, lookups);
  const values = new Map<string, { kind: FieldKind; value: string }>();
  // What has no code and is left to Business Central is no emptiness of Sales that would erase it there.
  const left = new Set(resolved.notes.filter(({ leftOut }) => leftOut !== undefined).map(({ field }) => field));
  for (const [name, { target }] of fields) {
    if (left.has(`${section}.${name}`)) continue;
    const value = resolved.values[name];
    values.set(name, { kind: target.kind, value: value === undefined ? '' : String(value) });
  }
  return { values, problems: resolved.problems };
}

/** A row of Sales as columns and formulas see it: a deal of nothing but its customer, its contact or its product. */
function toMasterView(master: DataverseMaster, timeZone: string): DealView {
  const deal = toMasterDeal(master);
  return { deal, timeZone, line: deal.lines[0] };
}

export function toMasterDeal(master: DataverseMaster): WonDeal {
  const { kind, rowId, columns, owner } = master;
  const isPerson = kind === 'contact';
  const product = kind === 'product' ? toProduct(master) : undefined;
  const account: Columns = isPerson ? { ...columns, name: master.name } : kind === 'account' ? columns : {};
  return {
    table: 'opportunity',
    recordId: rowId,
    revision: master.revision,
    number: master.number ?? '',
    name: master.name,
    stateCode: master.stateCode,
    lineage: { descendants: [] },
    customer:
      kind === 'product'
        ? undefined
        : {
            accountId: rowId,
            kind: isPerson ? 'contact' : 'account',
            number: isPerson ? undefined : master.number,
            name: master.name,
            isActive: master.stateCode === STATE_CODES.account.active,
            email: undefined,
            phone: undefined,
            website: undefined,
            currency: master.currency,
            address: {},
          },
    currency: master.currency,
    currencyId: undefined,
    priceListId: undefined,
    lines: product ? [product] : [],
    headerDiscount: '0',
    freight: '0',
    tax: '0',
    totalLessFreight: '0',
    total: '0',
    pricingErrorCode: 0,
    requestedDelivery: undefined,
    shipTo: undefined,
    extra: {
      record: {},
      account,
      contact: isPerson ? { ...columns, contactid: rowId } : {},
      owner,
      lines: {},
      products:
        kind === 'product' ? { [rowId]: { ...columns, ...(master.unit && { defaultuomid: master.unit }) } } : {},
    },
  };
}

function toProduct(master: DataverseMaster): WonDeal['lines'][number] {
  return {
    lineId: master.rowId,
    sequence: 10_000,
    product: {
      productId: master.rowId,
      number: master.number ?? '',
      name: master.name,
      isActive: master.stateCode === STATE_CODES.product.active,
      isService: master.isService ?? false,
    },
    description: master.name,
    unit: master.unit,
    unitId: undefined,
    quantity: '1',
    unitPrice: '0',
    discount: '0',
    tax: '0',
    pricingErrorCode: 0,
    role: 'product',
  };
}
