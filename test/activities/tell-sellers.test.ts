import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSellerNoteActivities } from '../../src/activities/deals/tell-sellers.js';
import type { DataverseClient } from '../../src/clients/dataverse/client.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { HOLDS, type HoldReason } from '../../src/deal/holds.js';
import type { InvoiceStatus } from '../../src/deal/payment-status.js';
import {
  findSellerNote,
  type NotedDeal,
  type SellerNote,
  type SellerNoteRules,
  toSellerColumn,
} from '../../src/deal/seller-notes.js';
import { createSellerNotes } from '../../src/ledger/deals/seller-notes.js';
import { parseRules } from '../../src/process/config.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';

/** One note on the record, which always says how its deal stands; nothing is written that stands there already. */

let counter: SalesCounter;
beforeAll(async () => {
  counter = await openSalesCounter();
});
afterAll(() => counter.close());

const HOLD_REASONS = Object.keys(HOLDS) as HoldReason[];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** As if so much time had passed since now. */
function tellAfter(ms: number, { rules = '', dataverse = {} as Partial<DataverseClient> } = {}) {
  return createSellerNoteActivities({
    dataverse: { ...counter.dataverse, ...dataverse },
    ledger: counter.ledger,
    feeds: counter.feeds,
    notes: createSellerNotes(counter.database),
    rules: parseRules(rules),
    clock: { now: () => new Date(Date.now() + ms) },
  }).tellSellers();
}

const notesOf = ({ recordId }: WonDeal) =>
  [...counter.simulators.dataverse.store.all('annotation')].filter(({ objectid }) => objectid === recordId);
const saidTo = (deal: WonDeal): string[] => notesOf(deal).map(({ notetext }) => String(notetext));

const HELD = {
  kind: 'held',
  reason: 'no-currency',
  text: 'SO-1 has no currency',
} as const;

/** A deal that nobody else of this file waits for. */
async function sell(): Promise<WonDeal> {
  await counter.database.query(`UPDATE source_records SET state = 'superseded'`);
  await counter.database.query('DELETE FROM seller_notes');
  const { deal } = await counter.post();
  return deal;
}

async function holdAndTell(): Promise<WonDeal> {
  const deal = await sell();
  await counter.ledger.change(deal.recordId, HELD);
  expect(await tellAfter(HOUR_MS)).toEqual({ written: 1, refused: 0 });
  return deal;
}

describe('a deal that is held', () => {
  it('is told with what is wrong, whose turn it is and the next step, once and with its receipt in the trail', async () => {
    const deal = await holdAndTell();
    expect(saidTo(deal)).toEqual([
      'The hand-over to Business Central waits: SO-1 has no currency. It is your turn: Set the currency in Sales. Then it goes on by itself.',
    ]);
    const trail = await counter.database.query<{ request_id: string; facts: object }>(
      `SELECT request_id, facts FROM audit_entries WHERE record_id = $1 AND action = 'tell the seller'`,
      [deal.recordId],
    );
    expect(trail.rows).toHaveLength(1);
    expect(trail.rows[0]?.request_id).toBeTruthy();
    expect(trail.rows[0]?.facts).toMatchObject({ news: 'held', noteId: notesOf(deal)[0]?.['annotationid'] });
    // Its step is repeated and finds the same.
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'reading' });
    await counter.ledger.change(deal.recordId, HELD);
    expect(await tellAfter(HOUR_MS)).toEqual({ written: 0, refused: 0 });
    expect(notesOf(deal)).toHaveLength(1);
  });

  it('is not told when the hold was over within five minutes', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, HELD);
    expect(await tellAfter(4 * MINUTE_MS)).toEqual({ written: 0, refused: 0 });
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'confirmed' });
    expect(await tellAfter(HOUR_MS)).toEqual({ written: 0, refused: 0 });
    expect(notesOf(deal)).toEqual([]);
  });

  it('has its note brought up to date and cleared, never a second one', async () => {
    const deal = await holdAndTell();
    await counter.ledger.change(deal.recordId, { kind: 'held', reason: 'period-closed', text: 'the period is closed' });
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual([expect.stringMatching(/the period is closed\. It is the turn of finance\. Then/)]);
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'awaiting-confirmation' });
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual(['What kept the hand-over to Business Central waiting is cleared: it goes on.']);
  });

  it('hears of its invoice, and of the payment', async () => {
    const deal = await holdAndTell();
    const { recordId } = deal;
    await counter.ledger.change(recordId, [
      { kind: 'posted' },
      { kind: 'state', state: 'written-back' },
      { kind: 'invoiced', invoiceNumber: 'INV-1' },
    ]);
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^Invoiced in Business Central: INV-/)]);
    const [document] = await counter.ledger.listDocuments(recordId);
    if (document?.kind !== 'invoice') throw new Error('the deal has no invoice');
    await counter.ledger.saveDocument(recordId, 'invoice', { ...document.content, status: 'Paid' });
    await counter.ledger.change(recordId, { kind: 'state', state: 'settled' });
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^Invoiced in Business Central and paid: INV-/)]);
  });
});

