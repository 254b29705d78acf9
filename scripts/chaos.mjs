// Many deals under planned faults, with real processes that are killed; exit code 1 unless everything ended as it should.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseTemporal } from './lib/choose-temporal.mjs';
import { play } from './lib/play.mjs';
import { ROOT } from './lib/run.mjs';
import { say, step } from './lib/say.mjs';
import { endWith, setUp } from './setup.mjs';

const HELP = `npm run chaos -- [--deals 1000] [--seed 1] [--minutes 15] [--orders 0.4] [--with all] [--keep] [--temporal postgresql]

  --deals    how many deals are won
  --seed     of the plan: faults, kills, who pays; the same seed gives the same plan
  --minutes  whatever has not come to rest by then counts as lost
  --orders   the share of deals that become orders, between 0 and 1
  --with     what goes wrong beyond the usual: 'all', or some of not-found,changes,one-series,by-hand,refusals
  --keep     leaves everything running at the end, for looking around
  --temporal the development server, or 'postgresql': Temporal's own server on PostgreSQL, with TLS`;

const options = {
  deals: { type: 'string', default: '1000' },
  seed: { type: 'string', default: '1' },
  minutes: { type: 'string', default: '15' },
  orders: { type: 'string', default: '0.4' },
  with: { type: 'string', default: '' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

const { open, args } = chooseTemporal(process.argv.slice(2));

function readOptions() {
  const { values } = parseArgs({ options, args });
  if (values.help) {
    say(HELP);
    process.exit(0);
  }
  const number = (name, least, most, isWhole) => {
    const value = Number(values[name]);
    if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value))) {
      throw new RangeError(
        `--${name}: expected ${isWhole ? 'a whole number' : 'a number'} from ${least} to ${most}, got '${values[name]}'`,
      );
    }
    return value;
  };
  return {
    deals: number('deals', 1, 100_000, true),
    seed: number('seed', 0, 4_294_967_295, true),
    minutes: number('minutes', 0.1, 1_440, false),
    orders: number('orders', 0, 1, false),
    with: values.with,
    keep: values.keep,
  };
}

let wanted;
try {
  wanted = readOptions();
} catch (error) {
  say(`${error.message}\n\n${HELP}`);
  process.exit(2);
}
const binary = await setUp().catch(endWith);
const { keep, with: names } = wanted;
const { parseAdditions } = await import('../dist-tools/tools/chaos/additions.js');
let additions;
try {
  additions = parseAdditions(names);
} catch (error) {
  say(`${error.message}\n\n${HELP}`);
  process.exit(2);
}
await play(
  'chaos',
  async ({ folder, onStop, isStopped }) => {
    const { start, tlsSettings } = await open({ binary, folder, onStop });
    let server = await step('starting Temporal', start);
    let starting;
    onStop(async () => {
      await starting;
      await server.stop();
    });
    const { runChaos } = await import('../dist-tools/tools/chaos/main.js');
    const report = await runChaos({
      ...wanted,
      additions,
      folder,
      programs: pathToFileURL(join(ROOT, 'dist/')),
      verifyScript: join(ROOT, 'scripts/verify-audit.mjs'),
      temporal: {
        address: server.address,
        tlsSettings,
        async restart() {
          await server.stop();
          if (isStopped()) return;
          starting = start().then((started) => {
            server = started;
          });
          await starting;
        },
      },
      say,
      onStop,
    });
    return report.isGood;
  },
  { keep, keepsFolder: (isGood) => !isGood && !keep },
);
