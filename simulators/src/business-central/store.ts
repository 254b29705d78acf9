import { randomUUID } from 'node:crypto';
import type { Big } from 'big.js';
import type { SimClock } from '../kernel/clock.js';
import { entityOf } from './entities.js';
import { emptyRow, type Row, toCode, type Value } from './values.js';

export type { Row, Value };

export interface DocumentLine extends Row {
  id: string;
  sequence: number;
}

export type DocumentKind = 'invoice' | 'order' | 'quote' | 'creditMemo';

/** A sales document, draft or posted: what the API shows of the header, its lines, and what it does not show. */
export interface SalesDocument {
  readonly kind: DocumentKind;
  row: Row;
  lines: DocumentLine[];
  /** By the id of the header or of a line. */
  dimensions: Map<string, Row[]>;
  isPosted: boolean;
  isReleased: boolean;
  isPendingApproval: boolean;
  isCancelled: boolean;
  /** Nothing was posted: it takes the number of a draft that was deleted (reference/business-central 11.3). */
  isPlaceholder?: boolean;
  /** Drawn by the first attempt to post and kept when that attempt fails (reference/business-central 4.3). */
  postingNumber: string | undefined;
  /** The number that a posted invoice had as a draft. */
  preAssignedNumber?: string;
  /** The same of the shipment of an order. */
  shippingNumber?: string | undefined;
  /** What prepayment invoices of an order have billed and no invoice has taken off yet, by line. */
  prepaid?: Map<number, Big>;
  /** A manual invoice discount, also one of 0; undefined leaves it to the customer's own discount. */
  manualDiscount: string | undefined;
  /** The SystemId of the posted record, which is not the id of the API. */
  postedRecordId: string | undefined;
}

export type Invoice = SalesDocument;

/** What the set-up pages of a company say. */
export interface Setup {
  allowPostingFrom: string;
  allowPostingTo: string;
  manualCustomerNumbers: boolean;
  manualItemNumbers: boolean;
  externalDocumentNumberMandatory: boolean;
  preventNegativeInventory: boolean;
  postingDateDefault: 'Work Date' | 'No Date';
  /** How long a quote is valid, a date formula such as 14D; empty for ever. */
  quoteValidity: string;
  quantityToShip: 'Remainder' | 'Blank';
  allowDocumentDeletionBefore: string;
  mailIsSetUp: boolean;
  approvalWorkflow: boolean;
  /** Drafts and posted invoices have one number series: a draft keeps its number when it is posted. */
  oneInvoiceSeries: boolean;
  invoiceRounding: boolean;
  /** "Inv. Rounding Precision (LCY)". */
  invoiceRoundingPrecision: string;
}

export type Change = {
  readonly set: string;
  readonly id: string;
  readonly type: 'created' | 'updated' | 'deleted';
  readonly at: number;
};

type Series =
  | 'customer'
  | 'contact'
  | 'item'
  | 'invoice'
  | 'posted'
  | 'order'
  | 'quote'
  | 'creditMemo'
  | 'postedCreditMemo'
  | 'shipment';

const SERIES: Readonly<Record<Series, readonly [prefix: string, last: number]>> = {
  customer: ['C', 90_000],
  contact: ['CT', 100_000],
  item: ['', 70_000],
  invoice: ['', 1_000],
  posted: ['', 103_000],
  order: ['S-ORD', 101_000],
  quote: ['S-QUO', 1_000],
  creditMemo: ['S-CR', 1_000],
  postedCreditMemo: ['', 104_000],
  shipment: ['', 102_000],
};

/** One company with all its sets. */
export class Company {
  readonly id: string;
  readonly name: string;
  readonly clock: SimClock;
  readonly setup: Setup = {
    allowPostingFrom: '0001-01-01',
    allowPostingTo: '0001-01-01',
    manualCustomerNumbers: true,
    manualItemNumbers: true,
    externalDocumentNumberMandatory: false,
    preventNegativeInventory: false,
    postingDateDefault: 'Work Date',
    quoteValidity: '',
    quantityToShip: 'Remainder',
    allowDocumentDeletionBefore: '0001-01-01',
    mailIsSetUp: false,
    approvalWorkflow: false,
    oneInvoiceSeries: false,
    invoiceRounding: true,
    invoiceRoundingPrecision: '0.01',
  };
  readonly sets = new Map<string, Map<string, Row>>();
  readonly documents: Readonly<Record<DocumentKind, Map<string, SalesDocument>>> = {
    invoice: new Map(),
    order: new Map(),
    quote: new Map(),
    creditMemo: new Map(),
  };
  /** Not shown by the API: customers without posting groups can be created but not sold to. */
  readonly withoutPostingGroup = new Set<string>();
  readonly withoutGeneralPostingGroup = new Set<string>();
  readonly privacyBlocked = new Set<string>();
  readonly pricesIncludeTax = new Set<string>();
  readonly salesBlocked = new Set<string>();
  /** The company contact of a customer, by the customer's id: it stays the same when the customer is renamed. */
  readonly companyContacts = new Map<string, string>();
  readonly stock = new Map<string, string>();

