import type { ChildProcess } from 'node:child_process';
import type { BusinessCentralSim } from '@dealbridge/simulators/business-central/server.js';
import type { LoggedRequest } from '@dealbridge/simulators/kernel/server.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createThrottledLaneLedger } from '../../src/ledger/settings/throttled-lanes.js';
import { stopProcess } from '../../tools/stage/process.js';
import { runCli } from '../support/cli.js';
import { type Collector, startCollector } from '../support/collector.js';
import { createDealer, until } from '../support/deals.js';
import { Browser } from '../support/desk.js';
import { openStage, type Stage } from '../support/processes.js';

/** Two workers, a starter and two app registrations: who is told to wait waits in all of them, and nobody else does. */

const APP = { name: 'us', clientId: '6a1e0000-0000-4000-8000-00000000000a', clientSecret: 'simulated-us-secret' };
/** With it the figures are shown, for docs/performance.md. */
const WANTED_SECONDS = process.env['LANES_WINDOW_SECONDS'];
const WINDOW_SECONDS = Number(WANTED_SECONDS ?? 8);
const show = (figures: object): void => {
  if (WANTED_SECONDS !== undefined) console.log(figures);
};
/** A request leaves so soon after it has looked (MAX_LOOK_AGE_MS of src/clients/http/throttle.ts). */
const LOOK_MS = 100;
/** A step of each worker waits for the end in its place: what is late is a timer of Node and one look into the ledger. */
const LATE_MS = 1_000;

let collector: Collector;
let stage: Stage;
let browser: Browser;
/** Handed over before anybody was throttled. */
let known: SeedDocument;
let dealer: ReturnType<typeof createDealer>;
let home: BusinessCentralSim;
let abroad: BusinessCentralSim;
let other: ChildProcess;
let said = '';

beforeAll(async () => {
  collector = await startCollector();
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/lanes.yaml',
    signIn: true,
    simulators: { documents: 1_200 },
    abroad: { environment: 'US', companyName: 'Nordwerk Inc.', app: APP },
    env: {
      LOG_LEVEL: 'info',
      WORKER_STATUS_PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
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
  browser = new Browser();
  await browser.signIn(stage.deskUrl, 'paula.stein');
  known = takeIn('EUR');
  await startDeal(stage, { table: 'salesorder', recordId: known.id });
  await dealer.result(known);
});
afterAll(async () => {
  if (other) await stopProcess(other, 'SIGKILL');
  await stage?.close();
  await collector?.close();
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

const isPaused = async (system: 'business-central' | 'dataverse') =>
  (await createThrottledLaneLedger(stage.database).list()).some((lane) => lane.system === system);
const at = ({ startedAt }: LoggedRequest): number => Date.parse(startedAt);

/** Everything that arrives inside the window is refused, so that the refused are all that came in it. */
async function readWindow(all: readonly LoggedRequest[], system: 'business-central' | 'dataverse') {
  const refused = all.filter(({ status }) => status === 429);
  const [first] = refused;
  if (!first) throw new Error('nothing was throttled');
  const endsAt = at(first) + WINDOW_SECONDS * 1_000;
  const after = all.find((one) => at(one) >= endsAt);
  if (!after) throw new Error('nothing came after the window');
  const { rows } = await stage.database.query<{ recorded_at: number }>(
    'SELECT (extract(epoch FROM paused_since) * 1000)::float8 AS recorded_at FROM throttled_lanes WHERE system = $1 AND client_id = $2',
    [system, first.who],
  );
  const recordedAt = rows[0]?.recorded_at ?? Number.NaN;
  const left = await Promise.all(refused.map(whenItLeft));
  return {
    count: refused.length,
    /** Negative: before. Both clocks are that of this machine. */
    lastLeftMs: Math.max(...left) - recordedAt,
    endsAt,
    waitedMs: at(after) - endsAt,
  };
}

/** By its span, which the process that sent it began in the moment in which it left. */
async function whenItLeft({ traceparent = '' }: LoggedRequest): Promise<number> {
  const spanId = traceparent.split('-')[2];
  await until(async () => collector.spans.some((span) => span.spanId === spanId));
  return collector.spans.find((span) => span.spanId === spanId)?.startedAt ?? Number.NaN;
}

/** What the desk of the starter asks both systems for; it is refused by the pause and has sent nothing. */
async function previewInPause({ id }: SeedDocument): Promise<void> {
  const answer = await browser.open(`${stage.deskUrl}/api/v1/deals/${id}/preview`);
  expect(await answer.json()).toMatchObject({ status: 503, code: 'throttled' });
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
    await until(() => isPaused('business-central'));
    await previewInPause(known);
    await startAll(dollars);
    expect(await untilWrittenBack(dollars)).toEqual(new Set());
    expect(await untilWrittenBack(euros)).toEqual(new Set());

    const { count, lastLeftMs, endsAt, waitedMs } = await readWindow(home.requests.slice(before), 'business-central');
    show({ count, lastLeftMs, waitedMs });
    expect(lastLeftMs).toBeLessThanOrEqual(LOOK_MS);
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
    await until(() => isPaused('dataverse'));
    await previewInPause(known);
    expect(await untilWrittenBack(deals)).toEqual(new Set());
    const ours = dataverse.requests.slice(before).filter(({ who }) => who === clientId);
    const { count, lastLeftMs, waitedMs } = await readWindow(ours, 'dataverse');
    show({ count, lastLeftMs, waitedMs });
    expect(lastLeftMs).toBeLessThanOrEqual(LOOK_MS);
    expect(waitedMs).toBeLessThan(LATE_MS);
  });
});

describe('a lane that is paused', () => {
  it('is left alone by a command, too', async () => {
    const { DATAVERSE_URL: address = '', DATAVERSE_CLIENT_ID: clientId = '' } = stage.env;
    await createThrottledLaneLedger(stage.database).pause(
      { system: 'dataverse', address, clientId },
      { retryAfterMs: 600_000, leftMsAgo: 0, wasTaking: false, problem: 'read: throttled' },
    );
    const before = stage.simulators.dataverse.requests.length;
    const { code, stdout, stderr } = await runCli(['preview', 'salesorder', known.id], stage.env);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('throttled');
    expect(stage.simulators.dataverse.requests.slice(before)).toEqual([]);
  });

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
