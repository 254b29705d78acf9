import type { DocumentKind, WonDeal } from '../../deal/deal.js';
import {
  type DimensionValue,
  type DocumentFields,
  type FieldValues,
  hasField,
  hasLineField,
} from '../../deal/document.js';
import type { Problem } from '../../deal/holds.js';
import { decideLine, isLeftOut, type LineDecision, type LineRules } from '../../deal/line-rules.js';
import type { Mapping } from '../rules/mapping.js';
import { type IsSent, type MappedField, type MappedSection, mapSection, mapSources } from './fields.js';
import type { CodeSet } from './targets.js';

/** Asks Business Central, through whoever has a client, whether codes exist and which ids they have. */
export interface Lookups {
  /** By code, and for countries by name as well. A variant is one of an item. */
  findCode(set: CodeSet, code: string, itemNumber?: string): Promise<FoundCode | undefined>;
  findDimensionValue(dimension: string, value: string): Promise<'found' | 'no-dimension' | 'no-value'>;
  /**
   * Default dimensions, code to value; empty for a customer that is still to be made.
   * @param billToNumber the customer that gets the bill, whose they are then (reference/business-central 3.3)
   */
  customerDimensions(billToNumber?: string): Promise<ReadonlyMap<string, string>>;
  itemDimensions(number: string): Promise<ReadonlyMap<string, string>>;
  /** The codes of the two global dimensions, which a header has properties for. */
  shortcutNames(): Promise<readonly string[]>;
}

export interface FoundCode {
  readonly id: string;
  readonly code: string;
  /** Of a currency, where the company says it. */
  readonly decimals?: number | undefined;
}

/** One thing that a person should know of: a cut, a code, a default. */
export interface MappingNote {
  /** `document.shipToCity`, `line 2.description` */
  readonly field: string;
  readonly value: string | boolean;
  readonly source: string;
  readonly isDefault: boolean;
  readonly cutFrom?: string;
  readonly lookedUp?: CodeSet;
  /** Why the value is not sent; the field is left to Business Central. */
  readonly leftOut?: string;
}

export interface Resolved<T> {
  readonly values: T;
  readonly problems: readonly Problem[];
  readonly notes: readonly MappingNote[];
}

/** Properties that stand and fall together: one filled part of an address empties the rest (field mapping 6.2). */
const SHIP_TO = ['AddressLine1', 'AddressLine2', 'City', 'State', 'PostCode', 'Country'].map((part) => `shipTo${part}`);

export async function resolveDocument(
  deal: WonDeal,
  mapping: Mapping,
  rules: LineRules,
  lookups: Lookups,
  documentKind: DocumentKind,
): Promise<Resolved<DocumentFields>> {
  const problems: Problem[] = [];
  const notes: MappingNote[] = [];
  const take = <T>(resolved: Resolved<T>): T => {
    problems.push(...resolved.problems);
    notes.push(...resolved.notes);
    return resolved.values;
  };
  const mappedHeader = await mapSection('document', mapping, deal, undefined, ofHeader(documentKind));
  const header = take(await resolveSection('document', mappedHeader, lookups));
  if (SHIP_TO.some((name) => header[name])) for (const name of SHIP_TO) header[name] ??= '';

  const dimensions = await resolveDimensions('document', mapping, deal, undefined, lookups);
  const { billToCustomerNumber } = header;
  const billTo = typeof billToCustomerNumber === 'string' ? billToCustomerNumber : undefined;
  const ofCustomer = dimensions.size > 0 ? await lookups.customerDimensions(billTo) : new Map<string, string>();
  const global = await takeShortcuts(header, dimensions.values, mapping, lookups);
  notes.push(...global.notes);
  const own = take(withoutDefaults('document', global.others, ofCustomer, "the customer's default"));
  problems.push(...dimensions.problems);
  notes.push(...dimensions.notes);

  const lines: Record<string, { fields: FieldValues; dimensions: readonly DimensionValue[] }> = {};
  for (const line of deal.lines) {
    if (isLeftOut(line, rules)) continue;
    const { kind, number } = decideLine(line, rules, deal);
    if (kind === 'refuse' || kind === 'unmapped') continue;
    const where = `line ${line.sequence / 10_000}`;
    const mapped = await mapSection('line', mapping, deal, line, ofLine(documentKind, kind));
    if (kind === 'comment') {
      lines[line.lineId] = { fields: take(toComment(where, mapped)), dimensions: [] };
      continue;
    }
    const item = kind === 'item' ? number : undefined;
    const fields = take(await resolveSection(where, mapped, lookups, item));
    const wanted = await resolveDimensions(where, mapping, deal, line, lookups);
    problems.push(...wanted.problems);
    notes.push(...wanted.notes);
    let kept: readonly DimensionValue[] = [];
    if (wanted.size > 0) {
      const inherited = new Map([
        ...(dimensions.size > 0 ? ofCustomer : await lookups.customerDimensions(billTo)),
        ...global.values,
        ...own.map(({ code, value }) => [code, value] as const),
        ...(item === undefined ? [] : await lookups.itemDimensions(item)),
      ]);
      kept = take(withoutDefaults(where, wanted.values, inherited, 'what the line inherits'));
    }
    lines[line.lineId] = { fields, dimensions: kept };
  }
  return { values: { header, dimensions: own, lines }, problems, notes };
}

