import type { Columns, DealLine, WonDeal } from '../../deal/deal.js';
import { customerNumberInSales, numberInSales } from '../../deal/sales-numbers.js';
import type { SourceColumn } from './sources.js';
import { USER_LOCAL } from './sources.js';

/** A deal as columns and formulas see it: rows of Sales under their names, values as text. */
export interface DealView {
  readonly deal: WonDeal;
  readonly timeZone: string;
  /** The line that is mapped, when one is. */
  readonly line?: DealLine | undefined;
}

/** The value of a column, or undefined when it is empty, was not read, or does not exist in this table. */
export function findColumn(
  { deal, timeZone, line }: DealView,
  { row, column, tables }: SourceColumn,
): string | undefined {
  if (!tables.includes(deal.table)) return undefined;
  const value = rowOf(deal, row, line)[column];
  if (value === undefined || value === '') return undefined;
  return USER_LOCAL.has(column) ? toLocalDate(value, timeZone) : value;
}

function rowOf(deal: WonDeal, row: SourceColumn['row'], line: DealLine | undefined): Columns {
  const { extra } = deal;
  switch (row) {
    case 'record':
      return { ...(deal.currency && { transactioncurrencyid: deal.currency }), name: deal.name, ...extra.record };
    case 'account':
      return { ...accountColumns(deal), ...extra.account };
    case 'contact':
      return extra.contact;
    case 'owner':
      return extra.owner;
    case 'line':
      return line ? (extra.lines[line.lineId] ?? {}) : {};
    case 'product': {
      if (!line?.product) return {};
      const { product } = line;
      return {
        productnumber: numberInSales(deal, line) ?? '',
        name: product.name,
        ...extra.products[product.productId],
      };
    }
  }
}

/** A contact without a company is the customer itself, so its columns stand for those of an account. */
function accountColumns(deal: WonDeal): Columns {
  const { customer } = deal;
  if (!customer) return {};
  const { address } = customer;
  const columns = {
    name: customer.name,
    accountnumber: customerNumberInSales(deal),
    emailaddress1: customer.email,
    telephone1: customer.phone,
    websiteurl: customer.website,
    transactioncurrencyid: customer.currency,
    address1_line1: address.line1,
    address1_line2: address.line2,
    address1_line3: address.line3,
    address1_city: address.city,
    address1_stateorprovince: address.state,
    address1_postalcode: address.postalCode,
    address1_country: address.country,
  };
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(columns)) if (value !== undefined) given[name] = value;
  return given;
}

/** What a formula is evaluated over. */
export function toFormulaInput({ deal, timeZone, line }: DealView): object {
  const whole = viewOf(deal, timeZone);
  return { ...whole.record, ...(line && { line: whole.viewLine(line), product: whole.viewProduct(line) }) };
}

interface WholeView {
  readonly timeZone: string;
  readonly record: object;
  viewLine(line: DealLine): object;
  viewProduct(line: DealLine): Columns;
}

/** Of thousands of lines each is mapped by itself, and each formula sees all of them: they are made ready once. */
const views = new WeakMap<WonDeal, WholeView>();

function viewOf(deal: WonDeal, timeZone: string): WholeView {
  const known = views.get(deal);
  if (known?.timeZone === timeZone) return known;
  const made = toWholeView(deal, timeZone);
  views.set(deal, made);
  return made;
}

function toWholeView(deal: WonDeal, timeZone: string): WholeView {
  const row = (name: SourceColumn['row'], line?: DealLine): Columns => withDays(rowOf(deal, name, line), timeZone);
  const viewProduct = (line: DealLine): Columns => row('product', line);
  const viewLine = (line: DealLine): object => ({
    position: line.sequence / 10_000,
    description: line.description,
    memo: line.memo,
    role: line.role,
    unit: line.unit,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    discount: line.discount,
    tax: line.tax,
    ...row('line', line),
    ...(line.product && { product: viewProduct(line) }),
  });
  const record = {
    table: deal.table,
    number: deal.number,
    currency: deal.currency,
    priceList: deal.priceListName,
    freight: deal.freight,
    headerDiscount: deal.headerDiscount,
    tax: deal.tax,
    totalLessFreight: deal.totalLessFreight,
    total: deal.total,
    ...row('record'),
    account: row('account'),
    contact: row('contact'),
    owner: row('owner'),
    lines: deal.lines.map(viewLine),
  };
  return { timeZone, record, viewLine, viewProduct };
}

/** A formula sees the day that a column would give. */
function withDays(columns: Columns, timeZone: string): Columns {
  const moments = Object.keys(columns).filter((name) => USER_LOCAL.has(name));
  if (moments.length === 0) return columns;
  const days = moments.map((name) => [name, toLocalDate(columns[name] ?? '', timeZone)] as const);
  return { ...columns, ...Object.fromEntries(days) };
}

/** As Sales writes a moment; JavaScript would make a day of `PO 12` and of `03/04/2026` as well. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The day that a person meant. Sales keeps the midnight of whoever typed it in UTC, so the business time zone tells the
 * day (reference/dataverse-sales 2.14); what is no moment stays as it is, also a plain date.
 */
export function toLocalDate(value: string, timeZone: string): string {
  const at = new Date(MOMENT.test(value) ? value : Number.NaN);
  if (Number.isNaN(at.getTime())) return value;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const parts = new Map(format.formatToParts(at).map(({ type, value: part }) => [type, part]));
  return `${parts.get('year')?.padStart(4, '0')}-${parts.get('month')}-${parts.get('day')}`;
}

/** Noon of a day in a time zone, so that whoever is some hours away sees the same day; what is no day stays as it is. */
export function toMoment(day: string, timeZone: string): string {
  if (!isDay(day)) return day;
  const noon = Date.parse(`${day}T12:00:00Z`);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const parts = new Map(format.formatToParts(noon).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return `${new Date(noon - (shown - noon)).toISOString().slice(0, 19)}Z`;
}

/** A day of the calendar: a year after the 29th of February there is none. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
