import { type AddressInfo, createServer } from 'node:net';
import type { Logger } from 'pino';
import { request } from 'undici';
import { pingLedger } from '../../ledger/upkeep/observe.js';
import type { Observation } from '../../telemetry/instruments.js';
import type { Config } from '../config.js';
import { createLog, toShownError } from '../log.js';
import type { Runtime } from '../runtime.js';
import type { ProcessName } from '../telemetry-settings.js';
import { type Metrics, startMetrics } from './metrics.js';
import { createReadiness, type Readiness, STARTING, toObservations } from './readiness.js';
import { openStatusServer, type StatusServer } from './status-server.js';
import { startTraces, type Traces } from './traces.js';

/** How a process is watched, from before it waits for its first system to its end. */
export interface Telemetry {
  /** Where the SDK of Temporal shows its own numbers, for `/metrics` to pass on; undefined when nobody reads them. */
  readonly temporalMetrics: string | undefined;
  /** From now on it can be ready. */
  watch(runtime: Runtime, signIn: () => Promise<unknown>, observe?: () => Promise<readonly Observation[]>): void;
  /** From now on it is not ready, and asks nobody: it stops, and closes what it would ask. */
  unwatch(): void;
  close(): Promise<void>;
}

export async function openTelemetry(config: Config, name: ProcessName): Promise<Telemetry> {
  const log = createLog(name, config.logLevel);
  const { status, traces } = config.telemetry;
  const port = status.ports[name];
  const sending = await startTraces(traces, name, log);
  if (port === undefined)
    return {
      temporalMetrics: undefined,
      watch: () => undefined,
      unwatch: () => undefined,
      close: () => sending.close(),
    };
  const temporalMetrics = name === 'worker' ? await findFreeAddress() : undefined;
  const askNobody = async (): Promise<Readiness> => STARTING;
  const observeNothing = async (): Promise<readonly Observation[]> => [];
  let askReadiness = askNobody;
  let observeMore = observeNothing;
  const metrics = await startMetrics(
    async () => [...toObservations(await askReadiness()), ...(await observeOrSay(observeMore, log))],
    () => readTemporal(temporalMetrics),
  );
  const server = await openStatusServer({
    host: status.host,
    port,
    setting: `${name.toUpperCase()}_STATUS_PORT`,
    askReadiness: () => askReadiness(),
    readMetrics: metrics.read,
  });
  log.info({ host: status.host, port: server.port }, 'status at /livez, /readyz and /metrics');
  return {
    temporalMetrics,
    watch({ database, temporal, ring }, signIn, observe) {
      askReadiness = createReadiness({
        ledger: () => pingLedger(database),
        temporal: () => temporal.workflowService.describeNamespace({ namespace: temporal.options.namespace }),
        keys: async () => ring.newestKeyId(),
        signIn,
      });
      if (observe) observeMore = observe;
    },
    unwatch() {
      askReadiness = askNobody;
      observeMore = observeNothing;
    },
    close: () => closeAll(server, metrics, sending),
  };
}

async function closeAll(server: StatusServer, metrics: Metrics, traces: Traces): Promise<void> {
  await server.close();
  await metrics.close();
  await traces.close();
}

/** What cannot be looked up is left out, and the others are told. */
async function observeOrSay(observe: () => Promise<readonly Observation[]>, log: Logger) {
  try {
    return await observe();
  } catch (error) {
    log.warn({ err: error }, 'the ledger could not be asked for its numbers');
    return [];
  }
}

const TEMPORAL_LIMIT_MS = 2_000;

async function readTemporal(address: string | undefined): Promise<string> {
  if (address === undefined) return '';
  try {
    const { body } = await request(`http://${address}/metrics`, { signal: AbortSignal.timeout(TEMPORAL_LIMIT_MS) });
    return await body.text();
  } catch (error) {
    // Before the worker has started there is nobody.
    return `# temporal: ${toShownError(error).code ?? 'no answer'}\n`;
  }
}

/** The SDK shows its numbers at an address only and cannot be asked which port it got. */
async function findFreeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    server.listen(0, '127.0.0.1');
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
