// The one gate: what is said of the sources without running them, then the tests. Arguments go to vitest, and then only vitest
// runs. What loads the machine runs after the rest, so that no other test waits for its turn.
import { findChartTools } from './lib/chart-tools.mjs';
import { runChecks } from './lib/checks.mjs';
import { ensureChromium } from './lib/chromium.mjs';
import { ensurePromtool } from './lib/promtool.mjs';
import { run } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { ensureTestServer } from './lib/test-server.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
// They wait for what is sent; meanwhile the checks compute. Only one of the two packages of Debian at a time.
const tools = Promise.all([ensureTestServer(), ensureChromium().then(ensurePromtool)]).catch(endWith);
const args = process.argv.slice(2);
const isClean = args.length > 0 || (await runChecks());
// Also when a check failed: an installation that is cut off leaves the machine in a state of its own.
const [testServer, promtool] = await tools;
if (!isClean) process.exit(1);
const env = {
  ...process.env,
  ...(binary && { TEMPORAL_CLI_PATH: binary }),
  TEMPORAL_TEST_SERVER_PATH: testServer,
  ...(promtool && { PROMTOOL_PATH: promtool }),
  ...findChartTools(),
};

async function gate(title, command) {
  say(`\n${title}`);
  const { code } = await run(process.execPath, command, { env });
  if (code !== 0) {
    say(`${title}: failed`);
    process.exit(code);
  }
}

const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
if (args.length > 0) await gate('Tests (vitest)', [...vitest, ...args]);
else {
  await gate('Tests (vitest)', [...vitest, '--exclude', 'test/load/**']);
  // Two of them: while one waits for what a killed process left behind, the other one has work.
  await gate('Tests under load (vitest)', [...vitest, 'test/load', '--maxWorkers', '2', '--isolate']);
}
