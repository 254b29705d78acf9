import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';

/** The commands of the README, taken from the README. */
const COMMANDS = [...readFileSync('README.md', 'utf8').matchAll(/^temporal workflow .*$/gm)].map(([line]) => line);

const TOKEN = 'a-codec-token-for-people';
let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let bookkeeper: ReturnType<typeof createBookkeeper>;
let tools: string;

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/person.yaml',
    env: { CODEC_TOKEN: TOKEN },
  });
  dealer = createDealer(stage);
  bookkeeper = createBookkeeper(stage.simulators);
  tools = mkdtempSync(join(tmpdir(), 'dealbridge-tools-'));
  const binary = process.env['TEMPORAL_CLI_PATH'];
  if (binary) symlinkSync(binary, join(tools, 'temporal'));
});
afterAll(async () => {
  await stage?.close();
  rmSync(tools, { recursive: true, force: true });
});

/** The one command of the README with these words, for this deal. */
function command(words: string, deal: SeedDocument): string {
  const wanted = words.split(' ');
  const [line, ...others] = COMMANDS.filter((other) => wanted.every((word) => other.includes(word)));
  if (!line || others.length > 0) throw new Error(`the README has not exactly one command with '${words}'`);
  return line.replace('<guid>', deal.id);
}

/** The figures of the README in place of which the draft's are typed. */
async function confirmCommand(words: string, deal: SeedDocument): Promise<string> {
  const { figures } = await dealer.status(deal);
  return command(words, deal).replace(/"figures":\{[^}]*\}/, `"figures":${JSON.stringify(figures)}`);
}

async function run(line: string): Promise<string> {
  const env = {
    PATH: `${tools}:${process.env['PATH']}`,
    HOME: tools,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: String(stage.env['TEMPORAL_NAMESPACE']),
    // What Temporal keeps is sealed; with these two the commands read and write it.
    TEMPORAL_CODEC_ENDPOINT: `${stage.starterUrl}/codec`,
    TEMPORAL_CODEC_AUTH: `Bearer ${TOKEN}`,
  };
  return (await promisify(execFile)('sh', ['-c', line], { env })).stdout;
}

async function startWaiting(): Promise<SeedDocument> {
  const deal = dealer.takeKnown();
  await startDeal(stage, { table: 'salesorder', recordId: deal.id });
  await dealer.untilState(deal, 'awaiting-confirmation');
  return deal;
}

const posted = (deal: SeedDocument) => dealer.invoicesOf(deal).map((invoice) => invoice.isPosted);

describe('a person decides with the commands of the README', () => {
  it('status tells state and figures; confirm names the figures that were seen (I2)', async () => {
    const deal = await startWaiting();
    const shown = await run(command('query status', deal));
    expect(shown).toContain('awaiting-confirmation');
    const { figures } = await dealer.status(deal);
    const total = figures?.totalIncludingTax ?? '';
    expect(shown).toContain(total);
    const confirm = await confirmCommand('update confirm', deal);
    await expect(run(confirm.replace(total, '1.11'))).rejects.toThrow(/amounts to .*, not 1\.11/);
    await expect(run(confirm.replace('"totalIncludingTax"', '"total"'))).rejects.toThrow(/no other fields than/);
    expect(posted(deal)).toEqual([false]);
    await run(confirm);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(posted(deal)).toEqual([true]);
    const audit = await stage.ledger.readAudit(deal.id);
    expect(audit.find((entry) => entry.action === 'confirm')).toMatchObject({ actor: 'ann', facts: { figures } });
    await keepHistory(stage, deal.id, 'confirmed-by-update');
  });

  it('confirm by signal', async () => {
    const deal = await startWaiting();
    await run(await confirmCommand('signal confirm', deal));
    expect((await dealer.result(deal)).outcome).toBe('written-back');
  });

  for (const how of ['update', 'signal']) {
    it(`reject by ${how}: the draft is deleted, nothing is posted`, async () => {
      const deal = await startWaiting();
      await run(command(`${how} reject`, deal));
      expect((await dealer.result(deal)).outcome).toBe('rejected');
      expect(posted(deal)).toEqual([]);
      expect((await stage.ledger.getRecord(deal.id)).state).toBe('rejected');
      if (how === 'signal') await keepHistory(stage, deal.id, 'rejected-by-signal');
    });
  }

  it('cancel ends a deal that waits', async () => {
    const deal = await startWaiting();
    await run(command('update cancel', deal));
    expect((await dealer.result(deal)).outcome).toBe('cancelled');
    expect(posted(deal)).toEqual([]);
    await keepHistory(stage, deal.id, 'cancelled');
  });

  it('replay begins a deal again that waits', async () => {
    const deal = await startWaiting();
    const handle = stage.temporal.workflow.getHandle(deal.id);
    const { runId } = await handle.describe();
    const replay = command('update replay', deal);
    await expect(run(replay.replace('"by":"ann"', ''))).rejects.toThrow(
      /by: expected a text of 1 to 100 characters, got nothing/,
    );
    await run(replay);
    await until(async () => (await handle.describe()).runId !== runId);
    await until(async () => (await dealer.status(deal)).state === 'awaiting-confirmation');
    expect(posted(deal)).toEqual([false]);
  });

  it('a held deal is listed, and retry lets it go on', async () => {
    const deal = dealer.takeKnown();
    const product = stage.simulators.data.products[deal.lines[0]?.productIndex ?? -1];
    if (!product) throw new Error('a product line is needed');
    await bookkeeper.blockItem(product.number, true);
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    // The list is fed a moment later than the run itself.
    let listed = '';
    while (!listed.includes(deal.id)) listed = await run(command('list DealState', deal));
    // From here on the deal looks again in an hour, so that only the retry can end the hold.
    const isWatched = async () => {
      const { raw } = await stage.temporal.workflow.getHandle(deal.id).describe();
      return raw.pendingActivities?.some(({ attempt }) => (attempt ?? 0) > 1) ?? false;
    };
    await until(isWatched);
    await bookkeeper.blockItem(product.number, false);
    await run(command('update retry', deal));
    await dealer.untilState(deal, 'awaiting-confirmation');
    await run(await confirmCommand('signal confirm', deal));
    expect((await dealer.result(deal)).outcome).toBe('written-back');
  });

  it('every command of the README was run', () => {
    const run = ['query status', 'update confirm', 'signal confirm', 'update reject', 'signal reject', 'update cancel'];
    const all = [...run, 'update retry', 'update replay', 'list DealState'];
    expect(COMMANDS).toHaveLength(all.length);
    const anyDeal = stage.simulators.data.documents[0] as SeedDocument;
    for (const words of all)
      expect(COMMANDS.map((line) => line.replace('<guid>', anyDeal.id))).toContain(command(words, anyDeal));
  });
});

describe('a draft that somebody touched after it was confirmed (I2)', () => {
  it('is not posted: the new figures are compared and asked for again', async () => {
    const deal = await startWaiting();
    const [draft] = dealer.invoicesOf(deal);
    const id = String(draft?.row['id']);
    await bookkeeper.editDraft(id, 10_000, '0.01');
    await run(await confirmCommand('signal confirm', deal));
    await dealer.untilState(deal, 'held');
    expect((await dealer.status(deal)).problems[0]?.reason).toBe('totals-differ');
    expect(posted(deal)).toEqual([false]);
    await run(command('update cancel', deal));
    expect((await dealer.result(deal)).outcome).toBe('cancelled');
    await keepHistory(stage, deal.id, 'draft-touched-after-confirmation');
  });
});
