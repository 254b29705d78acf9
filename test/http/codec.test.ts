import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCodecEndpoint } from '../../src/http/codec.js';
import { createLimits } from '../../src/http/limits/limits.js';
import { createSources } from '../../src/http/limits/sources.js';
import { createSignIn } from '../../src/http/sign-in.js';
import { systemClock } from '../../src/process/system-clock.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createPayloadCodec, SEALED_ENCODING } from '../../src/secrets/payload-codec.js';

const TOKEN = 'a-codec-token-for-tests';
const UI = 'https://temporal.example.com';
const ring = openKeyRing({ kind: 'text', text: createKeyLine() });
const codec = createPayloadCodec(ring);
let logged = '';
const write = (line: string): void => {
  logged += line;
};
const log = pino({ level: 'trace' }, { write });
const signIn = createSignIn(ring, TOKEN, systemClock);
const limits = createLimits({ ratePerSecond: 1_000, sources: createSources([]), log });
/** What Node tells of the peer, which an app that is asked without a server does not have. */
const PEER = { incoming: { socket: { remoteAddress: '203.0.113.7', remotePort: 1, remoteFamily: 'IPv4' } } };
const endpoint = createCodecEndpoint({ codec, signIn, uiOrigin: UI, isHttps: false, limits, log });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = { metadata: { encoding: base64('json/plain') }, data: base64('"Kranich Hydraulik GmbH"') };

