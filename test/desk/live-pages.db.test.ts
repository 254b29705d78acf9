import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../tools/stage/chromium.js';
import type { DeskStage } from '../support/desk.js';
import { type DeskBrowser, openDeskBrowser } from '../support/desk-browser.js';

/** Pages that change by themselves: under nobody's hands, in as many tabs as somebody likes, and after whatever cut the news. */

/** The stream of changes, whatever the page has seen already. */
const EVENTS = '**/api/v1/events?seen=*';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('a page that changes by itself (skipped without `chromium`)', () => {
  let desk: DeskBrowser;
  let stage: DeskStage;
  let signIn: DeskBrowser['signIn'];

  beforeAll(async () => {
    desk = await openDeskBrowser(executablePath ?? '');
    ({ stage, signIn } = desk);
  });
  afterAll(() => desk?.close());

  it('shows what others change, without a click and without losing what is selected', async () => {
    await stage.waiting.addWaiting({ customer: 'Live Ltd', number: 'ORD-LIVE-1' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/?search=Live+Ltd`);
    await page.getByRole('checkbox', { name: 'Select ORD-LIVE-1' }).check();
    // Somebody else's deals: the page listens from some moment on.
    const shown = page.getByRole('link', { name: 'ORD-LIVE-2', exact: true }).first().waitFor();
    await stage.waiting.addUntil(shown, { customer: 'Live Ltd', number: 'ORD-LIVE-2' });
    await expect.poll(() => page.getByRole('checkbox', { name: 'Select ORD-LIVE-1' }).isChecked()).toBe(true);
    await page.context().close();
  });

  it('shows what changed between the page and its connection to the stream', async () => {
    await stage.waiting.addWaiting({ customer: 'Between Ltd', number: 'ORD-BETWEEN-1' });
    const page = await signIn({}, ['Approver']);
    await page.route(EVENTS, async (route) => {
      await stage.waiting.addWaiting({ customer: 'Between Ltd', number: 'ORD-BETWEEN-2' });
      await route.continue();
    });
    await page.goto(`${stage.origin}/?search=Between+Ltd`);
    await page.getByRole('link', { name: 'ORD-BETWEEN-2', exact: true }).first().waitFor();
    await page.context().close();
  });

  it('keeps what somebody has typed, wherever the focus has gone, until it is sent', async () => {
    const recordId = await stage.waiting.addWaiting({ customer: 'Typed Ltd' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/deals/${recordId}`);
    const note = page.getByLabel('Write a note for your colleagues');
    await note.fill('asked Mr Brown');
    const answer = page.waitForResponse(EVENTS);
    await page.reload();
    await answer;
    await note.fill('asked Mr Brown');
    await page.getByRole('heading', { name: 'Notes' }).click();
    // The page of the list, which nobody types into, shows when all who listen have been told.
    const other = await signIn({}, ['Approver']);
    await other.goto(`${stage.origin}/?search=Typed+Ltd`);
    const shown = other.getByRole('link', { name: 'ORD-TYPED', exact: true }).first().waitFor();
    await stage.waiting.addUntil(shown, { customer: 'Typed Ltd', number: 'ORD-TYPED' });
    expect(await note.inputValue()).toBe('asked Mr Brown');
    await page.getByRole('button', { name: 'Write', exact: true }).click();
    await page.getByRole('listitem').getByText('asked Mr Brown').waitFor();
    await page.context().close();
    await other.context().close();
  });

  it('shows what changed while nobody told it, also after a proxy answered in place of the desk', async () => {
    const page = await signIn({}, ['Approver']);
    await page.clock.install();
    await page.route(EVENTS, (route) => route.fulfill({ status: 502 }));
    const refused = page.waitForResponse(EVENTS);
    await page.goto(`${stage.origin}/?search=Missed+Ltd`);
    await refused;
    await stage.waiting.addWaiting({ customer: 'Missed Ltd', number: 'ORD-MISSED' });
    await page.unroute(EVENTS);
    await page.clock.fastForward('00:30');
    await page.getByRole('link', { name: 'ORD-MISSED', exact: true }).waitFor();
    await page.context().close();
  });

  it('shows what changed when the desk cannot show it at first, as while the ledger is away', async () => {
    const page = await signIn({}, ['Approver']);
    await page.clock.install();
    const part = (url: URL) => url.searchParams.get('search') === 'Outage Ltd';
    // Told once, and not again within an hour.
    const news = 'retry: 3600000\nevent: changed\ndata:\n\n';
    await page.route(EVENTS, (route) => route.fulfill({ contentType: 'text/event-stream', body: news }));
    await page.route(part, (route) =>
      route.request().headers()['hx-request'] === undefined ? route.continue() : route.fulfill({ status: 503 }),
    );
    const refused = page.waitForResponse((answer) => answer.status() === 503);
    await page.goto(`${stage.origin}/?search=Outage+Ltd`);
    await refused;
    await stage.waiting.addWaiting({ customer: 'Outage Ltd', number: 'ORD-OUTAGE' });
    await page.unroute(part);
    const shown = async () => {
      await page.clock.fastForward('00:30');
      return page.getByRole('link', { name: 'ORD-OUTAGE', exact: true }).count();
    };
    await expect.poll(shown, { timeout: 60_000 }).toBeGreaterThan(0);
    await page.context().close();
  });

  it('opens as many tabs as somebody likes, and shows in each what changed while nobody saw it', async () => {
    const recordId = await stage.waiting.addWaiting({ customer: 'Tabs Ltd' });
    const first = await signIn({}, ['Approver']);
    const context = first.context();
    const turn = (page: Page, isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
        document.dispatchEvent(new Event('visibilitychange'))`);
    const listens = (page: Page) => page.waitForResponse(EVENTS);
    let shown = first;
    let told = listens(first);
    await first.goto(`${stage.origin}/?search=Tabs+Ltd`);
    for (let tab = 2; tab <= 8; tab += 1) {
      await told;
      await turn(shown, true);
      shown = await context.newPage();
      told = listens(shown);
      await shown.goto(`${stage.origin}/deals/${recordId}`);
    }
    await told;
    await stage.waiting.addWaiting({ customer: 'Tabs Ltd', number: 'ORD-TABS-2' });
    await turn(shown, true);
    await turn(first, false);
    await first.getByRole('link', { name: 'ORD-TABS-2', exact: true }).waitFor();
    await context.close();
  });

  it('stays where it is when the session has ended, and comes back to it after signing in', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-ENDED' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/deals/${recordId}`);
    const answer = page.waitForResponse(EVENTS);
    await page.reload();
    await answer;
    await stage.database.query('DELETE FROM desk_sessions');
    const asked = page.waitForResponse((response) => response.status() === 401);
    await stage.waiting.addUntil(
      asked.then(() => undefined),
      { customer: 'Ended Ltd' },
    );
    expect(page.url()).toBe(`${stage.origin}/deals/${recordId}`);
    await page.getByRole('button', { name: 'I take care of it' }).click();
    await page.getByRole('button', { name: 'I take care of it' }).waitFor();
    expect(page.url()).toBe(`${stage.origin}/deals/${recordId}`);
    await stage.database.query('DELETE FROM desk_sessions');
    await page.getByRole('link', { name: 'Confirm…' }).click();
    await page.waitForURL(`${stage.origin}/deals/${recordId}`);
    await page.getByRole('link', { name: 'Confirm…' }).waitFor();
    await page.context().close();
  });
});
