import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SeedAccount, SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountWorkflowId } from '../../src/deal/ids.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createMatchLedger, type MatchLedger } from '../../src/ledger/masters/matching.js';
import { createDealer } from '../support/deals.js';
import { keepHistory } from '../support/histories.js';
import { createMasterDataEditor } from '../support/master-data.js';
import { openStage, type Stage } from '../support/processes.js';

let stage: Stage;
let masterData: ReturnType<typeof createMasterDataEditor>;
let dealer: ReturnType<typeof createDealer>;
let matching: MatchLedger;
let companyId: string;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/ask.yaml' });
  masterData = createMasterDataEditor(stage);
  dealer = createDealer(stage);
  companyId = stage.simulators.businessCentral.company.id;
  matching = createMatchLedger(stage.database, companyId);
});
afterAll(() => stage?.close());

/** The command line as people call it. */
async function dealbridge(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/cli/main.js', ...words], { env: stage.env });
  return stdout;
}

async function apply(decisions: readonly { account: string; customer: string }[]): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'dealbridge-')), 'decisions.json');
  writeFileSync(file, JSON.stringify(decisions));
  return dealbridge('accounts', 'match', '--apply', file, '--by', 'ann');
}

/** A customer that people made under another number. */
function makeTwin(account: SeedAccount, number: string): void {
  stage.simulators.businessCentral.company.insert('customers', {
    number,
    displayName: account.name,
    type: 'Company',
    currencyCode: account.currency,
    blocked: '_x0020_',
  });
}

const linkOf = async (accountId: string): Promise<string | undefined> =>
  (await stage.ledger.findLinks('customer', companyId, [accountId])).get(accountId)?.bcNumber;

const isPlain = (deal: SeedDocument): boolean =>
  deal.freight === '0' && deal.lines.every(({ productIndex }) => productIndex !== undefined);

describe('a deal whose customer may exist already', () => {
  it('is held when a customer has the number of its account, and goes on with the one that a person names', async () => {
    const deal = dealer.takeKnown(isPlain);
    const account = dealer.account(deal);
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    const [problem] = (await dealer.status(deal)).problems;
    expect(problem).toMatchObject({ reason: 'customer-ambiguous', owner: 'master data' });
    expect(problem?.nextStep).toContain('accounts match');
    expect(await apply([{ account: account.id, customer: account.number }])).toContain('linked');
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(await linkOf(account.id)).toBe(account.number);
    const audit = await stage.ledger.readAudit(account.id);
    expect(audit.find(({ action }) => action === 'match account to customer')?.actor).toBe('ann');
  });

  it('is held when a customer has another number and the same name, and goes on when a person says it is a new one', async () => {
    const deal = dealer.takeNew();
    const account = dealer.account(deal);
    makeTwin(account, 'TWIN-1');
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    expect((await dealer.status(deal)).problems).toMatchObject([
      { reason: 'customer-ambiguous', text: 'customer TWIN-1 has the same name' },
    ]);
    await apply([{ account: account.id, customer: 'new' }]);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(await linkOf(account.id)).toBe(account.number);
  });
});

describe('dealbridge accounts match', () => {
  it('names candidates with score and reasons, the best first, and links nothing by itself', async () => {
    const accounts = stage.simulators.data.accounts;
    const twin = accounts.find((one, index) => !one.isInBusinessCentral && index > 100);
    const known = accounts.find((one, index) => one.isInBusinessCentral && index > 250);
    if (!twin || !known) throw new Error('the seed is too small');
    makeTwin(twin, 'TWIN-2');
    const before = await stage.database.query('SELECT 1 FROM links');
    const found = JSON.parse(await dealbridge('accounts', 'match', '--json'));
    expect(found).toMatchObject({ accounts: 300, linked: 0 });
    expect(await stage.database.query('SELECT 1 FROM links')).toMatchObject({ rowCount: before.rowCount });
    const of = (account: SeedAccount) =>
      found.candidates.filter((one: { accountId: string }) => one.accountId === account.id);
    expect(of(twin)[0]).toMatchObject({ customerNumber: 'TWIN-2', score: 50, reasons: ['the same name'] });
    expect(of(known)[0].reasons.slice(0, 2)).toEqual(['the same number', 'the same name']);
    for (const account of accounts) {
      if (!account.isInBusinessCentral || (await linkOf(account.id)) !== undefined) continue;
      expect(of(account)[0], account.number).toMatchObject({ customerNumber: account.number });
    }
    // Those that were decided are asked no more.
    expect(await matching.listCandidates(5_000)).toHaveLength(found.candidates.length);
    const table = await dealbridge('accounts', 'match');
    expect(table).toMatch(new RegExp(`^${twin.id} +${twin.number} +${twin.name} +TWIN-2 `, 'm'));

    expect(await apply([{ account: twin.id, customer: 'twin-2' }])).toMatch(
      new RegExp(`^${twin.id} +TWIN-2 +linked$`, 'm'),
    );
    await masterData.untilEnded(accountWorkflowId(twin.id));
    expect(masterData.customer('TWIN-2')).toMatchObject({ city: twin.city, number: 'TWIN-2' });
    const again = JSON.parse(await dealbridge('accounts', 'match', '--json'));
    expect(again.candidates.some((one: { accountId: string }) => one.accountId === twin.id)).toBe(false);
    await keepHistory(stage, 'match-accounts', 'accounts-matched');
    await keepHistory(stage, 'apply-matches', 'match-applied');
  });

  it('refuses a customer that does not exist or stands for another account, and a file that is none', async () => {
    const [one, other] = stage.simulators.data.accounts.filter(
      (account, index) => account.isInBusinessCentral && index > 200,
    );
    if (!one || !other) throw new Error('the seed is too small');
    await masterData.link('customer', other.id, other.number);
    await expect(apply([{ account: one.id, customer: 'NOBODY' }])).rejects.toThrow();
    await expect(apply([{ account: one.id, customer: other.number }])).rejects.toThrow();
    expect(await linkOf(one.id)).toBeUndefined();
    await expect(apply([{ account: 'not a guid', customer: 'X' }])).rejects.toThrow(/a GUID/);
  });
});

describe('dealbridge accounts and products', () => {
  it('list what is kept in agreement and what waits for a person', async () => {
    const account = stage.simulators.data.accounts.find((one, index) => one.isInBusinessCentral && index > 150);
    if (!account) throw new Error('the seed is too small');
    await masterData.link('customer', account.id, account.number);
    masterData.changeSales('account', account.id, { address1_country: 'Atlantis' });
    await dealbridge('accounts', 'retry', account.id);
    await masterData.untilProblem(account.id, 'code-unknown');
    const shown = await dealbridge('accounts', '--problems');
    expect(shown).toContain(account.id);
    expect(shown).toContain('master data: Correct the value in Sales, add it to its table');
    const [problem] = JSON.parse(await dealbridge('accounts', '--problems', '--json'));
    expect(problem).toMatchObject({ rowId: account.id, problems: [{ reason: 'code-unknown', owner: 'master data' }] });
    expect(await dealbridge('products', '--problems')).toBe('no products wait for a person\n');
    expect(await dealbridge('accounts')).toContain('agreed');
    await dealbridge('drift');
    expect(await dealbridge('drift', '--last')).toContain('for person');
  });
});
