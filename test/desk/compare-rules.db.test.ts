import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** A rules file that is tried at the desk: its faults, what it says otherwise, and what of the last deals would change. */

const FILE =
  'mapping:\n  document:\n    shipToName: { value: Warehouse North }\n    paymentTermsId: { value: 30 DAYS }\n';

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

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const of = (role: Role): Browser => browsers.get(role) ?? new Browser();
const toText = (page: string) =>
  (/<main.*<\/main>/s.exec(page)?.[0] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

/** As the form sends it: a file, or a text. */
async function send(role: Role, given: { readonly file?: string; readonly text?: string; readonly deals?: string }) {
  const csrf = csrfOf(await (await of(role).open(`${stage.origin}/settings/compare`)).text());
  const form = new FormData();
  form.set('csrf', csrf);
  form.set('file', new File([given.file ?? ''], given.file === undefined ? '' : 'rules.yaml'));
  form.set('text', given.text ?? '');
  if (given.deals !== undefined) form.set('deals', given.deals);
  const headers = { origin: stage.origin };
  return of(role).open(`${stage.origin}/settings/compare`, { method: 'POST', headers, body: form });
}

describe('a rules file that is tried', () => {
  it('while there is no deal, is compared with the rules alone', async () => {
    const text = toText(await (await send('Operator', { text: 'createCustomers: false' })).text());
    expect(text).toMatch(/createCustomers true false/);
    expect(text).toContain('There is no deal yet');
  });

  it('says which of the last deals would be different, and how, without an id', async () => {
    const numbers = ['ORD-A', 'ORD-B', 'ORD-C'];
    for (const number of numbers) await stage.waiting.addWaiting({ number });
    const answer = await send('Operator', { file: FILE, deals: '10' });
    expect(answer.status).toBe(200);
    const text = toText(await answer.text());
    expect(text).toContain('mapping.document.shipToName.value');
    for (const number of numbers) expect(text).toContain(number);
    expect(text).toContain('Ship to name customers C10001 Warehouse North');
    expect(text).toContain('Payment terms nothing 30 DAYS');
    expect(text).toContain('3 of 3 deals compared: 3 would be different.');
    expect(text).not.toMatch(GUID);
    expect(text).toContain('1 of 3 compared');
  });

  it('that says the same as the rules in force changes nothing', async () => {
    const text = toText(await (await send('Admin', { text: '# the defaults\n' })).text());
    expect(text).toContain('The file says what the rules in force say.');
    expect(text).toContain('none would be different');
  });

  it('is shown with its faults, by field, what was found and what is right', async () => {
    const answer = await send('Approver', { text: 'confirmations: person\ncreateItems: perhaps\n' });
    expect(answer.status).toBe(400);
    const page = await answer.text();
    expect(toText(page)).toContain('2 faults: these rules are not usable');
    expect(toText(page)).toMatch(/confirmations 1:1 the key &#39;confirmations&#39; confirmation/);
    expect(toText(page)).toMatch(/createItems 2:14 &quot;perhaps&quot; a boolean/);
    // What was given can be corrected where it stands.
    expect(page).toContain('createItems: perhaps');
  });

  it('is taken of nobody who may not, and of no size', async () => {
    const asked = stage.systems.asked.length;
    expect((await send('Viewer', { text: FILE })).status).toBe(403);
    const large = await send('Operator', { text: `# ${'x'.repeat(257 * 1024)}` });
    expect(large.status).toBe(400);
    expect(await large.text()).toContain('at most 256 KiB');
    expect((await send('Operator', { text: FILE, deals: '5000' })).status).toBe(400);
    expect((await send('Operator', {})).status).toBe(400);
    expect(stage.systems.asked.length).toBe(asked);
  });

  it('is compared one at a time', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      stage.systems.beforeReading = async () => {
        resolve();
        await gate;
      };
    });
    const first = send('Operator', { text: FILE });
    await reached;
    const second = await send('Approver', { text: FILE });
    expect(second.status).toBe(409);
    expect(await second.text()).toContain('another rules file is being compared');
    go();
    expect(toText(await (await first).text())).toContain('3 would be different');
    stage.systems.beforeReading = async () => undefined;
    expect((await send('Approver', { text: FILE })).status).toBe(200);
  });

  it('ends when a system gives nothing three times in a row', async () => {
    await stage.waiting.addWaiting();
    stage.systems.beforeReading = async () => stage.systems.fail();
    const text = toText(await (await send('Operator', { text: FILE })).text());
    expect(text).toContain('It could not be compared: read the deal: unavailable (503).');
    expect(text).toContain('3 could not be read, so the others were not asked for.');
    stage.systems.beforeReading = async () => undefined;
  });

  it('changes nothing in the ledger', async () => {
    const count = async () =>
      (
        await stage.database.query(
          `SELECT (SELECT count(*) FROM mappings) AS mappings, (SELECT count(*) FROM audit_entries) AS entries`,
        )
      ).rows;
    const before = await count();
    await (await send('Operator', { text: FILE })).text();
    expect(await count()).toEqual(before);
  });
});

describe('the same by the API', () => {
  const call = async (role: Role, body: object) => {
    const csrf = csrfOf(await (await of(role).open(`${stage.origin}/`)).text());
    const headers = { origin: stage.origin, 'content-type': 'application/json', 'x-csrf-token': csrf };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return of(role).open(`${stage.origin}/api/v1/rules/comparison`, init);
  };
  const toLines = async (answer: Response) =>
    (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('comes line by line, and the last line says that it is whole', async () => {
    const answer = await call('Operator', { rules: FILE, deals: 2 });
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = await toLines(answer);
    expect(lines.map(({ kind }) => kind)).toEqual(['rules', 'deal', 'deal', 'end']);
    expect(lines[1]).toMatchObject({ outcome: 'different', customer: 'Alder Maschinenbau' });
    expect(lines[1]?.['changes']).toContainEqual({ field: 'document.paymentTermsId', before: '', after: '30 DAYS' });
    expect(lines[3]).toEqual({ kind: 'end', same: 0, different: 2, 'not-compared': 0 });
  });

  it('names the faults of a file, and refuses whoever may not', async () => {
    const [line] = await toLines(await call('Operator', { rules: 'createItems: perhaps' }));
    const fault = { line: 1, column: 14, field: 'createItems', found: '"perhaps"', right: 'a boolean' };
    expect(line).toEqual({ kind: 'faults', faults: [fault] });
    expect((await call('Viewer', { rules: FILE })).status).toBe(403);
    expect((await call('Operator', { rules: FILE, deals: 0 })).status).toBe(400);
  });
});
