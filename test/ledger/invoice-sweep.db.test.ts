import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Invoice } from '../../src/deal/business-central-document.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { makeInvoice } from '../support/documents.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';
import { makeDeal } from '../support/won-deal.js';

/** What every database that carries the ledger must do for the sweep of the open invoices. */
function testSweep(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`the ledger of the sweep of invoices on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    let ledger: Ledger;
    let feeds: Ledger['businessCentralFeeds'];

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
      ledger = createLedger(database);
      feeds = ledger.businessCentralFeeds;
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    /** A deal of the company with this invoice, saved some hours ago. */
    async function saveInvoice(companyId: string, change: Partial<Invoice> = {}): Promise<Invoice> {
      const recordId = randomUUID();
      await ledger.register({ table: 'quote', recordId });
      await ledger.saveDeal(makeDeal({ table: 'quote', recordId }), { mapping: 'default', companyId });
      const invoice = makeInvoice({ id: randomUUID(), status: 'Open', ...change });
      await ledger.saveDocument(recordId, 'invoice', invoice);
      await age(invoice);
      return invoice;
    }
    const age = ({ id }: Invoice) =>
      database.query(
        `UPDATE documents SET read_at = read_at - interval '5 hours', met_at = met_at - interval '5 hours'
         WHERE document_id = $1`,
        [id],
      );
    const listUnmet = async (companyId: string, place: { after?: string; limit?: number; beganAt?: Date } = {}) =>
      feeds.listUnmetInvoices(companyId, {
        beganAt: place.beganAt ?? (await feeds.readClock()),
        after: place.after,
        limit: place.limit ?? 20,
      });
    const recordOf = async ({ id }: Invoice): Promise<string> => {
      const { rows } = await database.query<{ record_id: string }>(
        'SELECT record_id FROM documents WHERE document_id = $1',
        [id],
      );
      return rows[0]?.record_id ?? '';
    };

    it('lists the open invoices of the company alone, a page at a time', async () => {
      const [companyId, other] = [randomUUID(), randomUUID()];
      const open = [await saveInvoice(companyId), await saveInvoice(companyId), await saveInvoice(companyId)];
      await saveInvoice(other);
      for (const status of ['Draft', 'In_x0020_Review', 'Paid', 'Canceled', 'Corrective'])
        await saveInvoice(companyId, { status });
      const ids = open.map(({ id }) => id).sort();
      expect(await listUnmet(companyId)).toEqual(ids);
      expect(await listUnmet(companyId, { limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await listUnmet(companyId, { after: String(ids[1]) })).toEqual(ids.slice(2));
    });

    it('leaves out what this sweep has met, and lists it again when the next one does not meet it', async () => {
      const companyId = randomUUID();
      const invoice = await saveInvoice(companyId);
      const beganAt = await feeds.readClock();
      await feeds.markInvoicesMet([invoice.id, randomUUID()]);
      expect(await listUnmet(companyId, { beganAt })).toEqual([]);
      await age(invoice);
      expect(await listUnmet(companyId)).toEqual([invoice.id]);
    });

    it('leaves out what was saved since the sweep began', async () => {
      const companyId = randomUUID();
      const beganAt = await feeds.readClock();
      const invoice = await saveInvoice(companyId);
      await ledger.saveDocument(await recordOf(invoice), 'invoice', invoice);
      expect(await listUnmet(companyId, { beganAt })).toEqual([]);
    });

    it('lists a paid invoice whose deal was never notified of it (I5), until it is', async () => {
      const companyId = randomUUID();
      const invoice = await saveInvoice(companyId);
      const paid = { ...invoice, etag: 'W/"2"', status: 'Paid', remaining: '0' };
      await feeds.savePaymentStatus(companyId, await recordOf(invoice), paid);
      await age(invoice);
      expect(await listUnmet(companyId)).toEqual([invoice.id]);
      await feeds.markInvoiceReported(paid);
      expect(await listUnmet(companyId)).toEqual([]);
    });

    it('does not take a deal for notified because an older change of its invoice is none to notify it of', async () => {
      const companyId = randomUUID();
      const invoice = await saveInvoice(companyId);
      const paid = { ...invoice, etag: 'W/"2"', status: 'Paid', remaining: '0', lastModified: '2038-01-01T00:00:00Z' };
      await feeds.savePaymentStatus(companyId, await recordOf(invoice), paid);
      // A page that was read before, by an attempt that was taken for dead.
      await feeds.markIrrelevant(companyId, [invoice]);
      await age(invoice);
      expect(await listUnmet(companyId)).toEqual([invoice.id]);
      await feeds.markIrrelevant(companyId, [paid]);
      expect(await listUnmet(companyId)).toEqual([]);
    });

    it('asks no more for an invoice that is gone once its deal is notified, until it is read again', async () => {
      const companyId = randomUUID();
      const invoice = await saveInvoice(companyId);
      const recordId = await recordOf(invoice);
      const isGone = async () => (await ledger.listDocuments(recordId)).map((document) => document.isGone);
      expect(await isGone()).toEqual([false]);
      await feeds.recordInvoiceGone(companyId, invoice);
      expect(await isGone()).toEqual([true]);
      expect(await listUnmet(companyId)).toEqual([invoice.id]);
      await feeds.markInvoiceReported(invoice);
      expect(await listUnmet(companyId)).toEqual([]);
      await feeds.markInvoicesMet([invoice.id]);
      expect(await isGone()).toEqual([false]);
      await feeds.recordInvoiceGone(companyId, invoice);
      await ledger.saveDocument(recordId, 'invoice', invoice);
      expect(await isGone()).toEqual([false]);
    });

    it('saves what a sweep has read over what was saved before it began, though its stamp is older', async () => {
      const companyId = randomUUID();
      const invoice = await saveInvoice(companyId);
      const recordId = await recordOf(invoice);
      const restored = { ...invoice, status: 'Paid', remaining: '0', lastModified: '2031-01-01T00:00:00Z' };
      const beganAt = await feeds.readClock();
      await feeds.savePaymentStatus(companyId, recordId, restored, beganAt);
      expect(await ledger.getInvoice(invoice.id)).toMatchObject({ status: 'Paid' });
      // Since then the deal itself has read it.
      await ledger.saveDocument(recordId, 'invoice', invoice);
      await feeds.savePaymentStatus(companyId, recordId, restored, beganAt);
      expect(await ledger.getInvoice(invoice.id)).toMatchObject({ status: 'Open' });
    });
  });
}

testSweep('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testSweep('PostgreSQL', async () => postgres);
else {
  describe('the ledger of the sweep of invoices on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
