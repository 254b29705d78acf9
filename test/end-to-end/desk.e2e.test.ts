import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { confirmUpdate } from '../../src/workflows/deals/messages.js';
import { createDealer, until } from '../support/deals.js';
import { Browser, csrfOf } from '../support/desk.js';
import { openStage, type Stage } from '../support/processes.js';

/** The desk that the starter serves, with people of the simulated Entra and real runs behind it. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/person.yaml',
    signIn: true,
  });
  dealer = createDealer(stage);
});
afterAll(() => stage?.close());

async function startWaiting(): Promise<SeedDocument> {
  const deal = dealer.takeKnown();
  await startDeal(stage, { table: 'salesorder', recordId: deal.id });
  await dealer.untilState(deal, 'awaiting-confirmation');
  return deal;
}

async function signIn(userName: string): Promise<Browser> {
  const browser = new Browser();
  expect((await browser.signIn(stage.deskUrl, userName)).url).toBe(`${stage.deskUrl}/`);
  return browser;
}

/** The form as it is shown, to be sent as often as one likes. */
async function openForm(browser: Browser, deal: SeedDocument, act: string, deskUrl = stage.deskUrl) {
  const path = `${deskUrl}/deals/${deal.id}/${act}`;
  const page = await (await browser.open(path)).text();
  const figures = /name="figures" value="([^"]+)"/.exec(page)?.[1] ?? '';
  return { page, send: (fields = {}) => browser.send(path, { figures, ...fields }, csrfOf(page)) };
}

const confirmations = async (deal: SeedDocument) =>
  (await stage.ledger.readAudit(deal.id)).filter(({ action }) => action === 'confirm');

describe('the desk of the starter', () => {
  it('lists what waits with name, customer and amount, and posts what a person confirms', async () => {
    const deal = await startWaiting();
    const browser = await signIn('paula.stein');
    const list = await (await browser.open(`${stage.deskUrl}/?search=${deal.number}`)).text();
    expect(list).toContain(deal.number);
    expect(list).toContain(stage.simulators.data.companyName);
    const { figures } = await dealer.status(deal);
    const { page, send } = await openForm(browser, deal, 'confirm');
    expect(page).toContain(`>${figures?.documentNumber}<`);
    expect((await send()).status).toBe(200);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(await confirmations(deal)).toMatchObject([
      {
        actor: 'Paula Stein (paula.stein@nordwerk.onmicrosoft.com)',
        facts: { figures, source: 'desk', verified: true },
      },
    ]);
    const shown = await (await browser.open(`${stage.deskUrl}/deals/${deal.id}`)).text();
    expect(shown).toContain('confirmed the figures');
    expect(shown).toContain('Every line and every sum agree.');
    expect(shown).toContain('not paid yet');
  });

  it('of two people who confirm at once one wins, and the other is told', async () => {
    const deal = await startWaiting();
    const [paula, pedro] = [await signIn('paula.stein'), await signIn('pedro.winter')];
    const forms = [await openForm(paula, deal, 'confirm'), await openForm(pedro, deal, 'confirm')];
    const answers = await Promise.all(forms.map(({ send }) => send()));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const lost = answers.find(({ status }) => status === 409);
    expect(await lost?.text()).toMatch(/already confirmed by P|the deal is (confirmed|posted|written-back)/);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(await confirmations(deal)).toHaveLength(1);
  });

  it('a viewer sees everything and changes nothing', async () => {
    const deal = await startWaiting();
    const viewer = await signIn('vera.lund');
    const page = await (await viewer.open(`${stage.deskUrl}/deals/${deal.id}`)).text();
    expect(page).not.toContain(`/deals/${deal.id}/confirm`);
    const approver = await openForm(await signIn('paula.stein'), deal, 'reject');
    const figures = /name="figures" value="([^"]+)"/.exec(approver.page)?.[1] ?? '';
    const forged = await viewer.send(`${stage.deskUrl}/deals/${deal.id}/confirm`, { figures }, csrfOf(page));
    expect(forged.status).toBe(403);
    expect((await dealer.status(deal)).state).toBe('awaiting-confirmation');
    expect((await approver.send({ reason: 'wrong price' })).status).toBe(200);
    expect((await dealer.result(deal)).outcome).toBe('rejected');
  });

  it('a confirmation that came by another way counts only when somebody proved who it is', async () => {
    const deal = await startWaiting();
    const { figures } = await dealer.status(deal);
    if (!figures) throw new Error('there is no draft');
    const handle = stage.temporal.workflow.getHandle(deal.id);
    // Whoever reaches Temporal may call itself verified.
    const actor = { name: 'Mallory', source: 'desk', isVerified: true, proof: 'made up' } as const;
    await handle.executeUpdate(confirmUpdate, { args: [{ actor, figures }] });
    const isVoid = async () =>
      (await stage.ledger.readAudit(deal.id)).some(({ action }) => action === 'confirmation is void');
    await until(isVoid);
    await dealer.untilState(deal, 'awaiting-confirmation');
    expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([false]);
    const trail = await stage.ledger.readAudit(deal.id);
    expect(trail.find(({ action }) => action === 'confirmation is void')).toMatchObject({
      actor: 'Mallory',
      facts: { verified: false, cause: 'nobody proved who it is' },
    });
    await until(async () => (await dealer.status(deal)).state === 'awaiting-confirmation');
    const { send } = await openForm(await signIn('paula.stein'), deal, 'confirm');
    expect((await send()).status).toBe(200);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
  });

  it('records each sign-in with its roles in the trail of the installation', async () => {
    const entries = await stage.ledger.readAudit('00000000-0000-0000-0000-000000000000');
    const signIns = entries.filter(({ action }) => action === 'sign in');
    expect(signIns.find(({ actor }) => actor.startsWith('Vera Lund'))).toMatchObject({ facts: { roles: ['Viewer'] } });
  });
});

describe('a second starter on the same ledger and the same Temporal', () => {
  it('takes the same webhook without a second deal, and whoever is signed in at the first desk is so at its own', async () => {
    const other = await stage.addStarter();
    const deal = dealer.takeKnown();
    const hint = { MessageName: 'Update', PrimaryEntityName: 'salesorder', PrimaryEntityId: deal.id };
    const outcomes = await Promise.all(
      [stage.starterUrl, other.url].map(async (url) => {
        const answer = await fetch(`${url}/webhooks/dataverse`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-dealbridge-key': String(stage.env['WEBHOOK_SECRET']) },
          body: JSON.stringify({ ...hint, InputParameters: [] }),
        });
        return (await answer.json()) as { readonly kind: string };
      }),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['running', 'started']);
    await dealer.untilState(deal, 'awaiting-confirmation');

    const browser = await signIn('paula.stein');
    const { send } = await openForm(browser, deal, 'confirm', other.deskUrl);
    expect((await send()).status).toBe(200);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
    expect(await confirmations(deal)).toMatchObject([{ facts: { source: 'desk', verified: true } }]);
    const shown = await (await browser.open(`${stage.deskUrl}/deals/${deal.id}`)).text();
    expect(shown).toContain('confirmed the figures');
  });
});
