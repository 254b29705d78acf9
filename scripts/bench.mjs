// Measures the hand-over on this machine: Temporal and ledger on disk, simulators without latency.
import { join } from 'node:path';
import { play } from './lib/play.mjs';
import { step } from './lib/say.mjs';
import { startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
await play('bench', async ({ folder, onStop }) => {
  const server = process.env.TEMPORAL_ADDRESS
    ? { address: process.env.TEMPORAL_ADDRESS, stop: async () => undefined }
    : await step('starting Temporal', () => startTemporal({ binary, dbFile: join(folder, 'temporal.db') }));
  onStop(server.stop);
  const { runBench } = await import('../dist-tools/tools/bench/hand-over.js');
  await step('measuring', () =>
    runBench({
      temporalAddress: server.address,
      dataDir: join(folder, 'ledger'),
      args: process.argv.slice(2),
      onStop,
    }),
  );
  return true;
});
