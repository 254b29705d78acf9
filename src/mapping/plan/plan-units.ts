import type { DealLine, WonDeal } from '../../deal/deal.js';
import type { DocumentFields } from '../../deal/document.js';
import type { Problem } from '../../deal/holds.js';
import { decideLine, isLeftOut, toUnitCode } from '../../deal/line-rules.js';
import { mapSources } from '../fields/fields.js';
import { type Lookups, resolveSection } from '../fields/resolve.js';
import type { FieldSource, Mapping } from '../rules/mapping.js';
import type { Rules } from '../rules/rules.js';

/** The units that lines are sold in: found to be missing before anything is written. */

const UNIT_FIELD = 'unitOfMeasureCode';
const UNIT_LENGTH = 10; // Code[10], reference/business-central 2.4

type UnitRules = Pick<Rules, 'mapping' | 'lines'>;

/** @param ofNewItems base units of items that are to be created: created with them, or told with them */
export async function findUnitProblems(
  deal: WonDeal,
  rules: UnitRules,
  ofNewItems: ReadonlySet<string>,
  { findCode }: Pick<Lookups, 'findCode'>,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const unknown = new Set<string>();
  for (const line of deal.lines) {
    const [code, ...others] = listUnitCodes(line, deal, rules);
    if (code === undefined || ofNewItems.has(code) || unknown.has(code)) continue;
    if ((await findCode('unitsOfMeasure', code)) || (await findFirst(others))) continue;
    unknown.add(code);
    problems.push(toUnitProblem(`line ${line.sequence / 10_000}`, code, line.unit, 'uomid'));
  }
  return problems;

  async function findFirst(codes: readonly string[]): Promise<boolean> {
    for (const code of codes) if (await findCode('unitsOfMeasure', code)) return true;
    return false;
  }
}

/** Its own unit, then the one that it would be converted to; none where the mapping says another one. */
function listUnitCodes(line: DealLine, deal: WonDeal, { mapping, lines }: UnitRules): string[] {
  if (!line.product || isLeftOut(line, lines) || mapping.sections.line.has(UNIT_FIELD)) return [];
  const { kind } = decideLine(line, lines, deal);
  if (kind !== 'item' && kind !== 'resource') return [];
  const isConvertible = lines.convertUnits && line.unitFactor !== undefined;
  return [line.unit, isConvertible ? line.baseUnit : undefined].flatMap((unit) => toUnitCode(unit, lines) ?? []);
}

/** What the lines of a document have by the mapping as far as it decides about their quantities: the unit that it names. */
export async function resolveMappedUnits(
  deal: WonDeal,
  mapping: Mapping,
  lookups: Pick<Lookups, 'findCode'>,
): Promise<DocumentFields> {
  const source = mapping.sections.line.get(UNIT_FIELD);
  const lines: Record<string, DocumentFields['lines'][string]> = {};
  const sources = new Map<string, FieldSource>(source && [[UNIT_FIELD, source]]);
  for (const line of source ? deal.lines : []) {
    const mapped = await mapSources('line', sources, mapping, { deal, timeZone: mapping.timeZone, line });
    lines[line.lineId] = { fields: (await resolveSection('line', mapped, lookups)).values, dimensions: [] };
  }
  return { header: {}, dimensions: [], lines };
}

/** @param column of Sales, from which the name of the unit comes */
export function toUnitProblem(where: string, code: string, name: string | undefined, column: string): Problem {
  const found = name !== undefined && name !== code ? `'${name}' as ${code}` : `'${code}'`;
  const isLong = code.length > UNIT_LENGTH;
  const why = isLong ? `${code.length} characters where ${UNIT_LENGTH} fit` : 'no unit of Business Central';
  return { reason: 'unit-unknown', text: `${where}: unit ${found} (column ${column}) is ${why}` };
}

export function isTooLong(code: string): boolean {
  return code.length > UNIT_LENGTH;
}
