import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isNumberOf } from '../../src/deal/document-number.js';
import { replayDeal } from '../../src/dispatch/replay-deal.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createCommand } from '../support/command.js';
import { createDealer, until } from '../support/deals.js';
import { BOB, confirmDeal } from '../support/decisions.js';
import { openStage, type Stage } from '../support/processes.js';

/** Running a hand-over again by the mapping that its document was made by, or by today's. */

const THEN = 'test/rules/mapping-then.yaml';
const NOW = 'test/rules/mapping-now.yaml';

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
const dealbridge = createCommand(() => stage);

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: THEN });
  stage.simulators.dataverse.webhooks.registrations.length = 0;
  dealer = createDealer(stage);
});
afterAll(() => stage?.close());

/** Whoever changes the rules starts the worker again. */
async function goBy(rules: string): Promise<void> {
  stage.env['DEALBRIDGE_RULES'] = rules;
  await stage.stopWorker();
  await stage.startWorker();
}

const ref = (deal: SeedDocument) => ({ table: deal.kind, recordId: deal.id });
const handle = (deal: SeedDocument) => stage.temporal.workflow.getHandle(deal.id);
const confirm = (deal: SeedDocument) => confirmDeal(stage.temporal, deal.id);
const documents = () => stage.simulators.businessCentral.company.documents;
const ordersOf = (deal: SeedDocument) =>
  [...documents().order.values()].filter(({ row }) => isNumberOf(String(row['externalDocumentNumber']), deal.id));
const emailOf = (deal: SeedDocument) => dealer.invoicesOf(deal).map(({ row }) => row['email']);

async function startWaiting(): Promise<SeedDocument> {
  const deal = dealer.takeKnown();
  await startDeal(stage, ref(deal));
  // The ledger knows it a moment before the run has got so far, and the worker may be killed in between.
  await dealer.untilState(deal, 'awaiting-confirmation');
  await until(async () => (await dealer.status(deal)).state === 'awaiting-confirmation');
  return deal;
}

async function reject(): Promise<SeedDocument> {
  const deal = await startWaiting();
  await handle(deal).executeUpdate('reject', { args: [{ by: 'ann', reason: 'wait' }] });
  await dealer.result(deal);
  return deal;
}

describe('the mapping changes', () => {
  let rejected: Readonly<Record<'byThen' | 'byNow' | 'chosen', SeedDocument>>;
  let waiting: Readonly<Record<'replayed' | 'ended', SeedDocument>>;
  beforeAll(async () => {
    rejected = { byThen: await reject(), byNow: await reject(), chosen: await reject() };
    waiting = { replayed: await startWaiting(), ended: await startWaiting() };
    await goBy(NOW);
  });
  afterAll(() => goBy(THEN));

  describe('a hand-over that was rejected before', () => {
    it('by the mapping of then gives the document of then, of the record as it was', async () => {
      const deal = rejected.byThen;
      const said = await dealbridge('replay', deal.id, '--mapping', 'then', '--as-recorded', '--yes', '--by', 'bob');
      const { mappingHash, wantedMapping } = await stage.ledger.getRecord(deal.id);
      expect(said).toContain(`mapping: ${mappingHash}, as before`);
      expect(said).not.toContain('document differs');
      await dealer.untilState(deal, 'awaiting-confirmation');
      expect(emailOf(deal)).toEqual(['then@example.com']);
      expect(ordersOf(deal)).toEqual([]);
      await confirm(deal);
      expect((await dealer.result(deal)).outcome).toBe('written-back');
      expect((await stage.ledger.getRecord(deal.id)).wantedMapping).toBe(mappingHash);
      expect(wantedMapping).toBeUndefined();
      const trail = await stage.ledger.readAudit(deal.id);
      expect(trail.find(({ action }) => action === 'replay')).toMatchObject({
        actor: 'bob',
        facts: { state: 'rejected', mapping: mappingHash },
      });
      expect(trail.filter(({ action }) => action.startsWith('create draft')).map(({ facts }) => facts)).toMatchObject([
        { mapping: mappingHash },
        { mapping: mappingHash },
      ]);
    });

    it('by the mapping of now gives the document of now, and shows first what differs', async () => {
      const deal = rejected.byNow;
      const { mappingHash } = await stage.ledger.getRecord(deal.id);
      const shown = await dealbridge('replay', deal.id);
      expect(shown).toContain(`, before ${mappingHash}`);
      expect(shown).toContain('document differs: document.email: then@example.com → now@example.com');
      const recorded = await dealbridge('replay', deal.id, '--as-recorded');
      expect(recorded).toContain('not recorded: description, which counts as empty');
      await dealbridge('replay', deal.id, '--yes', '--by', 'bob');
      await dealer.untilState(deal, 'awaiting-confirmation');
      expect(dealer.invoicesOf(deal)).toEqual([]);
      expect(ordersOf(deal).map(({ row }) => row['email'])).toEqual(['now@example.com']);
    });

    it('can be chosen with others, and by the hash of a mapping', async () => {
      const deal = rejected.chosen;
      const { mappingHash = '' } = await stage.ledger.getRecord(deal.id);
      const list = await dealbridge('mapping', 'list');
      expect(list.split('\n').find((line) => line.startsWith(mappingHash))).toMatch(/\d+ records? +-$/);
      expect(list).toContain("today's");
      expect(await dealbridge('mapping', 'show', mappingHash.slice(0, 8))).toContain('value: then@example.com');
      const chosen = ['--state', 'rejected', '--limit', '1', '--yes', '--by', 'bob'];
      expect(await dealbridge('replay', ...chosen, '--mapping', mappingHash.slice(0, 8))).toContain('runs again');
      await dealer.untilState(deal, 'awaiting-confirmation');
      expect(emailOf(deal)).toEqual(['then@example.com']);
      await expect(dealbridge('replay', deal.id, '--mapping', 'than')).rejects.toThrow(
        /mapping: expected now, then or a hash of .*, got 'than'/,
      );
    });
  });

  describe('a draft that waits meanwhile', () => {
    it('is made anew by the mapping of now when a person replays it, and posted once', async () => {
      const deal = waiting.replayed;
      const [draft] = dealer.invoicesOf(deal);
      const said = await dealbridge('replay', deal.id, '--yes', '--by', 'bob');
      expect(said).toContain('a draft that is there is made anew');
      expect(said).toContain('was waiting, and runs again from its start');
      await until(() => ordersOf(deal).length === 1);
      await dealer.untilState(deal, 'awaiting-confirmation');
      expect(documents().invoice.has(String(draft?.row['id']))).toBe(false);
      await confirm(deal);
      expect((await dealer.result(deal)).outcome).toBe('awaiting-shipment');
      expect(dealer.invoicesOf(deal)).toEqual([]);
      expect(ordersOf(deal)).toHaveLength(1);
    });

    it('stays the only one when its run is ended from outside and a document of another kind is wanted by now (I1)', async () => {
      const deal = waiting.ended;
      await handle(deal).terminate('test');
      await startDeal(stage, ref(deal));
      await until(() => ordersOf(deal).length === 1);
      await dealer.untilState(deal, 'awaiting-confirmation');
      expect(dealer.invoicesOf(deal)).toEqual([]);
      expect(ordersOf(deal)).toHaveLength(1);
    });
  });
});

