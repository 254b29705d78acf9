import type { ChildProcess } from 'node:child_process';
import { startSimulators } from '@dealbridge/simulators';
import { createNoticeSecrets, getNewestNoticeSecret } from '../../src/process/credentials.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { freePort } from '../stage/port.js';
import { startProcess, stopProcess } from '../stage/process.js';
import { openStage } from '../stage/stage.js';
import { attack } from './hostile-requests.js';

/** `npm run bench:hostile`: what a starter with its limits of every day bears from outside. Needs Linux, whose /proc it reads. */

const REQUESTS = 20_000;
const STALLED = 600;
const MAX_MEMORY_MIB = 256;
const SECRET = 'a-webhook-secret-for-the-bench';

export async function runHostile(options: {
  readonly temporalAddress: string;
  readonly ledgerFolder: string;
  readonly onStop: (stop: () => Promise<void>) => void;
}): Promise<boolean> {
  const simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  options.onStop(() => simulators.stop());
  const { starter, starterUrl } = await openStage<ChildProcess>({
    temporalAddress: options.temporalAddress,
    simulators,
    programs: new URL('../../../dist/', import.meta.url),
    ledger: { folder: options.ledgerFolder, port: await freePort() },
    workers: 0,
    webhookSecret: SECRET,
    settings: {
      DEALBRIDGE_KEYS: createKeyLine(),
      STARTER_RATE_PER_SECOND: '50',
      CODEC_TOKEN: 'a-codec-token-for-the-bench',
      LOG_LEVEL: 'error',
    },
    launch: async (program) => {
      const { child, ready } = await startProcess(program, ['ignore', 'inherit']);
      options.onStop(() => stopProcess(child, 'SIGTERM'));
      return { process: child, ready };
    },
  });
  const find = createNoticeSecrets(async () => [{ kind: 'secret', secret: SECRET }], undefined);
  const { statuses, closed, honest, memoryMib } = await attack({
    port: Number(new URL(starterUrl).port),
    pid: starter.pid ?? 0,
    webhookSecret: SECRET,
    ...(await getNewestNoticeSecret(find)),
    requests: REQUESTS,
    stalled: STALLED,
    seed: 15,
  });
  console.log(`requests of nonsense, by status:   ${JSON.stringify(statuses)}`);
  console.log(`bodies that never end, closed:     ${closed} of ${STALLED}`);
  console.log(
    `honest webhooks:                   ${honest.sent}, failed ${honest.failed.length}, slowest ${honest.slowestMs} ms`,
  );
  for (const failure of honest.failed) console.log(`  ${failure}`);
  console.log(`memory of the starter:             ${memoryMib.before} MiB before, ${memoryMib.peak} MiB at most`);
  return honest.failed.length === 0 && closed === STALLED && memoryMib.peak < MAX_MEMORY_MIB;
}
