// Makes a fresh clone ready: packages, build, Temporal server. Plain Node; a second run takes under two seconds.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuild, isBuilt } from './lib/build.mjs';
import { oneAtATime } from './lib/one-at-a-time.mjs';
import { arePackagesThere, ensurePackages } from './lib/packages.mjs';
import { ROOT, SetUpError } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { ensureTemporalBinary } from './lib/temporal-binary.mjs';

const [MAJOR, MINOR] = [20, 19];

/** Returns the path of the Temporal CLI, or undefined when TEMPORAL_ADDRESS names a server. */
export async function setUp({ temporal = true } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MAJOR || (major === MAJOR && minor < MINOR)) {
    throw new SetUpError(`Node ${process.versions.node} is too old: install Node ${MAJOR}.${MINOR} or later.`);
  }
  const needsBinary = temporal && !process.env.TEMPORAL_ADDRESS;
  const prepare = async () => {
    await ensurePackages();
    // One computes, the other waits for what is sent.
    const [found] = await Promise.all([needsBinary ? ensureTemporalBinary() : undefined, ensureBuild()]);
    return found;
  };
  const isReady = arePackagesThere() && isBuilt();
  const binary = await (isReady ? prepare() : oneAtATime(join(ROOT, '.data/set-up'), prepare));
  if (binary) say(`Temporal server: ${binary}`);
  return binary;
}

/** Ends a script with a clear word instead of a stack trace when it is the set-up that failed. */
export function endWith(error) {
  say(error instanceof SetUpError ? `\nSet-up failed. ${error.message}` : String(error?.stack ?? error));
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const binary = await setUp();
    say(binary ? 'Ready.' : `Ready. Temporal: ${process.env.TEMPORAL_ADDRESS}`);
  } catch (error) {
    endWith(error);
  }
}