describe('a hand-over that was rejected', () => {
  it('waits for IT when the mapping that is wanted is not there', async () => {
    const deal = await reject();
    await replayDeal(stage, ref(deal), { actor: BOB, mapping: 'none' });
    await dealer.untilState(deal, 'held');
    expect(await stage.ledger.getRecord(deal.id)).toMatchObject({ holdReason: 'mapping-unknown' });
    expect(await replayDeal(stage, ref(deal), { actor: BOB })).toMatchObject({ kind: 'restarted' });
    await dealer.untilState(deal, 'awaiting-confirmation');
  });
});

describe('a draft that waits', () => {
  it('is deleted when the deal is cancelled while its replay is held (I1)', async () => {
    const deal = await startWaiting();
    await replayDeal(stage, ref(deal), { actor: BOB, mapping: 'none' });
    await dealer.untilState(deal, 'held');
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
    await handle(deal).executeUpdate('cancel', { args: [{ by: 'ann', reason: 'ordered twice' }] });
    expect((await dealer.result(deal)).outcome).toBe('cancelled');
    expect(dealer.invoicesOf(deal)).toEqual([]);
  });

  it('can be cancelled or rejected once, and not replayed after it', async () => {
    const deal = await startWaiting();
    stage.simulators.businessCentral.faults.add({
      match: { method: 'DELETE', path: 'salesInvoices' },
      effect: { kind: 'hold', when: 'before' },
    });
    await handle(deal).executeUpdate('reject', { args: [{ by: 'ann', reason: 'wrong price' }] });
    expect(await replayDeal(stage, ref(deal), { actor: BOB })).toMatchObject({
      kind: 'running',
      reason: 'already rejected by ann',
    });
    stage.simulators.businessCentral.faults.clear();
    expect((await dealer.result(deal)).outcome).toBe('rejected');
  });

  it('is not touched by a replay while one of its steps runs', async () => {
    const deal = dealer.takeKnown();
    stage.simulators.businessCentral.faults.add({
      id: 'slow',
      match: { method: 'POST', path: 'salesInvoices\\?' },
      effect: { kind: 'hold', when: 'before' },
    });
    await startDeal(stage, ref(deal));
    await until(async () => (await dealer.status(deal)).state === 'preparing');
    expect(await replayDeal(stage, ref(deal), { actor: BOB })).toMatchObject({
      kind: 'running',
      reason: 'the deal is preparing and cannot be replayed now',
    });
    stage.simulators.businessCentral.faults.clear();
    await dealer.untilState(deal, 'awaiting-confirmation');
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
  });
});
