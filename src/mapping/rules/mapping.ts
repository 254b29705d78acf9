import { toCode } from '../../deal/codes.js';
import { InternalError } from '../../deal/errors.js';
import type { LineRules } from '../../deal/line-rules.js';
import { compileFormula, type Formula } from '../fields/expressions.js';
import { parseSourceColumn, type SourceColumn } from '../fields/sources.js';
import { type CodeTableName, SECTIONS, type Section, TARGETS, type Target } from '../fields/targets.js';
import type { FieldRule, RulesFile } from './rules-file.js';

/** The mapping ready for use: the configuration over the defaults, formulas compiled. */

export interface FieldSource {
  readonly target: Target;
  readonly from:
    | { readonly kind: 'columns'; readonly columns: readonly SourceColumn[]; readonly isJoined?: boolean }
    | { readonly kind: 'value'; readonly value: string | boolean }
    | { readonly kind: 'formula'; readonly formula: Formula };
  readonly table: CodeTableName | undefined;
  readonly cut: boolean;
  readonly required: boolean;
  readonly unknown: 'hold' | 'leave';
  /** False when the configuration says so; true for the default field mapping. */
  readonly isDefault: boolean;
}

export type CodeTables = Readonly<Record<CodeTableName, Readonly<Record<string, string>>>>;

export interface Mapping {
  readonly sections: Readonly<Record<Section, ReadonlyMap<string, FieldSource>>>;
  readonly dimensions: ReadonlyMap<string, FieldSource>;
  readonly lineDimensions: ReadonlyMap<string, FieldSource>;
  readonly tables: CodeTables;
  readonly timeZone: string;
  /** Columns that only formulas use. */
  readonly read: readonly SourceColumn[];
}

export function toMapping(file: RulesFile): Mapping {
  const tables = toTables(file);
  return {
    sections: {
      customer: sectionOf('customer'),
      contact: sectionOf('contact'),
      item: sectionOf('item'),
      document: sectionOf('document'),
      line: sectionOf('line'),
    },
    dimensions: dimensionsOf(file.mapping.dimensions),
    lineDimensions: dimensionsOf(file.mapping.lineDimensions),
    tables,
    timeZone: file.businessTimeZone,
    read: file.mapping.read.map(toSourceColumn),
  };

  function sectionOf(section: Section): ReadonlyMap<string, FieldSource> {
    const given = file.mapping[section];
    const fields = new Map<string, FieldSource>();
    for (const [name, target] of TARGETS[section]) {
      const rule = given[name];
      const source =
        rule === undefined ? toDefault(target, tables) : rule === false ? undefined : toSource(rule, target);
      if (source) fields.set(name, source);
    }
    return fields;
  }
}

export function toLineRules(file: RulesFile, { tables }: Mapping): LineRules {
  const { writeInAccount, freightAccount, bundles, lineTexts, convertUnits, grossPriceLists } = file;
  return {
    writeInAccount,
    freightAccount,
    units: tables.units,
    rules: file.lineRules.map(({ when, as, number }) => ({
      when: { ...when, line: listOf(when.line), productType: listOf(when.productType) },
      as,
      number,
    })),
    bundles,
    memos: lineTexts,
    convertUnits,
    grossPriceLists,
  };
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : ([value].flat() as readonly T[]);
}

/** A dimension value is a code; which ones exist is asked by the dimension's own set. */
const DIMENSION_VALUE: Target = { kind: 'code', length: 20, options: [], required: false };

function dimensionsOf(rules: Readonly<Record<string, FieldRule>>): ReadonlyMap<string, FieldSource> {
  return new Map(Object.entries(rules).map(([code, rule]) => [toCode(code), toSource(rule, DIMENSION_VALUE)]));
}

/** A default that needs a code table works once the table has entries; until then Business Central decides. */
function toDefault(target: Target, tables: CodeTables): FieldSource | undefined {
  const { fallback } = target;
  if (!fallback) return undefined;
  const { table } = fallback;
  const canDoWithout = table === 'countries' || table === 'units' || table === 'currencies';
  if (table && !canDoWithout && Object.keys(tables[table]).length === 0) return undefined;
  return {
    target,
    from: { kind: 'columns', columns: fallback.columns.map(toSourceColumn), isJoined: fallback.isJoined },
    table,
    cut: fallback.cut,
    required: target.required,
    unknown: 'hold',
    isDefault: true,
  };
}

function toSource(rule: FieldRule, target: Target): FieldSource {
  return {
    target,
    from: originOf(rule),
    table: rule.table,
    cut: rule.cut ?? false,
    required: rule.required ?? target.required,
    unknown: rule.unknown ?? 'hold',
    isDefault: false,
  };
}

function originOf({ column, value, expression }: FieldRule): FieldSource['from'] {
  if (column !== undefined) return { kind: 'columns', columns: [column].flat().map(toSourceColumn) };
  if (expression !== undefined) return { kind: 'formula', formula: compileFormula(expression) };
  return { kind: 'value', value: typeof value === 'boolean' ? value : String(value) };
}

function toSourceColumn(text: string): SourceColumn {
  const column = parseSourceColumn(text);
  if (!column) throw new InternalError(`'${text}' was checked and is no column all the same`);
  return column;
}

function toTables(file: RulesFile): CodeTables {
  const tableOf = (name: CodeTableName): Readonly<Record<string, string>> => file.tables[name] ?? {};
  return {
    countries: tableOf('countries'),
    currencies: tableOf('currencies'),
    paymentTerms: tableOf('paymentTerms'),
    shippingMethods: tableOf('shippingMethods'),
    shipmentMethods: tableOf('shipmentMethods'),
    salespeople: tableOf('salespeople'),
    units: tableOf('units'),
    taxGroups: tableOf('taxGroups'),
  };
}

/** Every source of a column, to know what has to be read. */
export function allSources(mapping: Mapping, sections: readonly Section[] = SECTIONS): FieldSource[] {
  return [
    ...sections.flatMap((section) => [...mapping.sections[section].values()]),
    ...mapping.dimensions.values(),
    ...mapping.lineDimensions.values(),
  ];
}
