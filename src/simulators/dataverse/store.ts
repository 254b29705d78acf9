import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import type { SimClock } from '../kernel/clock.js';
import { LINES, TABLE_BY_NAME, TABLES, type Table } from './tables.js';

export type Value = string | number | boolean | null;
/** Column to value; a lookup is kept as its GUID under the column's own name. Money and decimals are text. */
export type Row = Record<string, Value>;

/** An error answer of Dataverse (reference, section 10). */
export class DataverseError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The rows of one environment, with its one increasing version number. */
export class Store {
  private readonly rows = new Map<string, Map<string, Row>>();
  private version = 1_000_000;
  readonly clock: SimClock;
  userId = '';

  constructor(clock: SimClock) {
    this.clock = clock;
    for (const table of TABLES) this.rows.set(table.name, new Map());
  }

  all(table: string): IterableIterator<Row> {
    return this.rowsOf(table).values();
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
    const found = [];
    for (const row of this.all(table)) if (row[via] === id) found.push(row);
    return found;
  }

  insert(table: Table, values: Row): Row {
    const id = String(values[table.id] ?? randomUUID()).toLowerCase();
    if (this.rowsOf(table.name).has(id)) {
      throw new DataverseError(412, '0x80040237', 'A record with matching key values already exists.');
    }
    const now = this.now();
    const row: Row = {
      statecode: 0,
      statuscode: 1,
      ...values,
      [table.id]: id,
      createdon: now,
      modifiedon: now,
      modifiedby: this.userId,
    };
    this.rowsOf(table.name).set(id, row);
    this.touch(row);
    return row;
  }

  update(row: Row, values: Row): void {
    Object.assign(row, values);
    row['modifiedon'] = this.now();
    row['modifiedby'] = this.userId;
    this.touch(row);
  }

  remove(table: Table, id: string): void {
    this.get(table, id);
    this.rowsOf(table.name).delete(id);
    const lines = LINES[table.name];
    if (!lines) return;
    const lineTable = TABLE_BY_NAME.get(lines.table) as Table;
    for (const line of this.children(lines.table, lines.via, id))
      this.rowsOf(lines.table).delete(String(line[lineTable.id]));
  }

  /** The formulas of reference 2.16; the header follows its lines. */
  computeTotals(table: Table, header: Row): void {
    const lines = LINES[table.name];
    if (!lines) return;
    let net = new Big(0);
    let tax = new Big(0);
    let lineDiscount = new Big(0);
    for (const line of this.children(lines.table, lines.via, String(header[table.id]))) {
      const base = decimal(line['quantity'])
        .times(decimal(line['priceperunit']).minus(decimal(line['volumediscountamount'])))
        .round(2, Big.roundHalfUp);
      const manual = decimal(line['manualdiscountamount']);
      line['baseamount'] = base.toFixed(4);
      line['extendedamount'] = base.minus(manual).plus(decimal(line['tax'])).toFixed(4);
      net = net.plus(base).minus(manual);
      lineDiscount = lineDiscount.plus(manual);
      tax = tax.plus(decimal(line['tax']));
    }
    const percent = net.times(decimal(header['discountpercentage'])).div(100).round(2, Big.roundHalfUp);
    const discount = decimal(header['discountamount']).plus(percent);
    const lessFreight = net.minus(discount);
    this.update(header, {
      totallineitemamount: net.toFixed(4),
      totallineitemdiscountamount: lineDiscount.toFixed(4),
      totaldiscountamount: discount.toFixed(4),
      totalamountlessfreight: lessFreight.toFixed(4),
      totaltax: tax.toFixed(4),
      totalamount: lessFreight.plus(decimal(header['freightamount'])).plus(tax).toFixed(4),
    });
  }

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

export function decimal(value: Value | undefined): Big {
  return new Big(value === null || value === undefined ? 0 : String(value));
}
