import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listDeals } from '../../src/ledger/deals/list-deals.js';
import { addNote, listNotes } from '../../src/ledger/desk/notes.js';
import { createFlowLedger, type FoundThing } from '../../src/ledger/feeds/flows.js';
import { type DeskStage, openDeskStage } from '../support/desk.js';

let stage: DeskStage;
beforeAll(async () => {
  stage = await openDeskStage();
});
afterAll(() => stage?.close());

const find = (search: string) => listDeals(stage.database, { search, order: 'newest', limit: 10 });

describe('what people search deals by', () => {
  it('is the document’s figures once there is one, and a reading leaves them', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-SUM', unitPrice: '100.00', draftPrice: '98.00' });
    expect(await find('ORD-SUM')).toMatchObject([{ recordId, net: '196', amount: '233.24', currency: 'EUR' }]);
    const record = await stage.ledger.getRecord(recordId);
    const deal = await stage.ledger.getDeal(recordId, record.revision ?? '');
    const companyId = record.companyId ?? '';
    await stage.ledger.saveDeal({ ...deal, name: 'Another name', total: '500.00' }, { mapping: 'm', companyId });
    expect(await find('another NAME')).toMatchObject([{ recordId, net: '196', amount: '233.24' }]);
  });

  it('is who sold it, whoever the record belongs to at the latest reading', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-SOLD' });
    const { revision, companyId = '' } = await stage.ledger.getRecord(recordId);
    const deal = await stage.ledger.getDeal(recordId, revision ?? '');
    await stage.ledger.saveDeal({ ...deal, seller: 'Ines Sell' }, { mapping: 'm', companyId });
    expect(await find('ines sell')).toMatchObject([{ recordId, seller: 'Ines Sell' }]);
    await stage.ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await stage.ledger.erasePersonal({ recordId, by: 'ann', reason: 'asked for' });
    expect(await find('ines sell')).toEqual([]);
    expect((await stage.ledger.getDeal(recordId, revision ?? '')).seller).not.toBe('Ines Sell');
  });

  it('goes with the personal content of a deal that has ended; its figures stay', async () => {
    const recordId = await stage.waiting.addWaiting({
      number: 'ORD-GONE',
      name: 'For Mr Brown',
      customer: 'Brown & Sons',
    });
    await addNote(
      stage.database,
      recordId,
      { by: 'ann', text: 'Mr Brown rang' },
      { actor: 'ann', action: 'note a deal' },
    );
    await stage.ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await stage.ledger.erasePersonal({ recordId, by: 'ann', reason: 'asked for' });
    expect(await find('brown')).toEqual([]);
    expect(await find('ORD-GONE')).toMatchObject([{ recordId, amount: '23.8', customer: '(erased)' }]);
    expect(await listNotes(stage.database, recordId)).toEqual([]);
  });

  it('stays while the deal has not ended, and who asks learns when that will be', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-OPEN', name: 'For Mr Green' });
    await stage.database.query(`UPDATE source_records SET state = 'written-back' WHERE record_id = $1`, [recordId]);
    await expect(stage.ledger.erasePersonal({ recordId, by: 'ann', reason: 'asked for' })).rejects.toThrow(
      "expected a deal that has ended (settled, superseded, already-handed-over, rejected, cancelled), got state 'written-back'; it ends when its invoices are paid",
    );
    expect(await find('mr green')).toMatchObject([{ recordId }]);
  });

  it('goes with the topic of an opportunity, by which it was listed and found', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'Offer for Mrs Brown', table: 'opportunity' });
    expect(await find('mrs brown')).toMatchObject([{ recordId }]);
    const { revision } = await stage.ledger.getRecord(recordId);
    await stage.ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await stage.ledger.erasePersonal({ recordId, by: 'ann', reason: 'asked for' });
    expect(await find('mrs brown')).toEqual([]);
    expect((await stage.ledger.getRecord(recordId)).recordNumber).toBeUndefined();
    expect(JSON.stringify(await stage.ledger.getDeal(recordId, revision ?? ''))).not.toContain('Brown');
    const { rows } = await stage.database.query('SELECT name FROM deal_names WHERE record_id = $1', [recordId]);
    expect(JSON.stringify(rows)).not.toContain('brown');
  });

  it('goes with the files and shipments of the deal, which keep their ids and figures and are carried no more', async () => {
    const recordId = await stage.waiting.addWaiting({ number: 'ORD-FLOW' });
    const { companyId = '' } = await stage.ledger.getRecord(recordId);
    const flows = createFlowLedger(stage.database, companyId);
    const documentId = randomUUID();
    const file = (noteId: string, fileName: string, found: FoundThing['found']): FoundThing => ({
      ...{ sourceId: `${documentId}/${noteId}`, recordId, targetId: documentId, etag: noteId },
      ...{ values: { noteId, fileName, kind: 'invoice', size: '7' }, found },
    });
    await flows.openFlow('attachments', new Date());
    const tooLarge = { noted: 'file-too-large', remark: 'Mrs Brown.pdf has 7 bytes' } as const;
    const files = [file('one', 'Mr Brown.pdf', 'pending'), file('two', 'Mrs Brown.pdf', tooLarge)];
    await flows.take('attachments', files, { isEnd: true });
    await flows.openFlow('shipments', new Date());
    const lines = JSON.stringify([{ sequence: 10_000, description: 'Sofa for Mr Brown', quantity: '2' }]);
    const shipment = { sourceId: 'ship', recordId, targetId: recordId, etag: '1', found: 'pending' } as const;
    await flows.take('shipments', [{ ...shipment, values: { number: 'S-1', date: '', method: '', lines } }], {
      isEnd: true,
    });
    await stage.ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await stage.ledger.erasePersonal({ recordId, by: 'ann', reason: 'asked for' });
    const { rows } = await stage.database.query('SELECT * FROM flow_rows WHERE record_id = $1', [recordId]);
    expect(JSON.stringify(rows)).not.toContain('Brown');
    const [kept] = await flows.listOfTarget('shipments', recordId);
    expect(JSON.parse(kept?.values['lines'] ?? '')).toEqual([
      { sequence: 10_000, description: '(erased)', quantity: '2' },
    ]);
    // Neither is attached under a name that is none, today or with another rule, and what is read again stays erased.
    await flows.take('attachments', files, { isEnd: true });
    await flows.reopenNoted('attachments', 'another rule');
    expect(await flows.listPending('attachments', 10)).toEqual([]);
    const { rows: again } = await stage.database.query('SELECT * FROM flow_rows WHERE record_id = $1', [recordId]);
    expect(JSON.stringify(again)).not.toContain('Brown');
  });
});
