import type { ApprovalRule } from './approval.js';
import type { SourceTable } from './ids.js';
import type { Decimal } from './money.js';

/** What a source record says, in our words: one opportunity, quote or sales order with all that the hand-over needs. */
export interface WonDeal {
  readonly table: SourceTable;
  readonly recordId: string;
  /** The header's etag in Dataverse: another revision is another content. */
  readonly revision: string;
  readonly number: string;
  readonly name: string;
  /** Name of the user or team that owns the record. */
  readonly seller?: string | undefined;
  /** Dataverse `statecode`, as customers add status codes of their own; which states count as won is the configuration's to say. */
  readonly stateCode: number;
  readonly lineage: Lineage;
  readonly customer: Customer | undefined;
  /** Name of the account above that of the customer; present when the bill goes there. */
  readonly parentAccount?: string | undefined;
  /** ISO code; the id is the row in Sales. */
  readonly currency: string | undefined;
  readonly currencyId: string | undefined;
  /** How many decimals amounts in it have in Sales. */
  readonly currencyDecimals?: number | undefined;
  readonly priceListId: string | undefined;
  readonly lines: readonly DealLine[];
  /** The part of the header discount that the lines do not show: line total minus total less freight. */
  readonly headerDiscount: Decimal;
  readonly freight: Decimal;
  /** Tax as typed in Sales, which has no tax engine; mostly zero. */
  readonly tax: Decimal;
  readonly totalLessFreight: Decimal;
  readonly total: Decimal;
  readonly pricingErrorCode: number;
  readonly requestedDelivery: string | undefined;
  readonly shipTo: Address | undefined;
  /** Present when the rules ask for it. */
  readonly priceListName?: string | undefined;
  /** Absent while the numbers are those of Sales: from reading the record until the mapping is applied. */
  readonly salesNumbers?: SalesNumbers;
  /** Columns that only the mapping asks for, as text. */
  readonly extra: ExtraColumns;
}

/** Numbers of Sales where the mapping has put others in their place, so that they can be mapped once more. */
export interface SalesNumbers {
  /** Present when another one is used; empty for a customer that has none in Sales. */
  readonly customer?: { readonly number?: string | undefined };
  /** By the id of the line; only where another one is used. */
  readonly lines: Readonly<Record<string, string>>;
  /** Lines, by their id, whose item the table or the pattern of the rules calls otherwise than the mapping. */
  readonly named?: Readonly<Record<string, true>>;
}

/** Column to value, as text; a column that is empty in Sales is absent. */
export type Columns = Readonly<Record<string, string>>;

/** A column of one of the rows around a deal, and what it must hold. */
export interface ColumnValue {
  readonly row: 'record' | 'account' | 'contact' | 'owner';
  readonly column: string;
  /** The tables whose records have the column. */
  readonly tables: readonly SourceTable[];
  readonly value: string;
}

export interface ExtraColumns {
  readonly record: Columns;
  readonly account: Columns;
  /** The person at the customer: who buys, else the primary contact of the account. */
  readonly contact: Columns;
  /** The user who owns the record; empty when a team does. */
  readonly owner: Columns;
  /** By the id of the line. */
  readonly lines: Readonly<Record<string, Columns>>;
  /** By the id of the product. */
  readonly products: Readonly<Record<string, Columns>>;
}

/** `won`: may be handed over. `open`: not yet. `dead`: lost, closed or cancelled in Sales. */
export type RecordState = 'won' | 'open' | 'dead';

/** The chain opportunity → quote → salesorder around a record, as far as Sales knows it. */
export interface Lineage {
  readonly opportunityId?: string;
  readonly quoteId?: string;
  /** Live records downstream of this one, the furthest first. */
  readonly descendants: readonly RecordRef[];
  /** Those that were cancelled or closed: one that was handed over before has its document still. */
  readonly endedDescendants?: readonly RecordRef[];
}

export interface RecordRef {
  readonly table: SourceTable;
  readonly recordId: string;
}

