import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { documentKey } from '../../src/deal/document-number.js';
import { type FlowCounter, openFlowCounter } from '../support/flow-counter.js';
import { createSeller } from '../support/sales.js';

const RULES = 'flows: { attachments: { names: ["*.pdf", "drawing*"], maxMegabytes: 2 } }';
const HOUR_MS = 3_600_000;
const SIGNED = Buffer.from('%PDF-1.4 signed');

let counter: FlowCounter;
beforeAll(async () => {
  counter = await openFlowCounter();
});
afterEach(() => {
  counter.simulators.dataverse.faults.clear();
  counter.simulators.businessCentral.faults.clear();
});
afterAll(() => counter?.close());

/** A deal that waits with a draft in Business Central. */
async function drafted(kind: 'invoice' | 'order' = 'invoice') {
  const { deal } = await counter.post();
  const { recordId } = deal;
  await counter.books.copyUnderKey(kind, documentKey(recordId));
  const [document] = await (kind === 'invoice'
    ? counter.client.findInvoices(recordId)
    : counter.client.findOrders(recordId));
  if (!document) throw new Error('no draft');
  await counter.ledger.saveDocument(deal.recordId, kind, document);
  const update = `UPDATE source_records SET document_id = $2, state = 'awaiting-confirmation' WHERE record_id = $1`;
  await counter.database.query(update, [deal.recordId, document.id]);
  return { deal, documentId: document.id };
}

async function attach(orderId: string, filename: string, content: Buffer = SIGNED): Promise<string> {
  const annotationid = randomUUID();
  await createSeller(counter.simulators).call('annotations', {
    ...{ annotationid, filename, mimetype: 'application/pdf', documentbody: content.toString('base64') },
    'objectid_salesorder@odata.bind': `/salesorders(${orderId})`,
  });
  return annotationid;
}
const company = () => counter.simulators.businessCentral.company;
const attachmentsOf = (documentId: string) =>
  [...company().all('documentAttachments')].filter((row) => row['parentId'] === documentId);
const contentOf = (row: Record<string, unknown> | undefined) =>
  company()
    .streams.get(`${String(row?.['id'])}/attachmentContent`)
    ?.toString();
const thingsOf = async (documentId: string) =>
  (await counter.things('attachments')).filter(({ target_id }) => target_id === documentId);

