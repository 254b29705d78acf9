import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRAFT_STEPS, writeKey } from '../../src/deal/ids.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { makeInvoice, makeOrder, makeQuote } from '../support/documents.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { signedWith } from '../support/signed-ledger.js';
import { makeDeal } from '../support/won-deal.js';

/** The trail is left alone, and the ledger's own tables are changed by whoever owns them. */

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let bare: Database;
let database: Database;
let ledger: Ledger;

beforeAll(async () => {
  server = await openEmbeddedLedger();
  bare = openDatabase(server.url);
  database = signedWith(bare);
  await migrate(database);
  ledger = createLedger(database);
});
afterAll(async () => {
  await bare?.close();
  await server?.stop();
});

const BY_US = { actor: 'dealbridge', requestId: 'request-1' } as const;

async function draft(): Promise<{ recordId: string; documentId: string }> {
  const recordId = randomUUID();
  const documentId = randomUUID();
  await ledger.register({ table: 'salesorder', recordId });
  await ledger.saveDeal(makeDeal({ recordId }), { mapping: 'made', companyId: randomUUID() });
  const content = makeInvoice({ id: documentId });
  await ledger.recordOutcome({
    recordId,
    change: {
      kind: 'drafted',
      documentId,
      documentKind: 'invoice',
      draftVersion: 1,
      draftNumber: content.number,
      customerNumber: 'C10001',
      mapping: 'made',
    },
    document: { kind: 'invoice', content },
    audit: { ...BY_US, action: 'create draft invoice in Business Central' },
  });
  return { recordId, documentId };
}

/** A quote that is an order by now; what the trail told of the quote stays true of the quote. */
async function convert(): Promise<{ recordId: string }> {
  const [recordId, quoteId, documentId] = [randomUUID(), randomUUID(), randomUUID()];
  await ledger.register({ table: 'opportunity', recordId });
  await ledger.saveDeal(makeDeal({ recordId }), { mapping: 'made', companyId: randomUUID() });
  const key = writeKey(recordId, DRAFT_STEPS.quote, 1);
  await ledger.openIntent(key, recordId, new Date());
  const draft = { documentId: quoteId, documentKind: 'quote', draftNumber: 'Q-1', mapping: 'made' } as const;
  const of = { draftVersion: 1, customerNumber: 'C10001' };
  const quote = makeQuote({ id: quoteId });
  const order = makeOrder({ id: documentId });
  await ledger.recordOutcome({
    ...{ recordId, writeKey: key, result: quote },
    change: { kind: 'drafted', ...draft, ...of },
    document: { kind: 'quote', content: quote },
    audit: { ...BY_US, action: 'create quote in Business Central' },
  });
  await confirm(recordId);
  expect(await ledger.findDraft(recordId, 1)).toEqual({ kind: 'quote', documentId: quoteId });
  await ledger.recordOutcome({
    ...{ recordId, writeKey: key, result: order, adopted: true },
    change: { kind: 'converted', quoteId, ...draft, ...of, documentId, documentKind: 'order', draftNumber: 'S-1' },
    document: { kind: 'order', content: order },
    audit: { ...BY_US, action: 'quote became order in Business Central' },
  });
  expect(await ledger.findDraft(recordId, 1)).toEqual({ kind: 'order', documentId, isFromQuote: true });
  const record = { state: 'confirmed', documentKind: 'order', documentId, draftNumber: 'S-1', draftVersion: 1 };
  expect(await ledger.getRecord(recordId)).toMatchObject(record);
  return { recordId };
}

async function confirm(recordId: string): Promise<void> {
  await ledger.change(recordId, { kind: 'state', state: 'confirmed' }, { actor: 'ann', action: 'confirm' });
}

async function writeBack(): Promise<{ recordId: string; documentId: string }> {
  const { recordId, documentId } = await draft();
  await confirm(recordId);
  await ledger.recordOutcome({
    recordId,
    change: { kind: 'posted', isClosed: true },
    audit: { ...BY_US, action: 'post invoice in Business Central' },
  });
  const number = `INV-${documentId.slice(0, 4)}`;
  await ledger.saveDocument(recordId, 'invoice', makeInvoice({ id: documentId, number, status: 'Open' }));
  await ledger.change(recordId, { kind: 'invoiced', invoiceNumber: number });
  await ledger.recordOutcome({
    recordId,
    change: { kind: 'state', state: 'written-back' },
    writeBack: {
      invoiceId: documentId,
      salesInvoiceId: randomUUID(),
      etag: 'W/"1"',
      reportedToSales: { number, status: 'open', total: '23.80', remaining: '23.80', dueDate: '2031-06-03' },
    },
    audit: { ...BY_US, action: 'create invoice row in Sales' },
  });
  return { recordId, documentId };
}

