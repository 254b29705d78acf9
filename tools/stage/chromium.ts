import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's package `chromium`; the set-up of the tests installs it where it may. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Undefined where none is installed: CHROMIUM_PATH names one that stands elsewhere. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
