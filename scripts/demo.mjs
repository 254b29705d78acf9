// The main job from end to end on embedded defaults. `--keep` leaves everything running for exploring;
// `--screenshots FOLDER` takes the pictures of the README.
import { join, resolve } from 'node:path';
import { chooseTemporal } from './lib/choose-temporal.mjs';
import { publishPlace } from './lib/env-file.mjs';
import { play } from './lib/play.mjs';
import { ROOT } from './lib/run.mjs';
import { step } from './lib/say.mjs';
import { freePort, startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const keep = process.argv.includes('--keep');
const asked = process.argv.indexOf('--screenshots');
const screenshots = asked < 0 ? undefined : resolve(ROOT, process.argv[asked + 1] ?? 'docs/images');
const { isProduction, open } = chooseTemporal(process.argv.slice(2));
const binary = await setUp().catch(endWith);

async function startServer({ folder, onStop, codecEndpoint }) {
  if (process.env.TEMPORAL_ADDRESS) {
    return { address: process.env.TEMPORAL_ADDRESS, uiUrl: undefined, stop: async () => undefined };
  }
  if (isProduction) {
    const { start, tlsSettings } = await open({ binary, folder, onStop });
    return { ...(await step('starting Temporal', start)), tlsSettings };
  }
  return step('starting Temporal with its Web UI', async () =>
    startTemporal({ binary, dbFile: join(folder, 'temporal.db'), uiPort: await freePort(), codecEndpoint }),
  );
}

await play(
  'demo',
  async ({ folder, onStop }) => {
    // Known before the Web UI starts, which is told where payloads are opened.
    const starterPort = await freePort();
    const codecEndpoint = `http://127.0.0.1:${starterPort}/codec`;
    const server = await startServer({ folder, onStop, codecEndpoint });
    onStop(server.stop);
    const { runDemo } = await import('../dist-tools/tools/demo/main.js');
    return runDemo({
      temporalAddress: server.address,
      temporalTls: server.tlsSettings,
      webUi: server.uiUrl,
      keep,
      publish(settings) {
        const remove = publishPlace(settings);
        onStop(async () => remove());
      },
      screenshots,
      starterPort,
      dataDir: join(folder, 'ledger'),
      onStop,
    });
  },
  { keep },
);
