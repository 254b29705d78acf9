// `npm run docs:errors`: writes docs/errors.md from the catalogue of codes.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const { toErrorsPage } = await import(join(ROOT, 'dist-tools/tools/docs/errors-page.js'));
await writeFile(join(ROOT, 'docs/errors.md'), toErrorsPage());
