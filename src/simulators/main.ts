import { Command, InvalidArgumentError } from 'commander';
import { startSimulators } from './index.js';

/** `npm run simulators`: the three of them on fixed ports; one JSON line on standard output when they are ready. */

const number = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is right');
  return Number(text);
};

const program = new Command('simulators')
  .description(
    'Entra, Dataverse and Business Central, simulated. The admin API of each is below /_sim (GET /_sim/help).',
  )
  .option('--entra-port <n>', '0 is a free port', number, 4101)
  .option('--dataverse-port <n>', '0 is a free port', number, 4102)
  .option('--bc-port <n>', '0 is a free port', number, 4103)
  .option('--seed <n>', 'the same seed gives the same data', number)
  .option('--products <n>', 'how many products', number)
  .option('--accounts <n>', 'how many accounts', number)
  .parse();

const given = program.opts<{
  entraPort: number;
  dataversePort: number;
  bcPort: number;
  seed?: number;
  products?: number;
  accounts?: number;
}>();
const { entraPort, dataversePort, bcPort, ...size } = given;
const simulators = await startSimulators({
  ...size,
  ports: { entra: entraPort, dataverse: dataversePort, businessCentral: bcPort },
});
process.stdout.write(`${JSON.stringify(simulators.connection)}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulators.stop());