  /** Units besides the base unit, by item number. */
  readonly itemUnits = new Map<string, Set<string>>();
  readonly defaultInvoiceDiscount = new Map<string, string>();
  /** What a posted shipment took along from its order, by the shipment's id. */
  readonly shipmentDimensions = new Map<string, Row[]>();
  /** Contents of streams, by the row's id and the field. */
  readonly streams = new Map<string, Buffer>();
  /** Told of what was committed, and of nothing that was undone. */
  onChange: (change: Change) => void = () => undefined;
  private readonly numbers = new Map<string, Map<string, Row>>();
  private readonly last = new Map<Series, number>();
  private version = 0;
  private undo: (() => void)[] | undefined;
  private uncommitted: Change[] = [];

  constructor(id: string, name: string, clock: SimClock) {
    this.id = id;
    this.name = name;
    this.clock = clock;
  }

  get invoices(): Map<string, SalesDocument> {
    return this.documents.invoice;
  }

  all(set: string): IterableIterator<Row> {
    return this.rows(set).values();
  }

  count(set: string): number {
    return this.rows(set).size;
  }

  find(set: string, id: string): Row | undefined {
    return this.rows(set).get(id.toLowerCase());
  }

  /** The item shows it; its stamp does not move, as with every computed field. */
  setStock(number: string, quantity: string): void {
    this.stock.set(number, quantity);
    const item = this.findByNumber('items', number);
    if (item) item['inventory'] = quantity;
  }

  findByNumber(set: string, number: string): Row | undefined {
    return this.numbersOf(set).get(toCode(number));
  }

  insert(set: string, values: Readonly<Record<string, Value>>): Row {
    const row: Row = { ...emptyRow(entityOf(set)), id: randomUUID(), ...values };
    const id = String(row['id']);
    this.rows(set).set(id, row);
    this.index(set, row);
    this.touch(row, set, 'created');
    this.remember(() => this.forget(set, row));
    return row;
  }

  change(set: string, row: Row, values: Readonly<Record<string, Value>>): void {
    const before = { ...row };
    this.unindex(set, row);
    Object.assign(row, values);
    this.index(set, row);
    this.touch(row, set, 'updated');
    this.remember(() => {
      this.unindex(set, row);
      Object.assign(row, before);
      this.index(set, row);
    });
  }

  remove(set: string, row: Row): void {
    this.forget(set, row);
    this.announce({ set, id: String(row['id']), type: 'deleted', at: this.clock.now() });
    this.remember(() => {
      this.rows(set).set(String(row['id']), row);
      this.index(set, row);
    });
  }

  touch(row: Row, set?: string, type: Change['type'] = 'updated'): void {
    this.version += 1;
    row['@odata.etag'] = `W/"${Buffer.from(`'19;${this.version};00;'`).toString('base64')}"`;
    row['lastModifiedDateTime'] = this.clock.date().toISOString();
    if (set) this.announce({ set, id: String(row['id']), type, at: this.clock.now() });
  }

  /** A number that a rolled-back create has drawn is burnt (reference/business-central 3.4). */
  draw(series: Series): string {
    const [prefix, first] = SERIES[series];
    const next = (this.last.get(series) ?? first) + 1;
    this.last.set(series, next);
    return `${prefix}${next}`;
  }

  /** Work that is undone as a whole when it fails; `commit` in the middle makes what was done so far stay. */
  transact<T>(work: () => T): T {
    if (this.undo) return work();
    this.begin();
    try {
      const result = work();
      this.end();
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  begin(): void {
    this.undo = [];
  }

  rollBack(): void {
    const undo = this.undo ?? [];
    this.undo = undefined;
    this.uncommitted = [];
    for (const work of undo.reverse()) work();
  }

  end(): void {
    this.commit();
    this.undo = undefined;
  }

  commit(): void {
    if (this.undo) this.undo = [];
    const changes = this.uncommitted;
    this.uncommitted = [];
    for (const change of changes) this.onChange(change);
  }

  announce(change: Change): void {
    if (this.undo) this.uncommitted.push(change);
    else this.onChange(change);
  }

  remember(undo: () => void): void {
    this.undo?.push(undo);
  }

  /** Called before a document is changed, so that a failure brings it back as it was. */
  protect(document: SalesDocument): void {
    if (!this.undo) return;
    const copy = { ...document, row: { ...document.row }, lines: document.lines.map((line) => ({ ...line })) };
    const dimensions = new Map([...document.dimensions].map(([id, rows]) => [id, rows.map((row) => ({ ...row }))]));
    this.undo.push(() => Object.assign(document, copy, { dimensions }));
  }

  private forget(set: string, row: Row): void {
    this.rows(set).delete(String(row['id']));
    this.unindex(set, row);
  }

  private index(set: string, row: Row): void {
    const { numberField } = entityOf(set);
    if (numberField && set !== 'dimensionValues' && set !== 'itemVariants') {
      this.numbersOf(set).set(String(row[numberField]), row);
    }
  }

  private unindex(set: string, row: Row): void {
    const { numberField } = entityOf(set);
    if (numberField && this.numbersOf(set).get(String(row[numberField])) === row) {
      this.numbersOf(set).delete(String(row[numberField]));
    }
  }

  private numbersOf(set: string): Map<string, Row> {
    return mapOf(this.numbers, set);
  }

  private rows(set: string): Map<string, Row> {
    return mapOf(this.sets, set);
  }
}

function mapOf<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = maps.get(key);
  if (found) return found;
  const made = new Map<string, T>();
  maps.set(key, made);
  return made;
}
