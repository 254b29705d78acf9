import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import { z } from 'zod';
import { toCode } from '../../deal/codes.js';
import { DealbridgeError } from '../../deal/errors.js';
import { findNearNames } from '../../deal/near-names.js';
import { compileFormula, FormulaError } from '../fields/expressions.js';
import { SECTIONS, TARGETS } from '../fields/targets.js';
import { type RulesFile, rulesFile } from './rules-file.js';
import { describeValue, isName } from './shown-values.js';
import { findUnfitConstants } from './unfit-constants.js';
import { toReadColumns } from './unread-columns.js';
import { describeYamlError } from './yaml-errors.js';

/** Reads the rules file and tells every fault at once, with line and column, what was found and what would be right. */

export interface RulesFault {
  readonly line: number;
  readonly column: number;
  /** `mapping.customer.email`; empty for the whole. */
  readonly field: string;
  readonly found: string;
  readonly right: string;
}

export class RulesError extends DealbridgeError {
  readonly faults: readonly RulesFault[];
  constructor(file: string, faults: readonly RulesFault[]) {
    const lines = faults.map(
      ({ line, column, field, found, right }) =>
        `  ${file}:${line}:${column}  rule ${field || '(the whole)'}: found ${found}; right: ${right}`,
    );
    super('invalid-rules', `The rules are not usable:\n${lines.join('\n')}`);
    this.faults = faults;
  }
}

/** @throws RulesError */
export function readRules(yaml: string, file = 'dealbridge.yaml'): RulesFile {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const root = document.contents;
  // By mistake it may be a file of keys or passwords.
  if (root && !isMap(root) && !(isScalar(root) && root.value === null)) {
    const found = 'a file that is no map in YAML, whose content is not shown';
    throw new RulesError(file, [
      { line: 1, column: 1, field: '', found, right: 'rules such as `confirmation: person`' },
    ]);
  }
  const faults: RulesFault[] = document.errors.map((error) => ({
    ...at(error.pos[0]),
    field: '',
    found: error.code.toLowerCase().replaceAll('_', ' '),
    right: `YAML: ${describeYamlError(error)}`,
  }));
  if (faults.length > 0) throw new RulesError(file, faults);

  const unknown = findUnknownAliases(document);
  if (unknown.length > 0)
    throw new RulesError(
      file,
      unknown.map((fault) => ({ ...fault, ...at(fault.offset) })),
    );
  const found = toContent(document, file);
  const lost = [...findLostDigits(root), ...findDoubledCodes(root)].filter(({ field }) => isOfRules(field));
  faults.push(...lost.map((fault) => ({ ...fault, ...at(fault.offset) })));
  const parsed = rulesFile.safeParse(found);
  const inFormulas = findFormulaFaults(root, yaml);
  const issues: readonly PlainIssue[] = parsed.success
    ? findUnfitConstants(inFormulas.length > 0 ? undefined : parsed.data)
    : parsed.error.issues.flatMap((issue) => toPlainIssues(issue));
  for (const issue of issues) {
    const offset = issue.isKey ? keyOffset(root, issue.path) : valueOffset(root, issue.path);
    const field = isShown(issue) ? issue.path.join('.') : '';
    faults.push({ ...at(offset), field, found: show(found, issue), right: issue.right });
  }
  // What is read is known of rules that can be understood.
  if (parsed.success && inFormulas.length === 0) inFormulas.push(...findUnreadColumns(root, yaml, parsed.data));
  faults.push(...inFormulas.map((fault) => ({ ...fault, ...at(fault.offset) })));
  if (faults.length > 0 || !parsed.success) {
    throw new RulesError(
      file,
      faults.sort((a, b) => a.line - b.line || a.column - b.column),
    );
  }
  return parsed.data;
}

/** `*` begins an alias in YAML, also where somebody means a star. */
function findUnknownAliases(document: Document) {
  const faults: { field: string; offset: number; found: string; right: string }[] = [];
  visit(document, {
    Alias(_key, alias, ancestors) {
      if (alias.resolve(document)) return;
      const found = isOfRules(pathOf([...ancestors, alias])) ? `the alias *${alias.source}` : 'an alias';
      faults.push({
        field: '',
        offset: alias.range?.[0] ?? 0,
        found,
        right: "a text that begins with * in quotes: '*…'",
      });
    },
  });
  return faults;
}

/** @throws RulesError for aliases of aliases, which make a short file endless */
function toContent(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const found = 'aliases that stand for other aliases again and again';
    throw new RulesError(file, [{ line: 1, column: 1, field: '', found, right: 'the values themselves' }]);
  }
}

interface PlainIssue {
  readonly path: readonly PropertyKey[];
  readonly right: string;
  /** The key itself is wrong, not what stands behind it. */
  readonly isKey: boolean;
}

