import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, ROOT } from './run.mjs';
import { say, step } from './say.mjs';

const STAMP = join(ROOT, 'node_modules/.dealbridge-stamp');

/** Installs the packages when they are missing or no longer those of package-lock.json. */
export async function ensurePackages() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  say('Installing the packages (npm ci)');
  await step('npm ci', () =>
    must('npm', ['ci', '--no-audit', '--no-fund'], 'Check that the npm registry can be reached, then run it again.'),
  );
  writeFileSync(STAMP, wanted);
}
