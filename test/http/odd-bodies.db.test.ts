import { afterAll, beforeAll, expect, it } from 'vitest';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';

/** Whatever a body holds and says to be: what does not fit is the caller's, and nothing of it is a fault of ours. */

let stage: DeskStage;
let deal: string;
let csrf: string;
const browser = new Browser();

beforeAll(async () => {
  stage = await openDeskStage();
  await browser.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
  deal = await stage.waiting.addWaiting();
  csrf = csrfOf(await (await browser.open(`${stage.origin}/deals/${deal}`)).text());
});
afterAll(() => stage?.close());

const ROW = '11111111-2222-4333-8444-555555555555';
const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
const TEXTS = [
  ...['', ' ', '\t', '\0', 'a\0b', '\ud800', '\udc00x', '\u202e', '\ufffd', '\ufeff', '\r\nset-cookie: a=b', '٣'],
  ...['x'.repeat(21), 'x'.repeat(101), 'x'.repeat(5_000), 'x'.repeat(300_000), '9'.repeat(400)],
  ...['__proto__', 'constructor', 'me', 'new', 'then', ROW, '%', '%00', '../..', '//evil.example.com', '=1+1', '<b>'],
  ...['[', '{a: ', '&a *a', '- - -', '[object File]'],
];
const VALUES = [
  ...['null', 'true', '0', '-0', '1.5', '1e400', '[]', '[[]]', '[null]', '{}', '{"a":{}}', '{"__proto__":{}}', DEEP],
  ...TEXTS.map((text) => JSON.stringify(text)),
];
const BODIES = [
  ...['', ' ', 'null', '[]', '{}', '7', '"text"', 'true', '{', '{]', 'NaN', '\ufeff{}', '\0', DEEP, '{"a":1,"a":2}'],
  ...['{"__proto__":{"a":1}}', '{"toString":"x"}', '{"":1}', '{"\\u0000":1}', '{"\\ud800":1}', "{'a':1}", '<a/>'],
  ...[`{${'"a":{'.repeat(50_000)}`, '--x--', '--x\r\n\r\n--x--', 'a=%', 'a=%FF', '&&&='],
];

