import { afterAll, beforeAll, expect, it } from 'vitest';
import { Browser, type DeskStage, openDeskStage } from '../support/desk.js';

/** Whatever stands in the address: what does not fit is the caller's, and nothing of it is a fault of ours. */

let stage: DeskStage;
let deal: string;
const browser = new Browser();

beforeAll(async () => {
  stage = await openDeskStage();
  await browser.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
  deal = await stage.waiting.addWaiting();
});
afterAll(() => stage?.close());

const GUID = '11111111-2222-4333-8444-555555555555';
const ODD = [
  ...['', '\0', 'a\0b', '%', '😀', '\u202e', 'ﷺ', '__proto__', 'constructor', 'x'.repeat(300), '9'.repeat(400)],
  ...['1e400', 'NaN', '-0', '-1', '0', '0x10', '1.', 'Infinity', '[]', '{}', '٣', "'; DROP TABLE x;--", '\\', '_'],
  ...['0000-01-01', '0000-01-01T00:00:00Z', '9999999-01-01', '2026-02-31', '9999-12-31T23:59:60Z', 'me'],
  ...['-000001-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
  ...[GUID, `{${GUID}}`, GUID.replaceAll('-', ''), 'now', 'then', 'ffffffff', 'internal-error'],
];
/** Bytes that are no text, an array, the same twice, and nothing at all. */
const RAW = ['=%ED%A0%80', '=%FF', '=%', '[]=a', '=a&NAME=b', ''];

const FILTERS = ['view', 'search', 'state', 'reason', 'owner', 'company', 'currency', 'above', 'below', 'assignee'];

async function findFaults(addresses: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  for (const address of addresses) {
    // A stream that breaks off has begun with 200.
    const answer = await browser.open(`${stage.origin}${address}`);
    const isWhole = await answer.text().then(
      (text) => !text.includes('has a fault'),
      () => false,
    );
    if (answer.status >= 500 || !isWhole) faults.push(`${answer.status} ${address}`);
  }
  return faults;
}

const queries = (base: string, names: readonly string[], more = ''): string[] =>
  names.flatMap((name) => [
    ...ODD.map((odd) => `${base}?${name}=${encodeURIComponent(odd)}${more}`),
    ...RAW.map((raw) => `${base}?${name}${raw.replace('NAME', name)}${more}`),
  ]);

it.each(['/api/v1/deals', '/', '/deals.csv'])('filters of %s', async (base) => {
  expect(await findFaults(queries(base, FILTERS))).toEqual([]);
  expect(await findFaults(queries(base, ['sort', 'limit', 'cursor'], '&view=all'))).toEqual([]);
});

it.each(['age', 'newest', 'amount', 'number', 'customer', 'state', 'id'])('places in the order of %s', async (sort) => {
  const keys = [
    ...['0000-01-01 00:00:00+00', '0001-01-01 00:00:00+14:59', '9999-12-31 23:59:59.999999-14:59', '-0', 'NaN', ''],
    ...['9'.repeat(600), `-${'9'.repeat(400)}.${'9'.repeat(100)}`, 'a\0', '\ud800', '\uffff', GUID, 5, null, [], {}],
  ];
  const cursors = [
    ...keys.flatMap((key) => [
      [sort, key, GUID],
      [sort, key, 'nope'],
    ]),
    ...[[sort], [], {}, null, 7, [sort, '', GUID, '']],
  ].map((content) => Buffer.from(JSON.stringify(content)).toString('base64url'));
  for (const base of ['/api/v1/deals', '/'])
    expect(await findFaults(cursors.map((cursor) => `${base}?view=all&sort=${sort}&cursor=${cursor}`))).toEqual([]);
});

it('names of deals, rules and records', async () => {
  const odd = ODD.filter((text) => text !== '').map(encodeURIComponent);
  for (const below of ['', '/preview', '/replay', '/confirm', '/reject', '/cancel', '/retry'])
    expect(await findFaults(odd.map((text) => `/deals/${text}${below}`))).toEqual([]);
  for (const below of ['', '/preview', '/replay'])
    expect(await findFaults(odd.map((text) => `/api/v1/deals/${text}${below}`))).toEqual([]);
  expect(await findFaults(odd.flatMap((text) => [`/api/v1/mappings/${text}`, `/settings/rules/${text}`]))).toEqual([]);
});

it.each<[string, readonly string[]]>([
  ['/api/v1/trail/export', ['record', 'since', 'personal']],
  ['/trail.jsonl', ['record', 'since', 'personal']],
  ['/api/v1/trail/verification', ['record']],
  ['/trail', ['record']],
  ['/api/v1/master-data', ['of', 'problems']],
  ['/masters', ['of', 'problems']],
  ['/posting', ['deal']],
])('what is asked of %s', async (base, names) => {
  expect(await findFaults(queries(base, names, base.endsWith('master-data') ? '&of=accounts' : ''))).toEqual([]);
});

it('how a deal would be run again', async () => {
  for (const base of [`/api/v1/deals/${deal}/replay`, `/deals/${deal}/replay`])
    expect(await findFaults(queries(base, ['mapping', 'recorded']))).toEqual([]);
});

it('a trail from the year 0 on is whole, and a place in that year is refused', async () => {
  const exported = await (await browser.open(`${stage.origin}/api/v1/trail/export?since=0000-01-01T00:00:00Z`)).text();
  expect(exported.trimEnd().split('\n').at(-1)).toContain('"kind":"end"');
  const cursor = Buffer.from(JSON.stringify(['age', '0000-01-01 00:00:00+00', GUID])).toString('base64url');
  expect((await browser.open(`${stage.origin}/api/v1/deals?sort=age&cursor=${cursor}`)).status).toBe(400);
});
