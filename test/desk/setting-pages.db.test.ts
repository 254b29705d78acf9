import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { saveMapping } from '../../src/ledger/settings/mappings.js';
import { hashMapping } from '../../src/mapping/versions/versions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** Credentials, rules and trail at the desk, and who may see and do what. */

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

const of = (role: Role): Browser => browsers.get(role) ?? new Browser();
const open = async (role: Role, path: string) => (await of(role).open(`${stage.origin}${path}`)).text();

describe('credentials', () => {
  it('say what to do next while there are none', async () => {
    expect(await open('Admin', '/settings/credentials')).toContain('The ledger keeps none');
  });

  it('are shown with when they end, never with a value, to whoever may see them', async () => {
    const days = 10;
    await stage.vault.set({
      ...{ name: 'dataverse', actor: 'tester', overlapHours: 0 },
      credential: { kind: 'certificate', thumbprintSha256: 'the-print', privateKey: 'the-private-key' },
      certificate: { thumbprintSha256: 'the-print', expiresAt: new Date(Date.now() + (days + 0.5) * 86_400_000) },
    });
    const secret = { kind: 'secret', secret: 'the-secret-value' } as const;
    await stage.vault.set({ name: 'webhook', actor: 'tester', overlapHours: 0, credential: secret });
    const page = await open('Admin', '/settings/credentials');
    expect(page).toContain(`class="badge ask">${days} days left`);
    expect(page).toContain('A secret: when it ends, only Entra says');
    expect(page).toContain('Only the one before the newest is kept');
    expect(page).not.toMatch(/the-private-key|the-secret-value/);
    for (const role of ['Viewer', 'Operator', 'Approver'] as const)
      expect(await open(role, '/settings/credentials')).not.toContain('days left');
  });

  it('are sealed anew by administrators alone', async () => {
    let takers = '';
    for (const [index, role] of ROLES.entries()) {
      const csrf = csrfOf(await open(role, '/settings/credentials'));
      const answer = await of(role).send(`${stage.origin}/settings/credentials/rotate`, {}, csrf);
      takers += answer.status < 400 ? 'VOPA'[index] : '-';
      if (answer.status < 400) expect(await answer.text()).toContain('sealed with the newest key');
    }
    expect(takers).toBe('---A');
  });
});

describe('the trail', () => {
  it('is proved for everybody, and the first wrong entry is named', async () => {
    expect(await open('Viewer', '/trail')).toContain('Prove the trail');
    const whole = await open('Viewer', '/trail?verify=1');
    expect(whole).toContain('The trail is whole.');
    expect(whole).toContain('No witness outside of the database is set');
    // A document of which the trail tells nothing.
    const recordId = await stage.waiting.addWaiting();
    const broken = await open('Viewer', '/trail?verify=1');
    expect(broken).toContain('The trail is NOT whole: 1 wrong.');
    expect(broken).toContain(`record ${recordId}`);
  });

  it('is saved by administrators alone, line by line, without personal content unless it is asked for', async () => {
    for (const role of ['Viewer', 'Operator', 'Approver'] as const) {
      expect(await open(role, '/trail')).not.toContain('/trail.jsonl');
      expect((await of(role).open(`${stage.origin}/trail.jsonl`)).status).toBe(403);
    }
    expect(await open('Admin', '/trail')).toContain('/trail.jsonl');
    const answer = await of('Admin').open(`${stage.origin}/trail.jsonl`);
    expect(answer.headers.get('content-disposition')).toContain('dealbridge-trail.jsonl');
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ kind: 'dealbridge audit export', personal: false });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'end' });
    const personal = (await open('Admin', '/trail.jsonl?personal=yes')).split('\n');
    expect(JSON.parse(personal[0] ?? '')).toMatchObject({ personal: true });
  });
});

describe('rules', () => {
  it('say where they come from while no worker has used any', async () => {
    expect(await open('Viewer', '/settings')).toContain('No worker has used any rules yet');
  });

  it('are shown with their history, and each as a rules file', async () => {
    const content = { lines: { freight: 'FREIGHT' } };
    const earlier = hashMapping(content);
    await saveMapping(stage.database, { hash: earlier, content });
    expect(await open('Viewer', '/settings')).toContain('rules that no worker has used yet');
    await saveMapping(stage.database, { hash: 'the-mapping', content: {} });
    const page = await open('Viewer', '/settings');
    expect(page.match(/in force/g)).toHaveLength(1);
    expect(page).not.toContain('rules that no worker has used yet');
    expect(page).toContain(`/settings/rules/${earlier}`);
    expect(await open('Viewer', `/settings/rules/${earlier}`)).toContain('freight: FREIGHT');
    const altered = await of('Viewer').open(`${stage.origin}/settings/rules/the-mapping`);
    expect(altered.status).toBe(409);
    expect(await altered.text()).toContain('was altered');
  });
});
