import { get } from 'node:http';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { APPROVERS_GROUP } from '@dealbridge/simulators/entra/users.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIssuer } from '../../src/http/authentication/issuer.js';
import { createSessionLedger } from '../../src/ledger/desk/sessions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';

const NONE = { Viewer: [], Operator: [], Approver: [], Admin: [] };
const BY_NAME = { Viewer: ['Viewer'], Operator: ['Operator'], Approver: ['Approver'], Admin: ['Admin'] };

let simulators: Simulators;
let stage: DeskStage;
let clientSecret: string;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  const { entra, tenant, deskApp } = simulators.connection;
  clientSecret = deskApp.clientSecret;
  stage = await openDeskStage({
    issuer: createIssuer({
      url: `${entra}/${tenant}/v2.0`,
      clientId: deskApp.clientId,
      findClientSecret: async () => clientSecret,
      audiences: [deskApp.clientId],
      roleNames: {
        rolesClaim: 'roles',
        groupsClaim: 'groups',
        byName: BY_NAME,
        byGroup: { ...NONE, Approver: [APPROVERS_GROUP] },
      },
    }),
  });
});
afterAll(async () => {
  await stage?.close();
  await simulators?.stop();
});

const PAGE = '/no-such-page';

describe('signing in at the issuer', () => {
  it('shows no page to anybody else, and comes back to the page that was asked for', async () => {
    const { origin } = stage;
    const refused = await fetch(`${origin}${PAGE}?a=1`, { redirect: 'manual' });
    expect(refused.status).toBe(302);
    expect(refused.headers.get('location')).toBe(`/sign-in?to=${encodeURIComponent(`${PAGE}?a=1`)}`);
    const browser = new Browser();
    const page = await browser.signIn(origin, 'paula.stein', `${PAGE}?a=1`);
    expect(page.url).toBe(`${origin}${PAGE}?a=1`);
    const text = await page.text();
    expect(text).toContain('Paula Stein (paula.stein@nordwerk.onmicrosoft.com)');
    expect(text).toContain('Roles: Approver');
    expect(stage.signIns).toContain('Paula Stein (paula.stein@nordwerk.onmicrosoft.com)');
  });

  it('takes a group for a role, and lets nobody in who has none', async () => {
    const member = await new Browser().signIn(stage.origin, 'greta.holm', PAGE);
    expect(await member.text()).toContain('Roles: Approver');
    const browser = new Browser();
    const nobody = await browser.signIn(stage.origin, 'nora.falk', PAGE);
    expect(nobody.status).toBe(403);
    expect(await nobody.text()).toContain('nobody has given you a role');
    expect((await browser.open(`${stage.origin}${PAGE}`)).url).toContain(simulators.connection.entra);
  });

  it('goes by the client secret of this moment: a wrong one lets nobody in, and the right one again everybody', async () => {
    const right = clientSecret;
    clientSecret = 'an-older-secret';
    const refused = await new Browser().signIn(stage.origin, 'paula.stein');
    expect(refused.status).toBe(502);
    expect(await refused.text()).toMatch(/refuses the client secret of the desk.*dealbridge credentials set desk/);
    clientSecret = right;
    expect((await new Browser().signIn(stage.origin, 'paula.stein')).status).toBe(200);
  });

  it.each([
    ['answers 503', { kind: 'status', status: 503 }],
    ['answers what is no JSON', { kind: 'status', status: 200, body: 'busy' }],
    ['cuts the connection', { kind: 'lose-answer', when: 'before' }],
  ] as const)('says that it is not possible now while the issuer %s, and works afterwards', async (_what, effect) => {
    simulators.entra.faults.add({ match: { path: 'oauth2/v2\\.0/token' }, effect });
    const page = await new Browser().signIn(stage.origin, 'paula.stein');
    expect(page.status).toBe(502);
    const text = await page.text();
    expect(text).toMatch(/Signing in is not possible right now.*gives no answer that helps.*Sign in again/s);
    expect((await new Browser().signIn(stage.origin, 'paula.stein')).status).toBe(200);
  });

  it('goes nowhere else afterwards than to a page of the desk', async () => {
    for (const path of ['//evil.example.com', '/\\evil.example.com', 'https://evil.example.com', '/sign-out']) {
      const page = await new Browser().signIn(stage.origin, 'vera.lund', path);
      expect(page.url).toBe(`${stage.origin}/`);
    }
  });

  it('refuses an answer that was not asked for, or for another browser', async () => {
    const callback = `${stage.origin}/sign-in/callback`;
    expect((await fetch(`${callback}?code=made-up&state=made-up`)).status).toBe(401);
    const browser = new Browser();
    const state = new URL((await browser.open(`${stage.origin}/sign-in`)).url).searchParams.get('state');
    const unasked = await browser.open(`${callback}?code=made-up&state=made-up`);
    expect(unasked.status).toBe(401);
    expect(await unasked.text()).toContain('began in another browser');
    const forged = await browser.open(`${callback}?code=made-up&state=${state}`);
    expect(forged.status).toBe(401);
    expect(await forged.text()).toContain('cannot be believed');
  });

  it('signs in from several tabs at once, and brings each to its own page', async () => {
    const browser = new Browser();
    const tabs = ['/?view=held', '/feeds'];
    const choices: Response[] = [];
    for (const path of tabs) choices.push(await browser.open(`${stage.origin}/sign-in?to=${encodeURIComponent(path)}`));
    for (const [at, { url }] of choices.entries()) {
      const body = new URLSearchParams({ user: 'paula.stein@nordwerk.onmicrosoft.com' });
      const page = await browser.open(url, { method: 'POST', body });
      expect(page.url).toBe(`${stage.origin}${tabs[at]}`);
    }
  });

  it('sets a sealed cookie that no script reads, and the page allows no code but its files', async () => {
    const begun = await fetch(`${stage.origin}/sign-in`, { redirect: 'manual' });
    expect(begun.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Lax/);
    expect(begun.headers.get('set-cookie')).not.toContain('state');
    const policy = begun.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('answers to no other name than its own', async () => {
    const { port } = new URL(stage.origin);
    const ask = (host: string) =>
      new Promise<number>((resolve, reject) => {
        get({ port, host: '127.0.0.1', path: '/', headers: { host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        }).once('error', reject);
      });
    expect(await ask(`127.0.0.1:${port}`)).toBe(302);
    expect(await ask('rebound.example.com')).toBe(421);
  });
});

describe('a session', () => {
  it('ends when the person signs out, and only by a page of the desk', async () => {
    const browser = new Browser();
    const page = await (await browser.signIn(stage.origin, 'vera.lund', PAGE)).text();
    const csrf = csrfOf(page);
    const out = `${stage.origin}/sign-out`;
    const forged = { method: 'POST', body: new URLSearchParams({ csrf }) };
    expect((await browser.open(out, { ...forged, headers: { origin: 'https://evil.example.com' } })).status).toBe(403);
    expect((await browser.send(out, {}, 'another')).status).toBe(403);
    expect(await (await browser.open(`${stage.origin}${PAGE}`)).text()).toContain('Vera Lund');
    expect(await (await browser.send(out, {}, csrf)).text()).toContain('You are signed out');
    expect((await browser.open(`${stage.origin}${PAGE}`)).url).toContain(simulators.connection.entra);
  });

  it('ends after an hour without a request, and after twelve whatever happens', async () => {
    const { database } = stage;
    const sessions = createSessionLedger(database, { idleMinutes: 60, maxHours: 12 });
    const somebody = { subject: 'one', name: 'Ann', roles: ['Viewer'], isVerified: true };
    const age = (column: 'seen_at' | 'started_at', interval: string) =>
      database.query(`UPDATE desk_sessions SET ${column} = now() - $1::interval WHERE session_hash = 'one'`, [
        interval,
      ]);
    await sessions.start('one', somebody);
    await age('seen_at', '59 minutes');
    // A page that looks for news by itself keeps nobody signed in.
    expect(await sessions.find('one', false)).toEqual(somebody);
    await age('seen_at', '61 minutes');
    expect(await sessions.find('one', true)).toBeUndefined();
    await age('seen_at', '59 minutes');
    expect(await sessions.find('one', true)).toEqual(somebody);
    await age('started_at', '13 hours');
    expect(await sessions.find('one', true)).toBeUndefined();
  });

  it('that may be idle for a minute lasts as long as somebody works', async () => {
    const sessions = createSessionLedger(stage.database, { idleMinutes: 1, maxHours: 12 });
    await sessions.start('short', { subject: 'two', name: 'Bob', roles: ['Viewer'], isVerified: true });
    for (let request = 0; request < 3; request += 1) {
      await stage.database.query(
        `UPDATE desk_sessions SET seen_at = seen_at - interval '40 seconds' WHERE session_hash = 'short'`,
      );
      expect(await sessions.find('short', true)).toBeDefined();
    }
  });
});

describe('a form that is none', () => {
  it('is refused as what it is, on a page and under the API', async () => {
    const browser = new Browser();
    await browser.signIn(stage.origin, 'vera.lund', PAGE);
    const headers = { origin: stage.origin, 'content-type': 'multipart/form-data' };
    const page = await browser.open(`${stage.origin}/views`, { method: 'POST', headers, body: 'x' });
    expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('expected a form')]);
    const api = await browser.open(`${stage.origin}/api/v1/views/mine`, { method: 'PUT', headers, body: 'x' });
    expect(api.status).toBe(400);
    expect(await api.json()).toMatchObject({
      code: 'invalid-input',
      detail: expect.stringMatching(/^body: expected a form/),
    });
  });
});

describe('without an issuer', () => {
  let alone: DeskStage;
  beforeAll(async () => {
    alone = await openDeskStage();
  });
  afterAll(() => alone?.close());

  it('a link that is printed signs in once, on this machine, as somebody unproved with every right', async () => {
    const url = `${alone.origin}/sign-in/link/${alone.link.renew()}`;
    const page = await (await new Browser().open(url)).text();
    expect(page).toContain('tester');
    const again = await new Browser().open(url);
    expect(again.status).toBe(401);
    expect(await again.text()).toContain('was used already');
    const { rows } = await alone.database.query('SELECT roles, is_verified FROM desk_sessions');
    expect(rows).toEqual([{ roles: ['Admin'], is_verified: false }]);
  });

  it('prints a new one on request, and the one before is worth nothing', async () => {
    const before = alone.link.renew();
    const asked = await fetch(`${alone.origin}/sign-in/new-link`, { method: 'POST' });
    expect(await asked.text()).toContain('A new link was printed');
    expect((await fetch(`${alone.origin}/sign-in/link/${before}`)).status).toBe(401);
    expect((await new Browser().open(alone.printed.at(-1) ?? '')).url).toBe(`${alone.origin}/`);
  });
});