describe('a file of the won order', () => {
  it.each(['invoice', 'order'] as const)('is attached to the %s, once, and the draft stays as it was', async (kind) => {
    const { deal, documentId } = await drafted(kind);
    await attach(deal.recordId, 'Offer, signed.pdf');
    await attach(deal.recordId, 'notes.txt');
    const before = company().documents[kind].get(documentId)?.row['@odata.etag'];
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 0, noted: 0 });
    const [attached, ...others] = attachmentsOf(documentId);
    expect(others).toEqual([]);
    expect(attached).toMatchObject({ fileName: 'Offer, signed.pdf', byteSize: SIGNED.length });
    expect(contentOf(attached)).toBe(SIGNED.toString());
    expect(company().documents[kind].get(documentId)?.row['@odata.etag']).toBe(before);
    expect(await counter.trail(deal.recordId)).toContain('attach a file to the document in Business Central');
  });

  it('is held against a pattern of many stars as fast as against any other (I13)', async () => {
    const { deal, documentId } = await drafted();
    await attach(deal.recordId, `${'a'.repeat(200)}.txt`);
    const rules = `flows: { attachments: { names: ["${'*a'.repeat(12)}*b"] } }`;
    expect(await counter.run('attachments', rules)).toMatchObject({ carried: 0, noted: 0 });
    expect(attachmentsOf(documentId)).toEqual([]);
  });

  it.each([
    ['of the row', 'POST', 'documentAttachments'],
    ['of its content', 'PATCH', 'attachmentContent'],
  ])('is found by its name when the answer %s was lost', async (_which, method, path) => {
    const { deal, documentId } = await drafted();
    await attach(deal.recordId, 'signed.pdf');
    counter.simulators.businessCentral.faults.add({
      match: { method, path },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 0, deferred: 1 });
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1, deferred: 0 });
    const [attached, ...others] = attachmentsOf(documentId);
    expect(others).toEqual([]);
    expect(contentOf(attached)).toBe(SIGNED.toString());
  });

  it('leaves one alone that a person has attached under its name, also when the answer was lost', async () => {
    const { deal, documentId } = await drafted();
    const theirs = company().insert('documentAttachments', {
      ...{ fileName: 'signed.pdf', parentId: documentId, parentType: 'Sales_x0020_Invoice', byteSize: 9 },
    });
    company().streams.set(`${String(theirs['id'])}/attachmentContent`, Buffer.from('%PDF mine'));
    const noteId = await attach(deal.recordId, 'signed.pdf');
    counter.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: 'documentAttachments' },
      effect: { kind: 'lose-answer', when: 'before' },
    });
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 0, deferred: 1 });
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1, deferred: 0 });
    expect(contentOf(theirs)).toBe('%PDF mine');
    const ours = attachmentsOf(documentId).filter((row) => row['id'] !== theirs['id']);
    expect(ours.map((row) => row['fileName'])).toEqual([`signed (${noteId.slice(0, 8)}).pdf`]);
    expect(contentOf(ours[0])).toBe(SIGNED.toString());
  });

  it('keeps a name of its own beside another one of the same name', async () => {
    const { deal, documentId } = await drafted();
    const ids = [
      await attach(deal.recordId, 'signed.pdf', Buffer.from('%PDF first')),
      await attach(deal.recordId, 'signed.pdf', Buffer.from('%PDF other')),
    ];
    const [first = '', second = ''] = ids.sort();
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 2 });
    const names = attachmentsOf(documentId).map((row) => row['fileName']);
    expect(names.sort()).toEqual([`signed (${second.slice(0, 8)}).pdf`, 'signed.pdf']);
    expect(first).not.toBe(second);
  });

  it('whose name has a sentence behind its last dot is attached under one without that dot', async () => {
    const { deal, documentId } = await drafted();
    await attach(deal.recordId, 'drawing no. 7 of the machine that stands in the hall to the north');
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1 });
    expect(attachmentsOf(documentId).map((row) => row['fileName'])).toEqual([
      'drawing no_ 7 of the machine that stands in the hall to the north',
    ]);
  });

  it('of a forbidden type is noted and not attached, and the other one is', async () => {
    const { deal, documentId } = await drafted();
    const id = await attach(deal.recordId, 'drawing.dwg');
    // It was put there before its type was blocked.
    const note = counter.simulators.dataverse.store.find('annotation', id);
    if (note) note['filename'] = 'drawing.exe';
    await attach(deal.recordId, 'signed.pdf');
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1 });
    expect(attachmentsOf(documentId).map((row) => row['fileName'])).toEqual(['signed.pdf']);
    expect((await thingsOf(documentId)).find(({ state }) => state === 'noted')).toMatchObject({
      reason: 'file-type-blocked',
      remark: 'drawing.exe: Sales blocks files that end in .exe',
    });
  });

  it('that is too large is noted and not attached', async () => {
    const { deal, documentId } = await drafted();
    await attach(deal.recordId, 'signed.pdf', Buffer.alloc(2_000_001, 'x'));
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 0 });
    expect(attachmentsOf(documentId)).toEqual([]);
    expect(await thingsOf(documentId)).toMatchObject([{ state: 'noted', reason: 'file-too-large' }]);
  });

  it('is found when its deal moved behind a reading that took hours', async () => {
    const { deal, documentId } = await drafted();
    const beganAt = new Date(Date.now() - 3 * HOUR_MS).toISOString();
    // The last page of that reading: all documents have been passed.
    await counter.collect('attachments', RULES, { next: 'ffffffff-ffff-4fff-bfff-ffffffffffff', beganAt });
    await attach(deal.recordId, 'signed.pdf');
    await counter.database.query(
      `UPDATE source_records SET state = 'written-back', changed_at = now() - interval '2 hours' WHERE record_id = $1`,
      [deal.recordId],
    );
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1 });
    expect(attachmentsOf(documentId)).toHaveLength(1);
  });

  it('has no name any more in a ledger from which the deal was erased, also when it is read again', async () => {
    const { deal, documentId } = await drafted();
    await attach(deal.recordId, 'Mr Brown.pdf');
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 1 });
    await counter.ledger.change(deal.recordId, { kind: 'ended', state: 'rejected', by: 'ann' });
    await counter.ledger.erasePersonal({ recordId: deal.recordId, by: 'ann', reason: 'asked for' });
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 0, noted: 0 });
    const { rows } = await counter.database.query('SELECT * FROM flow_rows WHERE target_id = $1', [documentId]);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('Brown');
  });

  it('of a draft that is deleted meanwhile is noted', async () => {
    const { deal, documentId } = await drafted();
    await attach(deal.recordId, 'signed.pdf');
    await counter.books.deleteDraft(documentId);
    expect(await counter.run('attachments', RULES)).toMatchObject({ carried: 0, noted: 1 });
    expect(await thingsOf(documentId)).toMatchObject([{ reason: 'document-gone' }]);
  });
});
