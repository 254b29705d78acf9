// `npm run test:lts -- [FILES]`: the gate, or some tests, on the Node that the images run on, which npm brings for this machine.
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ensureCacheFolder, isExecutable } from './lib/cache.mjs';
import { must, ROOT, run } from './lib/run.mjs';
import { say, step } from './lib/say.mjs';
import { endWith } from './setup.mjs';

const [version] = /(?<=^FROM node:)\d+\.\d+\.\d+/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')) ?? [];

async function ensureNode() {
  const target = join(cacheFolder(), `node-${version}`);
  if (isExecutable(target)) return target;
  ensureCacheFolder();
  const folder = mkdtempSync(join(cacheFolder(), 'node-'));
  try {
    const name = `node-${process.platform}-${process.arch}@${version}`;
    const advice = 'Check that the npm registry can be reached.';
    await step(`Node ${version}`, async () => {
      await must('npm', ['pack', name, '--pack-destination', folder], advice);
      const archive = `node-${process.platform}-${process.arch}-${version}.tgz`;
      await must('tar', ['xzf', archive, 'package/bin/node'], 'The package holds no Node.', { cwd: folder });
    });
    renameSync(join(folder, 'package/bin/node'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return target;
}

const node = await ensureNode().catch(endWith);
say(`Node ${version}: ${node}`);
const { code } = await run(node, ['scripts/test.mjs', ...process.argv.slice(2)]);
process.exit(code);
