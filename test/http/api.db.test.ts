import { request } from 'node:http';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOLDS } from '../../src/deal/holds.js';
import { createIssuer } from '../../src/http/authentication/issuer.js';
import { createLimits } from '../../src/http/limits/limits.js';
import { createSources } from '../../src/http/limits/sources.js';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { findLatestChange } from '../../src/ledger/deals/list-deals.js';
import { NO_FIGURES, NOBODY, ROUTES } from '../support/api-routes.js';
import { takeTokens } from '../support/api-tokens.js';
import { type DeskStage, openDeskStage } from '../support/desk.js';
import { seedProblem } from '../support/seeded-masters.js';

const NONE = { Viewer: [], Operator: [], Approver: [], Admin: [] };
const BY_NAME = { Viewer: ['Viewer'], Operator: ['Operator'], Approver: ['Approver'], Admin: ['Admin'] };

let simulators: Simulators;
let stage: DeskStage;
let tokens: ReadonlyMap<Role | 'none', string>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  const { entra, tenant, deskApp } = simulators.connection;
  const sources = createSources([]);
  stage = await openDeskStage({
    limits: createLimits({ ratePerSecond: 1_000, sources, log: pino({ level: 'silent' }) }).all,
    issuer: createIssuer({
      url: `${entra}/${tenant}/v2.0`,
      clientId: deskApp.clientId,
      findClientSecret: async () => deskApp.clientSecret,
      audiences: [deskApp.clientId],
      roleNames: { rolesClaim: 'roles', groupsClaim: 'groups', byName: BY_NAME, byGroup: NONE },
    }),
  });
  tokens = await takeTokens(simulators);
});
afterAll(async () => {
  await stage?.close();
  await simulators?.stop();
});

interface Described {
  readonly parameters: readonly unknown[];
  readonly responses: object;
  readonly requestBody?: { readonly required?: boolean };
}

/** What every route may answer, whoever asks for whatever. */
const REFUSED = ['400', '401', '403', '404', '408', '409', '411', '413', '415', '421', '429', '500', '503'];

/** What any of the routes may answer. */
interface Answer {
  readonly detail?: string;
  readonly openapi?: string;
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly status?: unknown;
  readonly deals?: readonly { readonly recordId: string }[];
  readonly sums?: unknown;
  readonly next?: string;
}

const idsOf = ({ body }: { readonly body: Answer }): string[] => (body.deals ?? []).map(({ recordId }) => recordId);

async function call(role: Role | 'none', method: string, path: string, body?: object, headers: object = {}) {
  const answer = await fetch(`${stage.origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens.get(role)}`, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    etag: answer.headers.get('etag') ?? '',
    type: answer.headers.get('content-type'),
    body: (text === '' ? {} : JSON.parse(text)) as Answer,
  };
}

describe('who calls the API', () => {
  it('shows a token of the issuer that is meant for it, and nothing else is taken', async () => {
    const ask = (authorization?: string) =>
      fetch(`${stage.origin}/api/v1/deals`, { headers: { ...(authorization && { authorization }) } });
    expect((await ask()).status).toBe(401);
    expect((await ask('Bearer nonsense')).status).toBe(401);
    const token = tokens.get('Viewer') ?? '';
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
    expect((await ask(`Bearer ${token.slice(0, -4)}AAAA`)).status).toBe(401);
    // Of the same issuer, for another API.
    const { dataverseApp } = simulators.connection;
    const { entra, tenant } = simulators.connection;
    const form = { grant_type: 'client_credentials', client_id: dataverseApp.clientId };
    const body = new URLSearchParams({ ...form, client_secret: dataverseApp.clientSecret, scope: dataverseApp.scope });
    const other = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body });
    const foreign = ((await other.json()) as { access_token: string }).access_token;
    const refused = await ask(`Bearer ${foreign}`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({ status: 401, code: 'not-signed-in' });
  });
});

