// Measures the hand-over on this machine: Temporal and ledger on disk, simulators without latency.

import { chooseTemporal } from './lib/choose-temporal.mjs';
import { play } from './lib/play.mjs';
import { say, step } from './lib/say.mjs';
import { endWith, setUp } from './setup.mjs';

// Its processor time is part of the cost, and each contender has a namespace of its own.
if (process.env.TEMPORAL_ADDRESS) say('bench: TEMPORAL_ADDRESS is not used, the server is one of its own');
delete process.env.TEMPORAL_ADDRESS;
const chosen = chooseTemporal(process.argv.slice(2));
const binary = await setUp().catch(endWith);
await play('bench', async ({ folder, onStop }) => {
  const { NAMESPACES, runBench } = await import('../dist-tools/tools/bench/main.js');
  const { open, args } = chosen;
  const { start, ...place } = await open({ binary, folder, namespaces: NAMESPACES, onStop });
  const server = await step('starting Temporal', start);
  onStop(server.stop);
  const temporal = { ...place, address: server.address, pid: server.pid };
  await step('measuring', () => runBench({ temporal, folder, args, onStop }));
  return true;
});