describe('a deal with several faults', () => {
  it('is told with the own next steps of the seller and with everybody else whose turn it is', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, {
      ...HELD,
      reason: 'customer-blocked',
      otherReasons: ['no-currency', 'handed-over-otherwise', 'permission'],
      text: 'A; B; C; D',
    });
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual([
      'The hand-over to Business Central waits: A; B; C; D. It is your turn: Set the currency in Sales. Another record of this deal was handed over with other figures: correct the record in Sales, or ask finance to invoice the difference and to end this one. It is also the turn of finance and IT. Then it goes on by itself.',
    ]);
  });

  it.each(HOLD_REASONS)('of which one is %s names no command and no part of the installation', (holdReason) => {
    const text = noteOf({ state: 'held', holdReason, holdText: 'it is wrong' })?.text ?? '';
    expect(text).not.toMatch(/retry|dealbridge |rules file|worker|replay/);
    expect(text).not.toContain(holdReason);
    expect(text).toMatch(/^The hand-over to Business Central waits: it is wrong\. It is /);
  });
});

function noteOf(deal: Partial<NotedDeal>): SellerNote | undefined {
  const common = { holdReason: undefined, otherHoldReasons: [], holdText: undefined, endedBy: undefined };
  return findSellerNote(
    { ...common, state: 'settled', changedAt: new Date(), invoiceNumber: undefined, invoices: [], ...deal },
    { hasNote: true, now: new Date(), rules: parseRules('').sellerNotes as SellerNoteRules },
  );
}

describe('a deal of several invoices', () => {
  const invoice = (number: string, status: InvoiceStatus) => ({ number, status });
  const noteOfInvoices = (...invoices: ReturnType<typeof invoice>[]) => noteOf({ invoices });

  it('is paid when all that stand are, though one was cancelled', () => {
    expect(noteOfInvoices(invoice('INV-1', 'cancelled'), invoice('INV-2', 'paid'))).toEqual({
      kind: 'paid',
      text: 'Invoiced in Business Central and paid: INV-2. Cancelled there: INV-1.',
    });
  });

  it('is not paid while one that stands is open, or when all were cancelled', () => {
    expect(noteOfInvoices(invoice('INV-1', 'part-paid'), invoice('INV-2', 'paid'))?.kind).toBe('posted');
    expect(noteOfInvoices(invoice('INV-1', 'cancelled'), invoice('INV-2', 'cancelled'))?.kind).toBe('posted');
  });
});

