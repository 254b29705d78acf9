import { toCode } from '../../deal/codes.js';
import type { DealLine, WonDeal } from '../../deal/deal.js';
import type { HoldReason, Problem } from '../../deal/holds.js';
import { cutTo } from '../../deal/texts.js';
import type { CodeTables, FieldSource, Mapping } from '../rules/mapping.js';
import type { Section, Target } from './targets.js';
import { type DealView, findColumn, isDay, toFormulaInput, toLocalDate } from './view.js';

/** Turns columns, constants and formulas into values that Business Central can take; nothing is cut in silence. */

export interface MappedField {
  readonly name: string;
  readonly value: string | boolean;
  readonly target: Target;
  /** Where it comes from, in words: `column account.name`. */
  readonly source: string;
  readonly isDefault: boolean;
  /** What Sales said, when the value was cut. */
  readonly cutFrom?: string;
  /** What a value without a code does. */
  readonly unknown: 'hold' | 'leave';
}

export interface MappedSection {
  readonly fields: readonly MappedField[];
  readonly problems: readonly Problem[];
  /** Values without a code that the configuration leaves to Business Central. */
  readonly left: readonly LeftField[];
}

export interface LeftField {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}

/** Whether the document has the field: what is wrong with another one is nobody's problem. */
export type IsSent = (name: string) => boolean;

export async function mapSection(
  section: Section,
  mapping: Mapping,
  deal: WonDeal,
  line?: DealLine,
  isSent?: IsSent,
): Promise<MappedSection> {
  const where =
    section === 'line' && line
      ? `line ${line.sequence / 10_000}`
      : section === 'item' && line?.product
        ? `item ${line.product.number}`
        : section;
  return mapSources(where, mapping.sections[section], mapping, { deal, timeZone: mapping.timeZone, line }, isSent);
}

export async function mapSources(
  where: string,
  sources: ReadonlyMap<string, FieldSource>,
  mapping: Mapping,
  view: DealView,
  isSent: IsSent = () => true,
): Promise<MappedSection> {
  const fields: MappedField[] = [];
  const problems: Problem[] = [];
  const left: LeftField[] = [];
  for (const [name, source] of sources) {
    const mapped = await mapField(name, source, mapping.tables, view);
    if (mapped === undefined) continue;
    if ('reason' in mapped) {
      if (isSent(name)) problems.push({ reason: mapped.reason, text: `${where}.${name}: ${mapped.text}` });
    } else if ('target' in mapped) fields.push(mapped);
    else left.push(mapped);
  }
  return { fields, problems, left };
}

type Mapped = MappedField | LeftField | { readonly reason: HoldReason; readonly text: string } | undefined;

async function mapField(name: string, source: FieldSource, tables: CodeTables, view: DealView): Promise<Mapped> {
  const { target, required } = source;
  const found = await findValue(source, view);
  if (typeof found === 'object') return found;
  // Blanks are nothing in Business Central, and a column of them is not even read.
  if (found === undefined || (typeof found === 'string' && found.trim() === '')) {
    return required
      ? { reason: blame('value-missing', source), text: `${describeSource(source)} holds nothing` }
      : undefined;
  }
  const common = { name, target, source: describeSource(source), isDefault: source.isDefault, unknown: source.unknown };
  const value = translate(found, source, tables);
  if (typeof value === 'object') {
    return source.unknown === 'leave' ? { name, value: String(found), source: common.source } : value;
  }
  return toFitting(common, target.kind === 'date' ? toLocalDate(String(value), view.timeZone) : value, source);
}

/** @returns a text or a truth, or what is wrong with the formula. */
async function findValue(
  { from }: FieldSource,
  view: DealView,
): Promise<string | boolean | undefined | { readonly reason: HoldReason; readonly text: string }> {
  switch (from.kind) {
    case 'value':
      return from.value;
    case 'columns': {
      const values = from.columns.map((column) => findColumn(view, column)).filter((value) => value !== undefined);
      return from.isJoined ? values.join(', ') : values[0];
    }
    case 'formula': {
      const failed = (text: string) => ({ reason: 'mapping-failed' as const, text });
      let result: unknown;
      try {
        result = await from.formula.evaluate(toFormulaInput(view), view.timeZone);
      } catch (error) {
        // JSONata throws plain objects; its message names what it met, never a whole record.
        const { message } = error as { message?: unknown };
        return failed(`the formula failed: ${typeof message === 'string' ? message : 'no reason given'}`);
      }
      if (result === undefined || result === null) return undefined;
      if (typeof result === 'string' || typeof result === 'boolean') return result;
      if (typeof result === 'number' && Number.isSafeInteger(result)) return String(result);
      const what =
        typeof result === 'number' ? `the float ${result}` : Array.isArray(result) ? 'a list' : typeof result;
      return failed(`the formula gives ${what}; a text, a whole number or true or false is right`);
    }
  }
}

type Wrong = { readonly reason: HoldReason; readonly text: string };

/** Looks the value up in its code table; units and countries may be codes already. */
function translate(found: string | boolean, source: FieldSource, tables: CodeTables): string | boolean | Wrong {
  const { table, isDefault } = source;
  if (table === undefined || typeof found === 'boolean') return found;
  const code = tables[table][toCode(found)];
  if (code !== undefined) return code;
  if (table === 'units' || table === 'currencies') return toCode(found);
  // Business Central knows countries by name as well; what it does not know is reported after it was asked.
  if (table === 'countries' && isDefault) return found.trim();
  return { reason: 'code-unknown', text: `'${found}' (${nameOrigin(source)}) is not in the table ${table}` };
}

