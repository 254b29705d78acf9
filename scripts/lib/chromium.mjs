import { spawnSync } from 'node:child_process';
import { run } from './run.mjs';
import { say, step } from './say.mjs';

/** The tests of the desk's pages need a browser: Debian's package, where this user may install it. */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function isOnPath(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;
}

/** Never an error: without a browser those tests are skipped, and this says so. */
export async function ensureChromium() {
  if (process.env.CHROMIUM_PATH || NAMES.some(isOnPath)) return;
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    say(
      'No Chromium on this machine: the tests of the pages are skipped. Install the package `chromium`, or set CHROMIUM_PATH.',
    );
    return;
  }
  const { code, output } = await step('installing chromium (once for this machine)', () =>
    run('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium'], {
      quiet: true,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }),
  );
  if (code !== 0) say(`Chromium cannot be installed, so the tests of the pages are skipped:\n${output.slice(-500)}`);
}