describe('a token of an issuer whose clock is not ours', () => {
  it('is taken from a little before its time on, as a sign-in is, and not long before', async () => {
    const ask = async (): Promise<number> => (await call('Viewer', 'GET', '/deals')).status;
    const ours = tokens;
    try {
      simulators.clock.advance(20_000);
      tokens = await takeTokens(simulators);
      expect(await ask()).toBe(200);
      simulators.clock.advance(600_000);
      tokens = await takeTokens(simulators);
      expect(await ask()).toBe(401);
    } finally {
      tokens = ours;
      simulators.clock.advance(-620_000);
    }
  });
});

describe('every route, tried with every role', () => {
  for (const [method, path, body, card] of ROUTES) {
    it(`${method} ${path}: ${card}`, async () => {
      let shown = '';
      for (const [index, role] of ROLES.entries()) {
        const waiting = await stage.waiting.addWaiting();
        const held = await stage.waiting.addHeld('customer-missing');
        const { etag } = await call('Viewer', 'GET', `/deals/${waiting}`);
        const before = stage.waiting.sent.length;
        const account = path.includes(':account') ? await seedProblem(stage.database) : '';
        const to = path.replace(':waiting', waiting).replace(':held', held).replace(':account', account);
        const answer = await call(role, method, to, body, { 'if-match': etag });
        if (answer.status === 403) {
          const detail = expect.stringMatching(/: expected the role (Approver|Operator|Admin)/);
          expect(answer.body).toMatchObject({ code: 'not-allowed', status: 403, detail });
          expect(stage.waiting.sent.length).toBe(before);
        } else expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
        shown += answer.status === 403 ? '-' : 'VOPA'[index];
      }
      expect(shown).toBe(card);
      expect((await call('none', method, path, body, { 'if-match': NO_FIGURES })).status).toBe(403);
    });
  }

  it('GET /trail/export: ---A, line by line', async () => {
    const take = (role: Role | 'none') =>
      fetch(`${stage.origin}/api/v1/trail/export`, { headers: { authorization: `Bearer ${tokens.get(role)}` } });
    for (const role of ['none', 'Viewer', 'Operator', 'Approver'] as const) expect((await take(role)).status).toBe(403);
    const answer = await take('Admin');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(lines[0]?.kind).toBe('dealbridge audit export');
    expect(lines.at(-1)?.kind).toBe('end');
  });

  it('the document names each of them', async () => {
    const { body } = await call('Viewer', 'GET', '/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    for (const [method, path] of ROUTES) {
      const named = path
        .replace(/:\w+/, '{deal}')
        .replace(/\?.*$/, '')
        .replace(/^\/master-data\/\w+\/[^/]+/, '/master-data/{kind}/{rowId}')
        .replace('/views/mine', '/views/{name}')
        .replace(/^\/feeds\/\w+\/\w+$/, '/feeds/{feed}/{command}');
      expect(Object.keys(body.paths?.[named] ?? {}), named).toContain(method.toLowerCase());
    }
    expect(body.paths?.['/deals/{deal}/confirm']?.['post']?.parameters).toContainEqual(
      expect.objectContaining({ name: 'if-match', in: 'header' }),
    );
    for (const [path, operations] of Object.entries(body.paths ?? {}))
      for (const { responses } of Object.values(operations))
        expect(Object.keys(responses), path).toEqual(expect.arrayContaining(REFUSED));
  });

  it('the document says where the body may be left out', async () => {
    const { body } = await call('Viewer', 'GET', '/openapi.json');
    const isRequired = (path: string, method: string) => body.paths?.[path]?.[method]?.requestBody?.required ?? false;
    expect(isRequired('/deals/{deal}/notes', 'post')).toBe(true);
    expect(isRequired('/deals/{deal}/confirm', 'post')).toBe(false);
    const recordId = await stage.waiting.addWaiting();
    for (const [method, path, left] of [
      ['PUT', '/deals/{deal}/assignee', 200],
      ['POST', '/deals/{deal}/notes', 400],
    ] as const) {
      const { status } = await call('Operator', method, path.replace('{deal}', recordId), undefined, {
        'content-type': '',
      });
      expect(status, path).toBe(left);
    }
  });
});

