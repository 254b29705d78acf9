import type { ColumnType, DataverseFlows, SalesTable } from '../../clients/dataverse/flows.js';
import { decimalNumber } from '../../clients/http/lossless-json.js';
import { toMoment } from '../../mapping/fields/view.js';
import { FLOW_TYPES, type FlowValueKind } from '../../mapping/rules/flow-columns.js';
import { toTemporalFailures } from '../remote/write-once.js';

/** Values of Business Central as the columns that the rules name want them: the type of a column is asked of Sales. */

export type ColumnValue =
  | { readonly kind: Exclude<FlowValueKind, 'date'>; readonly text: string }
  /** A day, as people in the business time zone say it. */
  | { readonly kind: 'date'; readonly text: string; readonly timeZone: string };

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
    const fitted = value.text === '' ? toEmpty(value, type) : toColumnValue(value, found);
    if (fitted === undefined) return unfit(`${type} cannot hold ${NOUNS[value.kind]}`);
    if (typeof fitted === 'string' && maxLength !== undefined && fitted.length > maxLength)
      return unfit(`${fitted.length} characters do not fit into ${maxLength}`);
    columns[column] = fitted;
    hasMoney ||= type === 'Money';
  }
  return { columns, hasMoney };
}

/** What a column of such a type cannot hold. */
const NOUNS: Readonly<Record<FlowValueKind, string>> = {
  text: 'a text',
  date: 'a date',
  number: 'a number',
  amount: 'an amount',
  state: 'a word such as none or all',
};

/** Of what is not there; a column of another type is unfit all the same. */
function toEmpty({ kind }: ColumnValue, type: string): null | undefined {
  return FLOW_TYPES[kind].includes(type) ? null : undefined;
}

function toColumnValue(value: ColumnValue, { type, dateBehavior }: ColumnType): unknown {
  const { kind, text } = value;
  if (!FLOW_TYPES[kind].includes(type)) return undefined;
  switch (type) {
    case 'DateTime':
      return value.kind === 'date' ? toDate(value, dateBehavior) : text;
    case 'Money':
    case 'Decimal':
    case 'Double':
      return decimalNumber(text);
    case 'Integer':
      return /^-?\d+(\.0+)?$/.test(text) ? Number(text) : undefined;
    case 'Boolean':
      return text !== 'none';
    default:
      return text;
  }
}

/** Midnight of UTC would be the day before for whoever is west of it (reference/dataverse-sales 2.14). */
function toDate({ text, timeZone }: ColumnValue & { readonly kind: 'date' }, behavior: string | undefined): string {
  return behavior === 'UserLocal' ? toMoment(text, timeZone) : text;
}
