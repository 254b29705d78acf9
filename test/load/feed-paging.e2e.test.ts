import { readFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createPayloadCodec } from '../../src/secrets/payload-codec.js';
import { until } from '../support/deals.js';
import { createListener } from '../support/feeds.js';
import { openPayloads } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';

/** A hundred thousand changed accounts, and a worker that dies in the middle of them. */

let stage: Stage;
let listener: ReturnType<typeof createListener>;

const ACCOUNTS = 100_000;
const PAGE = 2_000;
/** Seen were 70 MB, after twenty pages as after fifty; a hundred thousand rows that piled up would not fit. */
const MOST_GROWTH_MB = 160;
let quietMegabytes: number;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/feeds.yaml', feeds: true });
  listener = createListener(stage);
  await listener.untilComplete();
  quietMegabytes = peakMegabytes(stage.worker.pid);
});
afterAll(() => stage?.close());

function peakMegabytes(pid: number | undefined): number {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (peak === undefined) throw new Error(`no peak memory of process ${pid}`);
  return Number(peak) / 1_024;
}

async function changeAccounts(): Promise<void> {
  const answer = await fetch(`${stage.simulators.connection.dataverse}/_sim/seed`, {
    method: 'POST',
    body: JSON.stringify({ accounts: ACCOUNTS }),
  });
  expect(answer.ok).toBe(true);
}

describe('a hundred thousand changed accounts', () => {
  it('pass page by page in bounded memory; after a kill the feed goes on from the stored page', async () => {
    await listener.pause('account');
    await changeAccounts();
    const { rowsRead } = await listener.feeds.openFeed('account');
    stage.simulators.dataverse.requests.splice(0);
    const held = 20;
    stage.simulators.dataverse.faults.add({
      match: { path: 'accounts.*skiptoken' },
      nth: held,
      effect: { kind: 'hold', when: 'after' },
    });
    await listener.resume('account');
    await until(() => stage.simulators.dataverse.faults.heldCount() > 0);
    const peakBefore = peakMegabytes(stage.worker.pid);
    const stored = await listener.feeds.openFeed('account');
    // One delta link and the pages before the one that is held.
    expect(Number(stored.rowsRead) - Number(rowsRead)).toBe(held * PAGE);

    await stage.killWorker();
    stage.simulators.dataverse.faults.releaseHolds();
    await stage.startWorker();
    const read = async () => Number((await listener.feeds.openFeed('account')).rowsRead) - Number(rowsRead);
    await until(async () => (await read()) >= ACCOUNTS);
    expect(await read()).toBe(ACCOUNTS);
    expect(await listener.feeds.openFeed('account')).toMatchObject({ phase: 'changes', timesExpired: 0 });
    const { rows } = await stage.database.query<{ count: string }>(
      `SELECT count(*) FROM sales_rows WHERE source_table = 'account' AND settled_version = version`,
    );
    expect(Number(rows[0]?.count)).toBe(stage.simulators.dataverse.store.count('account'));

    const paths = listener.requestsFor('accounts').map(({ path }) => path);
    expect(paths.filter((path) => !/skiptoken|deltatoken/.test(path))).toEqual([]);
    const skips = paths.filter((path) => path.includes('skiptoken'));
    const again = skips.filter((path, index) => skips.indexOf(path) !== index);
    // The page whose answer died with the worker was asked again, and no other one.
    expect(again).toEqual([skips[held - 1]]);
    expect(new Set(skips).size).toBe(ACCOUNTS / PAGE - 1);
    const peak = Math.max(peakBefore, peakMegabytes(stage.worker.pid));
    expect(peak - quietMegabytes).toBeLessThan(MOST_GROWTH_MB);
  }, 240_000);

  it('nothing of them is in the history of the feed', async () => {
    const { events } = await listener.handle('account').fetchHistory();
    const account = [...stage.simulators.dataverse.store.all('account')].at(-1);
    const opened = await openPayloads(
      createPayloadCodec(stage.ring),
      JSON.parse(historyToJSON({ events: events ?? [] })),
    );
    const said = [...JSON.stringify(opened).matchAll(/"data":"([^"]+)"/g)].map((found) =>
      Buffer.from(found[1] ?? '', 'base64').toString('utf8'),
    );
    const naming = (what: RegExp): string[] => said.filter((text) => what.test(text));
    expect(naming(/caughtUpAt/)).not.toEqual([]);
    expect(naming(new RegExp(`deltatoken|skiptoken|Account \\d|${account?.['accountid']}`))).toEqual([]);
  });
});
