import type { Policy } from '../deal/deal.js';
import type { LineRules } from '../deal/problems.js';
import type { InvoiceFeedRules } from './invoice-feed.js';

/** What the configuration decides, handed to the activities that need it. */
export interface Rules {
  readonly policy: Omit<Policy, 'writeOpportunityColumns'>;
  readonly lines: LineRules;
  /** Columns of the opportunity that take the result; a column without a name is not written. */
  readonly opportunityColumns: {
    readonly invoiceNumber?: string | undefined;
    readonly status?: string | undefined;
    readonly total?: string | undefined;
  };
  readonly hasOpportunityColumns: boolean;
  /** Country as typed in Sales (upper case) to Business Central code. */
  readonly countries: Readonly<Record<string, string>>;
  /** `invoicedetail.productdescription` holds that many characters. */
  readonly writeInTextLength: number;
  readonly invoiceFeed: InvoiceFeedRules;
}
