import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, isExecutable } from './cache.mjs';
import { run } from './run.mjs';
import { say, step } from './say.mjs';

const LIMIT_MS = 60_000;

/**
 * The SDK downloads a server when it starts one for tests; in a closed network that fails, which is no fault.
 * `create` is the method of TestWorkflowEnvironment that starts it. True when `target` is there.
 */
export async function downloadBySdk({ create, version, target }) {
  const folder = mkdtempSync(join(cacheFolder(), 'download-'));
  const script = `
    import { TestWorkflowEnvironment } from '@temporalio/testing';
    const env = await TestWorkflowEnvironment.${create}({ server: { executable:
      { type: 'cached-download', version: 'v${version}', downloadDir: ${JSON.stringify(folder)} } } });
    await env.teardown();`;
  const { code } = await step('download', () =>
    run(process.execPath, ['--input-type=module', '-e', script], { quiet: true, timeoutMs: LIMIT_MS }),
  );
  const file = readdirSync(folder)
    .map((name) => join(folder, name))
    .find(isExecutable);
  if (code === 0 && file) renameSync(file, target);
  else say('  the download site cannot be reached; going on without it');
  rmSync(folder, { recursive: true, force: true });
  return existsSync(target);
}
