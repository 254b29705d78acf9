// Records every history of the replay test anew: takes the old ones away, runs the end-to-end tests that keep one, and
// replays what they kept. Of the machine and the build nothing stays in them (test/support/histories.ts).
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
const histories = join(ROOT, 'test/histories');
const folder = join(ROOT, 'test/end-to-end');
const keepers = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && readFileSync(join(folder, name), 'utf8').includes('keepHistory('))
  .map((name) => `test/end-to-end/${name}`);

async function vitest(files, more) {
  const env = { ...process.env, ...(binary && { TEMPORAL_CLI_PATH: binary }), ...more };
  const { code } = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...files], { env });
  if (code !== 0) process.exit(code);
}

rmSync(histories, { recursive: true, force: true });
mkdirSync(histories);
await vitest(keepers, { RECORD_HISTORIES: '1' });
await vitest(['test/workflows/replay.test.ts', 'test/deal/states.test.ts'], {});
