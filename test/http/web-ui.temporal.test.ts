import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import { Hono } from 'hono';
import { pino } from 'pino';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { ensureTemporalBinary } from '../../scripts/lib/temporal-binary.mjs';
// @ts-expect-error plain script without types, shared with the other commands
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';
import { createCodecEndpoint } from '../../src/http/codec.js';
import { createLimits } from '../../src/http/limits/limits.js';
import { createSources } from '../../src/http/limits/sources.js';
import { createSignIn } from '../../src/http/sign-in.js';
import { systemClock } from '../../src/process/system-clock.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createPayloadCodec } from '../../src/secrets/payload-codec.js';
import { findChromium } from '../../tools/stage/chromium.js';
import { freePort } from '../../tools/stage/port.js';

/** The Web UI as `npm start` offers it, in a real browser: with a development server of its own, as the shared one has none. */

const TOKEN = 'a-codec-token-for-tests';
const CUSTOMER = 'Kranich Hydraulik GmbH';
const executablePath = findChromium();
const workflowId = randomUUID();
const closing: (() => Promise<unknown>)[] = [];

let browser: Browser;
let page: Page;
let uiUrl: string;
let codecUrl: string;

async function serveCodec(port: number, origin: string, ring: ReturnType<typeof openKeyRing>): Promise<void> {
  const log = pino({ level: 'silent' });
  const endpoint = createCodecEndpoint({
    codec: createPayloadCodec(ring),
    signIn: createSignIn(ring, TOKEN, systemClock),
    uiOrigin: origin,
    isHttps: false,
    limits: createLimits({ ratePerSecond: 1_000, sources: createSources([]), log }),
    log,
  });
  const server = serve({ fetch: new Hono().route('/codec', endpoint).fetch, port, hostname: '127.0.0.1' });
  closing.push(() => new Promise((resolve) => server.close(resolve)));
}

describe.skipIf(executablePath === undefined)('the Web UI of Temporal, in Chromium', () => {
  beforeAll(async () => {
    const ring = openKeyRing({ kind: 'text', text: createKeyLine() });
    const [uiPort, codecPort] = [await freePort(), await freePort()];
    codecUrl = `http://127.0.0.1:${codecPort}/codec`;
    await serveCodec(codecPort, `http://127.0.0.1:${uiPort}`, ring);
    const binary = process.env['TEMPORAL_CLI_PATH'] ?? String(await ensureTemporalBinary());
    const server = (await startTemporal({ binary, uiPort, codecEndpoint: codecUrl })) as {
      readonly address: string;
      readonly uiUrl: string;
      stop(): Promise<void>;
    };
    closing.push(() => server.stop());
    uiUrl = server.uiUrl;
    const connection = await Connection.connect({ address: server.address });
    closing.push(() => connection.close());
    const temporal = new Client({ connection, dataConverter: { payloadCodecs: [createPayloadCodec(ring)] } });
    // Nobody takes it up: what it was given is in its history.
    await temporal.workflow.start('aDeal', { workflowId, taskQueue: 'nobody', args: [{ customer: CUSTOMER }] });
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] });
    closing.push(() => browser.close());
    page = await browser.newPage();
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  /** Opens the workflow, and returns what the endpoint answered to the page. */
  const lookAtWorkflow = async (): Promise<number> => {
    const asked = page.waitForResponse(
      // Newer ones add a query.
      (answer) => answer.url().split('?')[0] === `${codecUrl}/decode` && answer.request().method() === 'POST',
    );
    await page.goto(`${uiUrl}/namespaces/default/workflows/${workflowId}`);
    return (await asked).status();
  };

  it('shows nobody what is sealed, until the token was shown at the sign-in page', async () => {
    expect(await lookAtWorkflow()).toBe(401);
    expect(await page.getByText(CUSTOMER).count()).toBe(0);

    await page.goto(`${codecUrl}/sign-in`);
    await page.fill('input[name=token]', TOKEN);
    await page.click('button');
    // The redirect after the form goes to another origin, which the policy of the page has to name.
    await page.waitForURL(`${uiUrl}/**`);

    expect(await lookAtWorkflow()).toBe(200);
    await page.getByText(CUSTOMER).first().waitFor();
  });
});
