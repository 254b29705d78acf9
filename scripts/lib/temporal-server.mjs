import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { run, SetUpError } from './run.mjs';
import { startWebUi } from './web-ui.mjs';

/** The flags that make the development server nine times quicker per step; each task would wait 50 ms otherwise. */
const QUICK = [
  ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ['--dynamic-config-value', 'history.timerProcessorMaxPollRPS=2000'],
  ['--dynamic-config-value', 'history.visibilityProcessorMaxPollRPS=2000'],
  ['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
  // A timer would fire up to a second late: retries, quiet times and heartbeats all wait for one.
  ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
  ['--dynamic-config-value', 'limit.maxIDLength=255'],
  // A queue's rate is divided by its partitions: 20 requests a second would be 5 on each of four.
  ['--dynamic-config-value', 'matching.numTaskqueueReadPartitions=1'],
  ['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
  // Deals go first, and companies share what there is.
  ['--dynamic-config-value', 'matching.useNewMatcher=true'],
  ['--dynamic-config-value', 'matching.enableFairness=true'],
].flat();

export const SEARCH_ATTRIBUTES = {
  DealState: 'Keyword',
  DealHoldReason: 'Keyword',
  DealSourceTable: 'Keyword',
  DealCustomerNumber: 'Keyword',
  DealInvoiceNumber: 'Keyword',
  DealAmount: 'Double',
};

/** Starts a server for one machine; it ends with this process. `dbFile` keeps its state, without it nothing is kept. */
export async function startTemporal({ binary, dbFile, port, uiPort, codecEndpoint, namespaces = [] }) {
  const chosen = port ? await ensureFree(port) : await freePort();
  if (uiPort) await ensureFree(uiPort);
  const address = `127.0.0.1:${chosen}`;
  const attributes = Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
  const args = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    String(chosen),
    '--log-level',
    'error',
    ...QUICK,
    ...attributes,
    ...namespaces.flatMap((name) => ['--namespace', name]),
  ];
  if (dbFile)
    args.push('--db-filename', dbFile, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal');
  if (uiPort === undefined) args.push('--headless');
  // With payloads to open, what people see on `uiPort` stands before the server's own.
  const ownUiPort = codecEndpoint === undefined ? uiPort : await freePort();
  if (uiPort !== undefined) args.push('--ui-port', String(ownUiPort));
  const child = spawn(binary, args, { stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await untilServing(binary, address, child);
  if (dbFile) await keepLonger(binary, address);
  const webUi =
    uiPort === undefined || codecEndpoint === undefined
      ? undefined
      : await startWebUi({ port: uiPort, target: ownUiPort, codecEndpoint });
  return {
    address,
    pid: child.pid,
    /** Resolves when it has ended, whoever ended it. */
    ended,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    async stop() {
      process.off('exit', kill);
      await webUi?.stop();
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Another server on this port would answer in place of ours, and would be given our settings. */
async function ensureFree(port) {
  return freePort(port).catch((error) => {
    throw new SetUpError(`The Temporal server cannot listen on port ${port} (${error.code}): what listens there?`);
  });
}

/** `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`; of another build whatever it calls itself. */
export async function serverVersion(binary) {
  const { output } = await run(binary, ['--version'], { quiet: true });
  return /Server ([\w.-]+)/.exec(output)?.[1] ?? 'unknown';
}

/** What ended is kept for a month, as in docker-compose.yml; the development server forgets it after a day. */
async function keepLonger(binary, address) {
  const args = ['operator', 'namespace', 'update', '-n', 'default', '--retention', '720h', '--address', address];
  const { code } = await run(binary, args, { quiet: true });
  if (code !== 0) throw new SetUpError(`The retention of the namespace on ${address} could not be set.`);
}

const PATIENCE_MS = 60_000;

/** `env` is what the command line is told besides the address, such as certificates. */
export async function untilServing(binary, address, child, env = process.env) {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until && child.exitCode === null) {
    const { code, output } = await run(binary, ['operator', 'cluster', 'health', '--address', address], {
      quiet: true,
      env,
    });
    if (code === 0 && output.includes('SERVING')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new SetUpError(`The Temporal server did not start on ${address}: is the port taken?`);
}

/** Any, or whether this one is: it rejects otherwise. */
export function freePort(wanted = 0) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
