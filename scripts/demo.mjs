// The main job from end to end on embedded defaults. `--keep` leaves everything running for exploring;
// `--screenshots FOLDER` takes the pictures of the README.
import { join } from 'node:path';
import { publishPlace } from './lib/env-file.mjs';
import { play } from './lib/play.mjs';
import { ROOT } from './lib/run.mjs';
import { step } from './lib/say.mjs';
import { freePort, startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const keep = process.argv.includes('--keep');
const asked = process.argv.indexOf('--screenshots');
const screenshots = asked < 0 ? undefined : join(ROOT, process.argv[asked + 1] ?? 'docs/images');
const binary = await setUp().catch(endWith);
await play(
  'demo',
  async ({ folder, onStop }) => {
    // Known before the Web UI starts, which is told where payloads are opened.
    const starterPort = await freePort();
    const codecEndpoint = `http://127.0.0.1:${starterPort}/codec`;
    const server = process.env.TEMPORAL_ADDRESS
      ? { address: process.env.TEMPORAL_ADDRESS, uiUrl: undefined, stop: async () => undefined }
      : await step('starting Temporal with its Web UI', async () =>
          startTemporal({ binary, dbFile: join(folder, 'temporal.db'), uiPort: await freePort(), codecEndpoint }),
        );
    onStop(server.stop);
    const { runDemo } = await import('../dist-tools/tools/demo/main.js');
    return runDemo({
      temporalAddress: server.address,
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