async function reject(): Promise<{ recordId: string; documentId: string }> {
  const made = await draft();
  const { recordId } = made;
  await ledger.change(recordId, { kind: 'state', state: 'drafted' }, { actor: 'bob', action: 'rejected' });
  await ledger.recordOutcome({
    recordId,
    change: { kind: 'draft-gone' },
    audit: { ...BY_US, action: 'delete draft invoice in Business Central' },
  });
  await ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'bob' });
  return made;
}

const record = (assignment: string) => `UPDATE source_records SET ${assignment} WHERE record_id = $1`;
const document = (assignment: string) => `UPDATE documents SET ${assignment} WHERE record_id = $1`;

const DEEDS: readonly (readonly [string, () => Promise<{ recordId: string }>, string, RegExp])[] = [
  ['another draft', draft, record('document_id = gen_random_uuid()'), /^document: the ledger says/],
  ['no draft', draft, record('document_id = NULL'), /^document: the ledger says 'nothing'/],
  ['another kind of document', draft, record(`document_kind = 'order'`), /^kind of document/],
  ['another number of the draft', draft, record(`draft_number = '9999'`), /^number of the draft: .*'9999'.*'1001'/],
  ['another customer', draft, record(`customer_number = 'C666'`), /^customer: .*'C666', the trail 'C10001'/],
  ['the quote instead of what it became', convert, record(`document_kind = 'quote'`), /^kind of document/],
  [
    'another quote',
    convert,
    `UPDATE documents SET own_content = jsonb_set(own_content, '{tax}', '"9"') WHERE record_id = $1 AND kind = 'quote'`,
    /is not what we wrote/,
  ],
  ['a draft version of before', draft, record('draft_version = 0'), /^version of the draft/],
  ['another amount', draft, record('amount = amount + 1000'), /^amount: /],
  ['another currency', draft, record(`currency = 'USD'`), /^currency: .*'USD'/],
  ['that it was confirmed', draft, record(`state = 'confirmed'`), /'confirmed', the trail tells of no confirmation/],
  [
    'that it was rejected',
    draft,
    record(`state = 'rejected', ended_by = 'ann'`),
    /'rejected' by ann, .* no such decision/,
  ],
  ['that it was cancelled', draft, record(`state = 'cancelled', ended_by = 'ann'`), /'cancelled' by ann/],
  [
    'that somebody else rejected it',
    reject,
    record(`ended_by = 'ann'`),
    /by ann, the trail tells of 'rejected' by bob/,
  ],
  [
    'that it was posted though it was rejected',
    reject,
    record(`state = 'settled', is_handed_over = true`),
    /was rejected/,
  ],
  ['that it was not posted', writeBack, record(`state = 'drafted', is_handed_over = false`), /tells of a posting/],
  ['another invoice', writeBack, record(`invoice_number = 'INV-0'`), /^invoices: the ledger says 'INV-0'/],
  ['one invoice more', writeBack, record(`invoice_number = invoice_number || ', INV-0'`), /^invoices: /],
  ['no invoice', writeBack, record('invoice_number = NULL'), /^invoices: the ledger says ''/],
  [
    'another amount that we wrote',
    draft,
    document(`own_content = jsonb_set(own_content, '{includingTax}', '"1.00"')`),
    /is not what we wrote/,
  ],
  [
    'another price that we wrote',
    draft,
    document(`own_content = jsonb_set(own_content, '{lines,0,unitPrice}', '"1.00"')`),
    /is not what we wrote/,
  ],
  ['that we wrote nothing', draft, document('own_content = NULL'), /what we wrote is gone/],
  [
    'another amount of the posted invoice',
    writeBack,
    document(`content = jsonb_set(content, '{includingTax}', '"1.00"')`),
    /^amount of invoice .*'1.00'.*'23.80'/,
  ],
  [
    'another number of the posted invoice',
    writeBack,
    document(`content = jsonb_set(content, '{number}', '"INV-0"')`),
    /^number of invoice/,
  ],
  ['no such document', writeBack, 'DELETE FROM documents WHERE record_id = $1', /^document .* is missing/],
  [
    'a document more',
    draft,
    `INSERT INTO documents SELECT gen_random_uuid(), record_id, kind, content, own_content FROM documents WHERE record_id = $1`,
    /does not tell that we wrote it/,
  ],
  [
    'another status that Sales was told',
    writeBack,
    `UPDATE write_backs SET reported_to_sales = reported_to_sales || '{"status": "paid"}' WHERE record_id = $1`,
    /Sales was told otherwise/,
  ],
  [
    'another row in Sales',
    writeBack,
    'UPDATE write_backs SET sales_invoice_id = gen_random_uuid() WHERE record_id = $1',
    /Sales was told otherwise/,
  ],
  [
    'an invoice that Sales was never told',
    draft,
    `INSERT INTO write_backs SELECT document_id, record_id, gen_random_uuid(), 'x', '{"v": 1, "number": "1", "status": "open", "total": "1", "remaining": "1"}' FROM documents WHERE record_id = $1`,
    /does not tell that it was reported/,
  ],
  [
    'another total in what was read of Sales',
    draft,
    `UPDATE deal_revisions SET deal = jsonb_set(deal, '{total}', '"1.00"') WHERE record_id = $1`,
    /^amount: .*, the trail '1.00'/,
  ],
  ['no such deal', draft, 'DELETE FROM source_records WHERE record_id = $1', /holds no such record/],
  ['something that nobody can read', draft, record(`state = 'held', hold_reason = 'because'`), /hold_reason/],
];

