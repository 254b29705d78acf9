import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';

/** The columns of Sales that a mapping can name: `column`, or with the row it stands in before it, `account.column`. */

export const ROWS = ['account', 'contact', 'owner', 'line', 'product'] as const;
export type SourceRow = 'record' | (typeof ROWS)[number];

export interface SourceColumn {
  readonly row: SourceRow;
  readonly column: string;
  /** The tables whose records have the column; the others leave the field empty. */
  readonly tables: readonly SourceTable[];
}

/** The tables of lines, to name a column that only one of them has. */
const LINE_TABLES: Record<SourceTable, string> = {
  opportunity: 'opportunityproduct',
  quote: 'quotedetail',
  salesorder: 'salesorderdetail',
};
export const PREFIXES = [...ROWS, ...SOURCE_TABLES, ...Object.values(LINE_TABLES)];

/** A lookup is a column with an underscore before it: `_new_project_value`. */
const PATH = /^(?:([a-z]+)\.)?([a-z_][a-z0-9_]*)$/;

/** Standard columns that not every table of a deal has (reference/dataverse-sales 2.3 to 2.7). */
const ONLY: Readonly<Record<string, readonly SourceTable[]>> = {
  ordernumber: ['salesorder'],
  quotenumber: ['quote'],
  paymenttermscode: ['quote', 'salesorder'],
  freighttermscode: ['quote', 'salesorder'],
  shippingmethodcode: ['quote', 'salesorder'],
  requestdeliveryby: ['quote', 'salesorder'],
  emailaddress: ['quote', 'salesorder'],
  willcall: ['quote', 'salesorder'],
  datefulfilled: ['salesorder'],
  submitdate: ['salesorder'],
  prioritycode: ['salesorder'],
  effectivefrom: ['quote'],
  effectiveto: ['quote'],
  expireson: ['quote'],
  estimatedclosedate: ['opportunity'],
  actualclosedate: ['opportunity'],
};
const ADDRESSED: readonly SourceTable[] = ['quote', 'salesorder'];

/** What the reading request brings in another shape, so it is no column of `$select`. */
export const BROUGHT: ReadonlySet<string> = new Set(['transactioncurrencyid', 'defaultuomid']);

/** What a formula finds in each row whatever the mapping reads. `test/mapping/unread-columns.test.ts` holds it against the view. */
export const ALWAYS_READ: Readonly<Record<SourceRow, readonly string[]>> = {
  record: [],
  account: [
    'name',
    'accountnumber',
    'emailaddress1',
    'telephone1',
    'websiteurl',
    'address1_line1',
    'address1_line2',
    'address1_line3',
    'address1_city',
    'address1_stateorprovince',
    'address1_postalcode',
    'address1_country',
  ],
  contact: ['contactid'],
  owner: [],
  line: ['position', 'description', 'memo', 'role', 'unit', 'quantity', 'unitPrice', 'discount', 'tax'],
  product: ['productnumber', 'name'],
};

/**
 * Columns that hold a moment whose date depends on the zone of the one who typed it (reference/dataverse-sales 2.14).
 */
export const USER_LOCAL: ReadonlySet<string> = new Set([
  'requestdeliveryby',
  'datefulfilled',
  'submitdate',
  'lastbackofficesubmit',
  'effectivefrom',
  'effectiveto',
  'schedulefollowup_prospect',
  'schedulefollowup_qualify',
  'scheduleproposalmeeting',
  'lastusedincampaign',
  'createdon',
  'modifiedon',
  'overriddencreatedon',
  'lastonholdtime',
]);

/** Undefined when the text names no column: `column`, `account.column` or `salesorder.column` is right. */
export function parseSourceColumn(text: string): SourceColumn | undefined {
  const [, prefix, column] = PATH.exec(text) ?? [];
  if (column === undefined) return undefined;
  const row = prefix === undefined ? 'record' : ROWS.find((one) => one === prefix);
  const table = SOURCE_TABLES.find((one) => one === prefix);
  if (table) return { row: 'record', column, tables: [table] };
  const ofLine = SOURCE_TABLES.find((one) => LINE_TABLES[one] === prefix);
  if (ofLine) return { row: 'line', column, tables: [ofLine] };
  if (row === undefined) return undefined;
  return { row, column, tables: tablesOf(row, column) };
}

function tablesOf(row: SourceRow, column: string): readonly SourceTable[] {
  if (row === 'line') return column === 'requestdeliveryby' || isAddress(column) ? ADDRESSED : SOURCE_TABLES;
  if (row !== 'record') return SOURCE_TABLES;
  return ONLY[column] ?? (isAddress(column) ? ADDRESSED : SOURCE_TABLES);
}

function isAddress(column: string): boolean {
  return column.startsWith('shipto_') || column.startsWith('billto_');
}
