import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import type { SimClock } from '../kernel/clock.js';
import { HEADER_OF, LINES, perColumns, Schema, statesOf, type Table } from './tables.js';

export type Value = string | number | boolean | null;
/** Column to value; a lookup is kept as its GUID under the column's own name. Money and decimals are text. */
export type Row = Record<string, Value>;

/** An error answer of Dataverse (reference/dataverse-sales 10). */
export class DataverseError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export interface Deletion {
  readonly id: string;
  readonly version: number;
}

/** The rows of one environment, with its one increasing version number. */
export class Store {
  readonly schema = new Schema();
  readonly clock: SimClock;
  /** The Application User. */
  userId = '';
  /** In whose name the request under way writes; behind the API's back it is the sales person. */
  callerId = '';
  isImpersonating = false;
  /** Changes of forms, views and definitions that nobody has published. */
  readonly unpublished: { readonly entity: string; readonly apply: () => void }[] = [];
  /** What file columns hold, by the id that the row has. */
  readonly files = new Map<string, { readonly name: string; readonly content: Buffer }>();
  private readonly rows = new Map<string, Map<string, Row>>();
  private readonly deletions = new Map<string, Deletion[]>();
  /** Children by table, lookup column and parent. */
  private readonly families = new Map<string, Map<string, Set<Row>>>();
  private version = 1_000_000;
  private undo: (() => void)[] | undefined;
  private committed: (() => void)[] = [];

  constructor(clock: SimClock) {
    this.clock = clock;
    for (const table of this.schema.tables) this.addTable(table);
  }

  addTable(table: Table): void {
    this.rows.set(table.name, new Map());
    for (const { table: child, via } of Object.values(table.collections)) this.addFamily(child, via);
  }

  /** Keeps the children of each parent at hand from now on. */
  addFamily(table: string, via: string): void {
    const name = `${table}.${via}`;
    if (this.families.has(name)) return;
    const family = new Map<string, Set<Row>>();
    for (const row of this.rows.get(table)?.values() ?? []) {
      const parent = row[via];
      if (typeof parent === 'string') family.set(parent, (family.get(parent) ?? new Set()).add(row));
    }
    this.families.set(name, family);
  }

  dropTable(table: Table): void {
    this.rows.delete(table.name);
    for (const name of [...this.families.keys()]) if (name.startsWith(`${table.name}.`)) this.families.delete(name);
  }

  get currentVersion(): number {
    return this.version;
  }

  all(table: string): IterableIterator<Row> {
    return this.rowsOf(table).values();
  }

  count(table: string): number {
    return this.rowsOf(table).size;
  }

  find(table: string, id: string): Row | undefined {
    return this.rowsOf(table).get(id.toLowerCase());
  }

  get(table: Table, id: string): Row {
    const row = this.find(table.name, id);
    if (!row) throw new DataverseError(404, '0x80040217', `${table.name} With Id = ${id} Does Not Exist`);
    return row;
  }

  children(table: string, via: string, id: string): Row[] {
    const family = this.families.get(`${table}.${via}`);
    if (family) return [...(family.get(id) ?? [])];
    return [...this.all(table)].filter((row) => row[via] === id);
  }

  /** The rows that a collection navigation property leads to; undefined when the table has no such property. */
  neighbours(table: Table, nav: string, id: string): { readonly child: Table; readonly rows: Row[] } | undefined {
    const collection = table.collections[nav];
    if (collection)
      return { child: this.schema.table(collection.table), rows: this.children(collection.table, collection.via, id) };
    const link = table.links[nav];
    if (!link) return undefined;
    const pairs = this.children(link.through, link.own, id);
    const rows = pairs
      .map((pair) => this.find(link.table, String(pair[link.other])))
      .filter((row) => row !== undefined);
    return { child: this.schema.table(link.table), rows };
  }

  deletionsOf(table: string): readonly Deletion[] {
    return this.deletions.get(table) ?? [];
  }

  insert(table: Table, values: Row, isSeed = false): Row {
    const id = String(values[table.id] ?? randomUUID()).toLowerCase();
    const rows = this.rowsOf(table.name);
    if (rows.has(id)) throw new DataverseError(412, '0x80040237', 'A record with matching key values already exists.');
    const now = this.now();
    const state = table.hasState ? { statecode: 0, statuscode: statesOf(table.name)[0]?.[2] ?? 1 } : {};
    const row: Row = { ...emptyOf(table) };
    Object.assign(row, state, values, {
      [table.id]: id,
      createdon: now,
      modifiedon: now,
      createdby: this.callerId,
      modifiedby: this.callerId,
      ...(this.onBehalfOf(table) && { createdonbehalfby: this.userId, modifiedonbehalfby: this.userId }),
    });
    if (table.lookups.has('ownerid')) row['ownerid'] ??= this.callerId;
    this.roundMoney(table, row, row);
    this.splitOwner(table, row);
    if (!isSeed) this.checkKeys(table, row);
    rows.set(id, row);
    this.join(table, row);
    this.touch(row);
    this.remember(() => {
      rows.delete(id);
      this.leave(table, row);
    });
    return row;
  }

