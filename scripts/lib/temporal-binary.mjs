import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { run, SetUpError } from './run.mjs';
import { say, step } from './say.mjs';
import { downloadBySdk } from './sdk-download.mjs';

const VERSION = '1.5.1'; // server 1.29.1, Web UI 2.42.1

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
  say('No Temporal server on this machine yet: asking the SDK to download one');
  if (await downloadBySdk({ create: 'createLocal', version: VERSION, target: cached })) return cached;
  await buildWithGo(cached);
  return cached;
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
