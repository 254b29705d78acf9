import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { createEnvironmentLedger } from '../../src/ledger/settings/environments.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { seedCandidates, seedDrift, seedProblem } from '../support/seeded-masters.js';
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

  it.each(['account', 'contact', 'product'])(
    'an unknown %s is refused, and nobody is told to follow it',
    async (kind) => {
      const csrf = csrfOf(await open('Operator', '/masters'));
      const before = stage.masters.asked.length;
      const answer = await of('Operator').send(`${stage.origin}/masters/${kind}/${NOBODY}/retry`, {}, csrf);
      expect(answer.status).toBe(404);
      const page = await answer.text();
      expect(page).toContain('Nothing is known of it');
      expect(page).toContain(kind);
      expect(page).toContain(NOBODY);
      expect(stage.masters.asked.length).toBe(before);
    },
  );
});

describe('accounts that may be a customer', () => {
  it('say what to do next while there are none, and are searched by whoever may', async () => {
    expect(await open('Viewer', '/masters/matches')).toContain('No account waits for a decision');
    expect(await findTakers('/masters/matches', '/masters/matches/search')).toBe('-O-A');
    expect(stage.masters.asked.at(-1)?.what).toBe('match');
  });

  it('are linked pair by pair, by whoever may, under the name of who decided', async () => {
    const account = await seedCandidates(stage.database);
    const page = await open('Approver', '/masters/matches');
    expect(page).toContain('Northern Pumps Ltd.');
    expect(page).toContain('same tax number, alike name');
    expect(await open('Operator', '/masters/matches')).not.toContain('The same');
    const takers = await findTakers('/masters/matches', `/masters/matches/${account}`, { customer: 'C20001' });
    expect(takers).toBe('--PA');
    expect(stage.masters.asked.at(-1)).toEqual({
      what: 'apply matches',
      input: { by: 'Admin of the tests', decisions: [{ accountId: account, customerNumber: 'C20001' }] },
    });
  });

  it('may be none of them', async () => {
    const account = await seedCandidates(stage.database);
    const csrf = csrfOf(await open('Approver', '/masters/matches'));
    await of('Approver').send(`${stage.origin}/masters/matches/${account}`, { customer: 'new' }, csrf);
    expect(stage.masters.asked.at(-1)?.input).toMatchObject({ decisions: [{ accountId: account }] });
    expect(stage.masters.asked.at(-1)?.input).not.toHaveProperty('decisions.0.customerNumber', expect.anything());
  });

  it('of a customer that another account has, it is asked whether both share it', async () => {
    const account = await seedCandidates(stage.database);
    const csrf = csrfOf(await open('Approver', '/masters/matches'));
    const send = (fields: Record<string, string>) =>
      of('Approver').send(`${stage.origin}/masters/matches/${account}`, { customer: 'C20001', ...fields }, csrf);
    stage.masters.outcome = 'customer-taken';
    const taken = await send({});
    expect(taken.status).toBe(409);
    expect(await taken.text()).toContain('Share the customer');
    stage.masters.outcome = 'linked';
    expect(await (await send({ shared: 'yes' })).text()).toContain('Linked.');
    expect(stage.masters.asked.at(-1)?.input).toMatchObject({ decisions: [{ accountId: account, isShared: true }] });
  });

  it('of which somebody has decided meanwhile, the page names who and what, and asks before it is changed', async () => {
    const account = await seedCandidates(stage.database);
    const csrf = csrfOf(await open('Approver', '/masters/matches'));
    const send = (fields: Record<string, string>) =>
      of('Approver').send(`${stage.origin}/masters/matches/${account}`, { customer: 'C20001', ...fields }, csrf);
    stage.masters.outcome = { decidedBefore: { by: 'Ann', customer: 'new' } };
    const refused = await send({});
    expect(refused.status).toBe(409);
    const page = await refused.text();
    expect(page).toContain('Ann has decided about this account');
    expect(page).toContain('It is a new customer, Ann says. Nothing was changed.');
    expect(page).toContain('name="instead" value="new"');
    expect(await (await send({ customer: 'new' })).text()).not.toContain('Make it');
    stage.masters.outcome = 'linked';
    expect(await (await send({ instead: 'new' })).text()).toContain('Linked.');
    expect(stage.masters.asked.at(-1)?.input).toMatchObject({ decisions: [{ accountId: account, instead: 'new' }] });
  });
});

describe('drift', () => {
  it('says what to do next while nothing was compared', async () => {
    const page = await open('Viewer', '/masters/drift');
    expect(page).toContain('Nothing was compared yet');
    expect(page).toContain('/masters/drift/compare');
    expect(page).not.toContain('/masters/drift/repair');
  });

  it('is shown field by field with who is right, and repaired by whoever may', async () => {
    await seedDrift(stage.database);
    const page = await open('Viewer', '/masters/drift');
    expect(page).toContain('120 accounts');
    expect(page).toContain('Sales is right');
    expect(page).toContain('a person has to say');
    expect(page).not.toContain('/masters/drift/repair');
    expect(await open('Operator', '/masters/drift')).toContain('/masters/drift/repair');
    expect(await findTakers('/masters/drift', '/masters/drift/repair')).toBe('-O-A');
    expect(stage.masters.asked.at(-1)).toEqual({ what: 'compare', input: { fixes: true } });
    expect(await findTakers('/masters/drift', '/masters/drift/compare')).toBe('VOPA');
    expect(stage.masters.asked.at(-1)).toEqual({ what: 'compare', input: { fixes: false } });
  });

  it('is shown of every company, under its name, not of the first alone', async () => {
    const companyId = randomUUID();
    await createEnvironmentLedger(stage.database).ensureRegistered(
      {
        system: 'business-central',
        address: 'https://bc.example/second',
        identity: { companyId, companyName: 'Nordwerk Service GmbH' },
      },
      'tester',
    );
    await seedDrift(stage.database, companyId);
    const page = await open('Viewer', '/masters/drift');
    expect(page.match(/120 accounts/g)).toHaveLength(2);
    expect(page).toContain('<h2>Nordwerk Service GmbH</h2>');
  });
});
