import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, ROOT } from './run.mjs';
import { say, step } from './say.mjs';

const STAMP = join(ROOT, 'dist/.stamp');
const CONFIGURATIONS = [
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.tools.json',
  'simulators/tsconfig.json',
  'package-lock.json',
  'scripts/sbom.mjs',
];

export function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourcesStamp();
}

/** Compiles product, simulators and tools, and bundles the workflows, when a source changed since the last time. */
export async function ensureBuild() {
  if (isBuilt()) return;
  const wanted = sourcesStamp();
  say('Building (tsc, workflow bundle)');
  // A file whose source was moved or removed must not stay behind in what is shipped.
  for (const folder of ['dist', 'dist-tools', 'simulators/dist'])
    rmSync(join(ROOT, folder), { recursive: true, force: true });
  const advice = 'The sources do not compile: correct them, then run it again.';
  const compile = (project) => () => must(process.execPath, [tsc(), '-p', project], advice);
  await step('tsc, simulators', compile('simulators/tsconfig.json'));
  // Each has work for one core; the bundle is made of what the first one wrote.
  await Promise.all([product(compile), step('tsc, tools', compile('tsconfig.tools.json'))]);
  writeFileSync(STAMP, wanted);
}

async function product(compile) {
  await step('tsc, product', compile('tsconfig.build.json'));
  // What `npx dealbridge` runs.
  chmodSync(join(ROOT, 'dist/cli/main.js'), 0o755);
  await step('list of its packages (SBOM)', () =>
    must(process.execPath, ['scripts/sbom.mjs'], 'It takes npm 10.8 or later.'),
  );
  await step('workflow bundle', () =>
    must(
      process.execPath,
      ['dist/process/build-workflow-bundle.js'],
      'The workflows import what they must not (Node, pg, undici).',
    ),
  );
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
  for (const folder of ['src', 'simulators/src', 'tools']) visit(join(ROOT, folder));
  for (const name of CONFIGURATIONS) hash.update(readFileSync(join(ROOT, name)));
  return hash.digest('hex');
}
