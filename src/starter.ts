import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { loadConfig } from './config.js';
import { createCodecEndpoint } from './console/codec-endpoint.js';
import { createSignIn } from './console/sign-in.js';
import { createCredentialProvider, createSecretCheck, ensureCredential } from './credentials.js';
import { startDeal } from './intake/start-deal.js';
import { createWebhooks } from './intake/webhook.js';
import { guardOutput } from './log.js';
import { openRuntime } from './runtime.js';
import { createPayloadCodec } from './secrets/payload-codec.js';

/** Process: hears of won deals and starts their workflows. */

guardOutput();
const config = loadConfig();
const runtime = await openRuntime(config, 'starter');
const { ledger, log, ring, temporal, vault } = runtime;
const webhookSecrets = createCredentialProvider(vault, 'webhook', config.starter.webhookSecret);
await ensureCredential('webhook', webhookSecrets);

const app = new Hono();
app.get('/health', (c) => c.json({ status: 'ok' }));
app.route(
  '/',
  createWebhooks({
    isRight: createSecretCheck(webhookSecrets),
    start: (ref) => startDeal({ temporal, ledger }, ref),
    log,
  }),
);
const { token, uiOrigin } = config.codec;
if (token !== undefined) {
  const signIn = createSignIn(ring, token);
  app.route('/codec', createCodecEndpoint({ codec: createPayloadCodec(ring), signIn, uiOrigin, log }));
}
app.notFound((c) => c.json({ error: 'there is nothing here' }, 404));
app.onError((error, c) => {
  log.error({ err: error, path: c.req.path }, 'request failed');
  // 503 buys one more attempt of Dataverse (reference 5.7); any other status would lose the hint.
  return c.json({ error: 'not available right now' }, 503);
});

const server = serve({ fetch: app.fetch, port: config.starter.port, hostname: config.starter.host }, (address) => {
  log.info({ port: address.port }, 'starter ready');
  process.send?.({ ready: true, port: address.port });
});

async function stop(): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
  await runtime.close();
}

// Ctrl-C reaches the whole group, and whoever started us says it again.
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void stop();
  });
}