describe('a deal that the ledger cannot read', () => {
  it.each([
    ['itself', `UPDATE source_records SET hold_reason = 'whim' WHERE record_id = $1`],
    ['with its document', `UPDATE documents SET content = '{"v": 1, "number": 7}' WHERE record_id = $1`],
  ])('%s keeps no other seller waiting, and is told once it is mended (I13)', async (_, damage) => {
    const broken = await sell();
    const { deal: whole } = await counter.post();
    const { rows: documents } = await counter.database.query<{ document_id: string; content: object }>(
      'SELECT document_id, content FROM documents WHERE record_id = $1',
      [broken.recordId],
    );
    await counter.ledger.change(broken.recordId, HELD);
    await counter.ledger.change(whole.recordId, HELD);
    await counter.database.query(damage, [broken.recordId]);
    for (let times = 0; times < 2; times += 1) await tellAfter(10 * MINUTE_MS);
    expect(saidTo(whole)).toHaveLength(1);
    expect(saidTo(broken)).toEqual([]);

    await counter.database.query(`UPDATE source_records SET hold_reason = 'no-currency' WHERE record_id = $1`, [
      broken.recordId,
    ]);
    for (const { document_id, content } of documents)
      await counter.database.query('UPDATE documents SET content = $2 WHERE document_id = $1', [document_id, content]);
    await tellAfter(2 * HOUR_MS);
    expect(saidTo(broken)).toHaveLength(1);
  });
});

describe('a deal that goes through untouched', () => {
  const goThrough = async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, [
      { kind: 'posted' },
      { kind: 'state', state: 'written-back' },
      { kind: 'invoiced', invoiceNumber: 'INV-1' },
    ]);
    return deal;
  };

  it('costs no request', async () => {
    const deal = await goThrough();
    const before = counter.simulators.dataverse.requests.length;
    expect(await tellAfter(48 * HOUR_MS)).toEqual({ written: 0, refused: 0 });
    expect(counter.simulators.dataverse.requests).toHaveLength(before);
    expect(notesOf(deal)).toEqual([]);
  });

  it('is told where a rule wants it', async () => {
    const deal = await goThrough();
    await tellAfter(HOUR_MS, { rules: 'sellerNotes: { posted: always }' });
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^Invoiced in Business Central: INV-/)]);
  });
});

describe('a deal that waits for its confirmation', () => {
  it('is told after a day, and what follows changes that note', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'awaiting-confirmation' });
    expect(await tellAfter(23 * HOUR_MS)).toEqual({ written: 0, refused: 0 });
    expect(await tellAfter(25 * HOUR_MS)).toEqual({ written: 1, refused: 0 });
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^The document waits in Business Central/)]);
    expect(await tellAfter(26 * HOUR_MS)).toEqual({ written: 0, refused: 0 });
    await counter.ledger.change(deal.recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^The document was rejected/)]);
  });

  it('and is held then, does not go on saying that nothing is to be done, whatever the rule tells of holds', async () => {
    const deal = await sell();
    const rules = 'sellerNotes: { held: false }';
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'awaiting-confirmation' });
    await tellAfter(25 * HOUR_MS, { rules });
    await counter.ledger.change(deal.recordId, HELD);
    await tellAfter(HOUR_MS, { rules });
    expect(saidTo(deal)).toEqual([expect.stringMatching(/no currency\. It is your turn/)]);
  });

  it('is told a day after a hold that was cleared', async () => {
    const deal = await holdAndTell();
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'awaiting-confirmation' });
    await tellAfter(HOUR_MS);
    expect(await tellAfter(25 * HOUR_MS)).toEqual({ written: 1, refused: 0 });
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^The document waits in Business Central/)]);
  });
});

describe('a deal that ends without a document', () => {
  it('is told when a person ended it here, and not when it was cancelled in Sales', async () => {
    const [here, inSales] = [await sell(), (await counter.post()).deal];
    await counter.ledger.change(here.recordId, { kind: 'ended', state: 'cancelled', by: 'ann' });
    await counter.ledger.change(inSales.recordId, { kind: 'ended', state: 'cancelled', by: 'Sales' });
    expect(await tellAfter(HOUR_MS)).toEqual({ written: 1, refused: 0 });
    expect(saidTo(here)).toEqual([expect.stringMatching(/was cancelled there: nothing is invoiced/)]);
    expect(notesOf(inSales)).toEqual([]);
  });
});