describe('a decision', () => {
  const FIGURES = { documentNumber: expect.any(String), totalIncludingTax: '23.8', currency: 'EUR' };

  it('carries who made it, proved by the issuer, and the figures that were seen (I2, I10)', async () => {
    const recordId = await stage.waiting.addWaiting();
    const { etag, body } = await call('Approver', 'GET', `/deals/${recordId}`);
    expect(body.status).toMatchObject({ figures: FIGURES });
    const confirmed = await call(
      'Approver',
      'POST',
      `/deals/${recordId}/confirm`,
      { note: 'seen' },
      { 'if-match': etag },
    );
    expect(confirmed.body).toMatchObject({ state: 'confirmed' });
    expect(stage.waiting.sent.at(-1)).toMatchObject({
      act: 'confirm',
      recordId,
      input: {
        actor: { source: 'api', isVerified: true, personId: expect.stringMatching(/./) },
        figures: FIGURES,
        note: 'seen',
      },
    });
  });

  it('needs the figures, and is refused with both when they have changed', async () => {
    const recordId = await stage.waiting.addWaiting();
    const { etag } = await call('Approver', 'GET', `/deals/${recordId}`);
    expect(await call('Approver', 'POST', `/deals/${recordId}/confirm`, {})).toMatchObject({
      status: 428,
      type: 'application/problem+json',
    });
    stage.waiting.changeFigures(recordId, '99.99');
    for (const [act, input] of [
      ['confirm', {}],
      ['reject', { reason: 'no' }],
    ] as const) {
      const refused = await call('Approver', 'POST', `/deals/${recordId}/${act}`, input, { 'if-match': etag });
      expect(refused).toMatchObject({ status: 412, body: { code: 'changed-since' } });
      expect(refused.body.detail).toMatch(/amounts to 99\.99, not 23\.8/);
    }
  });

  it('is made once: the second person is told', async () => {
    const recordId = await stage.waiting.addWaiting();
    const { etag } = await call('Approver', 'GET', `/deals/${recordId}`);
    const confirm = (role: Role) => call(role, 'POST', `/deals/${recordId}/confirm`, {}, { 'if-match': etag });
    const statuses = (await Promise.all([confirm('Approver'), confirm('Admin')])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 409]);
  });

  it('that is refused before any route looks at it is refused by problem details as well', async () => {
    const { host, port } = new URL(stage.origin);
    const send = (headers: Readonly<Record<string, string>>) =>
      new Promise<readonly unknown[]>((resolve, reject) => {
        const path = '/api/v1/deals/ORD-1000/retry';
        const sent = request({ method: 'POST', host: '127.0.0.1', port, path, headers }, (answer) => {
          answer.setEncoding('utf8').once('data', (text: string) => {
            const { code, detail } = JSON.parse(text) as Record<string, unknown>;
            resolve([answer.statusCode, answer.headers['content-type'], code, detail]);
            sent.destroy();
          });
        });
        sent.once('error', reject).flushHeaders();
      });
    const json = 'application/problem+json';
    const tooLarge = { host, 'content-length': String(2 * 1024 * 1024) };
    expect(await send(tooLarge)).toEqual([413, json, 'body-refused', 'a body over 1 MiB is refused']);
    const inChunks = { host, 'transfer-encoding': 'chunked' };
    expect(await send(inChunks)).toEqual([411, json, 'body-refused', 'a body without Content-Length is refused']);
    const elsewhere = { host: 'rebound.example.com', 'content-length': '0' };
    expect(await send(elsewhere)).toEqual([421, json, 'other-address', expect.stringContaining('DESK_PUBLIC_URL')]);
  });

  it('names what does not fit', async () => {
    const recordId = await stage.waiting.addWaiting();
    const unknown = { decisions: [{ account: '7c1f', customer: 'new' }] };
    const cases = [
      ['POST', `/deals/${recordId}/reject`, { reason: '' }, 400, 'reason'],
      ['POST', `/deals/${recordId}/reject`, { reason: 'x', why: 'y' }, 400, 'why'],
      ['POST', `/deals/${recordId}/reject`, {}, 400, 'reason: expected a text, got nothing'],
      ['POST', `/deals/${recordId}/reject`, [], 400, 'body: expected fields below it'],
      ['GET', '/deals?view=nonsense', undefined, 400, 'view: expected one of waiting, to-confirm, held,'],
      ['GET', '/deals?view=nonsense', undefined, 400, "all, got 'nonsense'"],
      ['GET', '/deals?view=x&owner=nobody', undefined, 400, '; owner: expected one of seller, master data,'],
      ['GET', '/deals?nonsense=1', undefined, 400, 'query: expected no field nonsense'],
      ['POST', '/feeds/quote/stop', undefined, 400, "command: expected one of pause, resume, nudge, got 'stop'"],
      [
        'POST',
        '/matches/decisions',
        unknown,
        400,
        "account: expected a GUID like 5f3c… in 8-4-4-4-12 form, got '7c1f'",
      ],
      ['GET', '/deals?cursor=nonsense', undefined, 400, 'cursor'],
      ['PUT', '/views/mine', { query: 'view=nonsense' }, 400, 'query'],
      ['GET', '/deals/no-such-deal', undefined, 404, 'deal'],
      [
        'POST',
        `/master-data/product/${NOBODY}/retry`,
        undefined,
        404,
        `rowId: expected the GUID in Sales of a product`,
      ],
      ['POST', `/master-data/account/${NOBODY}/retry`, undefined, 404, `is known here, got '${NOBODY}'`],
      ['GET', '/no-such-route', undefined, 404, 'no-such-route'],
    ] as const;
    for (const [method, path, body, status, named] of cases) {
      const answer = await call('Admin', method, path, body);
      expect(answer, path).toMatchObject({ status, type: 'application/problem+json' });
      expect(answer.body.detail, path).toContain(named);
    }
  });
});

