import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run, SetUpError } from './run.mjs';
import { say, step } from './say.mjs';

const VERSION = '1.5.1'; // server 1.29.1, Web UI 2.42.1
const DOWNLOAD_LIMIT_MS = 60_000;

/**
 * The Temporal CLI with its server: on the PATH, in the user's cache folder, downloaded by the SDK, or built with Go.
 * Not asked for when TEMPORAL_ADDRESS names a running server.
 */
export async function ensureTemporalBinary() {
  const onPath = findOnPath('temporal');
  if (onPath) return onPath;
  const cached = join(cacheFolder(), `temporal-${VERSION}`);
  if (isExecutable(cached)) return cached;
  mkdirSync(cacheFolder(), { recursive: true });
  if (await downloadBySdk(cached)) return cached;
  await buildWithGo(cached);
  return cached;
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dealbridge');
}

function findOnPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The SDK downloads the CLI when it starts a test server; in a closed network that fails, which is no fault. */
async function downloadBySdk(target) {
  say('No Temporal server on this machine yet: asking the SDK to download one');
  const folder = mkdtempSync(join(cacheFolder(), 'download-'));
  const script = `
    import { TestWorkflowEnvironment } from '@temporalio/testing';
    const env = await TestWorkflowEnvironment.createLocal({ server: { executable:
      { type: 'cached-download', version: 'v${VERSION}', downloadDir: ${JSON.stringify(folder)} } } });
    await env.teardown();`;
  const { code } = await step('download', () =>
    run(process.execPath, ['--input-type=module', '-e', script], { quiet: true, timeoutMs: DOWNLOAD_LIMIT_MS }),
  );
  const { readdirSync } = await import('node:fs');
  const file = readdirSync(folder)
    .map((name) => join(folder, name))
    .find(isExecutable);
  if (code === 0 && file) renameSync(file, target);
  else say('  the download site cannot be reached; going on without it');
  rmSync(folder, { recursive: true, force: true });
  return existsSync(target);
}

async function buildWithGo(target) {
  if (!findOnPath('go')) {
    throw new SetUpError(
      'No Temporal server can be had: neither TEMPORAL_ADDRESS, nor `temporal` on the PATH, nor a download, nor Go.\n' +
        'Install the Temporal CLI (https://docs.temporal.io/cli) or set TEMPORAL_ADDRESS to a running server.',
    );
  }
  say('Building the Temporal server with Go (some three minutes, once for this user)');
  const folder = mkdtempSync(join(cacheFolder(), 'build-'));
  try {
    const { code, output } = await step('go install', () =>
      run('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${VERSION}`], {
        quiet: true,
        env: { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false' },
      }),
    );
    if (code !== 0) {
      throw new SetUpError(
        `go install failed:\n${output.slice(-2_000)}\nCheck that the Go module proxy can be reached.`,
      );
    }
    // A rename is atomic: a build that was cut off leaves nothing that looks finished.
    renameSync(join(folder, 'temporal'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
