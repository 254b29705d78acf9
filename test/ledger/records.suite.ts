import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WonDeal } from '../../src/deal/deal.js';
import { writeKey } from '../../src/deal/ids.js';
import { FINAL_STATES, STATES_BEFORE_HAND_OVER } from '../../src/deal/states.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { MadeDraft, RecordChange } from '../../src/ledger/deals/record-changes.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { findMapping, listMappings, saveMapping } from '../../src/ledger/settings/mappings.js';
import { makeDeal } from '../support/won-deal.js';

/** Every statement that changes a record, on every database that carries the ledger. */
export function testRecords(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the records of the ledger on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    let ledger: Ledger;

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
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
    const recordAfter = async (...changes: readonly RecordChange[]) => {
      const recordId = await register();
      for (const change of changes) await ledger.change(recordId, change);
      return ledger.getRecord(recordId);
    };
    const draftOf = (draft: Partial<MadeDraft> = {}): RecordChange & { readonly kind: 'drafted' } => ({
      kind: 'drafted',
      documentId: randomUUID(),
      documentKind: 'invoice',
      draftVersion: 1,
      draftNumber: '1001',
      customerNumber: 'C10001',
      mapping: 'made',
      ...draft,
    });
    const HELD = {
      kind: 'held',
      reason: 'item-missing',
      otherReasons: ['no-currency'],
      text: 'no item EQ-1',
    } as const;
    const POSTED = { kind: 'posted' } as const;

    it('a record is registered once and keeps its state (I6)', async () => {
      const recordId = await register();
      await ledger.change(recordId, HELD);
      expect(await ledger.register({ table: 'salesorder', recordId })).toMatchObject({
        state: 'held',
        holdReason: 'item-missing',
        otherHoldReasons: ['no-currency'],
        holdText: 'no item EQ-1',
      });
      const { rows } = await ledger.listRecords({ states: ['held'], limit: 100 });
      expect(rows.map((row) => row.recordId)).toContain(recordId);
    });

    it('a change that leaves the state alone leaves the hold alone, another state clears it', async () => {
      for (const change of [
        { kind: 'invoiced', invoiceNumber: '103001' },
        { kind: 'customer', customerNumber: 'C10001' },
        { kind: 'wanted-mapping', mapping: 'wanted' },
        { kind: 'draft-gone' },
      ] as const satisfies readonly RecordChange[]) {
        expect(await recordAfter(HELD, change), change.kind).toMatchObject({
          state: 'held',
          holdReason: 'item-missing',
        });
      }
      for (const change of [
        { kind: 'state', state: 'preparing' },
        { kind: 'carried', state: 'superseded', carrierId: randomUUID() },
        { kind: 'ended', state: 'rejected', by: 'ann' },
        draftOf(),
        POSTED,
      ] as const satisfies readonly RecordChange[]) {
        expect(await recordAfter(HELD, change), change.kind).toMatchObject({
          holdReason: undefined,
          otherHoldReasons: [],
          holdText: undefined,
        });
      }
    });

    it('a carrier, an end, numbers and what a person wants stand in the record', async () => {
      const carrierId = randomUUID();
      expect(await recordAfter({ kind: 'carried', state: 'already-handed-over', carrierId })).toMatchObject({
        state: 'already-handed-over',
        carrierId,
      });
      expect((await ledger.listAlreadyHandedOver(carrierId)).map(({ state }) => state)).toEqual([
        'already-handed-over',
      ]);
      for (const state of FINAL_STATES) {
        expect(await recordAfter({ kind: 'ended', state, by: 'ann' })).toMatchObject({ state, endedBy: 'ann' });
      }
      expect(await recordAfter({ kind: 'invoiced', invoiceNumber: '1, 2' })).toMatchObject({ invoiceNumber: '1, 2' });
      expect(await recordAfter({ kind: 'customer', customerNumber: 'C7' })).toMatchObject({ customerNumber: 'C7' });
      const closed = { kind: 'state', state: 'written-back', isClosed: true, invoiceNumber: '1, 2' } as const;
      expect(await recordAfter(closed, { kind: 'state', state: 'written-back' })).toMatchObject({
        isClosed: true,
        invoiceNumber: '1, 2',
        state: 'written-back',
      });
      const wanted = { kind: 'wanted-mapping', mapping: 'wanted' } as const;
      expect(await recordAfter(wanted)).toMatchObject({ wantedMapping: 'wanted' });
      expect((await recordAfter(wanted, { kind: 'wanted-mapping', mapping: undefined })).wantedMapping).toBeUndefined();
    });

    it('a draft leaves its document, numbers and the mapping that it was made by', async () => {
      const { kind: _kind, mapping, ...draft } = draftOf({ documentKind: 'order', draftVersion: 2 });
      expect(await recordAfter({ kind: 'drafted', mapping, ...draft })).toMatchObject({
        ...draft,
        state: 'drafted',
        mappingHash: 'made',
        isHandedOver: false,
      });
      expect(await recordAfter(draftOf(), draftOf({ mapping: undefined }))).toMatchObject({ mappingHash: 'made' });
    });

    it('counts the drafts of a deal: one more with each that is gone', async () => {
      expect((await recordAfter({ kind: 'draft-gone' }, draftOf({ draftVersion: 2 }))).draftVersion).toBe(2);
      expect((await recordAfter(draftOf(), { kind: 'draft-gone' }, draftOf())).draftVersion).toBe(2);
    });

    it('what is handed over stays so, whatever a run that was reset goes through again', async () => {
      for (const state of ['awaiting-shipment', 'posted', 'written-back', 'settled'] as const) {
        for (const before of STATES_BEFORE_HAND_OVER) {
          const record = await recordAfter({ kind: 'state', state }, { kind: 'state', state: before });
          expect(record, `${state}, then ${before}`).toMatchObject({ state, isHandedOver: true });
        }
      }
      const draft = draftOf();
      const record = await recordAfter(draft, POSTED, draftOf({ draftNumber: 'another' }));
      expect(record).toMatchObject({ state: 'posted', draftNumber: '1001', documentId: draft.documentId });
      expect(await recordAfter(POSTED, HELD)).toMatchObject({ state: 'held', isHandedOver: true });
    });

    it('with the document goes the hand-over, so that the deal may be drafted again', async () => {
      const record = await recordAfter(
        draftOf(),
        POSTED,
        { kind: 'draft-gone' },
        { kind: 'state', state: 'preparing' },
      );
      expect(record).toMatchObject({ state: 'preparing', isHandedOver: false, draftVersion: 2 });
    });

    it('several changes are one: all of them, or none', async () => {
      const recordId = await register();
      await ledger.change(recordId, [
        { ...POSTED, isClosed: true },
        { kind: 'invoiced', invoiceNumber: '103001' },
      ]);
      expect(await ledger.getRecord(recordId)).toMatchObject({
        state: 'posted',
        isClosed: true,
        invoiceNumber: '103001',
      });
      const wrong = ledger.change(recordId, [
        { kind: 'state', state: 'settled' },
        { kind: 'carried', state: 'superseded', carrierId: 'not-a-guid' },
      ]);
      await expect(wrong).rejects.toThrow();
      expect((await ledger.getRecord(recordId)).state).toBe('posted');
    });

    describe('the company of a record', () => {
      const [home, abroad] = [randomUUID(), randomUUID()];
      const move = (recordId: string, companyId: string) =>
        ledger.saveDeal(makeDeal({ recordId }), { mapping: 'first', companyId });
      const companies = async (recordId: string) => {
        const { companyId, wantedCompanyId } = await ledger.getRecord(recordId);
        return [companyId, wantedCompanyId];
      };

      it('is the one that was wanted last, while nothing was asked', async () => {
        const recordId = await register();
        await move(recordId, home);
        await move(recordId, abroad);
        expect(await companies(recordId)).toEqual([abroad, abroad]);
      });

      for (const step of ['draft', 'order-draft']) {
        it(`stays while the ${step} may be on its way or is there, and moves when it is gone (I1)`, async () => {
          const recordId = await register();
          await move(recordId, home);
          await ledger.openIntent(writeKey(recordId, step), recordId, new Date());
          await move(recordId, abroad);
          expect(await companies(recordId)).toEqual([home, abroad]);
          await ledger.recordOutcome({
            recordId,
            writeKey: writeKey(recordId, step),
            change: draftOf(),
            audit: { actor: 'test', action: 'create draft invoice in Business Central' },
          });
          await move(recordId, abroad);
          expect(await companies(recordId)).toEqual([home, abroad]);
          await ledger.change(recordId, { kind: 'draft-gone' });
          expect(await companies(recordId)).toEqual([abroad, abroad]);
          await ledger.openIntent(writeKey(recordId, step, 2), recordId, new Date());
          await move(recordId, home);
          expect(await companies(recordId)).toEqual([abroad, home]);
        });
      }

      it('moves when what was asked was certainly not done', async () => {
        const recordId = await register();
        await move(recordId, home);
        await ledger.openIntent(writeKey(recordId, 'draft'), recordId, new Date());
        await ledger.markNotDone(writeKey(recordId, 'draft'), 1);
        await move(recordId, abroad);
        expect(await companies(recordId)).toEqual([abroad, abroad]);
      });
    });

    describe('a reading', () => {
      const read = (deal: WonDeal, mapping = 'first') => ledger.saveDeal(deal, { mapping, companyId: randomUUID() });

      it('leaves revision, number, amount with its decimals, currency and company', async () => {
        const recordId = await register();
        const deal = makeDeal({ recordId, total: '1234567890123.4500', number: 'ORD-7', revision: 'W/"7"' });
        const companyId = randomUUID();
        await ledger.saveDeal(deal, { mapping: 'first', companyId });
        expect(await ledger.getRecord(recordId)).toMatchObject({
          state: 'reading',
          revision: 'W/"7"',
          recordNumber: 'ORD-7',
          amount: '1234567890123.4500',
          currency: 'EUR',
          companyId,
          mappingHash: 'first',
        });
        expect(await ledger.getDeal(recordId, 'W/"7"')).toEqual(deal);
      });

      it('of an older revision leaves number and amount as they are', async () => {
        const recordId = await register();
        await read(makeDeal({ recordId, total: '20', revision: 'W/"2"' }));
        const older = makeDeal({ recordId, total: '10', revision: 'W/"1"' });
        await ledger.saveDeal(older, { mapping: 'first', companyId: randomUUID(), isRecalled: true });
        expect(await ledger.getRecord(recordId)).toMatchObject({ revision: 'W/"1"', amount: '20' });
      });

      it('leaves the mapping that it was read by, until a document is made by one', async () => {
        const recordId = await register();
        const deal = makeDeal({ recordId });
        const mapping = async () => (await ledger.getRecord(recordId)).mappingHash;
        await read(deal, 'first');
        await read(deal, 'second');
        expect(await mapping()).toBe('second');
        await ledger.change(recordId, draftOf({ mapping: 'second' }));
        await read(deal, 'third');
        expect(await mapping()).toBe('second');
        await ledger.change(recordId, draftOf({ mapping: 'third' }));
        expect(await mapping()).toBe('third');
      });

      it('leaves what a person wants', async () => {
        const recordId = await register();
        await ledger.change(recordId, { kind: 'wanted-mapping', mapping: 'first' });
        await read(makeDeal({ recordId }), 'second');
        expect((await ledger.getRecord(recordId)).wantedMapping).toBe('first');
      });

      it('does not take a deal back that is handed over', async () => {
        const recordId = await register();
        await ledger.change(recordId, POSTED);
        await read(makeDeal({ recordId, revision: 'W/"9"' }));
        expect(await ledger.getRecord(recordId)).toMatchObject({ state: 'posted', revision: 'W/"9"' });
      });
    });

    it('a mapping is stored once, under its hash, and counted with the records that were read by it', async () => {
      const hash = randomUUID();
      await saveMapping(database, { hash, content: { totals: {} } });
      await saveMapping(database, { hash, content: {} });
      expect(await findMapping(database, hash)).toMatchObject({ hash, content: { totals: {} } });
      expect(await findMapping(database, 'never')).toBeUndefined();
      await ledger.saveDeal(makeDeal({ recordId: await register() }), { mapping: hash, companyId: randomUUID() });
      expect(await listMappings(database)).toMatchObject([{ hash, records: 1 }]);
    });

    it('remembers what was reported to Sales of an invoice, and saves a notice once', async () => {
      const recordId = await register();
      const invoiceId = randomUUID();
      const reported = { number: '103001', status: 'open', total: '12.50', remaining: '12.50' } as const;
      const writeBack = { invoiceId, salesInvoiceId: randomUUID(), etag: 'W/"1"', reportedToSales: reported };
      const audit = { actor: 'dealbridge', action: 'retry' } as const;
      await ledger.recordOutcome({ recordId, writeBack, audit });
      await ledger.recordOutcome({ recordId, writeBack: { ...writeBack, etag: 'W/"2"' }, audit });
      expect(await ledger.findWriteBack(invoiceId)).toEqual({ ...writeBack, etag: 'W/"2"' });
      const notice = { kind: 'invoice-cancelled', subject: invoiceId } as const;
      const save = (entry: typeof audit) => ledger.saveNotice(recordId, notice, entry);
      expect([await save(audit), await save(audit)]).toEqual([true, false]);
      expect(await ledger.listNotices(recordId)).toMatchObject([notice]);
    });

    it('saves a notice with its entry in the trail, or none of them (I4)', async () => {
      const recordId = await register();
      const notice = { kind: 'posted-otherwise', subject: 'invoice-1' } as const;
      const refused = {
        actor: 'dealbridge',
        action: 'retry',
        facts: { text: 'a text with \u0000 that no database keeps' },
      } as const;
      await expect(ledger.saveNotice(recordId, notice, refused)).rejects.toThrow();
      expect(await ledger.listNotices(recordId)).toEqual([]);
      expect(await ledger.saveNotice(recordId, notice, { actor: 'dealbridge', action: 'retry' })).toBe(true);
      expect((await ledger.readAudit(recordId)).map(({ action }) => action)).toContain('retry');
    });
  });
}