describe('what no ledger could keep, or nobody could read', () => {
  const send = async (method: string, path: string, body: string, type = 'application/json') => {
    const headers = { authorization: `Bearer ${tokens.get('Admin')}`, 'content-type': type };
    const answer = await fetch(`${stage.origin}/api/v1${path}`, { method, headers, body });
    return { status: answer.status, body: (await answer.json()) as Answer & { readonly code?: string } };
  };

  it('is refused as a body that is no JSON, or says to be something else', async () => {
    const recordId = await stage.waiting.addWaiting();
    for (const [text, type, refused] of [
      ['{', 'application/json', 400],
      ['', 'application/json', 400],
      ['{"text":"asked Mr Brown"}', 'text/plain', 415],
    ] as const) {
      const { status, body } = await send('POST', `/deals/${recordId}/notes`, text, type);
      expect([status, body.code], `${text} as ${type}`).toEqual([refused, 'body-refused']);
    }
  });

  it('is refused as a text with half a character or U+0000, and nothing is changed', async () => {
    const recordId = await stage.waiting.addWaiting();
    for (const broken of ['Ann\u0000', 'Ann\ud800']) {
      for (const [method, path, body] of [
        ['POST', `/deals/${recordId}/notes`, { text: broken }],
        ['PUT', `/deals/${recordId}/assignee`, { to: broken }],
        ['PUT', '/views/mine', { query: `search=${broken}` }],
        ['POST', '/matches/decisions', { decisions: [{ account: NOBODY, customer: broken }] }],
      ] as const) {
        const answer = await send(method, path, JSON.stringify(body));
        expect(answer, path).toMatchObject({ status: 400, body: { detail: expect.stringContaining('broken') } });
      }
    }
    for (const path of ['/deals?search=%00', '/deals/%00', '/deals?assignee=a%00'])
      expect(await call('Admin', 'GET', path), path).toMatchObject({ status: 400 });
    const { notes } = (await call('Admin', 'GET', `/deals/${recordId}`)).body as { notes?: unknown };
    expect(notes).toEqual([]);
    const { rows } = await stage.database.query('SELECT 1 FROM deal_assignments WHERE record_id = $1', [recordId]);
    expect(rows).toEqual([]);
  });
});

