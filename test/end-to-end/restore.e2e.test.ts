import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { findRestoreAdvice, markRestored } from '../../scripts/lib/restored-ledger.mjs';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import type { Database } from '../../src/ledger/database.js';
import { retryUpdate } from '../../src/workflows/deals/messages.js';
import { runCli } from '../support/cli.js';
import { createDealer } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** A ledger that was restored from a backup of before a deal was handed over. */
let stage: Stage;
let dealer: ReturnType<typeof createDealer>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/automatic.yaml' });
  dealer = createDealer(stage);
});
afterAll(() => stage?.close());

/** The ledger as it was before it heard of the record; the trail of it is lost with it. */
async function forget({ id }: SeedDocument): Promise<void> {
  await stage.database.query('ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_are_append_only');
  for (const table of [
    'deal_revisions',
    'write_intents',
    'documents',
    'write_backs',
    'notices',
    'claims',
    'audit_entries',
    'source_records',
  ])
    await stage.database.query(`DELETE FROM ${table} WHERE record_id = $1`, [id]);
  await stage.database.query('ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_are_append_only');
}

/** What was really done; Business Central refuses to post again what is posted (reference/business-central 12.2). */
const writes = (): string[] =>
  [...stage.simulators.businessCentral.requests, ...stage.simulators.dataverse.requests]
    .filter(({ method, status }) => method === 'POST' && Number(status) < 300)
    .map(({ path }) => path.split('/').at(-1) ?? '');

describe('after a restore', () => {
  it('a deal that was handed over in the gap finds its invoice and its row in Sales, and nothing is made twice', async () => {
    const deal = dealer.takeKnown();
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'written-back');
    await dealer.result(deal);
    const numbers = dealer.invoicesOf(deal).map(({ row }) => row['number']);
    await forget(deal);

    const { code, stdout } = await runCli(['ledger', 'restored', '--by', 'ann'], stage.env);
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'first attempts look before they write']);
    const before = writes();
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'written-back');
    await dealer.result(deal);
    expect(writes()).toEqual(before);
    expect(dealer.invoicesOf(deal).map(({ row }) => row['number'])).toEqual(numbers);
    expect([...dealer.salesInvoicesOf(deal)]).toHaveLength(1);
  });

  it('a deal that was handed over in the gap and then cancelled in Sales is followed with its invoice', async () => {
    const deal = dealer.takeKnown();
    const start = () => startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await start();
    await dealer.untilState(deal, 'written-back');
    await dealer.result(deal);
    await forget(deal);
    await createSeller(stage.simulators).cancelOrder(deal.id);
    const before = writes();
    await start();
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect((await stage.ledger.listNotices(deal.id)).map(({ kind }) => kind).sort()).toEqual([
      'ended-after-confirmation',
      'posted-by-hand',
    ]);
    expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
    expect(writes().slice(before.length)).toEqual(['annotations']);
  });

  it('a document whose record nobody takes any more is listed, until the record is taken up by hand', async () => {
    const { code: noneYet } = await runCli(['ledger', 'forgotten', '--since', '2020-01-01'], stage.env);
    expect(noneYet).toBe(0);
    const deal = dealer.takeKnown();
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'written-back');
    await dealer.result(deal);
    await forget(deal);
    await createSeller(stage.simulators).cancelOrder(deal.id);

    const listed = await runCli(['ledger', 'forgotten', '--since', '2020-01-01', '--json'], stage.env);
    const [number] = dealer.invoicesOf(deal).map(({ row }) => row['number']);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { kind: 'invoice', number, status: 'Open', record: { table: 'salesorder', recordId: deal.id } },
    ]);
    expect(listed.code).toBe(1);

    await runCli(['start-deal', 'salesorder', deal.id], stage.env);
    await dealer.untilState(deal, 'written-back');
    const { code, stdout } = await runCli(['ledger', 'forgotten', '--since', '2020-01-01'], stage.env);
    expect([code, stdout.trim()]).toEqual([0, 'every document under a number of ours is one that the ledger knows']);
    expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
  });

  it('a deal of after the restore is handed over as ever, with look-ups until the gap is closed', async () => {
    const { businessCentral } = stage.simulators;
    const lookUps = (from: number) =>
      businessCentral.requests.slice(from).filter(({ path }) => path.includes('endswith(externalDocumentNumber'))
        .length;
    const handOver = async (): Promise<number> => {
      const deal = dealer.takeKnown();
      const from = businessCentral.requests.length;
      await startDeal(stage, { table: 'salesorder', recordId: deal.id });
      await dealer.untilState(deal, 'written-back');
      expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
      return lookUps(from);
    };
    expect(await handOver()).toBeGreaterThan(1);
    await runCli(['ledger', 'restored', '--clear'], stage.env);
    // The posted invoice is read by our key, always.
    expect(await handOver()).toBe(1);
  });
});

