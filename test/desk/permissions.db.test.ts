import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { createTestIssuer, type TestIssuer } from '../support/test-issuer.js';

/** Each act of a page, tried with each role: what is not allowed is not shown, and changes nothing when it is sent all the same. */

let stage: DeskStage;
let issuer: TestIssuer;
const browsers = new Map<Role, Browser>();

beforeAll(async () => {
  issuer = createTestIssuer();
  stage = await openDeskStage({ issuer });
  for (const role of ROLES) {
    issuer.next = { name: `${role} of the tests`, roles: [role] };
    const browser = new Browser();
    await browser.open(`${stage.origin}/sign-in`);
    browsers.set(role, browser);
  }
});
afterAll(() => stage?.close());

const of = (role: Role): Browser => browsers.get(role) ?? new Browser();

const ACTS: readonly (readonly [act: string, of: 'waiting' | 'held', fields: Record<string, string>, card: string])[] =
  [
    ['confirm', 'waiting', {}, '--PA'],
    ['reject', 'waiting', { reason: 'wrong price' }, '--PA'],
    ['retry', 'held', {}, '-OPA'],
    ['cancel', 'held', { reason: 'ordered twice' }, '-OPA'],
    ['note', 'waiting', { text: 'asked Mr Brown' }, '-OPA'],
    ['assign', 'waiting', { to: 'me' }, '-OPA'],
  ];

describe('acts of a deal', () => {
  it.each(ACTS)('%s', async (act, kind, fields, card) => {
    let shown = '';
    let sent = '';
    for (const [index, role] of ROLES.entries()) {
      const recordId =
        kind === 'waiting' ? await stage.waiting.addWaiting() : await stage.waiting.addHeld('item-blocked');
      const path = `${stage.origin}/deals/${recordId}`;
      const page = await (await of(role).open(path)).text();
      shown += page.includes(`/deals/${recordId}/${act}"`) ? 'VOPA'[index] : '-';
      const figures = await figuresOf(recordId);
      const before = await stateOf(recordId);
      const answer = await of(role).send(`${path}/${act}`, { ...fields, figures }, csrfOf(page));
      sent += answer.status < 400 ? 'VOPA'[index] : '-';
      if (answer.status >= 400) {
        expect(answer.status).toBe(403);
        expect(await answer.text()).toMatch(new RegExp(`may not ${act} a deal: expected the role (Operator|Approver)`));
        expect(await stateOf(recordId)).toEqual(before);
      }
    }
    expect(shown, 'shown on the page').toBe(card);
    expect(sent, 'taken when it is sent').toBe(card);
  });

  it('switching a feed, and examining', async () => {
    let switched = '';
    let examined = '';
    for (const [index, role] of ROLES.entries()) {
      const page = await (await of(role).open(`${stage.origin}/feeds`)).text();
      const answer = await of(role).send(`${stage.origin}/feeds/salesorder/pause`, {}, csrfOf(page));
      switched += answer.status < 400 ? 'VOPA'[index] : '-';
      const health = await of(role).open(`${stage.origin}/health-check?examine=1`);
      examined += health.status < 400 ? 'VOPA'[index] : '-';
    }
    expect(switched).toBe('-O-A');
    expect(examined).toBe('-O-A');
  });
});

describe('a forged request', () => {
  it('changes nothing, whatever it lacks', async () => {
    const recordId = await stage.waiting.addWaiting();
    const browser = of('Approver');
    const path = `${stage.origin}/deals/${recordId}`;
    const csrf = csrfOf(await (await browser.open(path)).text());
    const fields = { figures: await figuresOf(recordId) };
    const before = await stateOf(recordId);
    const send = (headers: Record<string, string>, token: string) =>
      browser.open(`${path}/confirm`, {
        method: 'POST',
        headers,
        body: new URLSearchParams({ ...fields, csrf: token }),
      });
    // Another site, a page that is sandboxed, a token of somebody else, none at all.
    expect((await send({ origin: 'https://evil.example.com' }, csrf)).status).toBe(403);
    expect((await send({ origin: 'null' }, csrf)).status).toBe(403);
    const foreign = csrfOf(await (await of('Admin').open(path)).text());
    expect((await send({ origin: stage.origin }, foreign)).status).toBe(403);
    expect((await send({ origin: stage.origin }, '')).status).toBe(403);
    expect((await send({ 'sec-fetch-site': 'cross-site' }, csrf)).status).toBe(403);
    expect(await stateOf(recordId)).toEqual(before);
    expect((await send({ origin: stage.origin }, csrf)).status).toBeLessThan(400);
    expect(stage.waiting.sent.at(-1)).toMatchObject({
      act: 'confirm',
      recordId,
      input: { actor: { name: 'Approver of the tests', source: 'desk', isVerified: true } },
    });
  });
});

async function figuresOf(recordId: string): Promise<string> {
  const status = await stage.waiting.commands.findStatus(recordId);
  const { documentNumber, totalIncludingTax, currency } = status?.figures ?? {};
  return Buffer.from(JSON.stringify([documentNumber, totalIncludingTax, currency])).toString('base64url');
}

async function stateOf(recordId: string): Promise<unknown> {
  const count = 'SELECT count(*) FROM deal_notes WHERE record_id = $1';
  const notes = await stage.database.query(count, [recordId]);
  const given = await stage.database.query('SELECT assignee FROM deal_assignments WHERE record_id = $1', [recordId]);
  return { sent: stage.waiting.sent.length, notes: notes.rows, given: given.rows };
}
