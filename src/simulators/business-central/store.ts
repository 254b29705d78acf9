import { randomUUID } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';

export type Value = string | number | boolean;
/** Property to value as the API shows it; decimals are text until they are sent. */
export type Row = Record<string, Value>;

export interface DocumentLine extends Row {
  id: string;
  sequence: number;
}

/** A sales invoice, draft or posted; the columns of the header and what the API does not show. */
export interface Invoice {
  readonly row: Row;
  lines: DocumentLine[];
  isPosted: boolean;
  isCancelled: boolean;
  /** Drawn by the first attempt to post and kept when that attempt fails (reference 4.3). */
  postingNumber: string | undefined;
  manualDiscount: string | undefined;
}

export interface Setup {
  allowPostingFrom: string;
  allowPostingTo: string;
  manualCustomerNumbers: boolean;
}

/** One company. */
export class Company {
  readonly id: string;
  readonly name: string;
  readonly clock: SimClock;
  readonly setup: Setup = { allowPostingFrom: '0001-01-01', allowPostingTo: '0001-01-01', manualCustomerNumbers: true };
  readonly sets = new Map<string, Map<string, Row>>();
  readonly invoices = new Map<string, Invoice>();
  /** Not shown by the API: customers without posting groups can be created but not sold to. */
  readonly withoutPostingGroup = new Set<string>();
  readonly salesBlocked = new Set<string>();
  private readonly series = { customer: 90_000, draft: 1_000, posted: 103_000 };
  private version = 0;

  constructor(id: string, name: string, clock: SimClock) {
    this.id = id;
    this.name = name;
    this.clock = clock;
    for (const set of SETS) this.sets.set(set, new Map());
  }

  all(set: string): IterableIterator<Row> {
    return this.rows(set).values();
  }

  find(set: string, id: string): Row | undefined {
    return this.rows(set).get(id.toLowerCase());
  }

  findByNumber(set: string, number: string): Row | undefined {
    const wanted = number.trim().toUpperCase();
    for (const row of this.all(set)) if ((row['number'] ?? row['code']) === wanted) return row;
    return undefined;
  }

  insert(set: string, values: Row): Row {
    const row: Row = { id: String(values['id'] ?? randomUUID()), ...values };
    this.rows(set).set(String(row['id']), row);
    this.touch(row);
    return row;
  }

  touch(row: Row): void {
    this.version += 1;
    row['@odata.etag'] = `W/"${Buffer.from(`'19;${this.version};'`).toString('base64')}"`;
    row['lastModifiedDateTime'] = this.clock.date().toISOString();
  }

  draw(series: 'customer' | 'draft' | 'posted'): string {
    this.series[series] += 1;
    return String(this.series[series]);
  }

  private rows(set: string): Map<string, Row> {
    const rows = this.sets.get(set);
    if (!rows) throw new Error(`no set ${set}`);
    return rows;
  }
}

export const SETS = [
  'customers',
  'items',
  'accounts',
  'unitsOfMeasure',
  'currencies',
  'paymentTerms',
  'countriesRegions',
  'salespeoplePurchasers',
] as const;
