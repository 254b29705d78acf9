import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { seedProblem } from '../support/seeded-masters.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** Master data at the desk: what waits, what people decide about it, and who may. */

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

const NOBODY = '0a0a0000-0000-4000-8000-00000000000a';
const of = (role: Role): Browser => browsers.get(role) ?? new Browser();
const open = async (role: Role, path: string) => (await of(role).open(`${stage.origin}${path}`)).text();

/** The roles whose form is taken: V Viewer, O Operator, P Approver, A Admin; nothing is asked for by the others. */
async function findTakers(page: string, path: string, fields: Record<string, string> = {}): Promise<string> {
  let takers = '';
  for (const [index, role] of ROLES.entries()) {
    const csrf = csrfOf(await open(role, page));
    const before = stage.masters.asked.length;
    const answer = await of(role).send(`${stage.origin}${path}`, fields, csrf);
    takers += answer.status < 400 ? 'VOPA'[index] : '-';
    if (answer.status < 400) continue;
    expect(answer.status).toBe(403);
    expect(stage.masters.asked.length).toBe(before);
  }
  return takers;
}

describe('problems of accounts and products', () => {
  it('say what to do next while there are none', async () => {
    expect(await open('Viewer', '/masters')).toContain('No account and no product waits for a person');
  });

  it('are shown with reason, owner and next step, and checked again by whoever may', async () => {
    const rowId = await seedProblem(stage.database);
    const page = await open('Viewer', '/masters');
    expect(page).toContain('Customer blocked');
    expect(page).toContain('customer C10001 is blocked for all');
    expect(page).toMatch(/Next step, \w/);
    expect(page).toContain(`etn=account&amp;id=${rowId}`);
    expect(page).not.toContain('Check again');
    expect(await open('Operator', '/masters')).toContain('Check again');
    expect(await findTakers('/masters', `/masters/account/${rowId}/retry`)).toBe('-O-A');
    expect(stage.masters.asked.at(-1)).toEqual({ what: 'follow account', input: { rowId, isThorough: true } });
    const system = await stage.ledger.readAudit('00000000-0000-0000-0000-000000000000');
    expect(system.at(-1)).toMatchObject({ actor: 'Admin of the tests', action: 'retry master data' });
  });

  it('a row that is none is refused by name', async () => {
    const csrf = csrfOf(await open('Operator', '/masters'));
    const answer = await of('Operator').send(`${stage.origin}/masters/invoice/${NOBODY}/retry`, {}, csrf);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('one of account, contact, product');
  });
});
