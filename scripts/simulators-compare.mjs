// `npm run simulators:compare -- --env FILE`: what a tenant does otherwise than the simulators (docs/simulators.md).
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const { runCompare } = await import(join(ROOT, 'dist-tools/tools/compare/main.js'));
try {
  process.exitCode = await runCompare({
    root: ROOT,
    args: process.argv.slice(2),
    say: (text) => process.stdout.write(`${text}\n`),
  });
} catch (error) {
  process.stderr.write(`${error?.code === 'invalid-input' ? error.message : error?.stack}\n`);
  process.exitCode = 2;
}
