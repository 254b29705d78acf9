import { isSameCode } from '../../deal/codes.js';
import type { Columns } from '../../deal/deal.js';
import type { FieldValues } from '../../deal/document.js';
import type { Problem } from '../../deal/holds.js';
import {
  type Agreed,
  type BusinessCentralMaster,
  type DataverseMaster,
  decideBlock,
  decideField,
  type FieldKind,
  type MasterRules,
  newerOf,
  toMasterState,
  type Wins,
} from '../../deal/masters.js';
import type { FieldSource, Mapping } from '../rules/mapping.js';
import { findWritableColumn, followedFields, type MasterSection, mapMaster, PRICES } from './master-fields.js';
import type { Lookups } from './resolve.js';

/** One row of both sides, field by field: what is written where, what is agreed, and what a person must decide. */

export interface MasterDifference {
  readonly field: string;
  readonly dataverse: string;
  readonly businessCentral: string;
  /** Whose value will stand. */
  readonly winner: 'sales' | 'business-central' | 'person';
  readonly reason: string;
}

export interface Comparison {
  readonly toBusinessCentral: FieldValues;
  readonly toDataverse: Columns;
  /** What both sides say by now, or will say once it is written. */
  readonly agreed: Readonly<Record<string, Agreed>>;
  /** Set when the block changes: what it was before ours, or nothing when it is ours no more. */
  readonly blockedFrom: string | null | undefined;
  readonly problems: readonly Problem[];
  readonly differences: readonly MasterDifference[];
}

export interface ComparedMaster {
  readonly section: MasterSection;
  readonly dataverse: DataverseMaster;
  readonly businessCentral: BusinessCentralMaster;
  readonly agreed: Readonly<Record<string, Agreed>>;
  readonly blockedFrom: string | undefined;
  /** Deleted in Sales: nothing but the block follows. */
  readonly isDeleted?: boolean;
  /** The number of the company contact that a contact belongs under. */
  readonly companyNumber?: string | undefined;
}

const ZERO_ID = '00000000-0000-0000-0000-000000000000';

function winsOf({ wins, winsFor }: Pick<MasterRules, 'wins' | 'winsFor'>, section: MasterSection, name: string): Wins {
  return winsFor[`${section}.${name}`] ?? winsFor[name] ?? wins;
}

/** Whether Business Central may win a field, so that rows of Sales are written. */
export function mayWriteSales(section: MasterSection, mapping: Mapping, rules: MasterRules): boolean {
  return [...followedFields(section, mapping, rules).keys()].some((name) => winsOf(rules, section, name) !== 'sales');
}

