// Measures what a starter bears from outside: nonsense, bodies that never end, and honest webhooks meanwhile.
import { join } from 'node:path';
import { play } from './lib/play.mjs';
import { step } from './lib/say.mjs';
import { startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
await play('bench-hostile', async ({ folder, onStop }) => {
  const server = process.env.TEMPORAL_ADDRESS
    ? { address: process.env.TEMPORAL_ADDRESS, stop: async () => undefined }
    : await step('starting Temporal', () => startTemporal({ binary, dbFile: join(folder, 'temporal.db') }));
  onStop(server.stop);
  const { runHostile } = await import('../dist-tools/tools/bench/hostile.js');
  return step('measuring', () =>
    runHostile({ temporalAddress: server.address, ledgerFolder: join(folder, 'ledger'), onStop }),
  );
});