describe('the list', () => {
  it('goes on only in the order in which the page before was', async () => {
    for (let one = 0; one < 2; one += 1) await stage.waiting.addWaiting({ customer: 'Sorted Ltd' });
    const list = (query: string) => call('Viewer', 'GET', `/deals?view=all&search=sorted&limit=1&${query}`);
    const { next } = (await list('sort=number')).body;
    for (const sort of ['age', 'newest', 'amount', 'customer']) {
      const refused = await list(`sort=${sort}&cursor=${next}`);
      expect(refused, sort).toMatchObject({ status: 400, body: { detail: expect.stringContaining('cursor') } });
    }
    expect(await list(`sort=number&cursor=${next}`)).toMatchObject({ status: 200 });
  });

  it('refuses a place that is none in its order', async () => {
    await stage.waiting.addWaiting();
    const ofOrder: Readonly<Record<string, readonly string[]>> = {
      age: ['abc', '2026-02-30 08:00:00+00', '2026-01-01 25:00:00+00', '\u0000'],
      newest: ['', 'infinity and more'],
      amount: ['abc', '', '1e5x'],
      number: ['a\u0000', '\ud800'],
      id: ['abc'],
    };
    for (const [sort, keys] of Object.entries(ofOrder)) {
      for (const key of keys) {
        const cursor = Buffer.from(JSON.stringify([sort, key, NOBODY])).toString('base64url');
        const answer = await call('Viewer', 'GET', `/deals?view=all&sort=${sort}&cursor=${cursor}`);
        expect(answer, `${sort} ${key}`).toMatchObject({
          status: 400,
          body: { detail: expect.stringContaining('cursor') },
        });
      }
    }
  });

  it('names all that a deal waits for, as the list finds it by each of them', async () => {
    const recordId = await stage.waiting.addHeld('no-currency', { customer: 'Twice Held Ltd' });
    const held = {
      kind: 'held',
      reason: 'no-currency',
      otherReasons: ['customer-blocked'],
      text: 'two things',
    } as const;
    await stage.ledger.change(recordId, held);
    const hold = {
      ...{ reason: 'no-currency', ...HOLDS['no-currency'], text: 'two things' },
      others: [{ reason: 'customer-blocked', ...HOLDS['customer-blocked'] }],
    };
    for (const filter of ['reason=no-currency', 'reason=customer-blocked', 'owner=finance']) {
      const { body } = await call('Viewer', 'GET', `/deals?view=held&search=twice&${filter}`);
      expect(body.deals, filter).toMatchObject([{ recordId, hold }]);
    }
    expect((await call('Viewer', 'GET', `/deals/${recordId}`)).body).toMatchObject({ recordId, hold });
  });

  it('comes in pages that hold each deal once, with the sums of all of them', async () => {
    for (let one = 0; one < 7; one += 1) await stage.waiting.addWaiting({ customer: 'Paged Ltd', currency: 'GBP' });
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await call('Viewer', 'GET', `/deals?view=all&search=paged&sort=amount&limit=3${cursor}`);
      expect(page.body.sums).toEqual([{ currency: 'GBP', deals: 7, gross: '166.6' }]);
      seen.push(...idsOf(page));
      cursor = page.body.next === undefined ? '' : `&cursor=${page.body.next}`;
    } while (cursor !== '');
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
  });

  it('in the order of the ids holds each deal once, whatever moves between its pages', async () => {
    for (let one = 0; one < 4; one += 1) await stage.waiting.addWaiting({ customer: 'Moving Ltd' });
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await call('Viewer', 'GET', `/deals?view=all&search=moving&sort=id&limit=1${cursor}`);
      seen.push(...idsOf(page));
      await stage.database.query('UPDATE source_records SET changed_at = clock_timestamp() WHERE record_id = $1', [
        seen.at(-1),
      ]);
      cursor = page.body.next === undefined ? '' : `&cursor=${page.body.next}`;
    } while (cursor !== '');
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(4);
  });

  it('takes no number that is not typed as digits', async () => {
    for (const limit of ['0x10', '1e2', '+5', '5.0', '%205%20', ''])
      expect(await call('Viewer', 'GET', `/deals?limit=${limit}`), limit).toMatchObject({
        status: 400,
        body: { detail: expect.stringMatching(/^limit: expected a whole number from 1 to 500/) },
      });
  });

  it('finds a deal by its GUID as Dynamics shows it', async () => {
    const recordId = await stage.waiting.addWaiting({ customer: 'Braced Ltd' });
    const shown = encodeURIComponent(`{${recordId.toUpperCase()}}`);
    expect(idsOf(await call('Viewer', 'GET', `/deals?view=all&search=${shown}`))).toEqual([recordId]);
    expect(await call('Viewer', 'GET', `/deals/${shown}`)).toMatchObject({ status: 200, body: { recordId } });
  });

  it('finds a deal by a part of any number or name, and percent signs are no pattern', async () => {
    const recordId = await stage.waiting.addWaiting({
      number: 'ORD-7777',
      name: '100% steel',
      customer: 'Bright & Co',
    });
    const find = async (text: string) =>
      idsOf(await call('Viewer', 'GET', `/deals?view=all&search=${encodeURIComponent(text)}`));
    for (const text of ['rd-7777', '0% STEEL', 'bright & c', recordId])
      expect(await find(text), text).toEqual([recordId]);
    expect(await find('%')).toEqual([recordId]);
  });

  it('shows as waiting what the caller may decide or clear', async () => {
    const held = await stage.waiting.addHeld('period-closed', { customer: 'Waiting Ltd' });
    const confirm = await stage.waiting.addWaiting({ customer: 'Waiting Ltd' });
    const waiting = async (role: Role) => idsOf(await call(role, 'GET', '/deals?search=waiting'));
    expect(await waiting('Viewer')).toEqual([]);
    expect(await waiting('Operator')).toEqual([held]);
    expect(await waiting('Approver')).toEqual([held, confirm]);
  });

  it('tells by itself that something has changed', async () => {
    const stop = new AbortController();
    const answer = await fetch(`${stage.origin}/api/v1/events`, {
      headers: { authorization: `Bearer ${tokens.get('Viewer')}` },
      signal: stop.signal,
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const listen = async (until: string): Promise<void> => {
      while (!heard.includes(until)) heard += (await reader?.read())?.value ?? '';
    };
    // With neither a proxy would keep it to itself, or cut it.
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    await listen(': nothing has changed');
    await listen('event: ready');
    await stage.waiting.addUntil(listen('event: changed'));
    stop.abort();
  });

  it('tells first what changed since the caller has seen the list', async () => {
    const seen = await findLatestChange(stage.database);
    await stage.waiting.addWaiting();
    const stop = new AbortController();
    const answer = await fetch(`${stage.origin}/api/v1/events?seen=${encodeURIComponent(seen)}`, {
      headers: { authorization: `Bearer ${tokens.get('Viewer')}` },
      signal: stop.signal,
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    while (!/event: changed|: nothing has changed/.test(heard)) heard += (await reader?.read())?.value ?? '';
    expect(heard).toContain('event: changed');
    stop.abort();
  });
});
