import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createBackfill } from '../../src/ledger/masters/backfill.js';
import { createDealer, until } from '../support/deals.js';
import { createListener } from '../support/feeds.js';
import { openStage, type Stage } from '../support/processes.js';

/** All accounts of Sales are brought over, beside deals and through the death of the worker. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let listener: ReturnType<typeof createListener>;

beforeAll(async () => {
  const rules = 'test/rules/backfill.yaml';
  const simulators = { accounts: 40, documents: 120 };
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules, feeds: true, simulators });
  dealer = createDealer(stage);
  listener = createListener(stage);
});
afterAll(() => stage?.close());

const waiting = async (): Promise<number> => (await createBackfill(stage.database).count()).account ?? 0;

it('a first reading notes them, brings each over once, and rests while a person has paused the feed', async () => {
  const { data, businessCentral } = stage.simulators;
  const customersOf = (number: string): number =>
    [...businessCentral.company.all('customers')].filter((row) => row['number'] === number).length;
  const missing = data.accounts.filter(({ number }) => customersOf(number) === 0);
  expect(missing.length).toBeGreaterThan(5);
  await until(async () => (await waiting()) > 0);
  await listener.pause('account');
  const left = await waiting();
  expect(left).toBeGreaterThan(4);
  // What had begun ends; of the others none begins.
  await until(async () => {
    const { rows } = await stage.database.query('SELECT row_id FROM backfill_rows WHERE begun_at IS NOT NULL');
    return rows.length === 0;
  });
  const paused = await waiting();
  const deal = dealer.takeKnown();
  await startDeal(stage, { table: 'salesorder', recordId: deal.id });
  await dealer.result(deal);
  expect(await waiting()).toBe(paused);

  await listener.resume('account');
  await until(async () => (await waiting()) < paused);
  await stage.killWorker();
  await stage.startWorker();
  // What was under way is begun once more after ten minutes, which are over now.
  await stage.database.query(`UPDATE backfill_rows SET begun_at = begun_at - interval '10 minutes'`);
  await until(async () => (await waiting()) === 0);
  expect(data.accounts.map(({ number }) => customersOf(number))).toEqual(data.accounts.map(() => 1));
}, 120_000);
