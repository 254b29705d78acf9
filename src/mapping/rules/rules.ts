import type { AlertRules } from '../../deal/alerts.js';
import type { CompanyRule } from '../../deal/companies.js';
import type { DocumentKind, OrderPosting, Policy, QuoteSuccessor } from '../../deal/deal.js';
import type { ExternalNumberForm } from '../../deal/document-number.js';
import type { DealEvent } from '../../deal/events.js';
import type { FeedTable } from '../../deal/ids.js';
import type { LineRules } from '../../deal/line-rules.js';
import type { MasterRules } from '../../deal/masters.js';
import type { SellerNoteRules } from '../../deal/seller-notes.js';
import type { TotalsRules } from '../../deal/totals.js';
import type { RequestedFields } from '../fields/columns.js';
import type { FlowRules } from './flows-file.js';
import type { Mapping } from './mapping.js';

/** What the configuration decides, handed to the activities that need it. */
export interface ApplicationRule {
  /** Undefined: the one of the settings, in another environment. */
  readonly clientId: string | undefined;
  readonly ratePerSecond: number;
  readonly parallel: number;
}

export interface Rules {
  readonly policy: Pick<Policy, 'confirmation' | 'approval' | 'createCustomers' | 'createItems'>;
  readonly lines: LineRules;
  readonly mapping: Mapping;
  /** Names what a document is made of: {@link lines}, {@link mapping}, {@link totals}, {@link documents} and numbers. */
  readonly mappingHash: string;
  /** Whether the person who buys is created as a contact of a customer that is created. */
  readonly createContacts: boolean;
  /** Whether the base unit of an item that is created may be created as well. */
  readonly createUnits: boolean;
  readonly totals: TotalsRules;
  /** Columns of the opportunity that take the result; a column without a name is not written. */
  readonly opportunityColumns: {
    readonly invoiceNumber?: string | undefined;
    readonly status?: string | undefined;
    readonly total?: string | undefined;
  };
  readonly hasOpportunityColumns: boolean;
  /** Columns of the invoice row in Sales that take what no standard column holds. */
  readonly invoiceColumns: { readonly status?: string | undefined; readonly remaining?: string | undefined };
  /** The events in Sales that make a record a deal. */
  readonly events: ReadonlySet<DealEvent>;
  /** How long one click in Sales may go on changing a record. */
  readonly settleMs: number;
  readonly documents: Readonly<Record<DealEvent, DocumentRule>>;
  /** Of a deal that has none yet: it stands with the first intent and does not change any more. */
  readonly externalDocumentNumber: ExternalNumberForm;
  readonly orderPosting: OrderPosting;
  /** Whether an order in Sales is set to Invoiced when Business Central has invoiced all of it. */
  readonly closeOrders: boolean;
  /** `invoicedetail.productdescription` holds that many characters. */
  readonly writeInTextLength: number;
  readonly invoiceFeed: InvoiceFeedRules;
  readonly feeds: FeedRules;
  readonly masters: MasterRules;
  /** Which deals go to another company than the default one; the first that fits decides. */
  readonly companies: readonly CompanyRule[];
  /** App registrations besides the one of the settings, each with a quota of its own. */
  readonly applications: Readonly<Record<string, ApplicationRule>>;
  /** Who is told what, and when. */
  readonly alerts: AlertRules;
  /** What the seller hears of a deal; undefined: nothing. */
  readonly sellerNotes: SellerNoteRules | undefined;
  /** What flows back beside the invoices; a flow that is undefined is off. */
  readonly flows: FlowRules;
}

/** What a record becomes in Business Central. */
export interface DocumentRule {
  readonly kind: DocumentKind;
  /** What a quote becomes once it is confirmed; absent for the other kinds. */
  readonly becomes?: QuoteSuccessor | undefined;
}

/** How the invoices of Business Central are read again and again; from the rules file. */
export interface InvoiceFeedRules {
  readonly everySeconds: number;
  /** How far every reading goes back: a transaction that commits late has an earlier stamp (reference/business-central 6.3). */
  readonly overlapSeconds: number;
  readonly pageSize: number;
  /** How often the open invoices are read, for payments that move no stamp. */
  readonly sweepEveryMinutes: number;
  /** Where the first reading starts; now, when it is not given. */
  readonly from: Date | undefined;
}

/** How changes in Sales are read. */
export interface FeedRules {
  readonly tables: Readonly<Record<FeedTable, FeedSettings>>;
  /** How far back the nightly count looks, and when it does (UTC). */
  readonly countDays: number;
  readonly countAt: { readonly hour: number; readonly minute: number };
}

export interface FeedSettings {
  readonly everySeconds: number;
  readonly pageSize: number;
  /** What the very first reading takes: nothing older than itself, or rows modified on this date (UTC) and later. */
  readonly from: 'now' | Date;
}

/** What may be created, as far as it decides which columns are read. */
export function creationPolicyOf({ policy, createContacts }: Rules): RequestedFields {
  return { createCustomers: policy.createCustomers, createItems: policy.createItems, createContacts };
}
