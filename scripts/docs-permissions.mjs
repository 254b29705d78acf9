// `npm run docs:permissions`: writes docs/permissions.md from the card of permissions.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const { toPermissionsPage } = await import(join(ROOT, 'dist-tools/tools/docs/permissions-page.js'));
await writeFile(join(ROOT, 'docs/permissions.md'), toPermissionsPage());
