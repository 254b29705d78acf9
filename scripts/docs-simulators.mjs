// `npm run docs:simulators`: writes the tables of docs/simulators.md from the simulators' code.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const { withTables } = await import(join(ROOT, 'dist-tools/tools/docs/simulators-page.js'));
const page = join(ROOT, 'docs/simulators.md');
await writeFile(page, withTables(await readFile(page, 'utf8')));
