import type { Exchange, Recording, Run } from './records.js';

/** What tenant and simulator do differently, case by case. Data differ in any case; only what a client relies on counts. */

export interface Difference {
  readonly name: string;
  readonly details: readonly string[];
}

export interface Comparison {
  /** Cases that went through on both sides, alike or not. */
  readonly compared: number;
  readonly skipped: number;
  readonly differences: readonly Difference[];
}

export function compareRuns({ simulator, tenant }: Recording): Comparison {
  const differences: Difference[] = [];
  let [compared, skipped] = [0, 0];
  for (const [name, ours] of simulator) {
    const theirs = tenant.get(name);
    if (!theirs || (ours.outcome === 'skipped' && theirs.outcome === 'skipped')) {
      skipped += 1;
      continue;
    }
    compared += 1;
    const details = compareCase(ours, theirs);
    if (details.length > 0) differences.push({ name, details });
  }
  return { compared, skipped, differences };
}

function compareCase(ours: Run, theirs: Run): string[] {
  const details: string[] = [];
  if (ours.outcome !== theirs.outcome || ours.failure !== theirs.failure)
    details.push(`outcome: tenant ${describeRun(theirs)}, simulator ${describeRun(ours)}`);
  const count = Math.min(ours.exchanges.length, theirs.exchanges.length);
  for (let index = 0; index < count; index += 1) {
    const [left, right] = [ours.exchanges[index], theirs.exchanges[index]];
    if (!left || !right) break;
    const asked = `${left.method} ${mask(left.path)}`;
    for (const detail of compareExchange(left, right)) details.push(`${asked}: ${detail}`);
  }
  return [...new Set(details)];
}

function describeRun({ outcome, failure }: Run): string {
  return failure === undefined ? outcome : `${outcome} (${failure})`;
}

/** Headers that clients act on. */
const HEADERS = ['content-type', 'odata-version', 'preference-applied', 'www-authenticate', 'allow'];

/** FetchXML leaves empty columns out of its rows, so that those say more of the data than of the server. */
const LEAVES_OUT = /[?&](?:fetchXml|savedQuery|userQuery)=/i;

function compareExchange(ours: Exchange, theirs: Exchange): string[] {
  const details: string[] = [];
  const differ = (what: string, tenant: unknown, simulator: unknown): void => {
    if (tenant !== simulator) details.push(`${what}: tenant ${show(tenant)}, simulator ${show(simulator)}`);
  };
  differ('status', theirs.status, ours.status);
  for (const name of HEADERS) differ(name, normalized(theirs.headers[name]), normalized(ours.headers[name]));
  const [right, left] = [errorOf(theirs.body), errorOf(ours.body)];
  differ('error code', right?.code, left?.code);
  differ('error text', right?.text, left?.text);
  if (theirs.status === ours.status && !right && !LEAVES_OUT.test(ours.path))
    details.push(...compareFields(ours.body, theirs.body));
  return details;
}

function compareFields(ours: unknown, theirs: unknown): string[] {
  const [left, right] = [fieldsOf(ours), fieldsOf(theirs)];
  if (!left || !right) return [];
  const missing = right.filter((name) => !left.includes(name));
  const more = left.filter((name) => !right.includes(name));
  return [
    ...(missing.length > 0 ? [`fields that only the tenant has: ${missing.join(', ')}`] : []),
    ...(more.length > 0 ? [`fields that only the simulator has: ${more.join(', ')}`] : []),
  ];
}

/** Of the object, or of the first row of a list; undefined where there is nothing to compare. */
function fieldsOf(body: unknown): string[] | undefined {
  if (!isObject(body)) return undefined;
  const { value } = body;
  if (!Array.isArray(value)) return Object.keys(body).sort();
  const rows = value.filter(isObject);
  return rows.length === 0 ? undefined : [...new Set(rows.flatMap((row) => Object.keys(row)))].sort();
}

/** `{"error":{"code","message"}}` of OData, or `error_codes` and `error_description` of Entra. */
function errorOf(body: unknown): { readonly code: string; readonly text: string } | undefined {
  if (!isObject(body)) return undefined;
  const { error, error_codes: codes, error_description: description } = body;
  if (isObject(error)) return { code: String(error['code']).toLowerCase(), text: mask(String(error['message'])) };
  return typeof description === 'string' ? { code: String(codes), text: mask(description) } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gi;

/** Ids, moments, numbers and quoted values are of the data. */
function mask(text: string): string {
  return text
    .replace(ID, '<id>')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, '<moment>')
    .replace(/https?:\/\/[^\s'"<>)]+/g, '<address>')
    .replace(/'[^']*'/g, "'…'")
    .replace(/\d[\d.,]*/g, '<n>');
}

/** Parameters in any order and case, and boundaries whatever their id is. */
function normalized(header: string | undefined): string | undefined {
  return header?.toLowerCase().replace(ID, '<id>').split(/;\s*/).sort().join('; ');
}

function show(value: unknown): string {
  return value === undefined ? 'none' : String(value);
}

export function describeComparison({ compared, skipped, differences }: Comparison, left: Recording['left']): string {
  const found = differences.flatMap(({ name, details }) => [name, ...details.map((detail) => `  ${detail}`), '']);
  const stayed = left.map(({ url, status }) => `left in the tenant (DELETE answers ${status}): ${url}`);
  const sum = `${compared} cases compared, ${differences.length} differ, ${skipped} skipped`;
  return [...found, ...stayed, sum].join('\n');
}
