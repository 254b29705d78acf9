import type { ChildProcess } from 'node:child_process';
import type { BusinessCentralSim } from '@dealbridge/simulators/business-central/server.js';
import type { LoggedRequest } from '@dealbridge/simulators/kernel/server.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createThrottledLaneLedger } from '../../src/ledger/settings/throttled-lanes.js';
import { stopProcess } from '../../tools/stage/process.js';
import { runCli } from '../support/cli.js';
import { createDealer, until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';

/** Two workers and two app registrations: who is told to wait waits in both, and nobody else does. */

const APP = { name: 'us', clientId: '6a1e0000-0000-4000-8000-00000000000a', clientSecret: 'simulated-us-secret' };
/** The steps that a worker has of one queue at a time. */
const PLACES = { businessCentral: 4, dataverse: 8 };
const WINDOW_SECONDS = 8;
/** A step of each worker waits for the end in its place: what is late is a timer of Node and one look into the ledger. */
const LATE_MS = 1_000;

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let home: BusinessCentralSim;
let abroad: BusinessCentralSim;
let other: ChildProcess;
let said = '';

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/lanes.yaml',
    simulators: { documents: 1_200 },
    abroad: { environment: 'US', companyName: 'Nordwerk Inc.', app: APP },
    env: { LOG_LEVEL: 'info', WORKER_STATUS_PORT: '0' },
    listen: (chunk) => {
      said += chunk.toString();
    },
  });
  other = stage.worker;
  await stage.startWorker();
  dealer = createDealer(stage);
  home = stage.simulators.businessCentral;
  if (!stage.simulators.abroad) throw new Error('there is no second Business Central');
  abroad = stage.simulators.abroad;
});
afterAll(async () => {
  if (other) await stopProcess(other, 'SIGKILL');
  await stage?.close();
});

const takeIn = (currency: string) =>
  dealer.takeKnown((deal) => stage.simulators.data.accounts[deal.accountIndex]?.currency === currency);
const startAll = (deals: readonly SeedDocument[]) =>
  Promise.all(deals.map((deal) => startDeal(stage, { table: 'salesorder', recordId: deal.id })));

/** Ends with the last deal; whoever was held meanwhile is named. */
async function untilWrittenBack(deals: readonly SeedDocument[]): Promise<Set<string>> {
  const held = new Set<string>();
  await until(async () => {
    const records = await Promise.all(deals.map(({ id }) => stage.ledger.getRecord(id)));
    for (const { recordId, state } of records) if (state === 'held') held.add(recordId);
    return records.every(({ state }) => state === 'written-back');
  }, 50);
  return held;
}

const at = ({ startedAt }: LoggedRequest): number => Date.parse(startedAt);

/** Everything that arrives inside the window is refused, so that the refused are all that left in it. */
function readWindow(all: readonly LoggedRequest[]) {
  const refused = all.filter(({ status }) => status === 429);
  const [first] = refused;
  if (!first) throw new Error('nothing was throttled');
  const endsAt = at(first) + WINDOW_SECONDS * 1_000;
  const after = all.find((one) => at(one) >= endsAt);
  if (!after) throw new Error('nothing came after the window');
  return { refused, endsAt, waitedMs: at(after) - endsAt };
}

const throttle = (path: string, client: string) => ({
  match: { path, client },
  effect: { kind: 'throttle', seconds: WINDOW_SECONDS, retryAfter: true } as const,
});

describe('a 429 of Business Central', () => {
  it('pauses its app registration in both workers, while deals of another one go on, and holds nobody', async () => {
    const { clientId } = stage.simulators.connection.businessCentralApp;
    const euros = Array.from({ length: 16 }, () => takeIn('EUR'));
    const dollars = Array.from({ length: 3 }, () => takeIn('USD'));
    const [before, beforeAbroad] = [home.requests.length, abroad.requests.length];
    // Not the first request: both workers are in the middle of it.
    home.faults.add({ ...throttle('/api/v2\\.0/', clientId), nth: 10 });
    await startAll(euros);
    await until(() => home.requests.slice(before).some(({ status }) => status === 429));
    await startAll(dollars);
    expect(await untilWrittenBack(dollars)).toEqual(new Set());
    expect(await untilWrittenBack(euros)).toEqual(new Set());

    const { refused, endsAt, waitedMs } = readWindow(home.requests.slice(before));
    // Those on their way when it was told; each of the others would have been refused as well.
    expect(refused.length).toBeLessThanOrEqual(2 * PLACES.businessCentral);
    expect(waitedMs).toBeLessThan(LATE_MS);
    const meanwhile = abroad.requests.slice(beforeAbroad).filter((one) => at(one) < endsAt);
    expect(meanwhile.length).toBeGreaterThan(0);
    expect(new Set(meanwhile.map(({ who }) => who))).toEqual(new Set([APP.clientId]));
  });

  it('is counted for its lane, whose requests and rate have one name', async () => {
    const ports = [...said.matchAll(/"port":(\d+),[^{}]*"msg":"status at/g)].map(([, port]) => port);
    const numbers = await Promise.all(
      ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    );
    expect(numbers).toHaveLength(2);
    const lanesOf = (name: string, status = '') =>
      new Set(
        numbers
          .flatMap((text) => [...text.matchAll(new RegExp(`^${name}\\{(.*)\\}`, 'gm'))])
          .filter(([, labels = '']) => labels.includes('system="business-central"') && labels.includes(status))
          .map(([, labels = '']) => /lane="([^"]*)"/.exec(labels)?.[1]),
      );
    const lanes = new Set(['business-central', `business-central-${APP.name}`]);
    expect(lanesOf('dealbridge_quota_requests_per_second')).toEqual(lanes);
    expect(lanesOf('dealbridge_requests_total')).toEqual(lanes);
    expect(lanesOf('dealbridge_requests_total', 'status="429"')).toEqual(new Set(['business-central']));
  });
});

describe('a 429 of Dataverse', () => {
  it('pauses both workers, and holds nobody', async () => {
    const { clientId } = stage.simulators.connection.dataverseApp;
    const { dataverse } = stage.simulators;
    const deals = Array.from({ length: 24 }, () => takeIn('EUR'));
    const before = dataverse.requests.length;
    dataverse.faults.add({ ...throttle('/api/data/', clientId), nth: 20 });
    await startAll(deals);
    expect(await untilWrittenBack(deals)).toEqual(new Set());
    const ours = dataverse.requests.slice(before).filter(({ who }) => who === clientId);
    const { refused, waitedMs } = readWindow(ours);
    expect(refused.length).toBeLessThanOrEqual(2 * PLACES.dataverse);
    expect(waitedMs).toBeLessThan(LATE_MS);
  });
});

describe('a lane that is paused', () => {
  it('is shown with its end, by command and to monitors', async () => {
    const lane = { system: 'dataverse', address: 'https://org', clientId: 'one' } as const;
    const lanes = createThrottledLaneLedger(stage.database);
    const { until: end } = await lanes.pause(lane, {
      retryAfterMs: 600_000,
      leftMsAgo: 0,
      wasTaking: false,
      problem: 'read: throttled',
    });
    const { stdout } = await runCli(['feeds'], stage.env);
    expect(stdout).toContain(
      `dataverse throttled until ${end.toISOString()}, deals wait (https://org, app registration one): read: throttled`,
    );
    await until(async () => {
      const health = await fetch(`${stage.starterUrl}/health`);
      const { throttledLanes } = (await health.json()) as { readonly throttledLanes: readonly object[] };
      return throttledLanes.some((one) => JSON.stringify(one).includes(end.toISOString()));
    });
  });
});
