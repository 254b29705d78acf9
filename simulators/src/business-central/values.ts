import type { Entity, Field } from './entities.js';
import { BcError } from './errors.js';

export type Value = string | number | boolean;
/** What a request asks to write, not checked yet. */
export type Body = Readonly<Record<string, unknown>>;
/** Property to value as the API shows it; decimals are text until they are sent. */
export type Row = Record<string, Value>;

/** Values as they come in a body, are kept, and go out (reference/business-central 2.0). */

export const ZERO_GUID = '00000000-0000-0000-0000-000000000000';
export const NO_DATE = '0001-01-01';
const NO_MOMENT = '0001-01-01T00:00:00Z';
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DATE = /^(?!0000)\d{4}-\d{2}-\d{2}$/;
/** A Decimal is that of .NET (dynamics365smb-devitpro-pb, developer/methods-auto/decimal/decimal-data-type.md). */
const MAX_DECIMAL = 79_228_162_514_264_337_593_543_950_335n;

/** Absent values are never null on the wire. */
export function emptyValue(field: Field): Value {
  switch (field.kind) {
    case 'code':
    case 'text':
    case 'stream':
      return '';
    case 'guid':
      return ZERO_GUID;
    case 'decimal':
      return '0';
    case 'int':
    case 'long':
      return 0;
    case 'bool':
      return false;
    case 'date':
      return NO_DATE;
    case 'moment':
      return NO_MOMENT;
    case 'enum':
      return field.options[0] ?? '_x0020_';
  }
}

export function emptyRow(entity: Entity): Row {
  const row: Row = {};
  for (const field of entity.fields.values()) row[field.name] = emptyValue(field);
  return row;
}

/** @throws BcError when the property is unknown or the value does not fit; read-only fields are the caller's matter. */
export function checkValue(entity: Entity, name: string, value: unknown): Value {
  const field = entity.fields.get(name);
  if (!field) {
    throw new BcError(
      400,
      'BadRequest',
      `The property '${name}' does not exist on type 'Microsoft.NAV.${entity.type}'. Make sure to only use property names that are defined by the type.`,
    );
  }
  if (value === null) {
    throw new BcError(400, 'BadRequest_RequiredParamNotProvided', `Field '${name}' must not be blank or empty.`);
  }
  switch (field.kind) {
    case 'code':
      return checkLength(toCode(text(value)), field.length);
    case 'text':
      return checkLength(text(value), field.length);
    case 'guid':
      if (!GUID.test(text(value))) throw badBody();
      return text(value).toLowerCase();
    case 'decimal':
      if (typeof value !== 'number' || Math.abs(value) > MAX_DECIMAL) throw badBody();
      return plainDecimal(value);
    case 'int':
      if (typeof value !== 'number' || (value | 0) !== value) throw badBody();
      return value;
    case 'long':
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw badBody();
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw badBody();
      return value;
    case 'date':
      if (!isDay(text(value))) {
        throw new BcError(400, 'BadRequest', 'Unable to convert value to Date.');
      }
      return text(value);
    case 'moment':
      if (Number.isNaN(Date.parse(text(value)))) throw badBody();
      return text(value);
    case 'enum':
      return checkOption(field, text(value));
    case 'stream':
      if (!BASE64.test(text(value))) throw badBody();
      return text(value);
  }
}

/** A day of the calendar: `Date` takes 2026-02-30 for the second of March. */
export function isDay(text: string): boolean {
  if (!DATE.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

const decoded = (option: string): string =>
  option.replace(/_x([0-9A-Fa-f]{4})_/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** `Sales Order` and `Sales_x0020_Order` are the same value, in a body as in a filter. */
export function findOption(field: Field, value: string): string | undefined {
  const wanted = decoded(value).trim().toLowerCase();
  return field.options.find((option) => decoded(option).trim().toLowerCase() === wanted);
}

function checkOption(field: Field, value: string): string {
  const option = findOption(field, value);
  if (option !== undefined) return option;
  const existing = field.options.map(decoded).join(',');
  throw new BcError(400, 'Unknown', `'${value}' is not an option. The existing options are: ${existing}`);
}

/** Letter by letter: no code grows by its capitals, as ß and ﬁ would in JavaScript. */
export function toCode(value: string): string {
  return value.trim().replaceAll(/\p{L}/gu, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length === letter.length ? upper : letter;
  });
}

export function checkLength(value: string, longest: number): string {
  if (value.length <= longest) return value;
  throw new BcError(
    400,
    'Application_StringExceededLength',
    `The length of the string is ${value.length}, but it must be less than or equal to ${longest} characters. Value: ${value}`,
  );
}

/** Business Central checks each control: a value that is stored already is tolerated on a read-only one. */
export function refuseReadOnly(name: string): never {
  throw new BcError(400, 'BadRequest_InvalidOperation', `Control '${name}' is read-only.`);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw badBody();
}

export function badBody(): BcError {
  return new BcError(400, 'BadRequest', 'Invalid Request Body');
}

/** The entities of a collection that is nested in a body. */
export function nested(value: unknown): Body[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'object' || one === null || Array.isArray(one)))
    throw badBody();
  return value as Body[];
}

function plainDecimal(value: number): string {
  const plain = String(value);
  return /[eE]/.test(plain)
    ? Number(plain)
        .toFixed(10)
        .replace(/\.?0+$/, '')
    : plain;
}

/**
 * One row as the API shows it: etag first, then the fields in their order, decimals as numbers, and of a stream the
 * links below the row's own address.
 */
export function toWire(
  entity: Entity,
  row: Row,
  select: readonly string[] | undefined,
  address: string,
): Record<string, unknown> {
  const wire: Record<string, unknown> = {};
  if (row['@odata.etag'] !== undefined) wire['@odata.etag'] = row['@odata.etag'];
  for (const field of entity.fields.values()) {
    if (select && !select.includes(field.name)) continue;
    if (field.kind === 'stream') {
      const link = `${address}/${field.name}`;
      if (!field.isReadOnly) wire[`${field.name}@odata.mediaEditLink`] = link;
      wire[`${field.name}@odata.mediaReadLink`] = link;
      continue;
    }
    const value = row[field.name] ?? emptyValue(field);
    wire[field.name] = field.kind === 'decimal' ? Number(value) : value;
  }
  return wire;
}