  update(table: Table, row: Row, values: Row): void {
    const before = { ...row };
    this.leave(table, row);
    Object.assign(row, values);
    this.roundMoney(table, row, values);
    Object.assign(row, {
      modifiedon: this.now(),
      modifiedby: this.callerId,
      ...(table.lookups.has('modifiedonbehalfby') && {
        modifiedonbehalfby: this.onBehalfOf(table) ? this.userId : null,
      }),
    });
    this.splitOwner(table, row);
    this.join(table, row);
    this.remember(() => {
      this.leave(table, row);
      for (const name of Object.keys(row)) if (!(name in before)) delete row[name];
      Object.assign(row, before);
      this.join(table, row);
    });
    this.checkKeys(table, row);
    this.touch(row);
  }

  /** Money that is written is kept to the precision of its column: prices to the organization's, amounts to the currency's (2.1). */
  private roundMoney(table: Table, row: Row, written: Row): void {
    let amountPlaces: number | undefined;
    for (const name of moneyOf(table)) {
      const value = written[name];
      if (value === null || value === undefined) continue;
      const isPrice = PRICES.has(name) || table.name === 'product' || table.name === 'productpricelevel';
      amountPlaces ??= this.currencyPlaces(this.withCurrency(table, row));
      row[name] = rounded(value, isPrice ? this.pricePlaces() : amountPlaces);
    }
  }

  /** A line's currency is its document's. */
  private withCurrency(table: Table, row: Row): Row {
    const parent = HEADER_OF.get(table.name);
    const via = parent && LINES[parent]?.via;
    return (parent && via && this.find(parent, String(row[via]))) || row;
  }

  private currencyPlaces(row: Row): number {
    const currency = this.find('transactioncurrency', String(row['transactioncurrencyid']));
    return Number(currency?.['currencyprecision'] ?? 2);
  }

  private pricePlaces(): number {
    for (const row of this.all('organization')) return Number(row['pricingdecimalprecision'] ?? 2);
    return 2;
  }

  /** The owner is a user or a team; the columns that tell which are the platform's (reference/dataverse-sales 2.2). */
  private splitOwner(table: Table, row: Row): void {
    if (!table.lookups.has('ownerid')) return;
    const owner = row['ownerid'] ?? null;
    const isTeam = typeof owner === 'string' && this.find('team', owner) !== undefined;
    row['owninguser'] = isTeam ? null : owner;
    row['owningteam'] = isTeam ? owner : null;
  }

  remove(table: Table, row: Row): void {
    const id = String(row[table.id]);
    const lines = LINES[table.name];
    if (lines)
      for (const line of this.children(lines.table, lines.via, id)) this.remove(this.schema.table(lines.table), line);
    for (const { table: child, via } of Object.values(table.collections))
      if (CASCADING.has(via))
        for (const one of this.children(child, via, id)) this.remove(this.schema.table(child), one);
    // Nothing joins a row that is gone.
    for (const { through, own } of Object.values(table.links))
      for (const pair of this.children(through, own, id)) this.remove(this.schema.table(through), pair);
    this.rowsOf(table.name).delete(id);
    this.leave(table, row);
    this.version += 1;
    const log = this.deletions.get(table.name) ?? [];
    log.push({ id, version: this.version });
    this.deletions.set(table.name, log);
    this.remember(() => {
      this.rowsOf(table.name).set(id, row);
      this.join(table, row);
      log.pop();
    });
  }

  /** The formulas of reference/dataverse-sales 2.16; the header follows its lines. */
  computeTotals(table: Table, header: Row): void {
    const lines = LINES[table.name];
    if (!lines || header['skippricecalculation'] === 1) return;
    const places = this.currencyPlaces(header);
    let net = new Big(0);
    let tax = new Big(0);
    let lineDiscount = new Big(0);
    let hasError = false;
    for (const line of this.children(lines.table, lines.via, String(header[table.id]))) {
      const amount = decimal(line['quantity'])
        .times(decimal(line['priceperunit']).minus(decimal(line['volumediscountamount'])))
        .round(places, Big.roundHalfUp);
      const manual = decimal(line['manualdiscountamount']);
      line['baseamount'] = amount.toFixed(4);
      line['extendedamount'] = amount.minus(manual).plus(decimal(line['tax'])).toFixed(4);
      net = net.plus(amount).minus(manual);
      lineDiscount = lineDiscount.plus(manual);
      tax = tax.plus(decimal(line['tax']));
      hasError ||= Number(line['pricingerrorcode'] ?? 0) !== 0;
    }
    const percent = net.times(decimal(header['discountpercentage'])).div(100).round(places, Big.roundHalfUp);
    const discount = decimal(header['discountamount']).plus(percent);
    const lessFreight = net.minus(discount);
    const totals: Row = {
      totallineitemamount: net.toFixed(4),
      totallineitemdiscountamount: lineDiscount.toFixed(4),
      totaldiscountamount: discount.toFixed(4),
      totalamountlessfreight: lessFreight.toFixed(4),
      totaltax: tax.toFixed(4),
      totalamount: lessFreight.plus(decimal(header['freightamount'])).plus(tax).toFixed(4),
      pricingerrorcode: hasError
        ? 1
        : header['pricelevelid'] === null || header['pricelevelid'] === undefined
          ? (header['pricingerrorcode'] ?? 0)
          : 0,
    };
    if (table.name === 'opportunity' && header['isrevenuesystemcalculated'] === true)
      totals['estimatedvalue'] = totals['totalamount'] ?? null;
    if (Object.entries(totals).every(([name, value]) => header[name] === value)) return;
    this.update(table, header, totals);
  }

