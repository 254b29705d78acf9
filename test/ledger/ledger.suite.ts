import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { documentTail } from '../../src/deal/document-number.js';
import { RefusedError } from '../../src/deal/errors.js';
import { writeKey } from '../../src/deal/ids.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';

/** What every database that claims to carry the ledger must do. */
export function testLedger(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the ledger on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    let ledger: Ledger;
    let applied: string[][];

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      const other = openDatabase(server.url);
      // Worker and starter start at the same time on an empty database.
      applied = await Promise.all([migrate(database), migrate(other)]);
      await other.close();
      ledger = createLedger(database);
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    const register = async (): Promise<string> => {
      const recordId = randomUUID();
      await ledger.register({ table: 'salesorder', recordId });
      return recordId;
    };

    it('is migrated once, also by two processes at the same time', async () => {
      expect(applied.flat()).toContain('0001-deals.sql');
      expect(new Set(applied.flat()).size).toBe(applied.flat().length);
      expect(await migrate(database)).toEqual([]);
    });

    describe('a draft', () => {
      it('is there, or may be on its way, when its write was begun and did not fail for certain', async () => {
        const recordId = await register();
        expect(await ledger.findDraft(recordId, 1)).toBeUndefined();
        await ledger.openIntent(writeKey(recordId, 'draft', 1), recordId, new Date());
        expect(await ledger.findDraft(recordId, 1)).toEqual({ kind: 'invoice' });
        await ledger.markNotDone(writeKey(recordId, 'draft', 1), 1);
        const order = writeKey(recordId, 'order-draft', 1);
        await ledger.openIntent(order, recordId, new Date());
        expect(await ledger.findDraft(recordId, 1)).toEqual({ kind: 'order' });
        const audit = { actor: 'dealbridge', action: 'retry' } as const;
        await ledger.recordOutcome({ recordId, writeKey: order, result: { id: 'the-order' }, audit });
        expect(await ledger.findDraft(recordId, 1)).toEqual({ kind: 'order', documentId: 'the-order' });
        expect(await ledger.findDraft(recordId, 2)).toBeUndefined();
      });
    });

    describe('write intents (I3)', () => {
      it('only one of fifty concurrent writers is the first', async () => {
        const key = `${randomUUID()}:draft:1`;
        const recordId = await register();
        const intents = await Promise.all(
          Array.from({ length: 50 }, () => ledger.openIntent(key, recordId, new Date())),
        );
        expect(intents.filter((intent) => intent.state === 'first')).toHaveLength(1);
        expect(intents.filter((intent) => intent.state === 'asking')).toHaveLength(49);
      });

      it('knows how long ago was asked, what was not done and what came of it', async () => {
        const key = `${randomUUID()}:draft:1`;
        const recordId = await register();
        await ledger.openIntent(key, recordId, new Date());
        const asking = await ledger.openIntent(key, recordId, new Date());
        if (asking.state !== 'asking') throw new Error(`${asking.state} is not asking`);
        expect(asking.askedMsAgo).toBeGreaterThanOrEqual(0);
        expect(asking.askedMsAgo).toBeLessThan(60_000);
        await ledger.markNotDone(key, 1);
        expect(await ledger.openIntent(key, recordId, new Date())).toMatchObject({ state: 'not-done', attempt: 1 });
        expect(await ledger.reopenIntent(key, 1, 0, new Date())).toBe(true);
        expect((await ledger.openIntent(key, recordId, new Date())).state).toBe('asking');
        const result = { id: '1', etag: 'W/"x"', total: '12.50' };
        await ledger.recordOutcome({
          recordId,
          writeKey: key,
          result,
          audit: { actor: 'dealbridge', action: 'retry' },
        });
        const done = await ledger.openIntent(key, recordId, new Date());
        if (done.state !== 'done') throw new Error(`${done.state} is not done`);
        expect(done.result.parse(z.object({ id: z.string(), etag: z.string(), total: z.string() }))).toEqual(result);
        await ledger.markNotDone(key, 2);
        expect(await ledger.reopenIntent(key, 2, 0, new Date())).toBe(false);
        expect((await ledger.openIntent(key, recordId, new Date())).state).toBe('done');
      });

      it('have the decision that they carry out in the trail with the first of them, and once (I10)', async () => {
        const recordId = await register();
        const key = writeKey(recordId, 'post-invoice-1');
        const actor = { name: 'rule', source: 'rule', isVerified: true } as const;
        const figures = { documentNumber: 'D-1', totalIncludingTax: '119.00', currency: 'EUR' };
        const decided = {
          change: { kind: 'state', state: 'confirmed' },
          audit: { actor, action: 'confirm', facts: { figures } },
        } as const;
        const opened = await Promise.all(
          Array.from({ length: 5 }, () => ledger.openIntent(key, recordId, new Date(), undefined, decided)),
        );
        expect(opened.map(({ state }) => state).sort()).toEqual(['asking', 'asking', 'asking', 'asking', 'first']);
        await ledger.markNotDone(key, 1);
        await ledger.openIntent(key, recordId, new Date(), undefined, decided);
        const trail = await ledger.readAudit(recordId);
        expect(trail.map(({ action }) => action)).toEqual(['confirm']);
        expect(trail[0]).toMatchObject({ actor: 'rule', facts: { figures, source: 'rule', verified: true } });
        expect((await ledger.getRecord(recordId)).state).toBe('confirmed');
      });

      it('of those who saw the same attempt fail, one asks again; a late word about it says nothing of the next', async () => {
        const key = `${randomUUID()}:customer:1`;
        const recordId = await register();
        await ledger.openIntent(key, recordId, new Date());
        await ledger.markNotDone(key, 1);
        const asked = await Promise.all(Array.from({ length: 20 }, () => ledger.reopenIntent(key, 1, 0, new Date())));
        expect(asked.filter(Boolean)).toHaveLength(1);
        await ledger.markNotDone(key, 1);
        expect(await ledger.restartAmbiguityWindow(key, 1, new Date())).toBe(false);
        expect(await ledger.openIntent(key, recordId, new Date())).toMatchObject({ state: 'asking', attempt: 2 });
      });

      it('an attempt that left just now may still land, whatever was read of it before', async () => {
        const key = `${randomUUID()}:customer:1`;
        await ledger.openIntent(key, await register(), new Date());
        expect(await ledger.restartAmbiguityWindow(key, 1, new Date())).toBe(true);
        expect(await ledger.reopenIntent(key, 1, 60_000, new Date())).toBe(false);
      });

      it('an intent keeps what the write started from, until it is asked again', async () => {
        const recordId = await register();
        const key = `${recordId}:ship-and-invoice`;
        const startedFrom = async (now?: object) => {
          const intent = await ledger.openIntent(key, recordId, new Date(), now);
          if (intent.state !== 'asking' && intent.state !== 'not-done') throw new Error(`it is ${intent.state}`);
          return [intent.state, intent.attempt, intent.startedFrom.parse(z.object({ shipped: z.string() }))];
        };
        await ledger.openIntent(key, recordId, new Date(), { shipped: '0' });
        expect(await startedFrom({ shipped: '1' })).toEqual(['asking', 1, { shipped: '0' }]);
        await ledger.reopenIntent(key, 1, 0, new Date(), { shipped: '2' });
        await ledger.markNotDone(key, 2);
        expect(await startedFrom()).toEqual(['not-done', 2, { shipped: '2' }]);
      });

      it('an outcome is kept whole or not at all', async () => {
        const recordId = await register();
        const key = `${recordId}:draft:1`;
        await ledger.openIntent(key, recordId, new Date());
        const outcome = ledger.recordOutcome({
          recordId,
          writeKey: key,
          result: {},
          change: { kind: 'carried', state: 'superseded', carrierId: 'not-a-guid' },
          audit: { actor: 'dealbridge', action: 'retry' },
        });
        await expect(outcome).rejects.toThrow();
        expect((await ledger.openIntent(key, recordId, new Date())).state).toBe('asking');
        expect(await ledger.readAudit(recordId)).toEqual([]);
      });
    });

    const draft = (recordId: string, externalNumber = `ORD-1-${documentTail(recordId)}`) =>
      ledger.startDrafting(
        {
          ...{ carrierId: recordId, relatives: [], externalNumber, writeKey: `${recordId}:draft:1` },
          startedFrom: { mapping: 'one' },
        },
        new Date(),
      );
    const startDrafting = async (recordId: string): Promise<boolean> => {
      await ledger.register({ table: 'salesorder', recordId });
      return (await draft(recordId)) !== undefined;
    };

    describe('claims (I1)', () => {
      it('the first number that is wanted for a document stays, also through a restart of drafting', async () => {
        const recordId = randomUUID();
        await ledger.register({ table: 'quote', recordId });
        await ledger.claim(recordId, []);
        const first = await draft(recordId, 'QUO-1-TAIL');
        expect(first).toEqual({ externalNumber: 'QUO-1-TAIL', intent: { state: 'first', attempt: 1 } });
        const again = await draft(recordId, 'QUO-2-TAIL');
        expect(again).toMatchObject({ externalNumber: 'QUO-1-TAIL', intent: { state: 'asking', attempt: 1 } });
      });

      it('a document that a descendant makes instead leaves no intent of ours', async () => {
        const [opportunity, order] = [randomUUID(), randomUUID()];
        await ledger.claim(opportunity, []);
        await ledger.claim(order, [opportunity]);
        expect(await startDrafting(opportunity)).toBe(false);
        expect(await ledger.findOpenIntent(`${opportunity}:draft:1`, new Date())).toBeUndefined();
      });

      it('a descendant takes over an ancestor that has not drafted yet', async () => {
        const [opportunity, order] = [randomUUID(), randomUUID()];
        expect(await ledger.claim(opportunity, [])).toEqual({ kind: 'carrier' });
        expect(await ledger.claim(order, [opportunity])).toEqual({ kind: 'carrier' });
        expect(await startDrafting(opportunity)).toBe(false);
        expect(await startDrafting(order)).toBe(true);
        expect(await ledger.claim(opportunity, [])).toEqual({ kind: 'superseded', by: order });
      });

      it('a descendant of a record that drafts is covered', async () => {
        const [quote, order] = [randomUUID(), randomUUID()];
        await ledger.claim(quote, []);
        await startDrafting(quote);
        expect(await ledger.claim(order, [quote])).toEqual({ kind: 'already-handed-over', by: quote });
        expect([await ledger.isDrafting(quote), await ledger.isDrafting(order)]).toEqual([true, false]);
        await ledger.releaseClaims(quote);
        expect(await ledger.isDrafting(quote)).toBe(false);
      });

      it('two orders of one opportunity are two deals', async () => {
        const [opportunity, one, two] = [randomUUID(), randomUUID(), randomUUID()];
        expect(await ledger.claim(one, [opportunity])).toEqual({ kind: 'carrier' });
        expect(await ledger.claim(two, [opportunity])).toEqual({ kind: 'carrier' });
      });

      it('a deal that ended without a document leaves its lineage free', async () => {
        const [quote, order] = [randomUUID(), randomUUID()];
        await ledger.claim(order, [quote]);
        await ledger.releaseClaims(order);
        expect(await ledger.claim(quote, [])).toEqual({ kind: 'carrier' });
      });

      it('in every order of arrival, concurrent or not, one record of a lineage may draft', async () => {
        await fc.assert(
          fc.asyncProperty(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), fc.boolean(), async (order, together) => {
            const ids = [randomUUID(), randomUUID(), randomUUID()] as const;
            const start = async (depth: number): Promise<boolean> => {
              const id = ids[depth] as string;
              const claim = await ledger.claim(id, ids.slice(0, depth));
              return claim.kind === 'carrier' && startDrafting(id);
            };
            const drafting: boolean[] = [];
            if (together) drafting.push(...(await Promise.all(order.map(start))));
            else for (const depth of order) drafting.push(await start(depth));
            expect(drafting.filter(Boolean)).toHaveLength(1);
          }),
          { numRuns: 150 },
        );
      });
    });

    it('in every order of events, cancellations among them, two drafts never stand in one lineage (I1)', async () => {
      // An opportunity with a quote; the quote became two orders, a third order came from the opportunity at once.
      const ancestors: readonly (readonly number[])[] = [[], [0], [0, 1], [0, 1], [0]];
      const event = fc.record({
        record: fc.integer({ min: 0, max: ancestors.length - 1 }),
        what: fc.constantFrom('start', 'draft', 'cancel'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 14 }), async (events) => {
          const ids = ancestors.map(() => randomUUID());
          const carriers = new Set<number>();
          const drafted = new Set<number>();
          for (const { record, what } of events) {
            const id = ids[record] as string;
            const above = (ancestors[record] as readonly number[]).map((index) => ids[index] as string);
            if (what === 'start' && (await ledger.claim(id, above)).kind === 'carrier') carriers.add(record);
            if (what === 'draft' && carriers.has(record) && (await startDrafting(id))) drafted.add(record);
            if (what === 'cancel') {
              await ledger.releaseClaims(id);
              carriers.delete(record);
              drafted.delete(record);
            }
          }
          for (const record of drafted) {
            const line = ancestors[record] as readonly number[];
            expect(line.filter((ancestor) => drafted.has(ancestor))).toEqual([]);
          }
        }),
        { numRuns: 150 },
      );
    });

    describe('the audit trail', () => {
      it('refuses to be changed, cut or emptied', async () => {
        const recordId = await register();
        await ledger.audit({ recordId, actor: 'ann', action: 'confirm', facts: { total: '12.50' } });
        for (const sql of [
          `UPDATE audit_entries SET actor = 'bob'`,
          'DELETE FROM audit_entries',
          'TRUNCATE audit_entries',
        ]) {
          await expect(database.query(sql)).rejects.toThrow(/append-only/);
        }
        expect(await ledger.readAudit(recordId)).toMatchObject([
          { actor: 'ann', action: 'confirm', facts: { total: '12.50' } },
        ]);
      });

      it('is kept with the change it belongs to', async () => {
        const recordId = await register();
        const notAGuid = { kind: 'carried', state: 'superseded', carrierId: 'not-a-guid' } as const;
        const change = ledger.change(recordId, notAGuid, { actor: 'ann', action: 'confirm' });
        await expect(change).rejects.toThrow();
        expect(await ledger.readAudit(recordId)).toEqual([]);
      });
    });

    it('transactions of two clients do not mix, and a rolled-back one leaves nothing', async () => {
      const other = openDatabase(server.url, { connections: 1 });
      const ids = await Promise.all(
        Array.from({ length: 30 }, async (_none, index) => {
          const client = index % 2 === 0 ? database : other;
          const id = randomUUID();
          const work = client.transaction(async (tx) => {
            await tx.query(`INSERT INTO source_records (record_id, source_table) VALUES ($1, 'quote')`, [id]);
            const { rows } = await tx.query<{ record_id: string }>(
              'SELECT record_id FROM source_records WHERE record_id = $1',
              [id],
            );
            expect(rows).toEqual([{ record_id: id }]);
            if (index % 3 === 0) throw new RefusedError('changed our mind');
          });
          await work.catch((error: unknown) => expect(error).toBeInstanceOf(RefusedError));
          return { id, isKept: index % 3 !== 0 };
        }),
      );
      for (const { id, isKept } of ids) expect((await ledger.findRecord(id)) !== undefined).toBe(isKept);
      await other.close();
    });

    it('many large answers at once arrive whole', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_none, index) =>
          database.query<{ text: string }>('SELECT repeat($1, 200000) AS text', [String(index % 10)]),
        ),
      );
      for (const [index, { rows }] of answers.entries()) expect(rows[0]?.text).toBe(String(index % 10).repeat(200_000));
    });

    it('a client that dies within a transaction blocks nobody and leaves nothing', async () => {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: server.url });
      client.on('error', () => undefined);
      await client.connect();
      const id = randomUUID();
      await client.query('BEGIN');
      await client.query(`INSERT INTO source_records (record_id, source_table) VALUES ($1, 'quote')`, [id]);
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect(await ledger.findRecord(id)).toBeUndefined();
    });
  });
}