interface Target {
  readonly method: string;
  readonly path: string;
  /** Fields with values that fit. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const toTargets = (method: string, all: readonly (readonly [string, Target['fields']])[]): Target[] =>
  all.map(([path, fields]) => ({ method, path, fields }));

const listApi = (): Target[] => [
  ...toTargets('POST', [
    [`/deals/${deal}/confirm`, { note: 'seen' }],
    [`/deals/${deal}/reject`, { reason: 'wrong' }],
    [`/deals/${deal}/retry`, {}],
    [`/deals/${deal}/notes`, { text: 'a note' }],
    [`/deals/${deal}/replay`, { recorded: 'yes', mapping: 'now' }],
    [`/deals/${deal}/cancel`, { reason: 'wrong' }],
    ['/feeds/quote/pause', {}],
    [`/master-data/account/${ROW}/retry`, {}],
    ['/matches/search', {}],
    ['/matches/decisions', { decisions: [{ account: ROW, customer: 'C1' }] }],
    ['/drift/comparison', {}],
    ['/drift/repair', {}],
    ['/rules/comparison', { rules: 'confirmation: manual', deals: 10 }],
    ['/credentials/rotate', {}],
  ]),
  ...toTargets('PUT', [
    [`/deals/${deal}/assignee`, { to: 'me' }],
    ['/views/mine', { query: 'view=all' }],
  ]),
  ...toTargets('DELETE', [['/views/mine', {}]]),
];

const listForms = (): Target[] =>
  toTargets('POST', [
    [`/deals/${deal}/confirm`, { figures: 'x', note: 'seen' }],
    [`/deals/${deal}/reject`, { figures: 'x', reason: 'wrong' }],
    [`/deals/${deal}/retry`, {}],
    [`/deals/${deal}/cancel`, { reason: 'wrong' }],
    [`/deals/${deal}/note`, { text: 'a note' }],
    [`/deals/${deal}/assign`, { to: 'me' }],
    [`/deals/${deal}/replay`, { recorded: 'yes', mapping: 'now' }],
    ['/masters/matches/search', {}],
    [`/masters/matches/${ROW}`, { customer: 'C1', shared: 'yes' }],
    ['/masters/matches/nobody', { customer: 'C1' }],
    [`/masters/account/${ROW}/retry`, {}],
    ['/masters/%00/nobody/retry', {}],
    ['/masters/drift/compare', {}],
    ['/masters/drift/repair', {}],
    ['/feeds/%ff/pause', {}],
    ['/settings/credentials/rotate', {}],
    ['/settings/compare', { text: 'confirmation: manual', deals: '10' }],
    ['/views', { name: 'mine', query: 'view=all' }],
    ['/views/forget', { name: 'mine' }],
  ]);

interface Sent {
  readonly body: string | Buffer | FormData;
  readonly type?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

function send({ method, path }: Omit<Target, 'fields'>, { body, type, headers = {} }: Sent): Promise<Response> {
  // A buffer brings no type of its own.
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return browser.open(`${stage.origin}${path}`, {
    method,
    headers: { origin: stage.origin, 'x-csrf-token': csrf, ...(type && { 'content-type': type }), ...headers },
    ...(method !== 'GET' && method !== 'HEAD' && { body: bytes }),
  });
}

/** Of the API: undefined for an answer that fits, or a problem that says what would be right. */
async function findApiFault(target: Omit<Target, 'fields'>, sent: Sent): Promise<string[]> {
  const answer = await send({ ...target, path: `/api/v1${target.path}` }, sent);
  const text = await answer.text();
  const shown = `${target.method} ${target.path} ${String(sent.body).slice(-80)}: ${answer.status} ${text.slice(0, 200)}`;
  if (answer.status < 400) return [];
  if (answer.status >= 500 || answer.headers.get('content-type') !== 'application/problem+json') return [shown];
  const { detail } = JSON.parse(text) as { readonly detail?: unknown };
  const saysWhatIsRight = typeof detail === 'string' && (answer.status === 409 || detail.includes(': expected '));
  return saysWhatIsRight ? [] : [shown];
}

async function findPageFault(target: Omit<Target, 'fields'>, sent: Sent): Promise<string[]> {
  const answer = await send(target, sent);
  const text = await answer.text();
  const isPage = /^(<!doctype|<div>)/.test(text) && !text.includes('has a fault');
  const shown = `${target.path} ${String(sent.body).slice(0, 80)}: ${answer.status} ${text.slice(0, 200)}`;
  return answer.status < 500 && isPage ? [] : [shown];
}

const JSON_TYPE = 'application/json';

it('bodies of the API', { timeout: 240_000 }, async () => {
  const faults: string[] = [];
  for (const target of listApi()) {
    const { fields } = target;
    const bodies = [...BODIES, JSON.stringify({ ...fields, unknown: 1 })];
    // Of two fields of one name the last one counts.
    const withField = (name: string, value: string) => `${JSON.stringify(fields).slice(0, -1)},"${name}":${value}}`;
    for (const name of Object.keys(fields)) bodies.push(...VALUES.map((value) => withField(name, value)));
    if (fields['decisions'])
      for (const name of ['account', 'customer', 'shared'])
        for (const value of VALUES)
          bodies.push(`{"decisions":[{"account":"${ROW}","customer":"C1","${name}":${value}}]}`);
    for (const body of bodies)
      faults.push(...(await findApiFault(target, { body, type: JSON_TYPE, headers: { 'if-match': '"x"' } })));
  }
  expect(faults).toEqual([]);
});

it('bodies of the API that say to be something else, or nothing', async () => {
  const types = ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data', 'nonsense', undefined];
  for (const { method, path, fields } of listApi()) {
    if (Object.keys(fields).length === 0) continue;
    for (const type of types) {
      const answer = await send({ method, path: `/api/v1${path}` }, { body: JSON.stringify(fields), type });
      expect(answer.status, `${path} as ${type}`).toBe(415);
    }
  }
});

it('a text that is no UTF-8 is refused, and not kept with other letters', async () => {
  const body = Buffer.from(JSON.stringify({ text: 'Caf\u00e9 at noon' }), 'latin1');
  const notes = { method: 'POST', path: `/api/v1/deals/${deal}/notes` };
  for (const type of [JSON_TYPE, `${JSON_TYPE}; charset=iso-8859-1`]) {
    const answer = await send(notes, { body, type });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('body: expected JSON in UTF-8'),
    ]);
  }
  const shown = await (await browser.open(`${stage.origin}/api/v1/deals/${deal}`)).text();
  expect(shown).not.toContain('at noon');
});