const findingsOf = async (recordId: string) => (await verifyAudit(database, { recordId })).findings;

describe('a ledger that was changed by hand, whose trail was left alone', () => {
  for (const [what, make, statement, text] of DEEDS) {
    it(`says ${what}: found`, async () => {
      const { recordId } = await make();
      expect(await findingsOf(recordId)).toEqual([]);
      await bare.query(statement, [recordId]);
      expect(await findingsOf(recordId)).toMatchObject([
        { kind: 'ledger', chain: recordId, text: expect.stringMatching(text) },
      ]);
    });
  }

  it('says that a deal was handed over that never had a draft: found', async () => {
    const recordId = randomUUID();
    await ledger.register({ table: 'salesorder', recordId });
    expect(await findingsOf(recordId)).toEqual([]);
    await bare.query(record(`state = 'settled', is_handed_over = true`), [recordId]);
    expect(await findingsOf(recordId)).toMatchObject([{ kind: 'ledger', text: expect.stringContaining('no draft') }]);
  });

  it('that nobody can read: found, and hides no other deal that was changed', async () => {
    const deals = [await draft(), await draft(), await draft()].sort((left, right) =>
      left.recordId < right.recordId ? -1 : 1,
    );
    const [broken, changed, right] = deals.map(({ recordId }) => recordId);
    const { rows: before } = await bare.query<{ content: object }>(
      'SELECT content FROM documents WHERE record_id = $1',
      [broken],
    );
    await bare.query(`UPDATE documents SET content = '{"v": 1, "number": 7}' WHERE record_id = $1`, [broken]);
    await bare.query(`UPDATE source_records SET draft_number = 'other' WHERE record_id = $1`, [changed]);
    const { findings } = await verifyAudit(database);
    const chains = findings.map(({ chain }) => chain);
    expect(chains).toEqual(expect.arrayContaining([broken, changed]));
    expect(chains).not.toContain(right);
    expect(findings.find(({ chain }) => chain === broken)?.text).toContain('table documents');
    await bare.query('UPDATE documents SET content = $2 WHERE record_id = $1', [broken, before[0]?.content]);
    await bare.query(`UPDATE source_records SET draft_number = 'D-1' WHERE record_id = $1`, [changed]);
  });
});

describe('a ledger as it goes', () => {
  it('agrees with its trail after an erasure of what people typed', async () => {
    const { recordId } = await writeBack();
    await ledger.change(recordId, { kind: 'state', state: 'settled' });
    await ledger.erasePersonal({ recordId, by: 'bob', reason: 'asked for' });
    expect(await findingsOf(recordId)).toEqual([]);
  });

  it('agrees with it when a deal is read again, drafted anew, replayed or cancelled in Sales', async () => {
    const { recordId } = await draft();
    await ledger.saveDeal(makeDeal({ recordId, revision: 'W/"2"', freight: '5.00' }), {
      mapping: 'made',
      companyId: randomUUID(),
    });
    expect(await findingsOf(recordId)).toEqual([]);
    await ledger.change(recordId, { kind: 'ended', state: 'cancelled', by: 'Sales' });
    expect(await findingsOf(recordId)).toEqual([]);
    const rejected = await reject();
    await ledger.change(rejected.recordId, { kind: 'state', state: 'seen' }, { actor: 'ann', action: 'replay' });
    expect(await findingsOf(rejected.recordId)).toEqual([]);
  });

  it('agrees with it when the document of a deal that is handed over is adopted by a run that was reset', async () => {
    const { recordId, documentId } = await writeBack();
    await ledger.recordOutcome({
      recordId,
      change: {
        kind: 'drafted',
        documentId,
        documentKind: 'invoice',
        draftVersion: 1,
        draftNumber: 'INV-2',
        customerNumber: 'C10001',
        mapping: undefined,
      },
      audit: { ...BY_US, action: 'create draft invoice in Business Central' },
    });
    expect(await findingsOf(recordId)).toEqual([]);
  });
});
