import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { type CliResult, runCli } from '../support/cli.js';
import { createDealer } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';

/** What a clerk types; the ledger's address is all that looking needs. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let waiting: SeedDocument;
let held: SeedDocument;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/person.yaml' });
  dealer = createDealer(stage);
  waiting = await start();
  held = dealer.takeKnown();
  await createBookkeeper(stage.simulators).blockCustomer(dealer.account(held).number, 'All');
  await startDeal(stage, { table: 'salesorder', recordId: held.id });
  await dealer.untilState(held, 'held');
});
afterAll(() => stage?.close());

async function start(): Promise<SeedDocument> {
  const deal = dealer.takeKnown();
  await startDeal(stage, { table: 'salesorder', recordId: deal.id });
  await dealer.untilState(deal, 'awaiting-confirmation');
  return deal;
}

const ledgerOnly = () => ({ PATH: process.env['PATH'], DATABASE_URL: stage.env['DATABASE_URL'] });
const look = (...args: string[]): Promise<CliResult> => runCli(args, ledgerOnly());
const act = (...args: string[]): Promise<CliResult> => runCli(args, stage.env);
const numberOf = async (deal: SeedDocument): Promise<string> =>
  (await stage.ledger.getRecord(deal.id)).recordNumber ?? '';

describe('list', () => {
  it('names each deal by number, customer, amount, age, reason and owner, and shows no GUID', async () => {
    const { code, stdout } = await look('list');
    expect(code).toBe(0);
    const [header = '', ...lines] = stdout.trimEnd().split('\n');
    expect(header.split(/ {2,}/)).toEqual([
      'number',
      'name',
      'customer',
      'amount',
      'state',
      'age',
      'reason',
      'owner',
      'next step',
      'document',
    ]);
    const [waitingNumber, heldNumber] = [await numberOf(waiting), await numberOf(held)];
    const line = lines.find((one) => one.startsWith(waitingNumber));
    const { figures } = await dealer.status(waiting);
    expect(line).toContain(`${figures?.totalIncludingTax.replace(/(\.\d\d)0+$/, '$1')} ${figures?.currency}`);
    expect(line).toMatch(/awaiting-confirmation +\d+ s +- +approver +Confirm or reject the draft\. +\S/);
    expect(lines.find((one) => one.startsWith(heldNumber))).toMatch(/held +\d+ s +customer-blocked +\w/);
    expect(stdout).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('narrows by state, reason, owner, age and amount, and sorts', async () => {
    type Listed = { number: string; hold?: { owner: string } };
    const list = async (...args: string[]): Promise<Listed[]> =>
      JSON.parse((await look('list', '--json', ...args)).stdout) as Listed[];
    const numbers = async (...args: string[]): Promise<string[]> => (await list(...args)).map(({ number }) => number);
    const inState = await list('--state', 'held');
    expect(inState.map(({ number }) => number)).toEqual([await numberOf(held)]);
    expect(await numbers('--reason', 'customer-blocked')).toEqual([await numberOf(held)]);
    expect(await numbers('--reason', 'customer-missing')).toEqual([]);
    expect(await numbers('--older-than', '1d')).toEqual([]);
    expect(await numbers('--above', '99999999')).toEqual([]);
    expect(await numbers('--sort', 'amount')).toHaveLength(2);
    expect(await numbers('--owner', String(inState[0]?.hold?.owner))).toEqual([await numberOf(held)]);
    const { stdout } = await look('list', '--state', 'rejected');
    expect(stdout).toBe('no deal fits\n');
  });

  it('what cannot be used is refused all at once, each with what would be right', async () => {
    const bad = [
      '--state',
      'hold',
      '--reason',
      'because',
      '--older-than',
      '2 days',
      '--above',
      'much',
      '--limit',
      'all',
    ];
    const { code, stderr } = await look('list', ...bad);
    expect(code).toBe(2);
    for (const right of [
      /state.*expected one of seen, reading/,
      /reason.*expected a reason of the catalogue/,
      /--older-than: expected a time such as 30m, 12h or 2d/,
      /above: expected an amount/,
      /limit: expected a whole number/,
    ])
      expect(stderr).toMatch(right);
  });
});

describe('show', () => {
  it('is a readable page, found by number, with hold, next step and who did what', async () => {
    const { stdout } = await look('show', (await numberOf(held)).toLowerCase());
    expect(stdout).toMatch(/^record +salesorder /);
    expect(stdout).toMatch(/held: customer-blocked/);
    expect(stdout).toMatch(/^when +who +what +request$/m);
  });

  it('says whose turn it is, also where nothing holds the deal', async () => {
    const { stdout } = await look('show', await numberOf(waiting));
    expect(stdout).toMatch(/^whose turn approver: Confirm or reject the draft\.$/m);
  });

  it('says what is right when nothing has the number', async () => {
    const { code, stderr } = await look('show', 'ORD-9');
    expect([code, stderr]).toEqual([2, expect.stringContaining('deal: expected the number of a record in Sales')]);
  });
});

describe('start-deal', () => {
  it('says that the hand-over is under way, and gives it to programs as JSON', async () => {
    const args = ['start-deal', 'salesorder', waiting.id];
    const sentence = `salesorder ${waiting.id}: its hand-over is under way already, and nothing was started\n`;
    expect(await act(...args)).toMatchObject({ code: 0, stdout: sentence });
    expect(JSON.parse((await act(...args, '--json')).stdout)).toMatchObject({ kind: 'running' });
  });
});

describe('accounts and products', () => {
  it('name a GUID that nobody knows as their help does', async () => {
    const { code, stderr } = await act('accounts', 'retry', '11111111-2222-4333-8444-555555555555');
    expect([code, stderr]).toEqual([2, expect.stringContaining('<guid>: expected the GUID in Sales of an account')]);
  });
});

describe('decisions', () => {
  it('confirm shows the figures first, and decides nothing where nobody can answer', async () => {
    const { code, stdout, stderr } = await act('confirm', await numberOf(waiting));
    const { figures } = await dealer.status(waiting);
    expect(stdout).toContain(`document    ${figures?.documentNumber}`);
    expect(stdout).toContain('including tax');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--yes: expected this option')]);
    expect(dealer.invoicesOf(waiting).map(({ isPosted }) => isPosted)).toEqual([false]);
  });

  it('confirm with another total is refused', async () => {
    const { code, stderr } = await act('confirm', await numberOf(waiting), '--yes', '--total', '1.00');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--total: expected .*, got '1.00'/)]);
  });

  it('confirm says that it does not count where only a proved confirmation does, and why, and what to do', async () => {
    const args = ['confirm', await numberOf(waiting), '--yes', '--by', 'ann'];
    const { code, stdout, stderr } = await runCli(args, { ...stage.env, DESK_CLIENT_ID: 'people-sign-in' });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/would not count .*DESK_UNVERIFIED_DECISIONS is 'refused'/),
    ]);
    expect(stderr).toContain('Confirm at the desk');
    expect(stdout).not.toContain('done by');
    expect(await stage.ledger.readAudit(waiting.id)).not.toContainEqual(
      expect.objectContaining({ action: 'confirmation is void' }),
    );
  });

  it('confirm posts what was shown, and the trail names who, how and that nobody proved it', async () => {
    const { figures } = await dealer.status(waiting);
    const total = `${figures?.totalIncludingTax}${figures?.totalIncludingTax.includes('.') ? '0' : '.0'}`;
    const { code } = await act('confirm', await numberOf(waiting), '--yes', '--by', 'ann', '--total', total);
    expect(code).toBe(0);
    expect((await dealer.result(waiting)).outcome).toBe('written-back');
    const entry = (await stage.ledger.readAudit(waiting.id)).find(({ action }) => action === 'confirm');
    expect(entry).toMatchObject({ actor: 'ann', facts: { source: 'cli', verified: false } });
    expect((await look('show', await numberOf(waiting))).stdout).toMatch(/ann \(cli, unverified\) +confirm/);
    const again = await act('confirm', await numberOf(waiting), '--yes');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('nothing waits for a decision')]);
  });

  it('reject deletes the draft, and needs a reason', async () => {
    const deal = await start();
    expect((await act('reject', await numberOf(deal), '--yes')).stderr).toContain('--reason');
    expect((await act('reject', await numberOf(deal), '--yes', '--reason', 'wrong price')).code).toBe(0);
    expect((await dealer.result(deal)).outcome).toBe('rejected');
    expect(dealer.invoicesOf(deal)).toEqual([]);
  });

  it('retry lets a held deal go on, cancel ends one that waits', async () => {
    await createBookkeeper(stage.simulators).blockCustomer(dealer.account(held).number, '_x0020_');
    expect((await act('retry', await numberOf(held), '--yes')).code).toBe(0);
    await dealer.untilState(held, 'awaiting-confirmation');
    expect((await act('cancel', await numberOf(held), '--yes', '--reason', 'ordered twice')).code).toBe(0);
    expect((await dealer.result(held)).outcome).toBe('cancelled');
  });
});
