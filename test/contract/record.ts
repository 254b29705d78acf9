import { appendFileSync } from 'node:fs';
import { TestRunner } from 'vitest';
import type { Answer } from './ask.js';

/**
 * What `npm run simulators:compare` wants of the suites: each exchange as a line of the file that CONTRACT_RECORD names, nothing
 * written unless CONTRACT_WRITES is `yes`, and what was written named, so that it can be deleted.
 */

const { CONTRACT_RECORD: FILE, CONTRACT_WRITES } = process.env;

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Ends the case as skipped before the first request that would write. */
export function skipWriting(method: string): void {
  if (FILE && CONTRACT_WRITES !== 'yes' && !READING.has(method)) skipCase('it writes');
}

export function skipCase(why: string): void {
  TestRunner.getCurrentTest()?.context.skip(why);
}

export function recordExchange(method: string, path: string, { status, headers, body }: Answer): void {
  const test = TestRunner.getCurrentTest();
  if (!FILE || !test) return;
  append({
    kind: 'exchange',
    test: test.fullTestName,
    method,
    path,
    status,
    headers: Object.fromEntries(headers),
    body,
  });
}

export function recordLeft(url: string, status: number): void {
  if (FILE) append({ kind: 'left', url, status });
}

function append(line: object): void {
  if (FILE) appendFileSync(FILE, `${JSON.stringify(line)}\n`);
}

/** The addresses of the rows that an answer says it made, the newest last. */
export function findCreated(method: string, url: string, { status, headers, body }: Answer): string[] {
  if (method === 'GET') return [];
  const ids: unknown = body?.Ids;
  const set = /^(.*?)\/Microsoft\.Dynamics\.CRM\.\w+Multiple$/.exec(url)?.[1];
  if (set !== undefined && Array.isArray(ids)) return ids.map((id) => `${set}(${id})`);
  if (url.endsWith('/$batch')) return findInBatch(body);
  if (method !== 'POST') return [];
  const named = headers.get('odata-entityid') ?? headers.get('location');
  if (named) return [named];
  const isRow = status === 201 && typeof body?.id === 'string';
  return isRow ? [`${url.split('?')[0]}(${body.id})`] : [];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of any shape is what a contract test looks into
function findInBatch(body: any): string[] {
  if (typeof body === 'string')
    return [...body.matchAll(/^(?:OData-EntityId|Location): *(\S+)/gim)].map(([, url]) => url ?? '');
  const parts: readonly { headers?: Record<string, string> }[] = body?.responses ?? [];
  return parts.flatMap(({ headers = {} }) =>
    Object.entries(headers)
      .filter(([name]) => name.toLowerCase() === 'location')
      .map(([, url]) => url),
  );
}