beforeEach(() => {
  logged = '';
});

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return Promise.resolve(
    endpoint.request(
      path,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${TOKEN}`,
          'content-type': 'application/json',
          'x-namespace': 'ns',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      },
      PEER,
    ),
  );
}

async function readTexts(answer: Response): Promise<unknown[]> {
  const { payloads } = (await answer.json()) as { payloads: (typeof PLAIN)[] };
  return payloads.map(({ data }) => JSON.parse(Buffer.from(data, 'base64').toString()) as unknown);
}

describe('the codec endpoint', () => {
  it('encodes and decodes in the shape of the protocol, whatever the query says', async () => {
    const sealed = (await (await post('/encode', { payloads: [PLAIN] })).json()) as { payloads: (typeof PLAIN)[] };
    expect(sealed.payloads[0]?.metadata.encoding).toBe(base64(SEALED_ENCODING));
    const opened = await post('/decode?preserveStorageRefs=true', sealed);
    expect(opened.headers.get('cache-control')).toBe('no-store');
    expect(await opened.json()).toEqual({ payloads: [PLAIN] });
    expect(logged).toContain('"namespace":"ns"');
    expect(logged).not.toContain('Kranich');
  });

  it('passes what was not sealed, and takes payloads without metadata or data', async () => {
    expect(await (await post('/decode', { payloads: [PLAIN, {}] })).json()).toEqual({
      payloads: [PLAIN, { metadata: {}, data: '' }],
    });
    expect(await (await post('/encode', {})).json()).toEqual({ payloads: [] });
  });

  for (const [what, authorization] of [
    ['no token', ''],
    ['a wrong token', 'Bearer a-codec-token-for-testz'],
    ['another scheme', `Basic ${base64(`x:${TOKEN}`)}`],
    ['the bare token', TOKEN],
  ] as const) {
    it(`${what}: 401, with or without a readable body`, async () => {
      for (const body of [{ payloads: [PLAIN] }, 'no json']) {
        const answer = await post('/decode', body, { authorization });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
    });
  }

  it('lets the Web UI ask first, and no other origin', async () => {
    const preflight = (origin: string) =>
      endpoint.request(
        '/decode',
        {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization,content-type,x-namespace',
          },
        },
        PEER,
      );
    const answer = await preflight(UI);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(UI);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('access-control-allow-headers')).toMatch(/x-namespace.*authorization/);
    expect((await preflight('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull();
    expect((await post('/decode', { payloads: [] }, { origin: UI })).headers.get('access-control-allow-origin')).toBe(
      UI,
    );
  });

  it('without a Web UI no browser may ask', async () => {
    const closed = createCodecEndpoint({ codec, signIn, uiOrigin: undefined, isHttps: false, limits, log });
    const answer = await closed.request('/decode', { method: 'OPTIONS', headers: { origin: UI } }, PEER);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.status).toBe(401);
  });

  it('says what is wrong with a body, and neither a stack nor the content', async () => {
    for (const [body, error] of [
      ['no json', 'body: expected JSON'],
      ['[]', 'body: expected fields below it'],
      ['7', 'body: expected fields below it, got 7'],
      [{ payloads: 'Kranich Hydraulik GmbH' }, 'payloads: expected a list'],
      [{ payloads: [{ data: 5 }] }, 'payloads.0.data: expected a text, got 5'],
      [{ payloads: [{ metadata: 'Kranich' }] }, 'payloads.0.metadata: expected fields below it'],
    ] as const) {
      const answer = await post('/decode', body);
      expect([answer.status, await answer.json()]).toEqual([400, { error }]);
    }
    const forged = { metadata: { encoding: base64(SEALED_ENCODING) }, data: base64('Kranich Hydraulik GmbH, forged') };
    expect(await readTexts(await post('/decode', { payloads: [forged] }))).toEqual([
      'this payload does not open: this is not a sealed value, or one of another version',
    ]);
    expect(logged).not.toContain('Kranich');
  });

  it('names the key that it lacks in the place of that payload, and opens the others of the page', async () => {
    const lost = openKeyRing({ kind: 'text', text: createKeyLine() });
    const [sealed] = await createPayloadCodec(lost).encode([
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"Kranich"') },
    ]);
    const asSent = {
      metadata: Object.fromEntries(
        Object.entries(sealed?.metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(sealed?.data ?? []).toString('base64'),
    };
    const answer = await post('/decode', { payloads: [asSent, PLAIN] });
    // The command line of Temporal repeats whatever is not 200 until its deadline, and then shows that alone.
    expect(answer.status).toBe(200);
    expect(await readTexts(answer)).toEqual([
      `this payload does not open: the key ring does not hold the key of this value (key '${lost.newestKeyId()}')`,
      'Kranich Hydraulik GmbH',
    ]);
    expect(logged).toContain(lost.newestKeyId());
  });

  it('refuses a body over 16 MiB', async () => {
    const answer = await post('/decode', 'x'.repeat(16 * 1024 * 1024 + 1), {
      'content-length': String(16 * 1024 * 1024 + 1),
    });
    expect(answer.status).toBe(413);
  });

  describe('a browser', () => {
    const form = (token: string) =>
      endpoint.request('/sign-in', { method: 'POST', body: new URLSearchParams({ token }) }, PEER);
    const decode = (cookie: string) => post('/decode', { payloads: [PLAIN] }, { authorization: '', cookie });

    it('signs in with the token and then goes by its cookie, which no script and no other site gets', async () => {
      expect(await (await endpoint.request('/sign-in')).text()).toContain('type="password"');
      const answer = await form(TOKEN);
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe(UI);
      // Browsers hold the redirect after a form to it as well.
      const page = await endpoint.request('/sign-in');
      expect(page.headers.get('content-security-policy')).toContain(`form-action 'self' ${UI};`);
      const cookie = answer.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(/^dealbridge-codec=\S+; Max-Age=43200; Path=\/codec; HttpOnly; SameSite=Strict$/);
      expect(cookie).not.toContain(TOKEN);
      expect((await decode(cookie.split(';')[0] ?? '')).status).toBe(200);
    });

    it('is not let in with a wrong token, a forged cookie, that of another token or one of yesterday', async () => {
      const wrong = await form('a-codec-token-for-testz');
      expect(wrong.status).toBe(401);
      expect(wrong.headers.get('set-cookie')).toBeNull();
      expect(await wrong.text()).toMatch(/The token is wrong\..*<input name="token" type="password"/);
      const headers = { 'content-type': 'multipart/form-data' };
      expect((await endpoint.request('/sign-in', { method: 'POST', headers, body: 'x' }, PEER)).status).toBe(401);
      const forged = createSignIn(
        openKeyRing({ kind: 'text', text: createKeyLine() }),
        TOKEN,
        systemClock,
      ).createSession();
      const ofAnotherToken = createSignIn(ring, 'the-codec-token-of-before', systemClock).createSession();
      for (const value of [forged, ofAnotherToken, TOKEN, '', 'x'])
        expect((await decode(`dealbridge-codec=${value}`)).status).toBe(401);
      const session = signIn.createSession();
      vi.useFakeTimers({ now: Date.now() + 12 * 3_600_000 + 1 });
      onTestFinished(() => void vi.useRealTimers());
      expect(signIn.isSession(session)).toBe(false);
      vi.useRealTimers();
      expect(signIn.isSession(session)).toBe(true);
    });

    it('gets the cookie for https where we are reached by https, whatever a request says of itself', async () => {
      const says = { method: 'POST', headers: { 'x-forwarded-proto': 'https' } };
      const ask = (isHttps: boolean) =>
        createCodecEndpoint({ codec, signIn, uiOrigin: UI, isHttps, limits, log }).request(
          '/sign-in',
          { ...says, body: new URLSearchParams({ token: TOKEN }) },
          PEER,
        );
      expect((await ask(true)).headers.get('set-cookie')).toContain('; Secure');
      expect((await ask(false)).headers.get('set-cookie')).not.toContain('Secure');
    });

    it('signs out, and is asked for the token again', async () => {
      const cookie = (await form(TOKEN)).headers.get('set-cookie')?.split(';')[0] ?? '';
      const page = async (sent: string) => (await endpoint.request('/sign-in', { headers: { cookie: sent } })).text();
      expect(await page(cookie)).toContain('Sign out');
      const answer = await endpoint.request('/sign-out', { method: 'POST', headers: { cookie } }, PEER);
      expect(answer.status).toBe(303);
      expect(answer.headers.get('set-cookie')).toMatch(/^dealbridge-codec=; Max-Age=0; Path=\/codec/);
      expect(await page('')).toContain('type="password"');
    });
  });

  it('lets nobody guess the token: after a hundred wrong ones a right one is not looked at either', async () => {
    for (const way of ['header', 'form'] as const) {
      const guarded = createCodecEndpoint({
        codec,
        signIn,
        uiOrigin: UI,
        isHttps: false,
        limits: createLimits({ ratePerSecond: 1_000, sources: createSources([]), log, now: () => 0 }),
        log,
      });
      const show = async (token: string): Promise<number> => {
        const answer = await (way === 'header'
          ? guarded.request('/decode', { method: 'POST', headers: { authorization: `Bearer ${token}` } }, PEER)
          : guarded.request('/sign-in', { method: 'POST', body: new URLSearchParams({ token }) }, PEER));
        return answer.status;
      };
      for (let index = 0; index < 100; index += 1) expect(await show(`a-guess-of-somebody-${index}`)).toBe(401);
      expect([await show('a-guess-of-somebody'), await show(TOKEN)]).toEqual([429, 429]);
    }
    expect(logged).toContain('"system":"codec"');
    expect(logged).not.toContain('a-guess-of');
  });

  it('has no other address', async () => {
    expect((await post('/reveal', { payloads: [] })).status).toBe(404);
  });
});
