import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentKind } from '../../src/deal/deal.js';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import { Browser, csrfOf, type DeskStage, openDeskStage } from '../support/desk.js';
import { makeInvoice, makeOrder, makeQuote } from '../support/documents.js';
import { seedProblem } from '../support/seeded-masters.js';
import { createTestIssuer } from '../support/test-issuer.js';
import { COMPANY } from '../support/waiting-deals.js';
import { makeDeal } from '../support/won-deal.js';

/** What the pages say is true of the deal as it stands: of its document, its figures and what somebody can do. */

let stage: DeskStage;
const browsers = new Map<Role, Browser>();

beforeAll(async () => {
  const issuer = createTestIssuer();
  stage = await openDeskStage({ issuer });
  for (const role of ROLES) {
    issuer.next = { name: `${role} of the tests`, roles: [role] };
    const browser = new Browser();
    await browser.open(`${stage.origin}/sign-in`);
    browsers.set(role, browser);
  }
});
afterAll(() => stage?.close());

const of = (role: Role): Browser => browsers.get(role) ?? new Browser();
const open = async (role: Role, path: string) => (await of(role).open(`${stage.origin}${path}`)).text();
/** What a person reads. */
const toText = (page: string) =>
  (/<main.*<\/main>/s.exec(page)?.[0] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const read = async (path: string, role: Role = 'Approver') => toText(await open(role, path));
const textOf = (text: string, from: string, to: string) => text.slice(text.indexOf(from), text.indexOf(to));

const makeDocument = { invoice: makeInvoice, order: makeOrder, quote: makeQuote } as const;

/** A deal with its document. */
async function addDrafted(kind: DocumentKind = 'invoice') {
  const recordId = randomUUID();
  const id = randomUUID();
  const number = `D-${id.slice(0, 8)}`;
  await stage.ledger.register({ table: 'salesorder', recordId });
  await stage.ledger.saveDeal(makeDeal({ recordId, number: `ORD-${id.slice(0, 8)}` }), {
    mapping: 'the-mapping',
    companyId: COMPANY,
  });
  await draft(recordId, kind, id, number, 1);
  return { recordId, id, number };
}

async function draft(recordId: string, kind: DocumentKind, id: string, number: string, draftVersion: number) {
  await stage.ledger.saveDocument(recordId, kind, makeDocument[kind]({ id, number }));
  // As we have written it.
  await stage.database.query('UPDATE documents SET own_content = content WHERE document_id = $1', [id]);
  await stage.ledger.change(recordId, {
    kind: 'drafted',
    ...{ documentId: id, documentKind: kind, draftVersion, draftNumber: number },
    ...{ customerNumber: 'C10001', mapping: 'the-mapping' },
  });
}

function deleteDraft(recordId: string, documentId: string) {
  const action = 'delete draft invoice in Business Central' as const;
  return stage.ledger.change(recordId, { kind: 'draft-gone' }, { actor: 'dealbridge', action, facts: { documentId } });
}

describe('the document of a deal', () => {
  it('that was deleted is not said to be there, to agree or to be taken over', async () => {
    const { recordId, id, number } = await addDrafted();
    await deleteDraft(recordId, id);
    await stage.ledger.change(recordId, { kind: 'ended', state: 'rejected', by: 'Paula' });
    const text = await read(`/deals/${recordId}`);
    expect(text).toContain('The draft was deleted, so there is nothing to compare with.');
    expect(text).not.toContain('agree.');
    expect(textOf(text, 'Documents in', 'What happened')).toMatch(new RegExp(`Draft invoice ${number} .* deleted`));
    const replay = await read(`/deals/${recordId}/replay`);
    expect(replay).not.toContain('Is taken over');
    expect(replay).toContain('Is made the document');
  });

  it('that took the place of a deleted one does not make an unpaid invoice of that', async () => {
    const { recordId, id, number } = await addDrafted();
    await deleteDraft(recordId, id);
    await draft(recordId, 'invoice', randomUUID(), 'D-NEXT', 2);
    const documents = textOf(await read(`/deals/${recordId}`), 'Documents in', 'What happened');
    expect(documents).toMatch(new RegExp(`Draft invoice ${number} .* deleted`));
    expect(documents).toContain('Draft invoice D-NEXT');
    expect(documents).not.toContain('not paid');
  });

  it('is no posted one while the warehouse has the order', async () => {
    const { recordId } = await addDrafted('order');
    await stage.ledger.change(recordId, { kind: 'state', state: 'awaiting-shipment' });
    const text = await read(`/deals/${recordId}`);
    expect(text).toContain('Order in Business Central');
    expect(text).not.toContain('Posted in Business Central');
  });

  it('has the unit of each line beside its quantity', async () => {
    const { recordId, id } = await addDrafted();
    const [line] = makeInvoice().lines;
    const lines = line ? [{ ...line, unit: 'BOX' }] : [];
    await stage.ledger.saveDocument(recordId, 'invoice', makeInvoice({ id, lines }));
    expect(await read(`/deals/${recordId}`)).toMatch(/2 PCS 10\.00 0\.00 20\.00 2 BOX 10\.00/);
  });

  it('is due only while something of it is open, and its amount says what it is', async () => {
    const { recordId, id } = await addDrafted('order');
    await stage.ledger.change(recordId, { kind: 'posted' });
    for (const [number, status, remaining] of [
      ['PI-1', 'Paid', '0'],
      ['PI-2', 'Open', '10'],
    ] as const)
      await stage.ledger.saveDocument(
        recordId,
        'invoice',
        makeInvoice({ ...{ id: randomUUID(), number, orderId: id }, status, remaining }),
      );
    await stage.ledger.change(recordId, { kind: 'state', state: 'written-back' });
    const text = await read(`/deals/${recordId}`);
    expect(text).toContain('Not all of it is paid yet.');
    expect(textOf(text, 'PI-1', 'PI-2')).toMatch(/23\.80 EUR including tax paid/);
    expect(textOf(text, 'PI-1', 'PI-2')).not.toContain('due');
    expect(textOf(text, 'PI-2', 'What happened')).toMatch(/partly paid due 3 Jun 2031 10\.00 EUR open/);
  });

  it('is not waited for where none will be made', async () => {
    const { recordId: carrierId } = await addDrafted();
    const recordId = randomUUID();
    await stage.ledger.register({ table: 'opportunity', recordId });
    await stage.ledger.saveDeal(makeDeal({ table: 'opportunity', recordId, number: 'OPP-CARRIED' }), {
      mapping: 'the-mapping',
      companyId: COMPANY,
    });
    await stage.ledger.change(recordId, { kind: 'carried', state: 'superseded', carrierId });
    const text = await read(`/deals/${recordId}`);
    expect(text).toContain('No draft was made of this record.');
    expect(text).not.toContain('no draft yet');
  });
});

describe('a confirmation', () => {
  it.each([
    ['invoice', 'Confirm and post', 'Confirmed. The invoice is being posted.'],
    ['order', 'Confirm the order', 'given to the warehouse, as the rules say.'],
    ['quote', 'Confirm the quote', 'Confirmed. An order or invoice is being made of the quote.'],
  ] as const)('(%s) says what follows from it', async (kind, button, done) => {
    const recordId = await stage.waiting.addWaiting();
    await stage.database.query('UPDATE source_records SET document_kind = $2 WHERE record_id = $1', [recordId, kind]);
    const path = `/deals/${recordId}/confirm`;
    const page = await open('Approver', path);
    expect(toText(page)).toContain(button);
    const figures = /name="figures" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const answer = await of('Approver').open(`${stage.origin}${path}`, {
      method: 'POST',
      headers: { origin: stage.origin, 'hx-request': 'true' },
      body: new URLSearchParams({ figures, csrf: csrfOf(page) }),
    });
    expect(await answer.text()).toContain(done);
  });

  it('of deals that cannot be confirmed is not offered, and says why by name', async () => {
    const { recordId } = await addDrafted('order');
    await stage.ledger.change(recordId, { kind: 'state', state: 'awaiting-shipment' });
    const { number } = await stage.ledger.getDeal(recordId, 'W/"1"');
    const text = await read(`/posting?deal=${recordId}`);
    expect(text).toContain('None of these deals can be confirmed now');
    expect(text).toContain(`${number} left out it stands at «With the warehouse» by now`);
    expect(text).not.toMatch(/In all|Confirm all/);
    expect(text).not.toContain(recordId);
  });
});

describe('what somebody is told to do', () => {
  it('names no button that the page does not have', async () => {
    await seedProblem(stage.database);
    expect(await read('/masters', 'Operator')).toContain('Unblock the customer in Business Central.');
    const recordId = await stage.waiting.addWaiting({ currency: 'XAF' });
    expect(await read(`/deals/${recordId}/preview`)).not.toContain('then retry');
  });

  it('shows commands as what is typed, and the names of the systems as they are written', async () => {
    await stage.waiting.addHeld('two-documents', { number: 'ORD-TYPED' });
    expect(await open('Operator', '/?view=held&search=ORD-TYPED')).toContain('<code>dealbridge cancel</code>');
    await stage.waiting.addHeld('refused-by-business-central', { number: 'ORD-REFUSED' });
    expect(await read('/?view=held&search=ORD-REFUSED')).toContain('Refused by Business Central');
  });

  it('names the keys that do something for the role', async () => {
    expect(await read('/?view=all', 'Viewer')).toMatch(/Keys: j k next and previous deal, Enter open, \/ search/);
    expect(await read('/?view=all', 'Operator')).toContain('r retry');
    expect(await read('/?view=all', 'Approver')).toContain('c confirm');
  });

  it('leaves what was found as it was written, also before a deal is run again', async () => {
    const recordId = await stage.waiting.addHeld('item-blocked');
    const text = await read(`/deals/${recordId}/replay`);
    expect(text).toContain('Stands at Held: Item blocked, what was found of item-blocked');
  });
});

it('calls an amount without tax net in the list, and says what the sum is of', async () => {
  const recordId = randomUUID();
  await stage.ledger.register({ table: 'quote', recordId });
  await stage.ledger.saveDeal(makeDeal({ table: 'quote', recordId, number: 'QUO-SUM' }), {
    mapping: 'the-mapping',
    companyId: COMPANY,
  });
  const text = await read('/?view=all&search=QUO-SUM');
  expect(text).toContain('20.00 EUR net, tax not stated');
  expect(text).toContain('1 deal 20.00 EUR gross, and net where no tax is stated');
});