export interface Customer {
  /** The account; a contact that buys for a company stands for its account. */
  readonly accountId: string;
  readonly kind: 'account' | 'contact';
  readonly number: string | undefined;
  readonly name: string;
  readonly isActive: boolean;
  readonly email: string | undefined;
  readonly phone: string | undefined;
  readonly website: string | undefined;
  /** ISO code of the row's own currency; its deals may be in others. */
  readonly currency?: string | undefined;
  readonly address: Address;
}

export interface Address {
  readonly name?: string | undefined;
  readonly line1?: string | undefined;
  readonly line2?: string | undefined;
  readonly line3?: string | undefined;
  readonly city?: string | undefined;
  readonly state?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly country?: string | undefined;
}

export interface DealLine {
  readonly lineId: string;
  /** Business Central's `sequence`: 10000, 20000, …; explicit, so that a repeat finds the same line. */
  readonly sequence: number;
  readonly product: LineProduct | undefined;
  readonly description: string;
  readonly unit: string | undefined;
  readonly unitId: string | undefined;
  readonly quantity: Decimal;
  readonly unitPrice: Decimal;
  /** Of the whole line: quantity × volume discount + manual discount. */
  readonly discount: Decimal;
  readonly tax: Decimal;
  readonly pricingErrorCode: number;
  /** What the line is in its bundle. */
  readonly role: LineRole;
  /** The line of the bundle that a member belongs to. */
  readonly bundleLineId?: string | undefined;
  /** The memo of the line, which may have many lines of its own. */
  readonly memo?: string | undefined;
  /** How many base units make one of this unit, and the base unit's name, when the rules allow to convert. */
  readonly unitFactor?: Decimal | undefined;
  readonly baseUnit?: string | undefined;
}

/** Dataverse `producttypecode` of a line: 1, 2, 3 and 4, 5. */
export type LineRole = 'product' | 'bundle' | 'member' | 'project-service';

/** Dataverse `producttypecode` of a product: 1, 2, 3, 4. */
export type ProductType = 'inventory' | 'charge' | 'service' | 'fee';

export interface LineProduct {
  readonly productId: string;
  readonly number: string;
  readonly name: string;
  readonly isActive: boolean;
  /** Dataverse `producttypecode`: services are resources elsewhere, items here. */
  readonly isService: boolean;
  readonly type?: ProductType | undefined;
}

/** What a deal is told to be by configuration, fixed when it is read so that the run stays the same throughout. */
export interface Policy {
  readonly confirmation: Confirmation;
  /** Absent when no document needs more than one person. */
  readonly approval?: readonly ApprovalRule[];
  readonly createCustomers: boolean;
  readonly createItems: boolean;
  /** Whether the person who buys becomes a contact of a customer that exists already. */
  readonly createContacts: boolean;
  /** Whether an opportunity's configured columns take the result as well. */
  readonly writeOpportunityColumns: boolean;
  readonly documentKind: DocumentKind;
  /** What a quote becomes once it is confirmed; present where the deal begins as one. */
  readonly quoteBecomes?: QuoteSuccessor;
  readonly orderPosting: OrderPosting;
}

export const DOCUMENT_KINDS = ['invoice', 'order', 'quote'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** What Business Central makes of a quote (reference/business-central 4.9). */
export const QUOTE_SUCCESSORS = ['order', 'invoice'] as const;
export type QuoteSuccessor = (typeof QUOTE_SUCCESSORS)[number];

/** Who ships and invoices a confirmed order: we at once, or the warehouse in Business Central in its own time. */
export type OrderPosting = 'ship-and-invoice' | 'warehouse';

export type Confirmation =
  | { by: 'rule' }
  /** With a currency: a person confirms what is in another one. */
  | { by: 'rule-below'; amount: Decimal; currency?: string }
  | { by: 'person' };

/** What a person (or a rule) agrees to when confirming. */
export interface Figures {
  readonly documentNumber: string;
  readonly totalIncludingTax: Decimal;
  readonly currency: string;
}
