import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordRef } from '../../src/deal/deal.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createDetections, type Detections } from '../../src/ledger/deals/detections.js';
import { createHeldSweeps } from '../../src/ledger/deals/held-sweeps.js';
import { createWaiting, type Waiting } from '../../src/ledger/deals/waiting.js';
import { createFeedLedger, type FeedLedger, type PageOutcome } from '../../src/ledger/feeds/sales-feeds.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { allOf } from '../support/async-items.js';
import { makeOrder, makeQuote } from '../support/documents.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** What every database that carries the ledger must do for the feeds. */
function testFeeds(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the ledger of the feeds on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    let ledger: Ledger;
    let feeds: FeedLedger;
    let detections: Detections;
    let waiting: Waiting;

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
      ledger = createLedger(database);
      feeds = createFeedLedger(database);
      detections = createDetections(database);
      waiting = createWaiting(database);
    });
    beforeEach(async () => {
      for (const table of ['sales_feeds', 'sales_rows', 'detections']) await database.query(`DELETE FROM ${table}`);
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    const outcome = (change: Partial<PageOutcome>): PageOutcome => ({
      table: 'salesorder',
      step: '0',
      phase: 'changes',
      position: 'https://sales/link',
      takenFrom: new Date('2026-01-31T00:00:00Z'),
      isLast: true,
      settled: [],
      deleted: [],
      read: 0,
      taken: 0,
      compared: { rows: 0, changed: 0, missing: 0 },
      ...change,
    });

    it('a feed begins once, whoever asks', async () => {
      const [one, two] = await Promise.all([feeds.openFeed('salesorder'), feeds.openFeed('salesorder')]);
      expect(one).toEqual(two);
      expect(one).toMatchObject({ phase: 'initial', position: undefined, step: '0', pausedAt: undefined });
    });

    it('the feed of a company begins with its first deal, or where nobody gave it one, when it is asked for', async () => {
      const [companyId, without] = [randomUUID(), randomUUID()];
      for (const recordId of [randomUUID(), randomUUID()]) {
        await ledger.register({ table: 'quote', recordId });
        await ledger.saveDeal(makeDeal({ table: 'quote', recordId }), { mapping: 'default', companyId });
      }
      const { rows } = await database.query<{ first: Date }>(
        'SELECT min(first_seen_at) AS first FROM source_records WHERE company_id = $1',
        [companyId],
      );
      const later = new Date(Date.now() + 3_600_000);
      const earlier = new Date('2026-01-31T00:00:00Z');
      const { businessCentralFeeds } = ledger;
      expect(await businessCentralFeeds.openInvoiceFeed(companyId, later)).toEqual(rows[0]?.first);
      expect(await businessCentralFeeds.openInvoiceFeed(companyId, earlier)).toEqual(rows[0]?.first);
      expect(await businessCentralFeeds.openInvoiceFeed(without, later)).toEqual(later);
    });

    it('a position moves once from each step: a reader that was slower stores nothing (I5)', async () => {
      await feeds.openFeed('salesorder');
      await feeds.recordReading('salesorder');
      expect(await feeds.settlePage(outcome({ position: 'first', isLast: false }))).toBe(true);
      expect(await feeds.settlePage(outcome({ position: 'stale' }))).toBe(false);
      expect(await feeds.openFeed('salesorder')).toMatchObject({ position: 'first', step: '1', caughtUpAt: undefined });
      expect(await feeds.settlePage(outcome({ step: '1', position: 'second' }))).toBe(true);
      const after = await feeds.openFeed('salesorder');
      expect(after.caughtUpAt).toBeInstanceOf(Date);
      expect(after.takenFrom).toEqual(new Date('2026-01-31T00:00:00Z'));
    });

    it('a remembered row is not settled until its page is, and an older version changes nothing', async () => {
      const rowId = randomUUID();
      await feeds.openFeed('salesorder');
      expect(await feeds.rememberRows('salesorder', 1, [{ rowId, version: '20' }])).toEqual(new Map());
      expect(await feeds.rememberRows('salesorder', 1, [{ rowId, version: '20' }])).toEqual(new Map());
      await feeds.settlePage(outcome({ settled: [{ rowId, version: '20', state: 'won' }] }));
      const settled = new Map([[rowId, { version: '20', state: 'won' }]]);
      expect(await feeds.rememberRows('salesorder', 1, [{ rowId, version: '15' }])).toEqual(settled);
      await feeds.settlePage(outcome({ step: '1', settled: [{ rowId, version: '15', state: 'open' }] }));
      expect(await feeds.findSettled('salesorder', [rowId, randomUUID()])).toEqual(settled);
    });

    it('a comparison finds what it did not meet, until it is settled as deleted', async () => {
      const [kept, gone] = [randomUUID(), randomUUID()];
      await feeds.openFeed('salesorder');
      await feeds.rememberRows('salesorder', 1, [
        { rowId: kept, version: '1' },
        { rowId: gone, version: '2' },
      ]);
      await feeds.settlePage(outcome({}));
      await feeds.startComparison('salesorder', '1');
      const state = await feeds.openFeed('salesorder');
      expect(state).toMatchObject({ phase: 'comparing', position: undefined, sweep: 2, timesExpired: 1 });
      await feeds.startComparison('salesorder', '1');
      expect((await feeds.openFeed('salesorder')).sweep).toBe(2);
      await feeds.rememberRows('salesorder', 2, [{ rowId: kept, version: '1' }]);
      expect(await feeds.findMissing('salesorder', 2, 10)).toEqual([gone]);
      await feeds.settlePage(
        outcome({ step: state.step, deleted: [gone], compared: { rows: 1, changed: 0, missing: 1 } }),
      );
      expect(await feeds.findMissing('salesorder', 2, 10)).toEqual([]);
      expect((await feeds.openFeed('salesorder')).compared).toEqual({ rows: '1', changed: '0', missing: '1' });
    });

    it('a pause is kept with its name, and an error until the next page is stored', async () => {
      await feeds.pauseFeed('quote', 'ann');
      await feeds.pauseFeed('quote', 'bob');
      expect(await feeds.openFeed('quote')).toMatchObject({ pausedBy: 'ann', timesPaused: 1 });
      await feeds.resumeFeed('quote');
      await feeds.recordFeedError('quote', 'read the changes of quote: forbidden (403)');
      expect(await feeds.openFeed('quote')).toMatchObject({
        pausedAt: undefined,
        lastError: expect.stringMatching(/403/),
      });
      await feeds.settlePage(outcome({ table: 'quote' }));
      expect((await feeds.openFeed('quote')).lastError).toBeUndefined();
    });

    it('gaps name what each of the three did not see', async () => {
      const refs = Array.from({ length: 4 }, () => ({ table: 'quote' as const, recordId: randomUUID() }));
      const [both, onlyFeed, onlyCount, onlyHint] = refs.map((ref) => ref.recordId);
      const pick = (...ids: (string | undefined)[]) => refs.filter((ref) => ids.includes(ref.recordId));
      expect((await detections.recordDetections('webhook', pick(both, onlyHint))).size).toBe(2);
      await detections.recordDetections('feed', pick(both, onlyFeed));
      expect((await detections.recordDetections('feed', pick(both))).size).toBe(0);
      await detections.recordDetections('count', pick(both, onlyFeed, onlyCount));
      await feeds.openFeed('quote');
      await feeds.recordReading('quote');
      await feeds.settlePage(outcome({ table: 'quote' }));

      const report = async () => (await detections.readGaps(new Date(0), 10)).find(({ table }) => table === 'quote');
      const missed = async () => {
        const sources = (await report())?.sources;
        return [sources?.webhook, sources?.feed].map((one) => one?.gaps.map((gap) => gap.recordId).sort());
      };
      // A hint alone proves nothing: the record may not be won, or not exist.
      expect(await missed()).toEqual([[onlyFeed, onlyCount].sort(), [onlyCount]]);
      expect((await report())?.records).toBe(3);
      // A hint that led to a deal which was read does.
      await ledger.register({ table: 'quote', recordId: onlyHint ?? '' });
      await ledger.saveDeal(makeDeal({ table: 'quote', recordId: onlyHint ?? '' }), {
        mapping: 'default',
        companyId: randomUUID(),
      });
      expect(await missed()).toEqual([[onlyFeed, onlyCount].sort(), [onlyCount, onlyHint].sort()]);
      expect((await detections.findDetections('feed', [both ?? ''])).get(both ?? '')?.times).toBe(2);
    });

    it('finds the deals that wait for an account or product, and no others', async () => {
      const [accountId, productId, linkedId] = [randomUUID(), randomUUID(), randomUUID()];
      const held = async (reason: 'item-missing' | 'value-missing' | 'period-closed'): Promise<string> => {
        const recordId = randomUUID();
        await ledger.register({ table: 'salesorder', recordId });
        const product = { productId, number: 'EQ-1', name: 'Widget', isActive: true, isService: false };
        const lines = [makeLine(1, { product }), makeLine(2, { product: undefined })];
        const deal = makeDeal({ recordId, lines });
        const customer = deal.customer && { ...deal.customer, accountId };
        await ledger.saveDeal({ ...deal, customer }, { mapping: 'default', companyId: randomUUID() });
        await ledger.change(recordId, { kind: 'held', reason, text: 'held' });
        return recordId;
      };
      const waits = await held('item-missing');
      // Of a column of the account or product.
      const lacks = await held('value-missing');
      const other = await held('period-closed');
      await ledger.saveLink('item', randomUUID(), { salesId: linkedId, bcId: randomUUID(), bcNumber: 'EQ-1' });

      for (const id of [accountId, productId]) {
        const found = (await allOf(waiting.findWaitingDeals([id]))).map(({ recordId }) => recordId);
        expect(found).toEqual([waits, lacks].sort());
      }
      await ledger.change(lacks, { kind: 'ended', state: 'rejected', by: 'Ada' });
      expect(await allOf(waiting.findWaitingDeals([randomUUID()]))).toEqual([]);
      const concerned = await waiting.findConcernedRows('product', [productId, linkedId, randomUUID()]);
      expect([...concerned].sort()).toEqual([productId, linkedId].sort());
      expect(await waiting.findFollowedRecords([waits, other, randomUUID()])).toEqual(new Set([waits, other]));
      await ledger.change(other, { kind: 'state', state: 'settled' });
      expect(await waiting.findFollowedRecords([waits, other])).toEqual(new Set([waits, other]));
      await ledger.change(waits, { kind: 'ended', state: 'rejected', by: 'Ada' });
      expect(await waiting.findFollowedRecords([waits, other])).toEqual(new Set([other]));
    });

    it('finds the deals that wait with a quote, unless the ledger knows the change already', async () => {
      const draft = async (
        kind: 'quote' | 'order',
        isEnded = false,
      ): Promise<{ recordId: string; quoteId: string }> => {
        const [recordId, quoteId] = [randomUUID(), randomUUID()];
        await ledger.register({ table: 'opportunity', recordId });
        const content =
          kind === 'quote'
            ? makeQuote({ id: quoteId, lastModified: '2026-03-31T12:00:00.5Z' })
            : makeOrder({ id: quoteId, lastModified: '2026-03-31T12:00:00.5Z' });
        const made = { documentId: quoteId, documentKind: kind, draftVersion: 1, draftNumber: '1', mapping: 'made' };
        await ledger.change(recordId, { kind: 'drafted', ...made, customerNumber: 'C10001' });
        await ledger.saveDocument(recordId, kind, content);
        if (isEnded) await ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
        return { recordId, quoteId };
      };
      const [mine, other, ended, order] = [
        await draft('quote'),
        await draft('quote'),
        await draft('quote', true),
        await draft('order'),
      ];
      const find = async (changes: Parameters<typeof waiting.findDealsOfQuotes>[0]) =>
        (await allOf(waiting.findDealsOfQuotes(changes))).map(({ recordId }) => recordId).sort();
      const all = [mine, other, ended, order].map(({ quoteId: id }) => ({ id }));
      const both = [mine.recordId, other.recordId].sort();
      expect(await find(all)).toEqual(both);
      expect(await find([{ id: undefined }])).toEqual(expect.arrayContaining(both));
      const at = (time: string) => [{ id: mine.quoteId, at: time }];
      expect(await find(at('2026-03-31T12:00:00.500Z'))).toEqual([]);
      expect(await find(at('2026-03-31T12:00:00.501Z'))).toEqual([mine.recordId]);
      expect(await allOf(waiting.findDealsOfQuotes([{ id: mine.quoteId }]))).toEqual([
        { table: 'opportunity', ...mine },
      ]);
    });

    it('finds the deals held for a customer or item of Business Central by its link, of the right kind of hold', async () => {
      const [accountId, productId] = [randomUUID(), randomUUID()];
      const held = async (reason: 'item-blocked' | 'customer-blocked' | 'period-closed'): Promise<string> => {
        const recordId = randomUUID();
        await ledger.register({ table: 'quote', recordId });
        const product = { productId, number: 'EQ-1', name: 'Widget', isActive: true, isService: false };
        const deal = makeDeal({ table: 'quote', recordId, lines: [makeLine(1, { product })] });
        const customer = deal.customer && { ...deal.customer, accountId };
        await ledger.saveDeal({ ...deal, customer }, { mapping: 'default', companyId: randomUUID() });
        await ledger.change(recordId, { kind: 'held', reason, text: 'held' });
        return recordId;
      };
      const forItem = await held('item-blocked');
      const forCustomer = await held('customer-blocked');
      await held('period-closed');
      const [customerId, itemId, otherId, newId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
      const company = randomUUID();
      await ledger.saveLink('customer', company, { salesId: accountId, bcId: customerId, bcNumber: '10000' });
      await ledger.saveLink('item', company, { salesId: productId, bcId: itemId, bcNumber: 'EQ-1' });
      await ledger.saveLink('item', company, { salesId: randomUUID(), bcId: otherId, bcNumber: 'EQ-2' });

      const find = async (kind: 'customer' | 'item', bcIds: readonly string[]) => {
        const { deals, unlinked } = await waiting.findHeldForRows(kind, bcIds);
        return { deals: await allOf(deals), unlinked };
      };
      expect(await find('item', [itemId, otherId, newId])).toEqual({
        deals: [{ table: 'quote', recordId: forItem }],
        unlinked: [newId],
      });
      expect(await find('customer', [customerId])).toEqual({
        deals: [{ table: 'quote', recordId: forCustomer }],
        unlinked: [],
      });
      expect(await find('customer', [itemId])).toEqual({ deals: [], unlinked: [itemId] });
    });

    it('finds a deal that is held for several reasons by each of them', async () => {
      const [accountId, customerId, recordId] = [randomUUID(), randomUUID(), randomUUID()];
      await ledger.register({ table: 'quote', recordId });
      const deal = makeDeal({ table: 'quote', recordId });
      const customer = deal.customer && { ...deal.customer, accountId };
      await ledger.saveDeal({ ...deal, customer }, { mapping: 'default', companyId: randomUUID() });
      const reasons = { reason: 'freight-unmapped', otherReasons: ['customer-blocked'] } as const;
      await ledger.change(recordId, { kind: 'held', ...reasons, text: 'held' });
      await ledger.saveLink('customer', randomUUID(), { salesId: accountId, bcId: customerId, bcNumber: '10000' });

      const found = [{ table: 'quote', recordId }];
      expect(await allOf(waiting.findWaitingDeals([accountId]))).toEqual(found);
      expect(await allOf((await waiting.findHeldForRows('customer', [customerId])).deals)).toEqual(found);
      expect((await ledger.listRecords({ reasons: ['customer-blocked'], limit: 1 })).rows).toMatchObject(found);
      const sweeps = createHeldSweeps(database);
      await sweeps.ask('customer');
      const passed = await sweeps.take({ betweenMs: 0, restMs: 0, limit: 1_000 });
      expect(passed).toContainEqual({ table: 'quote', recordId });
      await database.query('DELETE FROM held_sweeps');
    });

    it('reads the deals that wait a page at a time, however many of them wait for others', async () => {
      const [productId, itemId] = [randomUUID(), randomUUID()];
      const hold = async (of: string): Promise<string> => {
        const recordId = randomUUID();
        await ledger.register({ table: 'quote', recordId });
        const product = { productId: of, number: 'EQ-1', name: 'Widget', isActive: true, isService: false };
        await ledger.saveDeal(makeDeal({ table: 'quote', recordId, lines: [makeLine(1, { product })] }), {
          mapping: 'default',
          companyId: randomUUID(),
        });
        await ledger.change(recordId, { kind: 'held', reason: 'item-blocked', text: 'held' });
        return recordId;
      };
      const mine: string[] = [];
      for (let at = 0; at < 5; at += 1) {
        mine.push(await hold(productId));
        await hold(randomUUID());
      }
      await ledger.saveLink('item', randomUUID(), { salesId: productId, bcId: itemId, bcNumber: 'EQ-1' });
      const quotes: string[] = [];
      for (let at = 0; at < 4; at += 1) {
        const [recordId, documentId] = [randomUUID(), randomUUID()];
        await ledger.register({ table: 'quote', recordId });
        const made = { documentId, documentKind: 'quote', draftVersion: 1, draftNumber: '1', mapping: 'made' } as const;
        await ledger.change(recordId, { kind: 'drafted', ...made, customerNumber: 'C10001' });
        quotes.push(recordId);
      }

      let mostRows = 0;
      const counting: Database = {
        ...database,
        async query<Row extends Readonly<Record<string, unknown>>>(text: string, values?: readonly unknown[]) {
          const result = await database.query<Row>(text, values);
          mostRows = Math.max(mostRows, result.rows.length);
          return result;
        },
      };
      const paged = createWaiting(counting, 2);
      const idsOf = async (deals: AsyncIterable<RecordRef>) => (await allOf(deals)).map(({ recordId }) => recordId);
      expect(await idsOf(paged.findWaitingDeals([productId]))).toEqual([...mine].sort());
      expect(await idsOf((await paged.findHeldForRows('item', [itemId])).deals)).toEqual([...mine].sort());
      expect(await idsOf(paged.findDealsOfQuotes([{ id: undefined }]))).toEqual(expect.arrayContaining(quotes));
      expect(mostRows).toBe(2);
    });

    it('passes over the deals that are held for any item, a page at a time, at one pace for all who take', async () => {
      await database.query(`UPDATE source_records SET state = 'seen', hold_reason = NULL`);
      const hold = async (reason: string, changedAt: string): Promise<string> => {
        const recordId = randomUUID();
        await database.query(
          `INSERT INTO source_records (record_id, source_table, state, hold_reason, changed_at)
           VALUES ($1, 'quote', 'held', $2, $3)`,
          [recordId, reason, changedAt],
        );
        return recordId;
      };
      // Three of one moment, which no time tells apart.
      const oldest = await hold('item-missing', '2026-03-30T12:00:00.000001Z');
      const alike = await Promise.all(
        ['item-blocked', 'item-missing', 'unit-unknown'].map((reason) => hold(reason, '2026-03-31T12:00:00.000002Z')),
      );
      await hold('customer-missing', '2026-03-31T12:00:00Z');
      const [here, there] = [createHeldSweeps(database), createHeldSweeps(database)];
      const pace = { betweenMs: 0, restMs: 0, limit: 2 };
      const ids = (refs: readonly RecordRef[]) => refs.map(({ recordId }) => recordId);
      expect(await here.take(pace)).toEqual([]);
      await here.ask('item');
      const pages = [await here.take(pace), await there.take(pace), await here.take(pace)].map(ids);
      expect(pages.map((page) => page.length)).toEqual([2, 2, 0]);
      expect(new Set(pages.flat().slice(0, 3))).toEqual(new Set(alike));
      expect(pages.flat()[3]).toBe(oldest);
      expect(await there.take(pace)).toEqual([]);

      // The next pass waits, and while two deals are being woken nobody takes more.
      await there.ask('item');
      expect(await here.take({ ...pace, restMs: 600_000 })).toEqual([]);
      const taken = await Promise.all([
        here.take({ ...pace, betweenMs: 60_000 }),
        there.take({ ...pace, betweenMs: 60_000 }),
      ]);
      expect(taken.map((page) => page.length).sort()).toEqual([0, 2]);
      expect(await here.take(pace)).toEqual([]);
      await database.query('DELETE FROM held_sweeps');
    });
  });
}

testFeeds('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testFeeds('PostgreSQL', async () => postgres);
else {
  describe('the ledger of the feeds on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