/** Unions and unknown keys hold several faults in one issue; each is reported on its own. */
function toPlainIssues(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): PlainIssue[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(path);
      return issue.keys.map((key) => ({ path: [...path, key], right: toRightKey(key, known), isKey: true }));
    }
    case 'invalid_union': {
      // The branch that got furthest is the one that was meant.
      const [closest] = [...issue.errors].sort((a, b) => depth(b) - depth(a));
      if (!closest || depth(closest) < 0) return [{ path, right: choices(issue.errors), isKey: false }];
      return closest.flatMap((inner) => toPlainIssues(inner, path));
    }
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, right: inner.message, isKey: true }));
    case 'invalid_value':
      return [{ path, right: `one of ${issue.values.map(String).join(', ')}`, isKey: false }];
    case 'invalid_type':
      return [{ path, right: nounOf(issue.expected), isKey: false }];
    default:
      return [{ path, right: issue.message, isKey: false }];
  }
}

/** How far a branch of a union came: -1 when what was found is of another kind altogether. */
function depth(issues: readonly z.core.$ZodIssue[]): number {
  const isOther = issues.some(
    ({ code, path }) =>
      path.length === 0 && (code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union'),
  );
  return isOther ? -1 : Math.max(...issues.map(({ path }) => path.length), 0);
}

function choices(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const named = branches.flat().map((issue) => {
    if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ');
    if (issue.code === 'invalid_type') return nounOf(issue.expected);
    return issue.message;
  });
  return [...new Set(named)].join(' or ');
}

function nounOf(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function toRightKey(key: string, known: readonly string[]): string {
  const near = findNearNames(key, known).slice(0, 3);
  if (near.length > 0) return near.join(' or ');
  return known.length > 0 ? `one of ${known.join(', ')}` : 'no such key';
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let here: unknown = z.toJSONSchema(rulesFile, { io: 'input', unrepresentable: 'any' });
  for (const key of path) {
    const { properties, items, additionalProperties } = objectIn(here);
    here = typeof key === 'number' ? items : (properties?.[String(key)] ?? additionalProperties);
  }
  return Object.keys(objectIn(here).properties ?? {});
}

interface SchemaObject {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly additionalProperties?: unknown;
}

function objectIn(schema: unknown): SchemaObject {
  if (typeof schema !== 'object' || schema === null) return {};
  if ('anyOf' in schema && Array.isArray(schema.anyOf)) {
    const found = schema.anyOf.map(objectIn).find((one) => one.properties || one.items);
    return found ?? {};
  }
  return schema;
}

const RULE_NAMES: ReadonlySet<string> = new Set(Object.keys(rulesFile.shape));

/** Under any other name stands what is no rule of ours, and nobody knows how secret it is. */
function isOfRules(field: string): boolean {
  return RULE_NAMES.has(field.split('.', 1)[0] ?? '');
}

function isShown({ path, isKey }: Pick<PlainIssue, 'path' | 'isKey'>): boolean {
  const [name = ''] = path.map(String);
  return RULE_NAMES.has(name) || (isKey && isName(name));
}

function show(found: unknown, { path, isKey, right }: PlainIssue): string {
  if (!isShown({ path, isKey })) return isKey ? 'a key that is not shown' : 'what is not shown';
  if (isKey) return `the key '${String(path.at(-1))}'`;
  const value = path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    found,
  );
  return value === undefined ? 'nothing' : describeValue(value, right);
}

function startOf(node: ParsedNode | Node | null | undefined): number | undefined {
  return node?.range?.[0];
}

/** Where a value stands, or the nearest thing around it when it is missing. */
function valueOffset(root: ParsedNode | null, path: readonly PropertyKey[]): number {
  let here: unknown = root;
  let offset = startOf(root) ?? 0;
  for (const key of path) {
    if (isMap(here)) {
      const pair = here.items.find((one) => isScalar(one.key) && one.key.value === key);
      if (!pair) return offset;
      offset = startOf(pair.key as Scalar) ?? offset;
      here = pair.value;
    } else if (isSeq(here)) here = here.items[Number(key)];
    offset = startOf(here as Node) ?? offset;
  }
  return offset;
}

function keyOffset(root: ParsedNode | null, path: readonly PropertyKey[]): number {
  const key = path.at(-1);
  let here: unknown = root;
  for (const step of path.slice(0, -1)) {
    if (isMap(here)) here = here.get(step, true);
    else if (isSeq(here)) here = here.items[Number(step)];
  }
  const pair = isMap(here) && here.items.find((one) => isScalar(one.key) && one.key.value === key);
  const start = pair && isScalar(pair.key) ? startOf(pair.key) : undefined;
  return start ?? valueOffset(root, path);
}

type PlacedFault = Omit<RulesFault, 'line' | 'column'> & { readonly offset: number };

/** Where a number without quotes is a text: the code of an account, of a unit, of an item. */
const CODE_PLACES =
  /^(writeInAccount|freightAccount|tables\.[^.]+\..+|masters\.items\..+|lineRules\.\d+\.number|mapping\.(dimensions|lineDimensions)\..+\.value|companies\.\d+\.when\.column\.value)$/;

/** A constant of the mapping is one as well, unless its field is an amount. */
function isCodePlace(place: string): boolean {
  const [, section, field] = /^mapping\.(\w+)\.(\w+)\.value$/.exec(place) ?? [];
  const target = SECTIONS.find((one) => one === section);
  if (target === undefined || field === undefined) return CODE_PLACES.test(place);
  return TARGETS[target].get(field)?.kind !== 'decimal';
}

/** `0300` without quotes is the number 300 to YAML, and `84.10` is 84.1, which no account means. */
function findLostDigits(root: ParsedNode | null): PlacedFault[] {
  const faults: PlacedFault[] = [];
  if (!root) return faults;
  visit(root, {
    Scalar: (_key, node, ancestors) => {
      const { source, value } = node;
      if (typeof value !== 'number' || !source) return;
      const field = pathOf([...ancestors, node]);
      if (!/^0\d/.test(source) && (String(value) === source || !isCodePlace(field))) return;
      faults.push({ offset: startOf(node) ?? 0, field, found: source, right: `'${source}' in quotes` });
    },
  });
  return faults;
}

/** What is looked up whether it is in upper or lower case. */
const CODE_KEYS = /^(tables\.[^.]+|masters\.items|mapping\.(dimensions|lineDimensions))$/;

/** Of two keys that are the same code one would be lost without a word. */
function findDoubledCodes(root: ParsedNode | null): PlacedFault[] {
  const faults: PlacedFault[] = [];
  if (!root) return faults;
  visit(root, {
    Map: (_key, node, ancestors) => {
      const place = pathOf([...ancestors, node]);
      if (!CODE_KEYS.test(place)) return;
      const known = new Map<string, string>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const other = known.get(toCode(name));
        known.set(toCode(name), other ?? name);
        if (other === undefined) continue;
        const right = `one code for '${other}' and '${name}', which are the same`;
        faults.push({ offset: startOf(key) ?? 0, field: `${place}.${name}`, found: `the key '${name}'`, right });
      }
    },
  });
  return faults;
}