const ofHeader = (document: DocumentKind): IsSent => {
  return (name) => hasField(document, name);
};

/** A comment is its text and nothing else. */
const ofLine = (document: DocumentKind, line: LineDecision['kind']): IsSent => {
  return (name) => (line === 'comment' ? name === TEXT : hasLineField(document, name));
};
const TEXT = 'description';

function toComment(where: string, { fields, problems, left }: MappedSection): Resolved<FieldValues> {
  const text = fields.find(({ name }) => name === TEXT)?.value;
  return {
    values: typeof text === 'string' ? { description: text } : {},
    problems,
    notes: [
      ...left.map((one) => toLeftNote(`${where}.${one.name}`, one)),
      ...fields.map((field) => toNote(where, field)),
    ].map((note) =>
      note.field === `${where}.${TEXT}` ? note : { ...note, leftOut: 'is left out: the line is a comment' },
    ),
  };
}

function toNote(where: string, { name, value, source, isDefault, cutFrom }: MappedField): MappingNote {
  return { field: `${where}.${name}`, value, source, isDefault, ...(cutFrom !== undefined && { cutFrom }) };
}

export async function resolveSection(
  where: string,
  mapped: MappedSection,
  lookups: Pick<Lookups, 'findCode'>,
  itemNumber?: string,
): Promise<Resolved<Record<string, string | boolean>>> {
  const values: Record<string, string | boolean> = {};
  const problems: Problem[] = [...mapped.problems];
  const notes: MappingNote[] = mapped.left.map((one) => toLeftNote(`${where}.${one.name}`, one));
  for (const field of mapped.fields) {
    const { name, target, source } = field;
    const { set } = target;
    let { value } = field;
    if (set && typeof value === 'string') {
      const found = await lookups.findCode(set, value, itemNumber);
      if (!found) {
        const text = `${where}.${name}: '${value}' (${source}) is no code of ${set} in Business Central`;
        if (field.unknown === 'hold') problems.push({ reason: 'code-unknown', text });
        else notes.push(toLeftNote(`${where}.${name}`, { value, source }));
        continue;
      }
      value = target.kind === 'id' ? found.id : found.code;
    }
    values[name] = value;
    notes.push({ ...toNote(where, field), ...(set && { lookedUp: set }) });
  }
  return { values, problems, notes };
}

/** A global dimension is set by its property, which overrides a default where an inserted line would be refused. */
async function takeShortcuts(
  header: Record<string, string | boolean>,
  wanted: WantedDimensions['values'],
  mapping: Mapping,
  lookups: Lookups,
): Promise<{
  readonly others: WantedDimensions['values'];
  readonly values: ReadonlyMap<string, string>;
  readonly notes: readonly MappingNote[];
}> {
  const isNeeded = wanted.length > 0 || mapping.lineDimensions.size > 0;
  const names = isNeeded ? await lookups.shortcutNames() : [];
  const values = new Map<string, string>();
  const notes: MappingNote[] = [];
  names.forEach((code, index) => {
    const property = `shortcutDimension${index + 1}Code`;
    const asked = wanted.find((one) => one.code === code);
    if (asked) {
      header[property] ??= asked.value;
      notes.push({ field: `document.${property}`, value: asked.value, source: asked.source, isDefault: false });
    }
    const value = header[property];
    if (typeof value === 'string' && value !== '') values.set(code, value);
  });
  return { others: wanted.filter(({ code }) => !names.includes(code)), values, notes };
}

