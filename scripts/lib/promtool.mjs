import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ensureCacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { run } from './run.mjs';
import { say, step } from './say.mjs';

/** The tests of the alert rules need `promtool`: of the machine, or out of Debian's package, unpacked beside and not installed. */

const PROGRAM = 'usr/bin/promtool';

/** Returns its path. Never an error: without it those tests are skipped, and this says so. */
export async function ensurePromtool() {
  const found = process.env.PROMTOOL_PATH || findOnPath('promtool');
  if (found) return found;
  const folder = join(cacheFolder(), 'prometheus');
  const unpacked = join(folder, PROGRAM);
  if (isExecutable(unpacked)) return unpacked;
  if (!findOnPath('apt-get') || !findOnPath('dpkg-deb')) {
    say(
      'No promtool on this machine: the tests of the alert rules are skipped. Install Prometheus, or set PROMTOOL_PATH.',
    );
    return undefined;
  }
  ensureCacheFolder();
  const making = mkdtempSync(join(cacheFolder(), 'prometheus-'));
  let said = '';
  try {
    const download = 'apt-get download -qq prometheus';
    const { code, output } = await step('unpacking promtool (once for this machine)', () =>
      run('sh', ['-c', `${download} || { apt-get update -qq && ${download}; }`], { quiet: true, cwd: making }),
    );
    said = output;
    const [name] = readdirSync(making).filter((file) => file.endsWith('.deb'));
    const unpack = () => run('dpkg-deb', ['-x', name, '.'], { quiet: true, cwd: making });
    if (code === 0 && name && (await unpack()).code === 0 && isExecutable(join(making, PROGRAM))) {
      // A rename is atomic: what was cut off leaves nothing that looks finished.
      rmSync(folder, { recursive: true, force: true });
      renameSync(making, folder);
      return unpacked;
    }
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  say(`promtool cannot be had, so the tests of the alert rules are skipped:\n${said.slice(-500)}`);
  return undefined;
}
