import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { NotTakenYetError } from '../../src/deal/errors.js';
import { RefusalPage } from '../../src/http/desk/decide.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** No worker runs: what somebody says may still count as soon as one does, so that no page says it came to nothing. */

const NOT_TAKEN = new NotTakenYetError('no worker has taken it within 30 s');
let stage: DeskStage;
const browser = new Browser();

beforeAll(async () => {
  const issuer = createTestIssuer();
  issuer.next = { name: 'ann', roles: ['Operator'] };
  stage = await openDeskStage({ issuer });
  await browser.open(`${stage.origin}/sign-in`);
});
afterAll(() => stage?.close());

it('a decision about a deal is not said to have failed', async () => {
  const path = `${stage.origin}/deals/${await stage.waiting.addHeld('item-blocked')}`;
  const page = await (await browser.open(path)).text();
  vi.spyOn(stage.waiting.commands, 'retry').mockRejectedValueOnce(NOT_TAKEN);
  const answer = await browser.send(`${path}/retry`, {}, csrfOf(page));
  expect(answer.status).toBe(503);
  const said = await answer.text();
  expect(said).toContain('Nobody has taken it yet');
  expect(said).toContain(NOT_TAKEN.message);
  expect(said).not.toMatch(/Nothing was (decided|changed)/);
});

it('nor is anything else, such as the pause of a feed', () => {
  const said = String(RefusalPage({ error: NOT_TAKEN }));
  expect(said).toContain('Nobody has taken it yet');
  expect(said).not.toContain('Nothing was changed');
});