  recomputeParent(table: Table, row: Row): void {
    const parent = HEADER_OF.get(table.name);
    const lines = parent && LINES[parent];
    if (!parent || !lines) return;
    const header = this.find(parent, String(row[lines.via]));
    if (header) this.computeTotals(this.schema.table(parent), header);
  }

  /** Work that is undone as a whole when it fails: a request, a change set. */
  transact<T>(work: () => T): T {
    if (this.undo) return work();
    this.undo = [];
    let result: T;
    try {
      result = work();
    } catch (error) {
      const undo = this.undo;
      this.undo = undefined;
      this.committed = [];
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.undo = undefined;
    const committed = this.committed;
    this.committed = [];
    for (const step of committed) step();
    return result;
  }

  /** Done once the work under way has succeeded as a whole, and not at all when it is undone (reference/dataverse-sales 5.7). */
  afterCommit(step: () => void): void {
    if (this.undo) this.committed.push(step);
    else step();
  }

  clear(): void {
    for (const rows of this.rows.values()) rows.clear();
    for (const family of this.families.values()) family.clear();
    this.deletions.clear();
    this.files.clear();
    this.unpublished.length = 0;
  }

  private onBehalfOf(table: Table): boolean {
    return this.isImpersonating && table.lookups.has('modifiedonbehalfby');
  }

  private remember(step: () => void): void {
    this.undo?.push(step);
  }

  private checkKeys(table: Table, row: Row): void {
    for (const [name, columns] of table.keys) {
      if (columns.some((column) => row[column] === null || row[column] === undefined || row[column] === '')) continue;
      for (const other of this.all(table.name)) {
        if (other[table.id] === row[table.id] || columns.some((column) => other[column] !== row[column])) continue;
        throw new DataverseError(
          412,
          '0x80060892',
          `Entity Key ${name} violated. A record with the same value for ${columns.join(', ')} already exists. A duplicate record cannot be created. Select one or more unique values and try again.`,
        );
      }
    }
  }

  private join(table: Table, row: Row): void {
    for (const column of table.lookups.keys()) {
      const family = this.families.get(`${table.name}.${column}`);
      const parent = row[column];
      if (!family || typeof parent !== 'string') continue;
      const siblings = family.get(parent) ?? new Set();
      family.set(parent, siblings.add(row));
    }
  }

  private leave(table: Table, row: Row): void {
    for (const column of table.lookups.keys())
      this.families.get(`${table.name}.${column}`)?.get(String(row[column]))?.delete(row);
  }

  /** The newest row stands last, so that changes since a version are found from the end. */
  private touch(row: Row): void {
    this.version += 1;
    row['versionnumber'] = this.version;
  }

  private now(): string {
    return `${this.clock.date().toISOString().slice(0, 19)}Z`;
  }

  private rowsOf(table: string): Map<string, Row> {
    const rows = this.rows.get(table);
    if (!rows) throw new Error(`no table ${table}`);
    return rows;
  }
}

/** Contacts of an account, activities, their parties and notes go with the row that they belong to. */
const CASCADING: ReadonlySet<string> = new Set(['parentcustomerid', 'regardingobjectid', 'objectid', 'activityid']);

const PRICES: ReadonlySet<string> = new Set(['priceperunit', 'volumediscountamount']);

const moneyOf = perColumns((table): readonly string[] =>
  [...table.columns.values()].filter(({ type }) => type === 'money').map(({ name }) => name),
);

/**
 * A row without values. All rows of a table begin as its copy, so that they share one layout: a wide row takes a tenth of
 * the memory and of the time that one takes whose columns come one by one.
 */
const emptyOf = perColumns((table): Readonly<Row> => {
  const names = [table.id, ...table.columns.keys(), ...table.lookups.keys()];
  return Object.fromEntries(names.map((name) => [name, undefined])) as unknown as Row;
});

function rounded(value: Exclude<Value, null>, places: number): string {
  const text = String(value);
  // What has no more places than are kept, and no zeros that go, is what rounding would make of it.
  const fraction = /^-?(?:0|[1-9]\d*)(?:\.(\d*[1-9]))?$/.exec(text);
  if (fraction && (fraction[1]?.length ?? 0) <= places && text !== '-0') return text;
  return decimal(value).round(places, Big.roundHalfUp).toFixed();
}

export function decimal(value: Value | undefined): Big {
  return new Big(value === null || value === undefined ? 0 : String(value));
}
