// `dealbridge …`; the keys of `npm start` are taken where no others are named.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const env = { ...process.env };
const keyFile = join(ROOT, '.data/keys');
if (!env.DEALBRIDGE_KEYS && !env.DEALBRIDGE_KEY_FILE && existsSync(keyFile)) env.DEALBRIDGE_KEY_FILE = keyFile;
const { code } = await run(process.execPath, ['dist/cli/main.js', ...process.argv.slice(2)], { env });
process.exit(code);
