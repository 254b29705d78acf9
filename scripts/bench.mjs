// Measures the hand-over on this machine: Temporal and ledger on disk, simulators without latency.

import { chooseTemporal } from './lib/choose-temporal.mjs';
import { play } from './lib/play.mjs';
import { say, step } from './lib/say.mjs';
import { endWith, setUp } from './setup.mjs';

const USAGE = `npm run bench -- [options]

Without one of the next three: Dealbridge beside bare Temporal and a plain queue, in turns.
  --history N         what a deal and every list cost with N deals behind them, and with 1,000 (PostgreSQL)
  --applications 2    two app registrations of Business Central, each with its own quota
  --backfill N        what a deal takes while N accounts are brought over, and before

  --deals N           deals at once, a round (500)
  --singles N         deals one after another, a round (40)
  --rounds N          3
  --limited N         deals at the quota, 0 for none (100): at once, and then as many one after another
  --rate N            requests a second that Business Central is allowed there (20)
  --only A,B          of pglite, postgresql, bare, bullmq
  --explain           with --history: the plan of every statement of the lists
  --temporal postgresql   Temporal's own server on PostgreSQL instead of the development server
  --json FILE         all that was measured, single rounds included
  --profile FOLDER    the worker's processor profile (PGlite)`;

const given = process.argv.slice(2);
if (given.includes('--help')) {
  say(USAGE);
  process.exit(0);
}
// Its processor time is part of the cost, and each contender has a namespace of its own.
if (process.env.TEMPORAL_ADDRESS) say('bench: TEMPORAL_ADDRESS is not used, the server is one of its own');
delete process.env.TEMPORAL_ADDRESS;
const chosen = chooseTemporal(given);
const binary = await setUp().catch(endWith);
const { readOptions } = await import('../dist-tools/tools/bench/options.js');
const options = readOrEnd(() => readOptions(chosen.args));
await play('bench', async ({ folder, onStop }) => {
  const { NAMESPACES, runBench } = await import('../dist-tools/tools/bench/main.js');
  const { start, ...place } = await chosen.open({ binary, folder, namespaces: NAMESPACES, onStop });
  const server = await step('starting Temporal', start);
  onStop(server.stop);
  const temporal = { ...place, address: server.address, pid: server.pid };
  await step('measuring', () => runBench({ temporal, folder, options, onStop }));
  return true;
});

function readOrEnd(read) {
  try {
    return read();
  } catch (error) {
    say(`bench: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
