import type { DataverseFlows, SalesTable } from '../../clients/dataverse/flows.js';
import { decimalNumber } from '../../clients/http/lossless-json.js';
import { toTemporalFailures } from '../remote/write-once.js';

/** Values of Business Central as the columns that the rules name want them: the type of a column is asked of Sales. */

export type ColumnValue =
  | { readonly kind: 'text' | 'date'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  /** An amount, which a money column takes only in the currency of its row. */
  | { readonly kind: 'amount'; readonly text: string }
  /** A word, of which `none` says no. */
  | { readonly kind: 'state'; readonly text: string };

export type Columns = Readonly<Record<string, unknown>>;

export type FittedColumns = { readonly columns: Columns; readonly hasMoney: boolean } | { readonly unfit: string };

export async function fitColumns(
  dataverseFlows: Pick<DataverseFlows, 'findColumn'>,
  table: SalesTable,
  values: readonly (readonly [column: string | undefined, value: ColumnValue])[],
): Promise<FittedColumns> {
  const columns: Record<string, unknown> = {};
  let hasMoney = false;
  for (const [column, value] of values) {
    if (column === undefined) continue;
    const found = await toTemporalFailures(() => dataverseFlows.findColumn(table, column));
    const unfit = (what: string) => ({ unfit: `${table}.${column}: ${what}` });
    if (!found) return unfit('there is no such column');
    const { type, maxLength } = found;
    const fitted = toColumnValue(value, type);
    if (fitted === undefined) return unfit(`${type} cannot hold ${NOUNS[value.kind]}`);
    if (typeof fitted === 'string' && maxLength !== undefined && fitted.length > maxLength)
      return unfit(`${fitted.length} characters do not fit into ${maxLength}`);
    columns[column] = fitted;
    hasMoney ||= type === 'Money';
  }
  return { columns, hasMoney };
}

const NOUNS: Readonly<Record<ColumnValue['kind'], string>> = {
  text: 'a text',
  date: 'a date',
  number: 'a number',
  amount: 'an amount',
  state: 'a word such as none or all',
};

function toColumnValue({ kind, text }: ColumnValue, type: string): unknown {
  switch (type) {
    case 'String':
    case 'Memo':
      return text;
    case 'Money':
      return kind === 'amount' ? decimalNumber(text) : undefined;
    case 'Decimal':
    case 'Double':
      return kind === 'amount' || kind === 'number' ? decimalNumber(text) : undefined;
    case 'Integer':
      return kind === 'number' && /^-?\d+(\.0+)?$/.test(text) ? Number(text) : undefined;
    case 'DateTime':
      return kind === 'date' ? text : undefined;
    case 'Boolean':
      return kind === 'state' ? text !== 'none' : undefined;
    default:
      return undefined;
  }
}
