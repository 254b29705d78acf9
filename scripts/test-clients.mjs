// `npm run test:clients -- [FILES]`: clients that others wrote, fetched from their registries, against the simulators.
import { run } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const config = 'test/clients-of-others/vitest.config.ts';
const { code } = await run('npx', ['vitest', 'run', '--config', config, ...process.argv.slice(2)]);
process.exit(code);
