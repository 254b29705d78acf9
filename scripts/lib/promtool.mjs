import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { run } from './run.mjs';
import { say, step } from './say.mjs';

/** The tests of the alert rules need `promtool`: of the machine, or out of Debian's package, unpacked beside and not installed. */

/** Returns its path. Never an error: without it those tests are skipped, and this says so. */
export async function ensurePromtool() {
  const found = process.env.PROMTOOL_PATH || findOnPath('promtool');
  if (found) return found;
  const folder = join(cacheFolder(), 'prometheus');
  const unpacked = join(folder, 'usr/bin/promtool');
  if (isExecutable(unpacked)) return unpacked;
  if (!findOnPath('apt-get') || !findOnPath('dpkg-deb')) {
    say(
      'No promtool on this machine: the tests of the alert rules are skipped. Install Prometheus, or set PROMTOOL_PATH.',
    );
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  const download = 'apt-get download -qq prometheus';
  const { code, output } = await step('unpacking promtool (once for this machine)', () =>
    run('sh', ['-c', `${download} || { apt-get update -qq && ${download}; }`], { quiet: true, cwd: folder }),
  );
  const [name] = readdirSync(folder).filter((file) => file.endsWith('.deb'));
  if (code === 0 && name) await run('dpkg-deb', ['-x', name, '.'], { quiet: true, cwd: folder });
  if (existsSync(unpacked)) return unpacked;
  say(`promtool cannot be had, so the tests of the alert rules are skipped:\n${output.slice(-500)}`);
  return undefined;
}
