import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';

/** Answers that go on for as long as somebody listens, and who does. */

let stage: DeskStage;
const browser = new Browser();

beforeAll(async () => {
  stage = await openDeskStage();
  await browser.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
});
afterAll(() => stage?.close());

describe('the stream of changes', () => {
  it('is of nobody who asks with HEAD, and hears no answer', async () => {
    const answer = await browser.open(`${stage.origin}/api/v1/events`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(stage.listening.size).toBe(0);
  });

  it('is of whoever listens, until he goes', async () => {
    const gone = new AbortController();
    const answer = await browser.open(`${stage.origin}/api/v1/events`, { signal: gone.signal });
    await answer.body?.getReader().read();
    expect(stage.listening.size).toBe(1);
    gone.abort();
    await expect.poll(() => stage.listening.size).toBe(0);
  });

  it('ends with the session, and then nobody is told of anything', async () => {
    const other = new Browser();
    const page = await other.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
    const csrf = csrfOf(await page.text());
    const answer = await other.open(`${stage.origin}/api/v1/events`);
    const told = answer.text();
    await expect.poll(() => stage.listening.size).toBe(1);
    await other.send(`${stage.origin}/sign-out`, {}, csrf);
    await stage.waiting.addHeld('customer-missing');
    await expect.poll(() => stage.listening.size).toBe(0);
    expect(await told).not.toContain('changed');
  });
});
