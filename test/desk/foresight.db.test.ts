import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** What is said before something is done: a preview, a replay, a day on which nothing can be posted. */

let stage: DeskStage;
const browsers = new Map<Role, Browser>();

beforeAll(async () => {
  const issuer = createTestIssuer();
  stage = await openDeskStage({ issuer });
  for (const role of ROLES) {
    issuer.next = { name: `${role} of the tests`, roles: [role] };
    const browser = new Browser();
    await browser.open(`${stage.origin}/sign-in`);
    browsers.set(role, browser);
  }
});
afterAll(() => stage?.close());

/** Ten times what a usual one has. */
const MAX_PAGE = 300_000;
const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const of = (role: Role): Browser => browsers.get(role) ?? new Browser();
const open = async (role: Role, path: string) => (await of(role).open(`${stage.origin}${path}`)).text();
/** What a person reads: addresses and hidden fields are none of it. */
const toText = (page: string) =>
  (/<main.*<\/main>/s.exec(page)?.[0] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

describe('a preview', () => {
  it('shows line by line what the rules in force would make now, to everybody, and writes nothing', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-PREVIEW', unitPrice: '12.50' });
    const before = stage.waiting.sent.length;
    for (const role of ROLES) {
      expect(await open(role, `/deals/${recordId}`)).toContain(`/deals/${recordId}/preview`);
      const text = toText(await open(role, `/deals/${recordId}/preview`));
      expect(text).toContain('Nothing would hold it.');
      expect(text).toContain('EQ-1001');
      expect(text).toMatch(/2 PCS 12\.50 0\.00 25\.00/);
      expect(text).toMatch(/New invoice/);
      expect(text).not.toMatch(GUID);
    }
    expect(stage.waiting.sent.length).toBe(before);
  });

  it('says what would hold the deal, with its next step', async () => {
    const recordId = await stage.waiting.addWaiting({ currency: 'XAF' });
    const text = toText(await open('Viewer', `/deals/${recordId}/preview`));
    expect(text).toContain('What would hold it');
    expect(text).toMatch(/Next step, \w/);
  });

  it('says which system did not answer', async () => {
    const recordId = await stage.waiting.addWaiting();
    await stage.ledger.register({ table: 'salesorder', recordId: '0d0d0000-0000-4000-8000-0000000000dd' });
    const gone = await of('Viewer').open(`${stage.origin}/deals/0d0d0000-0000-4000-8000-0000000000dd/preview`);
    expect(gone.status).toBe(404);
    expect(await gone.text()).toContain('read the deal: not-found (404)');
    expect((await of('Viewer').open(`${stage.origin}/deals/${recordId}/preview`)).status).toBe(200);
  });
});

describe('a deal of thousands of lines', () => {
  it('is shown by its first lines and by those that differ, and whole on request', async () => {
    const recordId = await stage.waiting.addWaiting({ lines: 3_000, unitPrice: '10.00', draftPrice: '11.00' });
    const page = await open('Viewer', `/deals/${recordId}`);
    expect(page.length).toBeLessThan(MAX_PAGE);
    const text = toText(page);
    expect(text).toContain('200 of 3000 lines are shown, those that differ before others.');
    expect(text).toContain('3000 EQ-1001');
    expect(text).not.toContain('201 EQ-1001');
    expect(toText(await open('Viewer', `/deals/${recordId}?lines=all`))).toContain('201 EQ-1001');

    const preview = await open('Viewer', `/deals/${recordId}/preview`);
    expect(preview.length).toBeLessThan(MAX_PAGE);
    expect(toText(preview)).toContain('200 of 3000 lines are shown.');
    expect(toText(await open('Viewer', `/deals/${recordId}/preview?lines=all`))).toContain('3000 EQ-1001');
  });
});

