// The one gate: format and lint, types, tests. Arguments go to vitest, and then only vitest runs.
// What loads the machine runs after the rest and alone, so that no other test waits for its turn.
import { tsc } from './lib/build.mjs';
import { run } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { ensureTestServer } from './lib/test-server.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
const testServer = await ensureTestServer().catch(endWith);
const args = process.argv.slice(2);
const env = { ...process.env, ...(binary && { TEMPORAL_CLI_PATH: binary }), TEMPORAL_TEST_SERVER_PATH: testServer };

async function gate(title, command) {
  say(`\n${title}`);
  const { code } = await run(process.execPath, command, { env });
  if (code !== 0) {
    say(`${title}: failed`);
    process.exit(code);
  }
}

if (args.length === 0) {
  await gate('Format and lint (biome check)', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
  await gate('Types (tsc)', [tsc(), '-p', 'tsconfig.json', '--noEmit']);
}
const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
if (args.length > 0) await gate('Tests (vitest)', [...vitest, ...args]);
else {
  await gate('Tests (vitest)', [...vitest, '--exclude', 'test/load/**']);
  await gate('Tests under load (vitest)', [...vitest, 'test/load', '--maxWorkers', '1']);
}
