import { DataverseError, type Value } from './store.js';
import type { Column, Table } from './tables.js';

/** What a column takes of a JSON value: its type, its length, its range, its options (reference/dataverse-sales 2, 10). */

export const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

type Range = readonly [least: number, most: number];

const MOST_MONEY = 922_337_203_685_477;
const UP_TO_A_TRILLION: Range = [0, 1e12];
const UP_TO_HUNDRED_TRILLIONS: Range = [0, 1e14];

/**
 * Their MinValue and MaxValue (MicrosoftDocs/dynamics-365-customer-engagement, ce/developer/reference/entities: invoice.md,
 * invoicedetail.md, salesorder.md, product.md, account.md; reference/dataverse-sales 2.3 to 2.10).
 */
const RANGES: Readonly<Record<string, Range>> = {
  discountamount: UP_TO_A_TRILLION,
  discountpercentage: [0, 100],
  freightamount: UP_TO_A_TRILLION,
  manualdiscountamount: UP_TO_A_TRILLION,
  'opportunityproduct.manualdiscountamount': UP_TO_HUNDRED_TRILLIONS,
  tax: [-1e12, 1e12],
  'opportunityproduct.tax': [-1e14, 1e14],
  creditlimit: UP_TO_HUNDRED_TRILLIONS,
  budgetamount: UP_TO_A_TRILLION,
  estimatedvalue: [-1e12, 1e12],
  actualvalue: [-1e12, 1e12],
  price: UP_TO_A_TRILLION,
  currentcost: UP_TO_A_TRILLION,
  standardcost: UP_TO_A_TRILLION,
  'productpricelevel.amount': UP_TO_HUNDRED_TRILLIONS,
  percentage: [0, 1e9],
  closeprobability: [0, 100],
  currencyprecision: [0, 4],
  quantitydecimal: [0, 5],
  lineitemnumber: [0, 1e9],
  submitstatus: [0, 1e9],
  quantityshipped: [-1e9, 1e9],
  quantitybackordered: [0, 1e9],
  quantitycancelled: [0, 1e9],
  ...Object.fromEntries(
    ['opportunityproduct', 'quotedetail', 'salesorderdetail', 'invoicedetail'].map((line) => [
      `${line}.quantity`,
      [-1e11, 1e11],
    ]),
  ),
};
const LARGEST_INT32 = 2 ** 31;
/** Its options stand in reference/dataverse-sales 2.15, one more than in the model. */
const LAST_PRICING_ERROR = 38;

export function toValue(table: Table, column: Column, value: unknown): Value {
  if (value === null) return null;
  const { name, type, size } = column;
  switch (type) {
    case 'text':
      if (typeof value !== 'string') throw wrongType(table, value, 'Edm.String');
      if (value.length <= size) return value;
      throw new DataverseError(
        400,
        '0x80044331',
        `A validation error occurred.  The length of the '${name}' attribute of the '${table.name}' entity exceeded the maximum allowed length of '${size}'.`,
      );
    case 'guid':
      return toGuid(table, value);
    case 'int':
      return toInteger(table, column, value, rangeOf(table, name));
    case 'choice': {
      const number = toInteger(table, column, value, undefined);
      if (!isOption(table, name, number)) throw outOfRange(table, name, '0x8004431a');
      return number;
    }
    case 'double':
      if (typeof value !== 'number') throw wrongType(table, value, 'Edm.Double');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw wrongType(table, value, 'Edm.Boolean');
      return value;
    case 'money':
    case 'decimal':
      return toDecimal(table, column, value);
    case 'date':
    case 'datetime':
      return toDate(table, type, value);
  }
}

export function toGuid(table: Table, value: unknown): string {
  if (typeof value !== 'string' || !GUID.test(value)) throw wrongType(table, value, 'Edm.Guid');
  return value.toLowerCase();
}

function toInteger(table: Table, { name }: Column, value: unknown, range: Range | undefined): number {
  const isInt32 =
    typeof value === 'number' && Number.isInteger(value) && value < LARGEST_INT32 && value >= -LARGEST_INT32;
  if (!isInt32) throw wrongType(table, value, 'Edm.Int32');
  if (range && (value < range[0] || value > range[1])) throw outOfRange(table, name, '0x8004432f');
  return value;
}

/** Of a column whose options nobody knows, and of states, which have rules of their own, any number. */
function isOption(table: Table, name: string, value: number): boolean {
  if (name === 'pricingerrorcode') return value >= 0 && value <= LAST_PRICING_ERROR;
  const options = name === 'statecode' || name === 'statuscode' ? undefined : table.choices.get(name);
  return options === undefined || options.has(value);
}

function toDecimal(table: Table, { name, type }: Column, value: unknown): string {
  // microsoft/PowerAppsCodeApps issue 210: what Dataverse answers to a decimal that is text.
  if (typeof value === 'string')
    throw badPayload(
      table,
      "Cannot convert a value to target type 'Edm.Decimal' because of conflict between input format string/number and parameter 'IEEE754Compatible' false/true.",
    );
  if (typeof value !== 'number') throw wrongType(table, value, 'Edm.Decimal');
  const [least, most] = rangeOf(table, name) ?? (type === 'money' ? [-MOST_MONEY, MOST_MONEY] : [-1e11, 1e11]);
  if (value < least || value > most) throw outOfRange(table, name, '0x80044330');
  return /[eE]/.test(String(value)) ? value.toFixed(10) : String(value);
}

/** The Web API converts nothing: a moment without a zone is one of UTC (reference/dataverse-sales 2.14). */
function toDate(table: Table, type: 'date' | 'datetime', value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  const [, day = '', zone] = (type === 'date' ? /^(.*)$/ : MOMENT).exec(text) ?? [];
  const at = Date.parse(text.includes('T') && zone === undefined ? `${text}Z` : text);
  if (!isDay(day) || Number.isNaN(at))
    throw wrongType(table, value, type === 'date' ? 'Edm.Date' : 'Edm.DateTimeOffset');
  if (at < Date.UTC(1753, 0, 1))
    throw new DataverseError(
      400,
      '0x80040239',
      `DateTime is less than minumum value supported by CrmDateTime. Actual value: ${text}, Minimum value supported: 01/01/1753 00:00:00`,
    );
  return type === 'date' ? text : `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** JavaScript makes the third of March of the 31st of February. */
function isDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function rangeOf(table: Table, name: string): Range | undefined {
  return RANGES[`${table.name}.${name}`] ?? RANGES[name];
}

function outOfRange(table: Table, name: string, code: string): DataverseError {
  const text = `A validation error occurred. The value of '${name}' on record of type '${table.name}' is outside the valid range.`;
  return new DataverseError(400, code, text);
}

function wrongType(table: Table, value: unknown, type: string): DataverseError {
  return badPayload(table, `Cannot convert the literal '${String(value)}' to the expected type '${type}'.`);
}

export function badPayload(table: Table, text: string): DataverseError {
  return new DataverseError(
    400,
    '0x80048d19',
    `Error identified in Payload provided by the user for Entity :'${table.set}', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : Microsoft.OData.ODataException: ${text}`,
  );
}
