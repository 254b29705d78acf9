import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../stage/chromium.js';

/** The pictures of the README, from the desk of the demonstration: `npm run demo -- --screenshots docs/images`. */

const VIEWPORT = { width: 1_280, height: 720 };

/** @param deskLink signs in once */
export async function takeScreenshots(deskLink: string, folder: string): Promise<void> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('the pictures need Chromium: install the package `chromium`');
  await mkdir(folder, { recursive: true });
  // Root in a container has no sandbox.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, locale: 'en-GB', colorScheme: 'light' });
    const shoot = (name: string) => page.screenshot({ path: join(folder, `${name}.png`) });
    await page.goto(deskLink);
    await shoot('desk-work-list');
    const { origin } = new URL(page.url());
    await page
      .getByRole('link', { name: /^Confirm/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Confirm and post' }).waitFor();
    await shoot('desk-confirm');
    await page.goto(`${origin}/?view=to-confirm`);
    await page.locator('a.open').first().click();
    await page.getByRole('heading', { name: 'Sold, and in Business Central' }).waitFor();
    await shoot('desk-deal');
  } finally {
    await browser.close();
  }
}
