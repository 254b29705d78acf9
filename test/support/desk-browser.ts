import { type Browser, chromium, type Page } from 'playwright-core';
import type { Role } from '../../src/identity/permissions.js';
import { type DeskStage, openDeskStage } from './desk.js';
import { createTestIssuer } from './test-issuer.js';

/** The desk in a browser: each page that signs in has its own cookies. */
export interface DeskBrowser {
  readonly browser: Browser;
  readonly stage: DeskStage;
  readonly signIn: (options?: Parameters<Browser['newContext']>[0], roles?: readonly Role[]) => Promise<Page>;
  close(): Promise<void>;
}

export async function openDeskBrowser(executablePath: string): Promise<DeskBrowser> {
  const issuer = createTestIssuer();
  const stage = await openDeskStage({ issuer });
  // Root in a container has no sandbox.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  return {
    browser,
    stage,
    async signIn(options = {}, roles = issuer.next.roles) {
      issuer.next = { ...issuer.next, roles };
      const context = await browser.newContext({ locale: 'en-GB', ...options });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      await page.goto(stage.origin);
      return page;
    },
    async close() {
      await browser.close();
      await stage.close();
    },
  };
}
