import { toCode } from '../deal/codes.js';
import { CODE_SETS, type CodeSet } from '../mapping/fields/targets.js';
import { allSources } from '../mapping/rules/mapping.js';
import type { Rules } from '../mapping/rules/rules.js';

/** What the rules take for granted in Business Central: codes by the set in which they must exist, and accounts. */

/** Sets that no code of the rules is looked up in as a whole. */
const ELSEWHERE: ReadonlySet<CodeSet> = new Set([
  'customers',
  'itemVariants',
  'shortcutDimension1',
  'shortcutDimension2',
]);
const UNITS: CodeSet = 'unitsOfMeasure';
const COUNTRIES: CodeSet = 'countriesRegions';
const CURRENCIES: CodeSet = 'currencies';

export function codesOfRules({ mapping }: Rules): Readonly<Partial<Record<CodeSet, readonly string[]>>> {
  const codes = new Map<CodeSet, Set<string>>();
  const add = (set: CodeSet, names: readonly string[]): void => {
    const known = codes.get(set) ?? new Set<string>();
    for (const name of names) known.add(toCode(name));
    codes.set(set, known);
  };
  add(UNITS, Object.values(mapping.tables.units));
  add(COUNTRIES, Object.values(mapping.tables.countries));
  add(CURRENCIES, Object.values(mapping.tables.currencies));
  for (const { target, from, table } of allSources(mapping)) {
    const { set } = target;
    if (set === undefined || ELSEWHERE.has(set)) continue;
    if (table) add(set, Object.values(mapping.tables[table]));
    if (from.kind === 'value' && typeof from.value === 'string') add(set, [from.value]);
  }
  const named = CODE_SETS.flatMap((set) => {
    const names = codes.get(set);
    return names && names.size > 0 ? [[set, [...names]] as const] : [];
  });
  return Object.fromEntries(named);
}

export function accountsOfRules({ lines }: Rules): string[] {
  const ofLines = lines.rules?.flatMap(({ as, number }) => (as === 'account' && number ? [number] : [])) ?? [];
  const all = [lines.writeInAccount, lines.freightAccount, ...ofLines];
  return [...new Set(all.filter((number) => number !== undefined).map(toCode))];
}

export function dimensionsOfRules({ mapping }: Rules): string[] {
  return [...new Set([...mapping.dimensions.keys(), ...mapping.lineDimensions.keys()])];
}
