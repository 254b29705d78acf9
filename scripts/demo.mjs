// The main job from end to end on embedded defaults. `--keep` leaves everything running for exploring.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say, step } from './lib/say.mjs';
import { freePort, startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const keep = process.argv.includes('--keep');
const binary = await setUp().catch(endWith);
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-demo-'));
mkdirSync(folder, { recursive: true });

const stopping = [];
let isStopped = false;
async function stop() {
  if (isStopped) return;
  isStopped = true;
  for (const work of stopping.reverse()) await work().catch((error) => say(String(error)));
  rmSync(folder, { recursive: true, force: true });
}
let interrupted = () => undefined;
const interruption = new Promise((resolve) => {
  interrupted = resolve;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted(signal));

async function play() {
  const server = process.env.TEMPORAL_ADDRESS
    ? { address: process.env.TEMPORAL_ADDRESS, uiUrl: undefined, stop: async () => undefined }
    : await step('starting Temporal with its Web UI', async () =>
        startTemporal({ binary, dbFile: join(folder, 'temporal.db'), uiPort: await freePort() }),
      );
  stopping.push(server.stop);
  const { runDemo } = await import('../dist-tools/tools/demo/main.js');
  return runDemo({
    temporalAddress: server.address,
    webUi: server.uiUrl,
    keep,
    dataDir: join(folder, 'ledger'),
    onStop: (work) => stopping.push(work),
  });
}

let code = 1;
try {
  const ended = await Promise.race([play(), interruption]);
  code = ended === true ? 0 : 1;
  if (keep && ended === true) {
    say('Everything keeps running; Ctrl-C ends it.');
    await interruption;
  }
} catch (error) {
  say(String(error?.stack ?? error));
}
await stop();
process.exit(code);
