// Records every history of the replay test anew: takes the old ones away, runs the tests that keep one, and
// replays what they kept. Of the machine and the build nothing stays in them (test/support/histories.ts).
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './lib/run.mjs';
import { ensureTestServer } from './lib/test-server.mjs';
import { endWith, setUp } from './setup.mjs';

const binary = await setUp().catch(endWith);
const testServer = await ensureTestServer().catch(endWith);
const histories = join(ROOT, 'test/histories');
const keepers = ['test/end-to-end', 'test/workflows'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .map((name) => `${folder}/${name}`)
    .filter((file) => file.endsWith('.test.ts') && readFileSync(join(ROOT, file), 'utf8').includes('keepHistory(')),
);

async function vitest(files, more) {
  const env = {
    ...process.env,
    ...(binary && { TEMPORAL_CLI_PATH: binary }),
    TEMPORAL_TEST_SERVER_PATH: testServer,
    ...more,
  };
  const { code } = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...files], { env });
  if (code !== 0) process.exit(code);
}

rmSync(histories, { recursive: true, force: true });
mkdirSync(histories);
await vitest(keepers, { RECORD_HISTORIES: '1' });
await vitest(['test/workflows/replay.test.ts', 'test/deal/states.test.ts'], {});
