import { createHash } from 'node:crypto';
import { type RulesFile, rulesFile } from '../rules/rules-file.js';

/** The part of the rules that decides what a document is made of, under a name of its own: its hash. */

const PARTS = [
  'tables',
  'mapping',
  'lineRules',
  'bundles',
  'lineTexts',
  'convertUnits',
  'grossPriceLists',
  'businessTimeZone',
  'writeInAccount',
  'freightAccount',
  'totals',
  'documents',
] as const satisfies readonly (keyof RulesFile)[];

/** How an item's number and the payer follow from Sales; the rest of `masters` is about keeping rows in agreement. */
const PARTS_OF_MASTERS = ['items', 'itemPattern', 'billTo'] as const satisfies readonly (keyof RulesFile['masters'])[];

export interface MappingVersion {
  /** Of the content, however it is written down. */
  readonly hash: string;
  readonly content: unknown;
}

export function toMappingVersion(file: RulesFile): MappingVersion {
  const content = { ...pick(file, PARTS), masters: pick(file.masters, PARTS_OF_MASTERS) };
  return { hash: hashMapping(content), content: JSON.parse(JSON.stringify(content)) };
}

export function hashMapping(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content, sortKeys)).digest('hex').slice(0, HASH_LENGTH);
}

const HASH_LENGTH = 16;

/** Its rules for everything else are the defaults, which nobody means. @throws z.ZodError when a rule is known no more. */
export function readMappingVersion(content: unknown): RulesFile {
  return rulesFile.parse(content);
}

function pick<T extends object, Key extends keyof T>(whole: T, keys: readonly Key[]): Pick<T, Key> {
  return Object.fromEntries(keys.map((key) => [key, whole[key]])) as Pick<T, Key>;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
