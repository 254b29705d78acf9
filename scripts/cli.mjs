// `dealbridge …`, made ready before; the command line itself finds what `npm start` wrote of where it runs.
import { run } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const { code } = await run(process.execPath, ['dist/cli/main.js', ...process.argv.slice(2)]);
process.exit(code);
