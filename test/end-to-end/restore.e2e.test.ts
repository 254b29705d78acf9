import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { runCli } from '../support/cli.js';
import { createDealer } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';

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
    expect([code, stdout.trim()]).toEqual([0, 'first attempts look before they write']);
    const before = writes();
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'written-back');
    await dealer.result(deal);
    expect(writes()).toEqual(before);
    expect(dealer.invoicesOf(deal).map(({ row }) => row['number'])).toEqual(numbers);
    expect([...dealer.salesInvoicesOf(deal)]).toHaveLength(1);
  });

  it('a deal of after the restore is handed over as ever, with look-ups until the gap is closed', async () => {
    const { businessCentral } = stage.simulators;
    const lookUps = (from: number) =>
      businessCentral.requests.slice(from).filter(({ path }) => path.includes('externalDocumentNumber eq')).length;
    const handOver = async (): Promise<number> => {
      const deal = dealer.takeKnown();
      const from = businessCentral.requests.length;
      await startDeal(stage, { table: 'salesorder', recordId: deal.id });
      await dealer.untilState(deal, 'written-back');
      expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
      return lookUps(from);
    };
    expect(await handOver()).toBeGreaterThan(0);
    await runCli(['ledger', 'restored', '--clear'], stage.env);
    expect(await handOver()).toBe(0);
  });
});
