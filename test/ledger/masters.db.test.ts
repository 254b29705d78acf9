import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MasterKind } from '../../src/deal/masters.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { type Backfill, createBackfill } from '../../src/ledger/masters/backfill.js';
import { createDriftLedger, type DriftLedger } from '../../src/ledger/masters/drift.js';
import { createMasterLedger, type MasterLedger, type MasterRef } from '../../src/ledger/masters/masters.js';
import { createMatchLedger, findCompanies, type MatchLedger } from '../../src/ledger/masters/matching.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';

/** What every database that carries the ledger must do for the masters. */
function testMasters(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the ledger of the masters on ${name}`, () => {
    const companyId = randomUUID();
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    let ledger: Ledger;
    let masters: MasterLedger;
    let matching: MatchLedger;
    let drift: DriftLedger;
    let backfill: Backfill;

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
      ledger = createLedger(database);
      masters = createMasterLedger(database, companyId);
      matching = createMatchLedger(database, companyId);
      drift = createDriftLedger(database, companyId);
      backfill = createBackfill(database);
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    const link = async (bcNumber = 'C1', bcId = randomUUID()): Promise<MasterRef & { bcId: string }> => {
      const rowId = randomUUID();
      await ledger.saveLink('customer', companyId, { salesId: rowId, bcId, bcNumber });
      return { kind: 'account', rowId, bcId };
    };

    describe('rows of a full reading', () => {
      const limits = { maxAlone: 3, maxBesideDeals: 1 };
      const add = async (count: number, table: MasterKind = 'account'): Promise<string[]> => {
        const rowIds = Array.from({ length: count }, () => randomUUID());
        await backfill.add(table, rowIds);
        return rowIds;
      };
      const take = async () => (await backfill.take(limits)).rows.map(({ rowId }) => rowId);
      const age = (minutes: number) =>
        database.query('UPDATE backfill_rows SET begun_at = begun_at - make_interval(mins => $1)', [minutes]);

      beforeEach(async () => {
        await database.query('DELETE FROM backfill_rows');
        await database.query(`UPDATE source_records SET changed_at = now() - interval '1 hour'`);
      });

      it('begin in the order in which they were read, no more than may be under way', async () => {
        const rowIds = await add(5);
        expect(await backfill.count()).toEqual({ account: 5 });
        expect((await take()).sort()).toEqual(rowIds.slice(0, 3).sort());
        expect(await take()).toEqual([]);
        const [first = '', second = ''] = rowIds;
        await backfill.end(first);
        expect(await take()).toEqual([rowIds[3]]);
        await masters.endPass({ kind: 'account', rowId: second }, []);
        expect(await take()).toEqual([rowIds[4]]);
        expect(await backfill.count()).toEqual({ account: 3 });
      });

      it('are no more when several workers look at the same moment', async () => {
        await add(30);
        const taken = await Promise.all(Array.from({ length: 5 }, take));
        expect(taken.flat()).toHaveLength(3);
      });

      it('are fewer while a deal moves', async () => {
        await add(5);
        await ledger.register({ table: 'salesorder', recordId: randomUUID() });
        expect(await take()).toHaveLength(1);
        expect(await take()).toEqual([]);
      });

      it('begin once more when they have not ended after ten minutes, and are then left to their run', async () => {
        const [rowId = ''] = await add(1);
        expect(await take()).toEqual([rowId]);
        await age(9);
        expect(await take()).toEqual([]);
        await age(2);
        expect(await take()).toEqual([rowId]);
        await age(11);
        expect(await take()).toEqual([]);
        expect(await backfill.count()).toEqual({});
      });

      it('that could not be begun wait on', async () => {
        const [rowId = ''] = await add(1);
        for (let times = 1; times <= 3; times += 1) {
          expect(await take()).toEqual([rowId]);
          await backfill.giveBack(rowId);
        }
      });

      it('that are read again while they are under way begin again, whatever the pass that saw the older one says', async () => {
        const [rowId = ''] = await add(1);
        await take();
        await backfill.add('account', [rowId]);
        await masters.endPass({ kind: 'account', rowId }, []);
        expect(await take()).toEqual([rowId]);
      });

      it('wait while the feed of their table is paused', async () => {
        const feeds = createFeedLedger(database);
        await feeds.pauseFeed('product', 'Ann');
        await add(2, 'product');
        const accounts = await add(1);
        expect(await take()).toEqual(accounts);
        await feeds.resumeFeed('product');
        expect((await backfill.take(limits)).rows).toMatchObject([{ table: 'product' }, { table: 'product' }]);
      });
    });

    it('keeps what a step found until the same step finds nothing, and since when', async () => {
      const ref: MasterRef = { kind: 'account', rowId: randomUUID() };
      const problem = { reason: 'value-too-long', text: 'customer.city: too long' } as const;
      await masters.saveProblems(ref, 'compare', [problem]);
      await masters.saveProblems(ref, 'write', [{ reason: 'permission', text: 'no' }]);
      expect(await masters.endPass(ref, ['compare', 'write'])).toHaveLength(2);
      const { problemSince } = await masters.getMaster(ref);
      await masters.saveProblems(ref, 'write', []);
      expect(await masters.endPass(ref, ['compare', 'write'])).toEqual([problem]);
      expect((await masters.getMaster(ref)).problemSince).toEqual(problemSince);
      expect(await masters.listMasters('account', { onlyProblems: true, limit: 10 })).toMatchObject([
        { rowId: ref.rowId, problems: [problem] },
      ]);
      await masters.forgetProblems(ref, ['compare']);
      expect(await masters.endPass(ref, ['compare', 'write'])).toEqual([]);
      expect((await masters.getMaster(ref)).problemSince).toBeUndefined();
    });

    it('forgets what steps found that were not walked in this pass', async () => {
      const ref: MasterRef = { kind: 'product', rowId: randomUUID() };
      await masters.saveProblems(ref, 'match', [{ reason: 'item-missing', text: 'no item' }]);
      expect(await masters.endPass(ref, ['compare'])).toEqual([]);
    });

    it('adds to what is agreed, field by field', async () => {
      const ref: MasterRef = { kind: 'account', rowId: randomUUID() };
      const said = (value: string) => ({ dataverse: value, businessCentral: value });
      await masters.change(ref, { agreed: { city: said('Bremen'), email: said('a@b.example') } });
      const save = (city: string, readFrom: Date) =>
        masters.saveAgreed(
          'account',
          [
            { rowId: ref.rowId, number: 'A1', name: 'Alder', agreed: { city: said(city) } },
            { rowId: randomUUID(), number: undefined, name: 'Birk', agreed: { city: said('Ulm') } },
          ],
          readFrom,
        );
      const { checkedAt } = await masters.getMaster(ref);
      await save('Kiel', checkedAt);
      const both = { city: said('Kiel'), email: said('a@b.example') };
      expect((await masters.getMaster(ref)).agreed).toEqual(both);
      // A page that was read before the row was compared, by an attempt that was taken for dead.
      await save('Ulm', new Date(checkedAt.getTime() - 1));
      expect((await masters.getMaster(ref)).agreed).toEqual(both);
    });

    it('moves the link of a merge once, with the block, and never over another one', async () => {
      const loser = await link('C7');
      const survivorId = randomUUID();
      await masters.change(loser, { blockedFrom: '_x0020_' });
      expect(await masters.moveLink(loser, survivorId)).toBe('moved');
      // Asked once more, as nobody heard the first answer: what follows from it is still to be done.
      expect(await masters.moveLink(loser, survivorId)).toBe('moved');
      expect(await masters.moveLink({ kind: 'account', rowId: randomUUID() }, survivorId)).toBe('nothing');
      const survivor: MasterRef = { kind: 'account', rowId: survivorId };
      expect(await masters.getMaster(survivor)).toMatchObject({ bcNumber: 'C7', blockedFrom: '_x0020_' });
      expect(await masters.getMaster(loser)).toMatchObject({ state: 'merged', bcId: undefined });
      const other = await link('C8');
      expect(await masters.moveLink(other, survivorId)).toBe('both');
      expect(await masters.getMaster(other)).toMatchObject({ bcNumber: 'C8' });
      expect((await ledger.readAudit(survivorId)).map(({ action }) => action)).toEqual([
        'move link to the survivor of a merge',
      ]);
    });

    it('links a row of Business Central once, however many ask at the same moment', async () => {
      for (const kind of ['customer', 'contact', 'item'] as const) {
        const bcId = randomUUID();
        const asking = Array.from({ length: 12 }, () => randomUUID());
        const save = (salesId: string) => ledger.saveLink(kind, companyId, { salesId, bcId, bcNumber: 'C30' });
        const answers = await Promise.all(asking.map(save));
        const winners = asking.filter((_, index) => answers[index]?.length === 0);
        expect(winners, kind).toHaveLength(1);
        expect(answers.filter((others) => others.length > 0)).toEqual(
          asking.slice(1).map(() => winners.map((id) => ({ id }))),
        );
        expect([...(await ledger.findLinks(kind, companyId, asking)).keys()]).toEqual(winners);
        // The winner asks again, perhaps because the number changed.
        const [winner = ''] = winners;
        expect(await ledger.saveLink(kind, companyId, { salesId: winner, bcId, bcNumber: 'C31' })).toEqual([]);
        expect((await ledger.findLinks(kind, companyId, [winner])).get(winner)?.bcNumber).toBe('C31');
      }
    });

    it('refuses a second link also to whoever does not ask first', async () => {
      const { bcId } = await link('C32');
      const insert = () =>
        database.query(
          `INSERT INTO links (kind, sales_id, company_id, bc_id, bc_number) VALUES ('customer', $1, $2, $3, 'C32')`,
          [randomUUID(), companyId, bcId],
        );
      await expect(insert()).rejects.toMatchObject({ constraint: 'links_by_bc_once' });
    });

    it('shares a customer when a person says so, and only the first is brought over', async () => {
      const first = await link('C33');
      const [secondId, thirdId] = [randomUUID(), randomUUID()];
      const customer = { id: first.bcId, number: 'C33' };
      expect(await matching.decide(secondId, customer, 'ann')).toEqual({ kind: 'taken', accountIds: [first.rowId] });
      expect(await matching.findDecided([secondId])).toEqual(new Set());
      expect(await matching.decide(secondId, customer, 'ann', { isShared: true })).toEqual({ kind: 'decided' });
      const links = await ledger.findLinks('customer', companyId, [first.rowId, secondId]);
      expect([...links.values()].map((one) => [one.salesId, one.isSecondary]).sort()).toEqual(
        [
          [first.rowId, false],
          [secondId, true],
        ].sort(),
      );
      // The decision was about the second, not about whoever comes next; also when the first is gone.
      const third = { salesId: thirdId, bcId: first.bcId, bcNumber: 'C33' };
      expect(await ledger.saveLink('customer', companyId, third)).toEqual([{ id: first.rowId }, { id: secondId }]);
      await masters.change(first, { state: 'deleted' });
      expect(await ledger.saveLink('customer', companyId, third)).toEqual([{ id: secondId }]);
      expect((await ledger.findLinks('customer', companyId, [secondId])).get(secondId)?.isSecondary).toBe(false);
    });

    it('gives the customer of an account that is no more to the next one, with our block', async () => {
      const gone = await link('C34');
      await masters.change(gone, { state: 'deleted', blockedFrom: '_x0020_' });
      const heirId = randomUUID();
      expect(
        await ledger.saveLink('customer', companyId, { salesId: heirId, bcId: gone.bcId, bcNumber: 'C34' }),
      ).toEqual([]);
      expect([...(await ledger.findLinks('customer', companyId, [gone.rowId, heirId])).keys()]).toEqual([heirId]);
      expect(await masters.getMaster({ kind: 'account', rowId: heirId })).toMatchObject({ blockedFrom: '_x0020_' });
    });

    it('finds staged customers by the keys that few share', async () => {
      const runId = randomUUID();
      const customer = (number: string, ...keys: string[]) => ({ bcId: randomUUID(), number, name: number, keys });
      const rows = [
        customer('C1', 'name:alder', 'domain:x.example'),
        customer('C2', 'name:birk', 'domain:x.example'),
        customer('C3', 'name:alder', 'domain:x.example'),
      ];
      await matching.stageCustomers(runId, rows);
      await matching.stageCustomers(runId, rows);
      const numbers = async (...keys: string[]) =>
        (await matching.findByKeys(runId, keys, 2)).map(({ number }) => number).sort();
      expect(await numbers('name:alder', 'domain:x.example')).toEqual(['C1', 'C3']);
      expect(await numbers('domain:x.example')).toEqual([]);
      expect(await numbers()).toEqual([]);
      await matching.clearRun(runId);
      expect(await numbers('name:alder')).toEqual([]);
    });

    it('keeps a decision with its link, and asks no more', async () => {
      const [accountId, otherId] = [randomUUID(), randomUUID()];
      const bcId = randomUUID();
      const candidate = { accountId, accountNumber: undefined, accountName: 'Alder', customerId: bcId };
      const found = { customerNumber: 'C9', customerName: 'Alder GmbH', score: 50, reasons: ['the same name'] };
      const save = () => matching.saveCandidates([accountId], [{ ...candidate, ...found }]);
      await save();
      expect(await matching.listCandidates(10)).toHaveLength(1);
      await matching.decide(accountId, { id: bcId, number: 'C9' }, 'ann');
      await matching.decide(otherId, undefined, 'ann');
      // A page that was matched before, by an attempt that was taken for dead.
      await save();
      expect(await matching.listCandidates(10)).toEqual([]);
      expect(await matching.findDecided([accountId, otherId, randomUUID()])).toEqual(new Set([accountId, otherId]));
      expect((await ledger.findLinks('customer', companyId, [accountId])).get(accountId)?.bcNumber).toBe('C9');
      expect(await matching.findLinkedCustomers([bcId])).toEqual(new Set([bcId]));
      expect(await findCompanies(database)).toEqual([companyId]);
    });

    it('lists no customer that stands for another account by now, also when that was found out after it was saved', async () => {
      const [accountId, otherId] = [randomUUID(), randomUUID()];
      const bcId = randomUUID();
      const candidate = { accountId, accountNumber: undefined, accountName: 'Birk', customerId: bcId };
      const found = { customerNumber: 'C8', customerName: 'Birk GmbH', score: 30, reasons: ['the same e-mail domain'] };
      await matching.saveCandidates([accountId], [{ ...candidate, ...found }]);
      const listed = async () => (await matching.listCandidates(10)).map((one) => one.customerNumber);
      expect(await listed()).toEqual(['C8']);
      await ledger.saveLink('customer', companyId, { salesId: otherId, bcId, bcNumber: 'C8' });
      expect(await listed()).toEqual([]);
    });

    it('names the row that a number stands for already, as far as it was read', async () => {
      const one = await link('C35');
      await masters.change(one, { state: 'active' });
      await database.query(`UPDATE masters SET name = 'Birk', number = 'A-35' WHERE row_id = $1`, [one.rowId]);
      const asked = { bcId: one.bcId, salesId: randomUUID() };
      const named = [{ id: one.rowId, name: 'Birk' }];
      expect(await ledger.findLinkedOthers('customer', companyId, asked)).toEqual(named);
      expect(await ledger.saveLink('customer', companyId, { ...asked, bcNumber: 'C35' })).toEqual(named);
      const runId = randomUUID();
      await drift.startRun(runId);
      const difference = {
        field: 'city',
        dataverse: 'Graz',
        businessCentral: 'Wien',
        winner: 'person',
        reason: 'both',
      };
      const of = { kind: 'account', rowId: one.rowId } as const;
      await drift.saveDifferences(runId, [{ ...of, ...difference } as never]);
      expect(await drift.listDifferences(runId, 10)).toMatchObject([{ ...of, name: 'A-35 Birk' }]);
    });

    it('counts a comparison, names unseen rows once, and keeps its numbers', async () => {
      const runId = randomUUID();
      await drift.startRun(runId);
      await drift.startRun(runId);
      const one = await link('C21');
      const row = {
        id: one.bcId,
        etag: 'e',
        number: 'C21',
        modifiedAt: '2026-01-31T00:00:00Z',
        values: { city: 'Ulm' },
      };
      await drift.stageBusinessCentral(runId, 'account', [row]);
      expect((await drift.findStaged(runId, 'account', [one.bcId])).get(one.bcId)).toEqual(row);
      const missed = async () => (await drift.findMissed(runId, 'account', 1_000)).map(({ rowId }) => rowId);
      expect(await missed()).toContain(one.rowId);
      const others = [randomUUID(), randomUUID()];
      const see = () => drift.recordSeen(runId, 'account', [one.rowId, ...others], [one.rowId, ...others.slice(1)]);
      await see();
      // Its answer was lost: the page is read once more.
      await see();
      expect(await missed()).not.toContain(one.rowId);
      const difference = {
        kind: 'account',
        rowId: one.rowId,
        dataverse: 'a',
        businessCentral: 'b',
        reason: 'wins: sales',
      } as const;
      await drift.saveDifferences(runId, [
        { ...difference, field: 'city', winner: 'sales' },
        { ...difference, field: 'email', winner: 'person' },
      ]);
      await drift.saveDifferences(runId, [{ ...difference, field: 'city', winner: 'sales' }]);
      await drift.countRequest(runId);
      await drift.countRequest(runId);
      const run = await drift.finishRun(runId);
      expect(run).toMatchObject({ requests: 2, compared: { account: 2 }, found: { sales: 1, person: 1 } });
      // A page of an attempt that was taken for dead comes after the end.
      await drift.recordSeen(runId, 'account', [randomUUID()], others);
      expect(await drift.findLastRun()).toEqual(run);
      expect(await drift.listRepairable(runId, '00000000-0000-0000-0000-000000000000', 10)).toEqual([
        { kind: 'account', rowId: one.rowId },
      ]);
      expect((await drift.findStaged(runId, 'account', [one.bcId])).size).toBe(0);

      // One that was ended before its end leaves its rows, until a later one begins.
      const [ended, later] = [randomUUID(), randomUUID()];
      await drift.startRun(ended);
      await drift.stageBusinessCentral(ended, 'account', [row]);
      await drift.recordSeen(ended, 'account', [one.rowId]);
      await drift.startRun(runId);
      expect((await drift.findStaged(ended, 'account', [one.bcId])).size).toBe(1);
      await database.query(`UPDATE drift_runs SET started_at = now() - interval '8 days' WHERE run_id = $1`, [ended]);
      await drift.startRun(later);
      expect((await drift.findStaged(ended, 'account', [one.bcId])).size).toBe(0);
      const { rows } = await database.query('SELECT FROM drift_seen WHERE run_id = $1', [ended]);
      expect(rows).toEqual([]);
    });

    it('removes also what a matching left behind that was ended before its end', async () => {
      const [ended, underWay] = [randomUUID(), randomUUID()];
      for (const run of [ended, underWay])
        await matching.stageCustomers(run, [{ bcId: randomUUID(), number: 'C1', name: 'Alder', keys: ['alder'] }]);
      await database.query(`UPDATE master_pages SET staged_at = now() - interval '8 days' WHERE run_id = $1`, [ended]);
      await drift.startRun(randomUUID());
      expect(await matching.findByKeys(ended, ['alder'], 5)).toEqual([]);
      expect(await matching.findByKeys(underWay, ['alder'], 5)).toHaveLength(1);
    });
  });
}

testMasters('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testMasters('PostgreSQL', async () => postgres);
else {
  describe('the ledger of the masters on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