/** ISO codes are codes of Business Central, unless the table says otherwise. */
export function toCurrencyCode(iso: string, currencies: CodeTables['currencies']): string {
  const wanted = iso.trim().toUpperCase();
  return currencies[wanted] ?? wanted;
}

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

function toFitting(
  common: Pick<MappedField, 'name' | 'target' | 'source' | 'isDefault' | 'unknown'>,
  value: string | boolean,
  source: FieldSource,
): Mapped {
  const { target } = common;
  const { cut } = source;
  switch (target.kind) {
    case 'boolean': {
      const truth = typeof value === 'boolean' ? value : TRUTHS.get(value.toLowerCase());
      return truth === undefined
        ? wrong(`'${value}' (${common.source}) is neither true nor false`)
        : { ...common, value: truth };
    }
    case 'date':
      return isDay(String(value))
        ? { ...common, value }
        : wrong(`'${value}' (${common.source}) is no date such as 2026-03-31`);
    case 'decimal':
      return /^-?\d+(?:\.\d+)?$/.test(String(value))
        ? { ...common, value }
        : wrong(`'${value}' (${common.source}) is no number`);
    case 'option': {
      const option = target.options.find((one) => one.toLowerCase() === String(value).toLowerCase());
      return option === undefined
        ? wrong(`'${value}' (${common.source}) is none of ${target.options.join(', ')}`)
        : { ...common, value: option };
    }
    case 'id':
      return { ...common, value: String(value).trim() };
    case 'text':
    case 'code': {
      const text = target.kind === 'code' ? toCode(String(value)) : String(value);
      const refused = target.format && whyRefused(target.format, text);
      if (refused) return { reason: 'value-refused', text: `${refused} (${common.source})` };
      // A country that still has to be found by its name may be longer than its code.
      if (text.length <= target.length || target.set === 'countriesRegions') {
        return { ...common, value: target.set === 'countriesRegions' ? String(value).trim() : text };
      }
      if (cut) return { ...common, value: cutTo(text, target.length), cutFrom: text };
      return {
        // Nobody shortens the name of a unit: it gets a code in the table.
        reason: target.set === 'unitsOfMeasure' ? 'unit-unknown' : blame('value-too-long', source),
        text: `${text.length} characters where ${target.length} fit (${common.source})`,
      };
    }
  }
}

/** What would be right in place of a constant that the field never takes; undefined where it may take it, or has none. */
export function whatFits(source: FieldSource, tables: CodeTables): string | undefined {
  const { from, target, table } = source;
  if (from.kind !== 'value' || String(from.value).trim() === '') return undefined;
  const value = translate(from.value, source, tables);
  if (typeof value === 'object') return source.unknown === 'leave' ? undefined : `a word of the table ${table}`;
  const common = { name: '', target, source: '', isDefault: false, unknown: source.unknown };
  const fitted = toFitting(common, target.kind === 'date' ? toLocalDate(String(value), 'UTC') : value, source);
  return fitted && 'reason' in fitted ? nameFitting(target) : undefined;
}

const FORMATS: Readonly<Record<NonNullable<Target['format']>, string>> = {
  'e-mail': 'an e-mail address such as name@example.com, ',
  phone: 'a telephone number without letters, ',
};

function nameFitting({ kind, format, length, options }: Target): string {
  switch (kind) {
    case 'boolean':
      return 'true or false';
    case 'date':
      return 'a date such as 2026-03-31';
    case 'decimal':
      return 'a number such as 12.50';
    case 'option':
      return `one of ${options.join(', ')}`;
    default:
      return `${format === undefined ? '' : FORMATS[format]}at most ${length} characters, or cut`;
  }
}

/** The rules of Business Central's own fields (reference/business-central 2.2). */
function whyRefused(format: NonNullable<Target['format']>, text: string): string | undefined {
  switch (format) {
    case 'phone':
      return /\p{L}/u.test(text) ? `'${text}' has letters, which no phone number may have` : undefined;
    case 'e-mail': {
      const addresses = text
        .replace(/^;+|;+$/g, '')
        .split(';')
        .map((one) => one.trim());
      const odd = addresses.find((address) => !/^[^\s@,]+@[^\s@,]+$/.test(address));
      return odd === undefined ? undefined : `'${odd}' is no e-mail address such as name@example.com`;
    }
  }
}

function wrong(text: string): Wrong {
  return { reason: 'mapping-failed', text };
}

/** A seller corrects what stands in a column; which columns a formula has made a value of only its author can tell. */
function blame(reason: 'value-missing' | 'value-too-long', { from }: FieldSource): HoldReason {
  return from.kind === 'columns' ? reason : 'mapping-failed';
}

function describeSource(source: FieldSource): string {
  return `${nameOrigin(source)}${source.table ? ` by the table ${source.table}` : ''}`;
}

/** Where whoever mends a value finds it. */
function nameOrigin({ from }: FieldSource): string {
  switch (from.kind) {
    case 'value':
      return 'the constant of the configuration';
    case 'formula':
      return 'the formula of the configuration';
    case 'columns':
      return `column ${nameColumns(from)}`;
  }
}

function nameColumns({ columns, isJoined }: Extract<FieldSource['from'], { kind: 'columns' }>): string {
  const names = columns.map(({ row, column }) => (row === 'record' ? column : `${row}.${column}`));
  return names.join(isJoined ? ' with ' : ' or ');
}