describe('a note that does not go through', () => {
  it('is there once when its answer was lost', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, HELD);
    let isLost = true;
    const lost: Partial<DataverseClient> = {
      async createNote(note, context) {
        const receipt = await counter.dataverse.createNote(note, context);
        if (!isLost) return receipt;
        isLost = false;
        throw new RemoteApiError('dataverse', 'unknown-outcome', 'write the note', {});
      },
    };
    expect(await tellAfter(HOUR_MS, { dataverse: lost })).toEqual({ written: 1, refused: 0 });
    expect(notesOf(deal)).toHaveLength(1);
  });

  it.each(['unknown-outcome', 'unreadable', 'conflict'] as const)(
    'keeps no other seller waiting while it is answered %s (I13), and comes an hour later',
    async (code) => {
      const [failing, other] = [await sell(), (await counter.post()).deal];
      for (const { recordId } of [failing, other]) await counter.ledger.change(recordId, HELD);
      const dataverse: Partial<DataverseClient> = {
        async createNote(note, context) {
          if (note.ref.recordId !== failing.recordId) return counter.dataverse.createNote(note, context);
          throw new RemoteApiError('dataverse', code, 'write the note', {});
        },
      };
      expect(await tellAfter(10 * MINUTE_MS, { dataverse })).toEqual({ written: 1, refused: 1 });
      expect(saidTo(other)).toHaveLength(1);
      expect(await counter.trail(failing.recordId)).toContain('the seller cannot be told');
      expect(await tellAfter(2 * HOUR_MS)).toEqual({ written: 1, refused: 0 });
      expect(saidTo(failing)).toHaveLength(1);
    },
  );

  it('waits with all others, unmarked, while Sales is away', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, HELD);
    const dataverse: Partial<DataverseClient> = {
      createNote: () => Promise.reject(new RemoteApiError('dataverse', 'unavailable', 'write the note', {})),
    };
    await expect(tellAfter(10 * MINUTE_MS, { dataverse })).rejects.toThrow(/unavailable/);
    expect(await tellAfter(11 * MINUTE_MS)).toEqual({ written: 1, refused: 0 });
  });

  it('is written anew when somebody deleted it', async () => {
    const deal = await holdAndTell();
    await counter.deleteRow(`annotations(${notesOf(deal)[0]?.['annotationid']})`);
    await counter.ledger.change(deal.recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await tellAfter(HOUR_MS);
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^The document was rejected/)]);
  });

  it('is refused for its deal alone, is in the trail, and comes an hour later', async () => {
    const [refused, other] = [await sell(), (await counter.post()).deal];
    for (const { recordId } of [refused, other]) await counter.ledger.change(recordId, HELD);
    const refusing: Partial<DataverseClient> = {
      async createNote(note, context) {
        if (note.ref.recordId !== refused.recordId) return counter.dataverse.createNote(note, context);
        throw new RemoteApiError('dataverse', 'forbidden', 'write the note', { status: 403 });
      },
    };
    expect(await tellAfter(10 * MINUTE_MS, { dataverse: refusing })).toEqual({ written: 1, refused: 1 });
    expect(await counter.trail(refused.recordId)).toContain('the seller cannot be told');
    expect(saidTo(other)).toHaveLength(1);
    expect(await tellAfter(30 * MINUTE_MS)).toEqual({ written: 0, refused: 0 });
    expect(await tellAfter(61 * MINUTE_MS)).toEqual({ written: 1, refused: 0 });
    expect(saidTo(refused)).toHaveLength(1);
  });

  it('has nobody to read it on a record that was deleted', async () => {
    const deal = await sell();
    await counter.deleteRow(`salesorders(${deal.recordId})`);
    await counter.ledger.change(deal.recordId, HELD);
    expect(await tellAfter(HOUR_MS)).toEqual({ written: 0, refused: 0 });
    const before = counter.simulators.dataverse.requests.length;
    expect(await tellAfter(3 * HOUR_MS)).toEqual({ written: 0, refused: 0 });
    expect(counter.simulators.dataverse.requests).toHaveLength(before);
  });
});

