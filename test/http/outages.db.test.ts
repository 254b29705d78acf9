import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';

/** What people and programs are told at the desk while ledger or Temporal is away. */

let stage: DeskStage;
let browser: Browser;
let deal: string;
let csrf: string;
beforeEach(async () => {
  stage = await openDeskStage();
  deal = await stage.waiting.addWaiting();
  browser = new Browser();
  csrf = csrfOf(await (await browser.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`)).text());
});
afterEach(() => stage?.close());

const PART = { 'hx-request': 'true' };

/** As the client of Temporal throws it while nobody listens. */
function temporalAway(): Error {
  const details = 'No connection established. Last error: connect ECONNREFUSED 10.0.0.7:7233';
  const cause = Object.assign(new Error(details), { code: 14, details, metadata: {} });
  return new Error('Workflow Update failed', { cause });
}

async function readProblem(answer: Response) {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  return (await answer.json()) as { readonly code: string; readonly detail: string };
}

describe('while the ledger is away', () => {
  beforeEach(() => stage.stopLedger());

  it('the API answers 503, names it, and says when to ask again', async () => {
    const problem = await readProblem(await browser.open(`${stage.origin}/api/v1/deals`));
    expect(problem).toMatchObject({ code: 'not-available', title: 'Not available right now' });
    expect(problem.detail).toMatch(/^The ledger \(PostgreSQL\) is not available right now\. Ask again/);
    expect(JSON.stringify(problem)).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/);
  });

  it('a page says so, as a page of the desk, and a part of a page as a part', async () => {
    for (const path of ['/', `/deals/${deal}`, '/feeds']) {
      const page = await browser.open(`${stage.origin}${path}`);
      expect(page.status).toBe(503);
      expect(page.headers.get('retry-after')).not.toBeNull();
      const text = await page.text();
      expect(text).toMatch(
        /<header class="bar">.*The ledger \(PostgreSQL\) is not available right now\. Load the page/s,
      );
    }
    // A browser that signs in meanwhile: what fails is not the issuer, nor the link.
    const link = await new Browser().open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
    expect(await link.text()).toContain('The ledger (PostgreSQL) is not available right now');
    const part = await browser.open(`${stage.origin}/deals/${deal}/confirm`, { headers: PART });
    expect(await part.text()).toMatch(/^<div>.*The ledger \(PostgreSQL\) is not available/s);
  });
});

describe('while Temporal is away', () => {
  it('a decision is said not to be known, in the panel that asked for it', async () => {
    vi.spyOn(stage.waiting.commands, 'cancel').mockRejectedValue(temporalAway());
    const answer = await browser.open(`${stage.origin}/deals/${deal}/cancel`, {
      method: 'POST',
      headers: { ...PART, origin: stage.origin },
      body: new URLSearchParams({ reason: 'a test', csrf }),
    });
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(text).toMatch(/^<div>.*class="warning">Temporal is not available right now\. Before you say it again/s);
    expect(text).not.toContain('10.0.0.7');
    expect(stage.waiting.sent).toEqual([]);
  });

  it('whoever is about to decide reads that it does not answer, and not only that it is not possible', async () => {
    vi.spyOn(stage.waiting.commands, 'findStatus').mockRejectedValue(temporalAway());
    const panel = await browser.open(`${stage.origin}/deals/${deal}/confirm`, { headers: PART });
    expect(panel.status).toBe(503);
    expect(await panel.text()).toMatch(/not possible now.*class="warning">\s*Temporal or the worker does not answer/s);
  });

  it('the API answers 503 to a decision, and the deal is shown as before', async () => {
    vi.spyOn(stage.waiting.commands, 'retry').mockRejectedValue(temporalAway());
    vi.spyOn(stage.waiting.commands, 'findStatus').mockRejectedValue(temporalAway());
    const headers = { 'x-csrf-token': csrf, origin: stage.origin };
    const path = `${stage.origin}/api/v1/deals/${deal}`;
    const problem = await readProblem(await browser.open(`${path}/retry`, { method: 'POST', headers }));
    expect(problem.detail).toMatch(/^Temporal is not available right now\./);
    expect((await browser.open(path)).status).toBe(200);
  });
});
