// Measures the hand-over on this machine: Temporal and ledger on disk, simulators without latency.
import { join } from 'node:path';
import { play } from './lib/play.mjs';
import { say, step } from './lib/say.mjs';
import { startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

// Its processor time is part of the cost, and each contender has a namespace of its own.
if (process.env.TEMPORAL_ADDRESS) say('bench: TEMPORAL_ADDRESS is not used, the server is one of its own');
delete process.env.TEMPORAL_ADDRESS;
const binary = await setUp().catch(endWith);
await play('bench', async ({ folder, onStop }) => {
  const { NAMESPACES, runBench } = await import('../dist-tools/tools/bench/main.js');
  const temporal = await step('starting Temporal', () =>
    startTemporal({ binary, dbFile: join(folder, 'temporal.db'), namespaces: NAMESPACES }),
  );
  onStop(temporal.stop);
  await step('measuring', () => runBench({ temporal, folder, args: process.argv.slice(2), onStop }));
  return true;
});