it('forms of the desk', { timeout: 240_000 }, async () => {
  const faults: string[] = [];
  const form = 'application/x-www-form-urlencoded';
  const types = [form, JSON_TYPE, 'multipart/form-data', 'multipart/form-data; boundary=x', 'nonsense', undefined];
  for (const target of listForms()) {
    const fields = target.fields as Readonly<Record<string, string>>;
    const whole = new URLSearchParams({ ...fields, csrf }).toString();
    const sent: Sent[] = [
      ...BODIES.map((body) => ({ body, type: form })),
      ...types.flatMap((type) => ['', '{}', '--x--', whole].map((body) => ({ body, type }))),
    ];
    for (const name of Object.keys(fields)) {
      const odd = TEXTS.map((text) => new URLSearchParams({ ...fields, [name]: text }).toString());
      const raw = [`${whole}&${name}=%`, `${whole}&${name}=%FF`, `${whole}&${name}[]=a&${name}.b=c`];
      sent.push(...[...odd, ...raw].map((body) => ({ body, type: form })));
      const asFile = new FormData();
      for (const [other, value] of Object.entries(fields)) if (other !== name) asFile.set(other, value);
      asFile.set(name, new File(['text'], 'text.txt'));
      sent.push({ body: asFile });
    }
    for (const one of sent) faults.push(...(await findPageFault(target, one)));
  }
  expect(faults).toEqual([]);
});

it('a view has no file as its name', async () => {
  const body = new FormData();
  body.set('name', new File(['text'], 'text.txt'));
  expect((await send({ method: 'POST', path: '/views' }, { body })).status).toBe(400);
});

it('methods that a route does not have', async () => {
  const faults: string[] = [];
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    for (const path of ['', '/', '/%', '/deals', `/deals/%ff`, '/events', '/openapi.json', '/trail/export']) {
      const answer = await send({ method, path: `/api/v1${path}` }, { body: '{}', type: JSON_TYPE });
      const { detail } = (await answer.json()) as { readonly detail: string };
      if (answer.status !== 404 || !detail.startsWith(`there is no ${method} `)) faults.push(`${method} ${path}`);
    }
    for (const path of ['/', '/%', '/masters', '/deals/%ff', '/settings/rules', '/trail'])
      faults.push(...(await findPageFault({ method, path }, { body: '' })));
  }
  expect(faults).toEqual([]);
});

it('cookies and headers', async () => {
  const values = ['', '=', 'x', '%', '%ff', '"x"', 'a b', '__proto__', 'A'.repeat(200), 'x'.repeat(3_000)];
  const faults: string[] = [];
  const ask = async (path: string, headers: Readonly<Record<string, string>>) => {
    const { status } = await fetch(`${stage.origin}${path}`, { headers, redirect: 'manual' });
    if (status >= 500) faults.push(`${status} ${path} ${JSON.stringify(headers)}`);
  };
  for (const value of values) {
    const attempts = Array.from({ length: 12 }, (_, index) => `dealbridge-sign-in-${value}${index}=x`).join('; ');
    const cookies = [`dealbridge-desk=${value}`, `dealbridge-desk=${value}; dealbridge-desk=${value}`, attempts];
    for (const path of [
      '/',
      '/api/v1/deals',
      '/sign-in',
      `/sign-in/callback?state=${encodeURIComponent(value)}&code=x`,
    ])
      for (const cookie of cookies) await ask(path, { cookie });
    for (const name of ['accept-language', 'traceparent', 'x-forwarded-for', 'referer', 'authorization', 'origin'])
      for (const path of ['/', '/api/v1/deals']) await ask(path, { [name]: value });
  }
  expect(faults).toEqual([]);
});