describe('running a deal again', () => {
  it('is shown first, and done by whoever may, in the name of who did it', async () => {
    let takers = '';
    for (const [index, role] of ROLES.entries()) {
      const recordId = await stage.waiting.addHeld('item-missing');
      const path = `/deals/${recordId}/replay`;
      const shown = await open(role, path);
      expect(toText(shown)).toContain('Is taken over');
      expect(toText(shown)).not.toMatch(GUID);
      const mayRun = shown.includes('Run it again');
      const csrf = csrfOf(await open(role, `/deals/${recordId}`)) || csrfOf(shown);
      const before = stage.waiting.sent.length;
      const fields = { recorded: 'no', mapping: 'now' };
      const answer = await of(role).send(`${stage.origin}${path}`, fields, csrf);
      expect(answer.status < 400).toBe(mayRun);
      takers += answer.status < 400 ? 'VOPA'[index] : '-';
      if (answer.status < 400) {
        expect(await answer.text()).toContain('It runs again');
        const name = `${role} of the tests`;
        const actor = { name, personId: name, source: 'desk', isVerified: true };
        expect(stage.waiting.sent.at(-1)).toEqual({ act: 'replay', recordId, input: { actor } });
      } else {
        expect(answer.status).toBe(403);
        expect(stage.waiting.sent.length).toBe(before);
      }
      expect((await open(role, `/deals/${recordId}`)).includes(path)).toBe(mayRun);
    }
    expect(takers).toBe('-OPA');
  });

  it('takes the record as it was read then, and other rules, when that is chosen', async () => {
    const recordId = await stage.waiting.addHeld('item-missing');
    const path = `/deals/${recordId}/replay`;
    expect(toText(await open('Operator', `${path}?recorded=yes`))).toContain('Is handed over revision');
    const csrf = csrfOf(await open('Operator', path));
    await of('Operator').send(`${stage.origin}${path}`, { recorded: 'yes', mapping: 'then' }, csrf);
    expect(stage.waiting.sent.at(-1)?.input).toMatchObject({ revision: 'W/"1"', mapping: 'the-mapping' });
    const unknown = await of('Operator').open(`${stage.origin}${path}?mapping=abcdef`);
    expect(unknown.status).toBe(400);
    expect(await unknown.text()).toContain('a hash of');
  });

  it('does not say that nothing is different when the rules of then cannot be read any more', async () => {
    const recordId = await stage.waiting.addHeld('item-missing');
    const path = `/deals/${recordId}/replay`;
    expect(toText(await open('Viewer', path))).toContain('Nothing is different');
    const gone = '0123456789abcdef';
    await stage.database.query('UPDATE source_records SET mapping_hash = $2 WHERE record_id = $1', [recordId, gone]);
    const text = toText(await open('Viewer', path));
    expect(text).toContain(`Is not compared the document: the ledger has no mapping ${gone}`);
    expect(text).not.toContain('Nothing is different');
  });

  it('names what is different in Sales since then', async () => {
    const recordId = await stage.waiting.addHeld('item-missing', { name: 'Pumps' });
    const deal = stage.waiting.findDeal(recordId);
    stage.systems.change = (one) => (one.recordId === deal.recordId ? { ...one, name: 'Pumps and valves' } : one);
    const text = toText(await open('Viewer', `/deals/${recordId}/replay`));
    expect(text).toMatch(/Name Pumps Pumps and valves/);
  });
});

describe('a closed posting period', () => {
  it('is said before the click, with whose move it is, on every page that confirms', async () => {
    const recordId = await stage.waiting.addWaiting();
    const pages = [`/deals/${recordId}`, `/deals/${recordId}/confirm`, `/posting?deal=${recordId}`];
    stage.systems.period = { from: '2031-05-01', to: '2031-05-31' };
    for (const page of pages) expect(await open('Approver', page)).not.toContain('takes no posting');
    stage.systems.period = { from: '2031-06-01', to: undefined };
    for (const page of pages) {
      const text = toText(await open('Approver', page));
      expect(text).toContain('takes no posting on 2031-05-04, the posting date of the draft: open is from 2031-06-01');
      expect(text).toContain('Next step, finance:');
    }
    stage.systems.period = { from: undefined, to: undefined };
  });
});

describe('the posting desk', () => {
  it('says how many people a deal needs, and which have confirmed', async () => {
    const recordId = await stage.waiting.addWaiting();
    stage.waiting.askSeveral(recordId, { needed: 2, by: ['Ann Moor'] });
    const text = toText(await open('Approver', `/posting?deal=${recordId}`));
    expect(text).toContain('2 people have to confirm: 1 missing, Ann Moor confirmed already');
  });
});
