import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOLDS, type HoldReason } from '../../src/deal/holds.js';
import { findChromium } from '../../tools/stage/chromium.js';
import { type DeskStage, openDeskStage } from '../support/desk.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** A morning of somebody who has never read a manual: find, understand, clear, confirm, reject; the clicks are counted. */

const REASONS = [
  'customer-missing',
  'customer-blocked',
  'item-blocked',
  'unit-unknown',
  'period-closed',
  'no-lines',
  'totals-differ',
  'stock-short',
] as const satisfies readonly HoldReason[];
const executablePath = findChromium();

describe.skipIf(executablePath === undefined)("a clerk's day (skipped where no `chromium` is installed)", () => {
  let browser: Browser;
  let stage: DeskStage;
  let page: Page;
  let clicks = 0;

  const click = async (what: Locator): Promise<void> => {
    await what.click();
    clicks += 1;
  };
  const counted = async (work: () => Promise<void>): Promise<number> => {
    clicks = 0;
    await work();
    return clicks;
  };

  beforeAll(async () => {
    const issuer = createTestIssuer();
    issuer.next = { name: 'Paula Stein', roles: ['Approver'] };
    stage = await openDeskStage({ issuer });
    for (let one = 0; one < 230; one += 1)
      await stage.waiting.addWaiting({
        customer: `Customer ${one}`,
        unitPrice: one % 25 === 0 && one < 225 ? '9.00' : '900.00',
      });
    for (let one = 0; one < 40; one += 1)
      await stage.waiting.addHeld(REASONS[one % 8] ?? 'no-lines', { customer: `Held ${one}` });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    page = await browser.newPage({ locale: 'en-GB' });
    page.setDefaultTimeout(15_000);
    await page.goto(stage.origin);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  it('begins with what waits, in numbers and money', async () => {
    expect(await page.getByRole('link', { name: /^Waiting for you/ }).textContent()).toBe('Waiting for you 270');
    expect(await page.getByRole('link', { name: /^Held/ }).textContent()).toBe('Held 40');
    await page.getByText('270 deals').waitFor();
    expect(await page.locator('.work tbody tr').count()).toBe(50);
  });

  it('finds the held ones of a reason, reads what to do, and lets one go on: four clicks', async () => {
    const used = await counted(async () => {
      await click(page.getByRole('link', { name: /^Held/ }));
      await click(page.getByText('Filter', { exact: true }));
      await page.getByLabel('Held because').selectOption('customer-blocked');
      await page.getByText('5 deals').waitFor();
      await page.getByText(HOLDS['customer-blocked'].nextStep).first().waitFor();
      await click(page.getByRole('link', { name: /^Retry/ }).first());
      await click(page.getByRole('dialog').getByRole('button', { name: 'Go on' }));
      await page.getByText('The deal goes on where it stood.').waitFor();
    });
    expect(used).toBe(4);
    expect(stage.waiting.sent.at(-1)).toMatchObject({ act: 'retry' });
  });

  it('confirms nine below an amount: eleven clicks', async () => {
    await page.goto(`${stage.origin}/?view=to-confirm&below=100`);
    await page.getByText('9 deals').waitFor();
    const used = await counted(async () => {
      for (let one = 0; one < 9; one += 1) await click(page.getByRole('checkbox', { name: /^Select ORD/ }).nth(one));
      await click(page.getByRole('button', { name: 'Confirm selected…' }));
      await click(page.getByRole('button', { name: 'Confirm all 9' }));
      await page.getByText('9 confirmed').waitFor();
    });
    expect(used).toBe(11);
    expect(stage.waiting.sent.filter(({ act }) => act === 'confirm')).toHaveLength(9);
  });

  it('finds one by its customer and rejects it with a reason: three clicks', async () => {
    await page.goto(stage.origin);
    const used = await counted(async () => {
      await page.keyboard.press('/');
      await page.keyboard.type('Customer 117');
      await page.keyboard.press('Enter');
      await page.getByText('1 deal', { exact: true }).waitFor();
      await click(page.locator('a.open'));
      await click(page.getByRole('link', { name: 'Reject…' }));
      await page.getByLabel('Reason').fill('the customer called it off');
      await click(page.getByRole('button', { name: 'Reject and delete the draft' }));
      await page.getByText('Rejected. The draft is being deleted').waitFor();
    });
    expect(used).toBe(3);
    expect(stage.waiting.sent.at(-1)).toMatchObject({ act: 'reject', input: { reason: 'the customer called it off' } });
  });
});
