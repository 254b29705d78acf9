// The main job from end to end on embedded defaults. `--keep` leaves everything running for exploring.
import { join } from 'node:path';
import { publishPlace } from './lib/env-file.mjs';
import { play } from './lib/play.mjs';
import { step } from './lib/say.mjs';
import { freePort, startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const keep = process.argv.includes('--keep');
const binary = await setUp().catch(endWith);
await play(
  'demo',
  async ({ folder, onStop }) => {
    const server = process.env.TEMPORAL_ADDRESS
      ? { address: process.env.TEMPORAL_ADDRESS, uiUrl: undefined, stop: async () => undefined }
      : await step('starting Temporal with its Web UI', async () =>
          startTemporal({ binary, dbFile: join(folder, 'temporal.db'), uiPort: await freePort() }),
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
      dataDir: join(folder, 'ledger'),
      onStop,
    });
  },
  { keep },
);
