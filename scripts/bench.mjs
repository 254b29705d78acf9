// Measures the hand-over on this machine: Temporal and ledger on disk, simulators without latency.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';
import { say, step } from './lib/say.mjs';
import { startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-bench-'));
const stopping = [];
let code = 1;
try {
  const server = process.env.TEMPORAL_ADDRESS
    ? { address: process.env.TEMPORAL_ADDRESS, stop: async () => undefined }
    : await step('starting Temporal', () => startTemporal({ binary, dbFile: join(folder, 'temporal.db') }));
  stopping.push(server.stop);
  const { runBench } = await import(join(ROOT, 'dist-tools/tools/bench/hand-over.js'));
  await runBench({
    temporalAddress: server.address,
    dataDir: join(folder, 'ledger'),
    args: process.argv.slice(2),
    onStop: (work) => stopping.push(work),
  });
  code = 0;
} catch (error) {
  say(String(error?.stack ?? error));
}
for (const work of stopping.reverse()) await work();
rmSync(folder, { recursive: true, force: true });
process.exit(code);
