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
  .option('--bare', 'a new organization and a new company: no data, nothing set up, no app registered')
  .option('--seed <n>', 'the same seed gives the same data', number)
  .option('--products <n>', 'how many products', number)
  .option('--accounts <n>', 'how many accounts', number)
  .addHelpText(
    'after',
    `
When they are ready, one JSON line with the connection is printed on standard output; Ctrl-C ends them.

Below /_sim of each server (GET /_sim/help lists all its routes; bodies are JSON):
  GET, DELETE /requests            what was received: method, path, who, status, time, faults
                                   (?path=<regexp>&method=&who=&status=&limit=)
  GET, POST, DELETE /faults        arm a fault: {"match":{"method","path","client"},"nth","every","times","probability","effect"}
  GET /holds, POST /holds/release  requests that a hold keeps open
  GET, POST /clock                 {"advanceMs":3600000} or {"now":"2031-01-01T00:00:00Z"}
  GET /state, POST /reset          how many rows there are; everything as at the start
  POST /seed                       {"accounts":100000} in Dataverse, {"customers":100000} in Business Central
  GET, POST /limits, /switches     throttles, and the readings of uncertain facts

Effects of faults:
  {"kind":"status","status":503,"headers":{"retry-after":"2"},"body":{},"when":"before"|"after"}
  {"kind":"delay","ms":500}        {"kind":"lose-answer","when":"before"|"after"} (the commit)
  {"kind":"hold","when":"before"|"after"}   {"kind":"cut"} (in the middle of the answer)
  {"kind":"throttle","seconds":30,"retryAfter":true}   {"kind":"stale-etag"}   {"kind":"expired-delta"}

docs/simulators.md says the rest.`,
  )
  .parse();

const given = program.opts<{
  entraPort: number;
  dataversePort: number;
  bcPort: number;
  host: string;
  publicHost: string;
  webhook?: string;
  webhookKey?: string;
  bare?: true;
  seed?: number;
  products?: number;
  accounts?: number;
}>();
const { entraPort, dataversePort, bcPort, bare, webhook, webhookKey, ...size } = given;
const simulators = await startSimulators({
  ...size,
  isBare: bare,
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

let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void simulators.stop();
  });
}