export async function compareMaster(
  { section, dataverse, businessCentral, agreed, blockedFrom, isDeleted, companyNumber }: ComparedMaster,
  rules: MasterRules,
  mapping: Mapping,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<Comparison> {
  const differences: MasterDifference[] = [];
  const problems: Problem[] = [];
  const next: Record<string, Agreed> = {};
  let toBusinessCentral: Record<string, string | boolean> = {};
  let toDataverse: Record<string, string> = {};
  const isActive = !isDeleted && toMasterState(dataverse) === 'active';

  // What is inactive stands still until it is sold again.
  if (isActive) {
    const fields = followedFields(section, mapping, rules);
    const mapped = await mapMaster(section, fields, mapping, dataverse, lookups);
    const newer = newerOf(dataverse, businessCentral);
    problems.push(...mapped.problems);
    const wrong = new Set(mapped.problems.map(({ text }) => fieldOf(text)));
    const undecided: string[] = [];
    const unpriced: string[] = [];
    const otherUnit = await findOtherUnit({ section, dataverse, businessCentral }, mapping, lookups);
    for (const [name, { kind, value }] of mapped.values) {
      if (wrong.has(name)) continue;
      const there = businessCentral.values[name] ?? '';
      const wins = winsOf(rules, section, name);
      const decision = decideField(
        { kind, dataverse: value, businessCentral: there, agreed: agreed[name] },
        wins,
        newer,
      );
      if (decision === 'same') next[name] = { dataverse: value, businessCentral: there };
      if (decision === 'same' || decision === 'leave') continue;
      const difference = { field: name, dataverse: value, businessCentral: there };
      if (otherUnit !== undefined && PRICES.has(name)) {
        unpriced.push(name);
        differences.push({ ...difference, winner: 'person', reason: otherUnit });
        continue;
      }
      const source = fields.get(name) as FieldSource;
      const column = decision === 'to-dataverse' ? findWritableColumn(source, dataverse.columns) : undefined;
      if (decision === 'to-bc') {
        toBusinessCentral[name] = toFieldValue(kind, value);
        next[name] = { dataverse: value, businessCentral: value };
        differences.push({ ...difference, winner: 'sales', reason: `wins: ${wins}` });
      } else if (column !== undefined) {
        toDataverse[column] = there;
        next[name] = { dataverse: there, businessCentral: there };
        differences.push({ ...difference, winner: 'business-central', reason: `wins: ${wins}` });
      } else {
        undecided.push(name);
        const reason = decision === 'person' ? 'both sides changed it' : 'Sales has no column that takes it as it is';
        differences.push({ ...difference, winner: 'person', reason });
      }
    }
    if (undecided.length > 0) {
      const text = `${section}: ${undecided.join(', ')} of Sales and of Business Central are to be made the same`;
      problems.push({ reason: 'master-conflict', text });
    }
    if (unpriced.length > 0)
      problems.push({
        reason: 'master-conflict',
        text: `${section}: ${unpriced.join(', ')} not carried: ${otherUnit}`,
      });
    if (companyNumber !== undefined && businessCentral.values['companyNumber'] !== companyNumber) {
      toBusinessCentral['companyNumber'] = companyNumber;
      const there = businessCentral.values['companyNumber'] ?? '';
      const reason = 'the company is the account of Sales';
      differences.push({
        field: 'companyNumber',
        dataverse: companyNumber,
        businessCentral: there,
        winner: 'sales',
        reason,
      });
    }
  }
  // A row is brought over whole or not at all: half an address would be a wrong one.
  if (problems.some(({ reason }) => reason !== 'master-conflict')) {
    for (const { field } of differences) delete next[field];
    for (const { text, reason } of problems.filter((problem) => problem.reason !== 'master-conflict')) {
      const there = businessCentral.values[fieldOf(text)] ?? '';
      differences.push({ field: fieldOf(text), dataverse: '', businessCentral: there, winner: 'person', reason });
    }
    toBusinessCentral = {};
    toDataverse = {};
  }

  const block = section === 'contact' ? undefined : blockOf(section, isActive, businessCentral, blockedFrom, rules);
  if (block !== undefined) {
    toBusinessCentral['blocked'] = section === 'item' ? block === 'true' : block;
    const reason = isActive ? 'we blocked it, and Sales has it again' : 'Sales has it no more';
    const wanted = section === 'item' ? block : block.replace('_x0020_', 'not blocked');
    const there = businessCentral.values['blocked'] ?? '';
    differences.push({ field: 'blocked', dataverse: wanted, businessCentral: there, winner: 'sales', reason });
  }
  const blockedBefore =
    block !== undefined && !isActive
      ? (businessCentral.values['blocked'] ?? '')
      : // Ours is taken back now, or somebody did that before us: whatever is set later is theirs (I14).
        isActive && blockedFrom !== undefined
        ? null
        : undefined;
  return { toBusinessCentral, toDataverse, agreed: next, blockedFrom: blockedBefore, problems, differences };
}

const BASE_UNIT = 'baseUnitOfMeasureCode';

/** The prices of a product are those of its default unit, the prices of an item those of its base unit. */
async function findOtherUnit(
  { section, dataverse, businessCentral }: Pick<ComparedMaster, 'section' | 'dataverse' | 'businessCentral'>,
  mapping: Mapping,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<string | undefined> {
  const source = section === 'item' ? mapping.sections.item.get(BASE_UNIT) : undefined;
  const counted = businessCentral.values[BASE_UNIT] ?? '';
  if (!source || counted === '' || dataverse.unit === undefined) return undefined;
  const { values, problems } = await mapMaster(section, new Map([[BASE_UNIT, source]]), mapping, dataverse, lookups);
  const sold = values.get(BASE_UNIT)?.value ?? '';
  if (problems.length === 0 && (sold === '' || isSameCode(sold, counted))) return undefined;
  return `the product is sold in ${dataverse.unit}, the item is counted in ${counted}`;
}

function blockOf(
  section: 'customer' | 'item',
  isActive: boolean,
  businessCentral: BusinessCentralMaster,
  blockedFrom: string | undefined,
  rules: MasterRules,
): string | undefined {
  const rule = section === 'item' ? rules.retired : rules.deactivate;
  return decideBlock(section, isActive, rule, businessCentral.values['blocked'] ?? '', blockedFrom);
}

/** `customer.city: 35 characters …` speaks of `city`. */
function fieldOf(text: string): string {
  return /^\w+\.(\w+)/.exec(text)?.[1] ?? text;
}

function toFieldValue(kind: FieldKind, value: string): string | boolean {
  if (kind === 'boolean') return value === 'true';
  if (kind === 'id') return value === '' ? ZERO_ID : value;
  if (kind === 'decimal') return value === '' ? '0' : value;
  if (kind === 'date') return value === '' ? '0001-01-01' : value;
  return value;
}
