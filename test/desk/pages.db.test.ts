import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { saveMapping } from '../../src/ledger/settings/mappings.js';
import { hashMapping } from '../../src/mapping/versions/versions.js';
import { findChromium } from '../../tools/stage/chromium.js';
import type { DeskStage } from '../support/desk.js';
import { type DeskBrowser, openDeskBrowser } from '../support/desk-browser.js';
import { seedCandidates, seedDrift, seedProblem } from '../support/seeded-masters.js';

/** The pages as a clerk has them: in a browser, by mouse, by keyboard, on a telephone, and for whoever cannot see them. */

const executablePath = findChromium();
const CONTENT = { lines: { freight: 'FREIGHT' } };
const RULES = hashMapping(CONTENT);
const MAX_BYTES = 150_000;

interface Found {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

describe.skipIf(executablePath === undefined)('the desk in Chromium (skipped where no `chromium` is installed)', () => {
  let desk: DeskBrowser;
  let browser: Browser;
  let stage: DeskStage;
  let signIn: DeskBrowser['signIn'];

  beforeAll(async () => {
    desk = await openDeskBrowser(executablePath ?? '');
    ({ browser, stage, signIn } = desk);
    await seedProblem(stage.database);
    await seedCandidates(stage.database);
    await seedDrift(stage.database);
    await saveMapping(stage.database, { hash: RULES, content: CONTENT });
  });
  afterAll(() => desk?.close());

  it('confirms a deal with two clicks, with the figures that it shows', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-TWO', unitPrice: '1000.00' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/?search=ORD-TWO`);
    await page.getByRole('link', { name: 'Confirm ORD-TWO' }).click();
    const panel = page.getByRole('dialog');
    await expect.poll(() => panel.textContent()).toContain('2,380.00 EUR');
    await panel.getByRole('button', { name: 'Confirm and post' }).click();
    await expect.poll(() => panel.textContent()).toContain('The invoice is being posted');
    const figures = { totalIncludingTax: '2380', currency: 'EUR' };
    expect(stage.waiting.sent.at(-1)).toMatchObject({ act: 'confirm', recordId, input: { figures } });
    await page.context().close();
  });

  it('confirms a deal by keyboard alone', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-KEYS' });
    const page = await signIn({}, ['Approver']);
    await page.keyboard.press('/');
    await page.keyboard.type('ORD-KEYS');
    await page.keyboard.press('Enter');
    await page.waitForURL(/search=ORD-KEYS/);
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    await page.locator('button:focus', { hasText: 'Confirm and post' }).waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('dialog').textContent()).toContain('Confirmed');
    expect(stage.waiting.sent.at(-1)).toMatchObject({ act: 'confirm', recordId });
    await page.context().close();
  });

  it('confirms nine below an amount with eleven clicks, each with a result of its own', async () => {
    for (let one = 0; one < 9; one += 1) await stage.waiting.addWaiting({ customer: 'Nine Ltd', unitPrice: '10.00' });
    const large = await stage.waiting.addWaiting({ customer: 'Nine Ltd', unitPrice: '9000.00' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/?search=Nine+Ltd&below=100`);
    let clicks = 0;
    const click = async (name: string | RegExp, role: 'checkbox' | 'button', nth = 0): Promise<void> => {
      await page.getByRole(role, { name }).nth(nth).click();
      clicks += 1;
    };
    for (let one = 0; one < 9; one += 1) await click(/^Select ORD/, 'checkbox', one);
    await expect.poll(() => page.getByRole('status').first().textContent()).toContain('9 selected, 214.20 EUR');
    await click('Confirm selected…', 'button');
    await page.waitForURL(/\/posting/);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Confirm 9 deals');
    await click('Confirm all 9', 'button');
    await expect.poll(() => page.getByText('9 confirmed').count()).toBe(1);
    expect(clicks).toBe(11);
    const confirmed = stage.waiting.sent.slice(-9);
    expect(confirmed.every(({ act }) => act === 'confirm')).toBe(true);
    expect(new Set(confirmed.map(({ recordId }) => recordId)).size).toBe(9);
    expect(confirmed.map(({ recordId }) => recordId)).not.toContain(large);
    await page.context().close();
  });

  it('adds up what is selected to the last digit of its currency', async () => {
    for (const unitPrice of ['1.0025', '2.0005'])
      await stage.waiting.addWaiting({ customer: 'Dinar Ltd', unitPrice, currency: 'KWD' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/?search=Dinar+Ltd`);
    for (const one of [0, 1])
      await page
        .getByRole('checkbox', { name: /^Select ORD/ })
        .nth(one)
        .click();
    const [shown] = await page.locator('.sum').allTextContents();
    expect(shown).toMatch(/^\d\.\d{3} KWD$/);
    await expect.poll(() => page.getByRole('status').first().textContent()).toBe(`2 selected, ${shown}`);
    await page.context().close();
  });

  it('counts the first of two confirmations as what it is', async () => {
    const [one, two] = [
      await stage.waiting.addWaiting({ customer: 'Two Eyes Ltd' }),
      await stage.waiting.addWaiting({ customer: 'Two Eyes Ltd' }),
    ];
    stage.waiting.askSeveral(one, { needed: 2, by: [] });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/posting?deal=${one}&deal=${two}`);
    await page.getByRole('button', { name: 'Confirm all 2' }).click();
    await page.getByText('1 confirmed, 1 waiting for another person, 0 left').waitFor();
    const results = await page.locator('td.result').allTextContents();
    expect(results).toEqual(['1 of 2 confirmations, yours among them: 1 missing before it is posted.', 'Confirmed']);
    expect(await findViolations(page)).toEqual([]);
    await page.context().close();
  });

  it('shows what a rules file would change, and how far it is', async () => {
    await stage.waiting.addWaiting({ number: 'ORD-RULES' });
    for (const options of [{}, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }] as const) {
      const page = await signIn(options, ['Operator']);
      await page.goto(`${stage.origin}/settings/compare`);
      const file = 'mapping: { document: { shipToName: { value: North } } }';
      await page
        .getByLabel('A file')
        .setInputFiles({ name: 'r.yaml', mimeType: 'text/plain', buffer: Buffer.from(file) });
      await page.getByRole('button', { name: 'See what it would change' }).click();
      await page.getByText(/deals? compared: \d+ would be different/).waitFor();
      expect(await page.locator('.progress-line:visible').count()).toBe(1);
      expect(await findViolations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        options.viewport?.width ?? 9_999,
      );
      await page.context().close();
    }
  });

  it('tells when figures have changed, with both, and shows the new ones', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-CHANGED' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/deals/${recordId}`);
    await page.getByRole('link', { name: 'Confirm…' }).click();
    const panel = page.getByRole('dialog');
    const confirm = panel.getByRole('button', { name: 'Confirm and post' });
    await confirm.waitFor();
    stage.waiting.changeFigures(recordId, '99.99');
    await confirm.click();
    await expect.poll(() => panel.textContent()).toMatch(/amounts to 99\.99, not 23\.8/);
    await panel.getByRole('link', { name: 'See the new figures' }).click();
    await expect.poll(() => panel.textContent()).toContain('99.99 EUR');
    await page.context().close();
  });

  it('rejects with a reason, and not without', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-REJECT' });
    const page = await signIn({}, ['Approver']);
    await page.goto(`${stage.origin}/deals/${recordId}`);
    await page.getByRole('link', { name: 'Reject…' }).click();
    const panel = page.getByRole('dialog');
    await panel.getByRole('button', { name: 'Reject and delete the draft' }).click();
    expect(stage.waiting.sent.some((one) => one.recordId === recordId)).toBe(false);
    await panel.getByLabel('Reason').fill('wrong price');
    await panel.getByRole('button', { name: 'Reject and delete the draft' }).click();
    await expect.poll(() => panel.textContent()).toContain('Rejected');
    expect(stage.waiting.sent.at(-1)).toMatchObject({ act: 'reject', recordId, input: { reason: 'wrong price' } });
    await page.context().close();
  });

  it('says that the role is not enough, when that is why', async () => {
    const recordId = await stage.waiting.addWaiting();
    const page = await signIn({}, ['Operator']);
    await page.goto(`${stage.origin}/deals/${recordId}/confirm`);
    await page.getByText('It takes one of the roles Approver, Admin.').waitFor();
    await page.context().close();
  });

  it('marks and names what differs between deal and draft', async () => {
    const recordId = await stage.waiting.addWaiting({ unitPrice: '100.00', draftPrice: '98.00' });
    const page = await signIn({}, ['Viewer']);
    await page.goto(`${stage.origin}/deals/${recordId}`);
    expect(await page.locator('mark').allTextContents()).toEqual(['98.00 differs', '196.00 differs', '196.00 differs']);
    await page.getByText('Line 1: price and net amount differ.').waitFor();
    await page.context().close();
  });

  it('saves a view under a name, for this person, and forgets it', async () => {
    await stage.waiting.addHeld('period-closed', { customer: 'Viewed Ltd' });
    const page = await signIn({}, ['Viewer']);
    await page.goto(`${stage.origin}/?view=held&owner=finance`);
    await page.getByText('Save this view').click();
    await page.getByLabel('Name of the view').fill('Finance, first thing');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.goto(stage.origin);
    await page.getByRole('link', { name: 'Finance, first thing' }).click();
    await page.waitForURL(/view=held&owner=finance/);
    await page.getByRole('button', { name: 'Forget «Finance, first thing»' }).click();
    await page.waitForURL(`${stage.origin}/`);
    expect(await page.getByRole('link', { name: 'Finance, first thing' }).count()).toBe(0);
    await page.context().close();
  });

  it('writes amounts as the reader does', async () => {
    const recordId = await stage.waiting.addWaiting({ unitPrice: '1234.50' });
    const german = await signIn({ locale: 'de-DE' }, ['Viewer']);
    await german.goto(`${stage.origin}/deals/${recordId}`);
    await german.getByText('2.938,11 EUR').first().waitFor();
    await german.context().close();
  });

  const PAGES = [
    ['the work list', '/'],
    ['a filtered list', '/?view=held&owner=master+data'],
    ['an empty list', '/?view=done'],
    ['a deal to confirm', '/deals/:waiting'],
    ['a held deal', '/deals/:held'],
    ['a form', '/deals/:waiting/reject'],
    ['a preview', '/deals/:waiting/preview'],
    ['running again', '/deals/:held/replay'],
    ['the posting desk', '/posting?deal=:waiting&deal=:held'],
    ['feeds', '/feeds'],
    ['master data', '/masters'],
    ['matches', '/masters/matches?said=linked'],
    ['drift', '/masters/drift?said=repaired'],
    ['rules', '/settings'],
    ['rules as a file', `/settings/rules/${RULES}`],
    ['trying a rules file', '/settings/compare'],
    ['credentials', '/settings/credentials?said=rotated'],
    ['the trail', '/trail'],
    ['the proof of the trail', '/trail?verify=1'],
    ['health', '/health-check?examine=1'],
    ['what is not there', '/deals/no-such-deal'],
  ] as const;

  it.each([['light'], ['dark']] as const)('axe finds nothing on any page, %s', async (colorScheme) => {
    const [waiting, held] = [
      await stage.waiting.addWaiting({ draftPrice: '9.00' }),
      await stage.waiting.addHeld('no-lines'),
    ];
    await stage.ledger.audit({ recordId: waiting, actor: 'dealbridge', action: 'notice', requestId: 'the-request' });
    const page = await signIn({ colorScheme }, ['Admin']);
    for (const [name, path] of PAGES) {
      await page.goto(`${stage.origin}${path.replaceAll(':waiting', waiting).replaceAll(':held', held)}`);
      expect(await findViolations(page), name).toEqual([]);
    }
    await page.goto(`${stage.origin}/deals/${waiting}`);
    await page.getByRole('link', { name: 'Confirm…' }).click();
    await page.getByRole('button', { name: 'Confirm and post' }).waitFor();
    expect(await findViolations(page), 'the panel').toEqual([]);
    await page.context().close();
  });

  it.each([360, 800, 1_280])('fits into %i pixels, however long the names in Sales are', async (width) => {
    // An opportunity has no number there: its name stands for it.
    const name = `Safety light curtain for the second plant of ${'Donaudampfschifffahrt'.repeat(4)}`;
    const long = { number: name, name, customer: 'Donaudampfschifffahrtsgesellschaft'.repeat(4) };
    const [waiting, held] = [await stage.waiting.addWaiting(long), await stage.waiting.addHeld('totals-differ', long)];
    const feeds = createFeedLedger(stage.database);
    await feeds.openFeed('salesorder');
    await feeds.pauseFeed('salesorder', 'Ann Adams (ann.adams@nordwerk.onmicrosoft.com)');
    const page = await signIn({ viewport: { width, height: 740 } }, ['Admin']);
    for (const [name, path] of PAGES) {
      await page.goto(`${stage.origin}${path.replaceAll(':waiting', waiting).replaceAll(':held', held)}`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width);
    }
    await page.context().close();
  });

  it('calls an opportunity by its name, and says it once', async () => {
    const name = 'Pumps for the second plant';
    const waiting = await stage.waiting.addWaiting({ number: name, name });
    const page = await signIn({}, ['Admin']);
    await page.goto(`${stage.origin}/deals/${waiting}`);
    expect((await page.getByRole('heading', { level: 1 }).textContent())?.trim()).toBe(name);
    await page.goto(`${stage.origin}/?view=to-confirm`);
    expect((await page.getByRole('row').filter({ hasText: name }).locator('td.deal').textContent())?.trim()).toBe(name);
    await page.context().close();
  });

  it('loads less than 150 kB at first, from nowhere else, and nothing is refused by its own policy', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const said: string[] = [];
    const sizes: Promise<number>[] = [];
    const hosts = new Set<string>();
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('requestfinished', (request) => {
      hosts.add(new URL(request.url()).origin);
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    await page.goto(stage.origin);
    await page.waitForLoadState('load');
    // What the page asks for later is no part of its first load.
    page.removeAllListeners('requestfinished');
    const bytes = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(MAX_BYTES);
    expect([...hosts]).toEqual([stage.origin]);
    expect(said).toEqual([]);
    await context.close();
  });

  /** Rule and element of each violation. */
  async function findViolations(page: Page): Promise<string[]> {
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as Found;
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  }
});