describe('a ledger that was put back as a whole', () => {
  it('stops the start in one line, and after the command nothing is lost and nothing is made twice', async () => {
    const before = dealer.takeKnown();
    const held = dealer.takeKnown();
    const inGap = dealer.takeKnown();
    const start = (deal: SeedDocument) => startDeal(stage, { table: 'salesorder', recordId: deal.id });
    const seal = () =>
      stage.temporal.workflow.execute('sealAudit', {
        taskQueue: TASK_QUEUES.deals,
        workflowId: `seal-${randomUUID()}`,
      });
    await start(before);
    await dealer.untilState(before, 'written-back');
    stage.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: 'Microsoft\\.NAV\\.post' },
      effect: { kind: 'status', status: 400, body: PERIOD_CLOSED },
    });
    await start(held);
    await dealer.untilState(held, 'held');
    await seal();
    const copy = await copyTables(stage.database);

    // The gap: one deal is posted that had its draft, another comes and is posted whole.
    await stage.temporal.workflow.getHandle(held.id).executeUpdate(retryUpdate, { args: [{ by: 'ann' }] });
    await start(inGap);
    for (const deal of [held, inGap]) await dealer.untilState(deal, 'written-back');
    await seal();
    const done = writes();
    await stage.killWorker();
    await copy.putBack();

    const refusal = await firstLineOf(stage.env);
    expect(refusal).toMatch(/^the ledger went back: its newest seal is \d+, and Temporal has seen \d+/);
    expect(findRestoreAdvice(refusal)).toContain('`npm start -- --restored`');
    // As `npm start -- --restored` does it between the start of the ledger and that of the worker.
    const said = await markRestored({ DEALBRIDGE_ENV_FILES: 'off', ...stage.env });
    expect(said.split('\n')).toContain('first attempts look before they write');
    await stage.startWorker();
    for (const deal of [before, held, inGap]) {
      await start(deal);
      await dealer.untilState(deal, 'written-back');
      expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
      expect([...dealer.salesInvoicesOf(deal)]).toHaveLength(1);
    }
    expect(writes()).toEqual(done);
  });
});

const PERIOD_CLOSED = {
  error: {
    code: 'Application_DialogException',
    message: 'Posting Date is not within your range of allowed posting dates.',
  },
};

/** The ledger as it is now, to be put back as a backup is. */
async function copyTables(database: Database) {
  // Without columns that the database computes: it takes no values for them.
  const { rows: tables } = await database.query<{ name: string; columns: string }>(
    `SELECT c.table_name AS name, string_agg(quote_ident(c.column_name), ', ' ORDER BY c.ordinal_position) AS columns
     FROM information_schema.columns c JOIN pg_tables t ON t.schemaname = c.table_schema AND t.tablename = c.table_name
     WHERE c.table_schema = 'public' AND c.table_name <> 'schema_migrations' AND c.is_generated = 'NEVER' GROUP BY 1`,
  );
  const content = new Map<string, string>();
  for (const { name } of tables) {
    const copied = await database.query(`SELECT coalesce(json_agg(t), '[]')::text AS content FROM ${name} t`);
    content.set(name, String(copied.rows[0]?.['content']));
  }
  return {
    async putBack(): Promise<void> {
      await database.transaction(async (tx) => {
        await tx.query(`SET LOCAL session_replication_role = replica`);
        for (const { name, columns } of tables) {
          await tx.query(`DELETE FROM ${name}`);
          await tx.query(
            `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE
             SELECT ${columns} FROM json_populate_recordset(NULL::${name}, $1)`,
            [content.get(name)],
          );
        }
      });
    },
  };
}

/** What a worker says that ends at its start. */
async function firstLineOf(env: NodeJS.ProcessEnv): Promise<string> {
  const worker = spawn(process.execPath, [resolve('dist/worker.js')], { env: { ...process.env, ...env } });
  let said = '';
  worker.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(worker, 'exit')) as [number];
  expect(code).not.toBe(0);
  return said.trim().split('\n')[0] ?? '';
}