describe('a column of the record', () => {
  const COLUMN = 'bc_syncmessage';
  const ruleFor = (as: string, table = 'opportunity') => `sellerNotes: { as: ${as}, columns: { ${table}: ${COLUMN} } }`;
  const columnOf = ({ table, recordId }: WonDeal) =>
    counter.simulators.dataverse.store.find(table, recordId)?.[COLUMN] ?? null;
  const patches = (deal: WonDeal) =>
    counter.simulators.dataverse.requests.filter(
      ({ method, path }) => method === 'PATCH' && path.includes(deal.recordId),
    );

  /** Opportunities take columns in every state; orders and quotes only until they are locked. */
  async function winHeld(): Promise<WonDeal> {
    await sell();
    const { store } = counter.simulators.dataverse;
    const row = store.insert(store.schema.table('opportunity'), { name: 'Hoists' });
    const deal = await counter.dataverse.readDeal('opportunity', String(row['opportunityid']));
    await counter.ledger.register(deal);
    await counter.ledger.saveDeal(deal, { mapping: 'default', companyId: counter.companyId });
    await counter.ledger.change(deal.recordId, HELD);
    return deal;
  }

  it('says the same in one line, is changed rather than added to, and is empty when the hold is over', async () => {
    const deal = await winHeld();
    const rules = ruleFor('column');
    expect(await tellAfter(HOUR_MS, { rules })).toEqual({ written: 1, refused: 0 });
    expect(columnOf(deal)).toBe(
      'The hand-over to Business Central waits: SO-1 has no currency. It is your turn: Set the currency in Sales. Then it goes on by itself.',
    );
    await counter.ledger.change(deal.recordId, {
      kind: 'held',
      reason: 'period-closed',
      text: 'the period\nis closed',
    });
    await tellAfter(HOUR_MS, { rules });
    expect(columnOf(deal)).toMatch(/: the period is closed\. It is the turn of finance\. Then/);
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'awaiting-confirmation' });
    await tellAfter(HOUR_MS, { rules });
    expect(columnOf(deal)).toBeNull();
    expect(patches(deal)).toHaveLength(3);
    expect(notesOf(deal)).toEqual([]);
    expect((await counter.trail(deal.recordId)).filter((action) => action === 'tell the seller')).toHaveLength(3);
  });

  it('is not written again with what it says already', async () => {
    const deal = await winHeld();
    const rules = ruleFor('both');
    await tellAfter(HOUR_MS, { rules });
    expect(saidTo(deal)).toEqual([columnOf(deal)]);
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'reading' });
    await counter.ledger.change(deal.recordId, HELD);
    expect(await tellAfter(HOUR_MS, { rules })).toEqual({ written: 0, refused: 0 });
    expect(patches(deal)).toHaveLength(1);
  });

  it('beside a note that is refused is written once', async () => {
    const deal = await winHeld();
    const refusing: Partial<DataverseClient> = {
      createNote: () => Promise.reject(new RemoteApiError('dataverse', 'forbidden', 'write the note', { status: 403 })),
    };
    const rules = ruleFor('both');
    expect(await tellAfter(HOUR_MS, { rules, dataverse: refusing })).toEqual({ written: 0, refused: 1 });
    expect(await tellAfter(3 * HOUR_MS, { rules })).toEqual({ written: 1, refused: 0 });
    expect(saidTo(deal)).toEqual([columnOf(deal)]);
    expect(patches(deal)).toHaveLength(1);
  });

  it('leaves no earlier note with a text that is wrong by now', async () => {
    const deal = await winHeld();
    await tellAfter(HOUR_MS);
    await counter.ledger.change(deal.recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await tellAfter(HOUR_MS, { rules: ruleFor('column') });
    expect(saidTo(deal)).toEqual([expect.stringMatching(/^The document was rejected/)]);
    expect(columnOf(deal)).toBe(saidTo(deal)[0]);
  });

  it('that a locked record does not take is a note instead, and the trail says why', async () => {
    const deal = await sell();
    const { store } = counter.simulators.dataverse;
    const row = store.find('salesorder', deal.recordId);
    if (!row) throw new Error('an order is needed');
    store.update(store.schema.table('salesorder'), row, { statecode: 1, statuscode: 3 });
    await counter.ledger.change(deal.recordId, HELD);
    expect(await tellAfter(HOUR_MS, { rules: ruleFor('column', 'salesorder') })).toEqual({ written: 1, refused: 0 });
    expect(columnOf(deal)).toBeNull();
    expect(saidTo(deal)).toHaveLength(1);
    expect(await counter.trail(deal.recordId)).toContain('the column for the seller takes nothing');
  });

  it('that the environment does not have is a note instead', async () => {
    const deal = await winHeld();
    const rules = 'sellerNotes: { as: column, columns: { opportunity: new_nowhere } }';
    expect(await tellAfter(HOUR_MS, { rules })).toEqual({ written: 1, refused: 0 });
    expect(saidTo(deal)).toHaveLength(1);
  });

  it('is the note where the table has no column', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, HELD);
    await tellAfter(HOUR_MS, { rules: ruleFor('column') });
    expect(saidTo(deal)).toHaveLength(1);
    expect(await counter.trail(deal.recordId)).not.toContain('the column for the seller takes nothing');
  });

  it('has nobody to read it on a record that was deleted', async () => {
    const deal = await winHeld();
    await counter.deleteRow(`opportunities(${deal.recordId})`);
    expect(await tellAfter(HOUR_MS, { rules: ruleFor('both') })).toEqual({ written: 0, refused: 0 });
  });

  it('is cut to one line that fits', () => {
    const line = toSellerColumn({ kind: 'held', text: `${'word '.repeat(200)}` });
    expect(line).toHaveLength(500);
    expect(line).toMatch(/…$/);
    // Never within a character: what is left of it no system takes.
    const cut = toSellerColumn({ kind: 'held', text: `${'a'.repeat(498)}\u{1f69c} tractors` });
    expect(cut).toBe(`${'a'.repeat(498)}…`);
  });
});