interface PlacedFormula {
  readonly text: string;
  readonly field: string;
  /** Where a character of it stands in the file. */
  toOffset(at: number): number;
}

function listFormulas(root: ParsedNode | null, yaml: string): PlacedFormula[] {
  const formulas: PlacedFormula[] = [];
  if (!root) return formulas;
  visit(root, {
    Pair: (_key, pair, ancestors) => {
      if (!isScalar(pair.key) || pair.key.value !== 'expression' || !isScalar(pair.value)) return;
      const { value } = pair.value;
      if (typeof value !== 'string') return;
      const toOffset = (at: number): number => offsetInScalar(pair.value as Scalar<string>, at, yaml);
      const field = pathOf([...ancestors, pair]);
      if (isOfRules(field)) formulas.push({ text: value, field, toOffset });
    },
  });
  return formulas;
}

function findFormulaFaults(root: ParsedNode | null, yaml: string): PlacedFault[] {
  return listFormulas(root, yaml).flatMap(({ text, field, toOffset }) => {
    try {
      compileFormula(text);
      return [];
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error;
      const right = `JSONata: ${error.message}`;
      return [{ offset: toOffset(error.at), field, found: JSON.stringify(text), right }];
    }
  });
}

/** A column that nothing reads is empty in every deal, and its formula gives less without a word. */
function findUnreadColumns(root: ParsedNode | null, yaml: string, file: RulesFile): PlacedFault[] {
  const isRead = toReadColumns(file);
  return listFormulas(root, yaml).flatMap(({ text, field, toOffset }) => {
    const [, section = ''] = field.split('.');
    const unread = compileFormula(text).columns.filter((named) => !isRead(section, named));
    return unread.map(({ row, column, at }) => {
      const name = row ? `${row}.${column}` : column;
      const right = `${name} in mapping.read as well, since a formula alone reads no column`;
      return { offset: toOffset(at), field, found: `the column ${name}, which nothing reads`, right };
    });
  });
}

/** A place within a text, counted in the file: behind the quote, or in its own line of a block. */
function offsetInScalar(node: Scalar<string>, at: number, yaml: string): number {
  const start = startOf(node) ?? 0;
  if (node.type === 'PLAIN') return start + at;
  if (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE') return start + 1 + at;
  if (node.type !== 'BLOCK_LITERAL') return start;
  const before = node.value.slice(0, at).split('\n');
  let line = yaml.indexOf('\n', start) + 1;
  const indent = /^ */.exec(yaml.slice(line))?.[0].length ?? 0;
  for (let passed = 1; passed < before.length; passed += 1) line = yaml.indexOf('\n', line) + 1;
  return line + indent + (before.at(-1)?.length ?? 0);
}

function pathOf(nodes: readonly unknown[]): string {
  const names: string[] = [];
  nodes.forEach((node, index) => {
    const parent = nodes[index - 1];
    if (isPair(node) && isScalar(node.key)) names.push(String(node.key.value));
    else if (isSeq(parent)) names.push(String(parent.items.indexOf(node as never)));
  });
  return names.join('.');
}
