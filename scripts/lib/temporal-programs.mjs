import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ensureCacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { run, SetUpError } from './run.mjs';
import { say, step } from './say.mjs';

/** Temporal's own server and schema tool, of the version that docker-compose.yml names; the command line has the development server only. */

export const SERVER_VERSION = '1.32.0';
const MODULE = 'go.temporal.io/server';

/** On the PATH by the names of the images, in the user's cache, or built with Go. */
export async function ensureTemporalPrograms() {
  const [server, sqlTool] = ['temporal-server', 'temporal-sql-tool'].map(findOnPath);
  if (server && sqlTool) return { server, sqlTool };
  const folder = join(cacheFolder(), `temporal-server-${SERVER_VERSION}`);
  const built = { server: join(folder, 'server'), sqlTool: join(folder, 'sql') };
  if (Object.values(built).every(isExecutable)) return built;
  if (!findOnPath('go')) {
    throw new SetUpError(
      `Temporal's own server is neither on the PATH (temporal-server, temporal-sql-tool) nor built, and there is no Go to build it:\n` +
        'install Go 1.26 or later, or leave out --temporal postgresql.',
    );
  }
  say(`Building Temporal's server ${SERVER_VERSION} with Go (ten minutes on two cores, once for this user)`);
  ensureCacheFolder();
  const making = mkdtempSync(join(cacheFolder(), 'build-'));
  try {
    const packages = ['cmd/server', 'cmd/tools/sql'].map((path) => `${MODULE}/${path}@v${SERVER_VERSION}`);
    const env = { ...process.env, GOBIN: making, GOFLAGS: '-buildvcs=false' };
    const { code, output } = await step('go install', () =>
      run('go', ['install', '-ldflags=-s -w', ...packages], { quiet: true, env }),
    );
    if (code !== 0) {
      throw new SetUpError(
        `go install failed:\n${output.slice(-2_000)}\nCheck that the Go module proxy can be reached.`,
      );
    }
    // A rename is atomic: a build that was cut off leaves nothing that looks finished.
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return built;
}