describe('the rule', () => {
  it.each([
    ['sellerNotes: { as: column }', /sellerNotes\.columns.*a column for one of opportunity, quote, salesorder/],
    ['sellerNotes: { columns: { opportunity: new_handover } }', /sellerNotes\.as.*column or both/],
    ['sellerNotes: { as: both, columns: { opportunity: description } }', /a column of your own such as new_handover/],
    ['sellerNotes: { as: both, columns: { account: new_handover } }', /sellerNotes\.columns/],
    [
      'opportunityColumns: { status: new_one }\nsellerNotes: { as: both, columns: { opportunity: new_one } }',
      /sellerNotes\.columns\.opportunity.*a column that opportunityColumns does not write/,
    ],
  ])('%s names what would be right', (rules, text) => {
    expect(() => parseRules(rules)).toThrow(text);
  });

  it('turns each kind off, or all', async () => {
    const deal = await sell();
    await counter.ledger.change(deal.recordId, HELD);
    for (const rules of ['sellerNotes: false', 'sellerNotes: { held: false }']) {
      expect(await tellAfter(HOUR_MS, { rules })).toEqual({ written: 0, refused: 0 });
    }
    expect(notesOf(deal)).toEqual([]);
  });

  it('names what it does not know', () => {
    expect(() => parseRules('sellerNotes: { posted: never }')).toThrow(/sellerNotes/);
    expect(parseRules('sellerNotes: { waitingHours: false }').sellerNotes?.waitingMs).toBeUndefined();
  });
});
