import type { AskedRow } from '../../deal/asked-columns.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { SELLER_COLUMN_LENGTH } from '../../deal/seller-notes.js';
import { askedColumns } from '../fields/columns.js';
import { type FlowValueKind, flowColumns } from './flow-columns.js';
import { creationPolicyOf, type Rules } from './rules.js';

/** The columns of somebody's own that the rules name: those that are written, with their length, and those that are read. */

export interface WantedColumn {
  readonly table: string;
  readonly column: string;
  /** Undefined for a column that is only read, and for what a flow writes that is no text. */
  readonly length?: number;
  /** What a flow writes into it. */
  readonly kind?: FlowValueKind;
}

/** Numbers of Business Central are Code[20]; our words and a decimal are shorter. */
const LENGTHS = { invoiceNumber: 20, status: 12, total: 20, remaining: 20 } as const;

const LINE_TABLES: Readonly<Record<SourceTable, string>> = {
  opportunity: 'opportunityproduct',
  quote: 'quotedetail',
  salesorder: 'salesorderdetail',
};
/** Of rows that are the same whatever table the record is of. */
export const ROW_TABLES: Readonly<Record<Exclude<AskedRow, 'record' | 'line'>, string>> = {
  account: 'account',
  contact: 'contact',
  owner: 'systemuser',
  product: 'product',
};

export function columnsOfRules(rules: Rules): WantedColumn[] {
  const wanted = new Map<string, WantedColumn>();
  const add = (column: WantedColumn): void => {
    const key = `${column.table}.${column.column}`;
    if (!wanted.has(key)) wanted.set(key, column);
  };
  for (const key of ['invoiceNumber', 'status', 'total'] as const) {
    const column = rules.opportunityColumns[key];
    if (column) add({ table: 'opportunity', column, length: LENGTHS[key] });
  }
  for (const key of ['status', 'remaining'] as const) {
    const column = rules.invoiceColumns[key];
    if (column) add({ table: 'invoice', column, length: LENGTHS[key] });
  }
  for (const table of SOURCE_TABLES) {
    const column = rules.sellerNotes?.columns[table];
    if (column) add({ table, column, length: SELLER_COLUMN_LENGTH });
  }
  for (const column of flowColumns(rules.flows)) add(column);
  for (const table of SOURCE_TABLES) {
    const { rows } = askedColumns(rules.mapping, rules.lines, creationPolicyOf(rules), table);
    for (const row of ['record', 'account', 'contact', 'owner', 'line', 'product'] as const) {
      const name = row === 'record' ? table : row === 'line' ? LINE_TABLES[table] : ROW_TABLES[row];
      // Standard columns are there in every environment; those of a publisher bear its prefix.
      for (const column of rows[row]
        .map(toLogicalName)
        .filter((one) => /^[a-z0-9]{2,8}_/.test(one) && !isStandard(one)))
        add({ table: name, column });
    }
  }
  return [...wanted.values()];
}

/** A lookup is read as `_new_project_value`. */
export function toLogicalName(column: string): string {
  return /^_(.+)_value$/.exec(column)?.[1] ?? column;
}

function isStandard(column: string): boolean {
  return /^(address[12]|billto|shipto)_/.test(column);
}