function toLeftNote(
  field: string,
  { value, source }: { readonly value: string; readonly source: string },
): MappingNote {
  return { field, value, source, isDefault: false, leftOut: 'has no code' };
}

interface WantedDimensions {
  readonly size: number;
  readonly values: readonly (DimensionValue & { readonly source: string })[];
  readonly problems: readonly Problem[];
  readonly notes: readonly MappingNote[];
}

async function resolveDimensions(
  where: string,
  mapping: Mapping,
  deal: WonDeal,
  line: WonDeal['lines'][number] | undefined,
  lookups: Lookups,
): Promise<WantedDimensions> {
  const sources = line ? mapping.lineDimensions : mapping.dimensions;
  const view = { deal, timeZone: mapping.timeZone, line };
  const mapped = await mapSources(`${where}.dimensions`, sources, mapping, view);
  const problems: Problem[] = [...mapped.problems];
  const values: (DimensionValue & { source: string })[] = [];
  const notes = mapped.left.map((one) => toLeftNote(`${where}.dimensions.${one.name}`, one));
  for (const { name: code, value: found, source, unknown } of mapped.fields) {
    const value = String(found);
    const known = await lookups.findDimensionValue(code, value);
    if (known === 'found') values.push({ code, value, source });
    else if (unknown === 'leave') notes.push(toLeftNote(`${where}.dimensions.${code}`, { value, source }));
    else {
      const what =
        known === 'no-dimension' ? `there is no dimension ${code}` : `'${value}' (${source}) is no value of ${code}`;
      problems.push({ reason: 'code-unknown', text: `${where}.dimensions: ${what} in Business Central` });
    }
  }
  return { size: values.length, values, problems, notes };
}

/**
 * A dimension that is there already may not be inserted again (reference/business-central 2.7): the same is left out,
 * another one is reported.
 */
function withoutDefaults(
  where: string,
  wanted: WantedDimensions['values'],
  present: ReadonlyMap<string, string>,
  whose: string,
): Resolved<DimensionValue[]> {
  const values: DimensionValue[] = [];
  const problems: Problem[] = [];
  const notes: MappingNote[] = [];
  for (const { code, value, source } of wanted) {
    const there = present.get(code);
    if (there !== undefined && there !== value) {
      const text = `${where}.dimensions: ${code} is ${value} by the mapping (${source}) and ${there} by ${whose}`;
      problems.push({ reason: 'dimension-conflict', text });
      continue;
    }
    if (there === undefined) values.push({ code, value });
    notes.push({ field: `${where}.dimensions.${code}`, value, source, isDefault: false });
  }
  return { values, problems, notes };
}

/** What is wrong without asking Business Central: lengths, values that are no codes by the tables, failing formulas. */
export async function findLocalProblems(
  deal: WonDeal,
  mapping: Mapping,
  rules: LineRules,
  documentKind: DocumentKind,
): Promise<Problem[]> {
  const problems = [...(await mapSection('document', mapping, deal, undefined, ofHeader(documentKind))).problems];
  const view = { deal, timeZone: mapping.timeZone };
  problems.push(...(await mapSources('document.dimensions', mapping.dimensions, mapping, view)).problems);
  for (const line of deal.lines) {
    if (isLeftOut(line, rules)) continue;
    const { kind } = decideLine(line, rules, deal);
    problems.push(...(await mapSection('line', mapping, deal, line, ofLine(documentKind, kind))).problems);
    if (kind === 'comment') continue;
    const where = `line ${line.sequence / 10_000}.dimensions`;
    problems.push(...(await mapSources(where, mapping.lineDimensions, mapping, { ...view, line })).problems);
  }
  return problems;
}
