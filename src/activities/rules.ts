import type { Policy } from '../deal/deal.js';
import type { LineRules } from '../deal/line-rules.js';
import type { TotalsRules } from '../deal/totals.js';
import type { Wishes } from '../mapping/columns.js';
import type { Mapping } from '../mapping/mapping.js';

/** What the configuration decides, handed to the activities that need it. */
export interface Rules {
  readonly policy: Omit<Policy, 'writeOpportunityColumns'>;
  readonly lines: LineRules;
  readonly mapping: Mapping;
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
  /** `invoicedetail.productdescription` holds that many characters. */
  readonly writeInTextLength: number;
}

/** What may be created, as far as it decides which columns are read. */
export function wishesOf({ policy, createContacts }: Rules): Wishes {
  return { createCustomers: policy.createCustomers, createItems: policy.createItems, createContacts };
}
