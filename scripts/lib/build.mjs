import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, ROOT } from './run.mjs';
import { say, step } from './say.mjs';

const STAMP = join(ROOT, 'dist/.stamp');

/** Compiles src to dist and bundles the workflows, when a source changed since the last time. */
export async function ensureBuild() {
  const wanted = sourcesStamp();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  say('Building (tsc, workflow bundle)');
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const advice = 'The sources do not compile: correct them, then run it again.';
  await step('tsc', () => must(process.execPath, [tsc(), '-p', 'tsconfig.build.json'], advice));
  await step('workflow bundle', () =>
    must(
      process.execPath,
      ['dist/build-workflow-bundle.js'],
      'The workflows import what they must not (Node, pg, undici).',
    ),
  );
  writeFileSync(STAMP, wanted);
}

export function tsc() {
  return join(ROOT, 'node_modules/typescript/bin/tsc');
}

function sourcesStamp() {
  const hash = createHash('sha256');
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else hash.update(`${path} ${statSync(path).size} ${statSync(path).mtimeMs}\n`);
    }
  };
  visit(join(ROOT, 'src'));
  for (const name of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
    hash.update(readFileSync(join(ROOT, name)));
  return hash.digest('hex');
}
