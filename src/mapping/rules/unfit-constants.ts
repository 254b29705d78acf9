import { toCode } from '../../deal/codes.js';
import { whatFits } from '../fields/fields.js';
import { SECTIONS } from '../fields/targets.js';
import { type FieldSource, toMapping } from './mapping.js';
import type { RulesFile } from './rules-file.js';

/**
 * Constants that their field does not take: no deal could go by them.
 * @param file undefined while it has formulas that do not compile
 */
export function findUnfitConstants(
  file: RulesFile | undefined,
): { readonly path: readonly PropertyKey[]; readonly right: string; readonly isKey: false }[] {
  if (!file) return [];
  const mapping = toMapping(file);
  const constants: (readonly [path: readonly string[], source: FieldSource | undefined])[] = [
    ...SECTIONS.flatMap((section) =>
      Object.keys(file.mapping[section]).map((name) => [[section, name], mapping.sections[section].get(name)] as const),
    ),
    ...(['dimensions', 'lineDimensions'] as const).flatMap((section) =>
      Object.keys(file.mapping[section]).map((code) => [[section, code], mapping[section].get(toCode(code))] as const),
    ),
  ];
  return constants.flatMap(([path, source]) => {
    const right = source && whatFits(source, mapping.tables);
    return right === undefined ? [] : [{ path: ['mapping', ...path, 'value'], right, isKey: false as const }];
  });
}
