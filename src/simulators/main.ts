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
  .option('--host <address>', 'the address to listen on; 0.0.0.0 for other machines', '127.0.0.1')
  .option('--public-host <name>', 'the name by which clients reach it', '127.0.0.1')
  .option('--webhook <url>', 'a receiver that the simulated Dataverse calls')
  .option('--webhook-key <key>', 'what is sent to it in the header x-dealbridge-key')
  .option('--seed <n>', 'the same seed gives the same data', number)
  .option('--products <n>', 'how many products', number)
  .option('--accounts <n>', 'how many accounts', number)
  .parse();

const given = program.opts<{
  entraPort: number;
  dataversePort: number;
  bcPort: number;
  host: string;
  publicHost: string;
  webhook?: string;
  webhookKey?: string;
  seed?: number;
  products?: number;
  accounts?: number;
}>();
const { entraPort, dataversePort, bcPort, webhook, webhookKey, ...size } = given;
const simulators = await startSimulators({
  ...size,
  ports: { entra: entraPort, dataverse: dataversePort, businessCentral: bcPort },
});
if (webhook) {
  const registration = {
    url: webhook,
    authtype: 'HttpHeader' as const,
    name: 'x-dealbridge-key',
    value: webhookKey ?? '',
  };
  simulators.dataverse.webhooks.registrations.push(registration);
}
process.stdout.write(`${JSON.stringify(simulators.connection)}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulators.stop());
