import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, ROOT } from './run.mjs';
import { say, step } from './say.mjs';

const STAMP = join(ROOT, 'node_modules/.dealbridge-stamp');

const wantedStamp = () =>
  createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');

/** Those of package-lock.json. */
export function arePackagesThere() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wantedStamp();
}

export async function ensurePackages() {
  if (arePackagesThere()) return;
  const wanted = wantedStamp();
  say('Installing the packages (npm ci)');
  await step('npm ci', () =>
    must('npm', ['ci', '--no-audit', '--no-fund'], 'Check that the npm registry can be reached, then run it again.'),
  );
  writeFileSync(STAMP, wanted);
}
