import { afterAll, beforeAll, expect, it } from 'vitest';
import { NOTICES, type NoticeKind } from '../../src/deal/notices.js';
import type { AuditEntry } from '../../src/ledger/audit/audit.js';
import { Browser, type DeskStage, openDeskStage } from '../support/desk.js';

/** What happened to a deal, as its page tells it: nothing without words, and nothing that did not happen. */

let stage: DeskStage;
const browser = new Browser();

beforeAll(async () => {
  stage = await openDeskStage();
  await browser.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
});
afterAll(() => stage?.close());

/** The entries, the newest first. */
async function tell(entries: readonly Omit<AuditEntry, 'recordId'>[], recordId?: string): Promise<string[]> {
  const deal = recordId ?? (await stage.waiting.addWaiting());
  for (const entry of entries) await stage.ledger.audit({ recordId: deal, ...entry });
  const page = await (await browser.open(`${stage.origin}/deals/${deal}`)).text();
  const list = /<ol class="timeline">(.*?)<\/ol>/s.exec(page)?.[1] ?? '';
  return list
    .split('</li>')
    .slice(0, -1)
    .map((one) =>
      one
        .replaceAll(/<time.*?<\/time>|<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
}

it('says of each notice what was noticed', async () => {
  for (const kind of Object.keys(NOTICES) as NoticeKind[]) {
    const [told] = await tell([{ actor: 'dealbridge', action: 'notice', facts: { kind, subject: 'W/"7"' } }]);
    expect(told).toContain(NOTICES[kind].replaceAll("'", '&#39;'));
  }
});

it('names the differences that a notice leaves to the trail', async () => {
  const passed = { kind: 'differs-as-allowed', subject: '50001: tax 3.80 instead of 3.79' };
  const posted = { documents: ['PI-1'], differences: ['line 1: price 11.00 instead of 10.00'] };
  const told = await tell([
    { actor: 'dealbridge', action: 'notice', facts: passed },
    { actor: 'dealbridge', action: 'posted otherwise than confirmed', facts: posted },
  ]);
  expect(told[1]).toContain('tax 3.80 instead of 3.79');
  expect(told[0]).toContain('PI-1 · line 1: price 11.00 instead of 10.00');
});

it('says of several invoices which one a notice is about', async () => {
  const recordId = await stage.waiting.addWaiting();
  const [document] = await stage.ledger.listDocuments(recordId);
  const facts = { kind: 'invoice-cancelled', subject: document?.documentId };
  const [told] = await tell([{ actor: 'dealbridge', action: 'notice', facts }], recordId);
  expect(told).toContain(`${document?.content.number}: ${NOTICES['invoice-cancelled']}`);
});

it('says who confirmed what is void, and why, and of nobody else that he had confirmed', async () => {
  const figures = { documentNumber: '50001', totalIncludingTax: '23.80', currency: 'EUR' };
  const action = 'confirmation is void' as const;
  const told = await tell([
    { actor: 'Mallory', action, facts: { figures, cause: 'nobody proved who it is' } },
    { actor: 'Ann', action, facts: { figures } },
    { actor: 'dealbridge', action, facts: { figures, confirmations: 1, needed: 2 } },
  ]);
  expect(told).toEqual([
    'Dealbridge found that the confirmations so far count no more draft 50001, 23.80 EUR · 1 of 2 · deal or draft changed',
    'Ann had confirmed; that counts no more draft 50001, 23.80 EUR · deal or draft changed',
    'Mallory had confirmed; that counts no more draft 50001, 23.80 EUR · nobody proved who it is',
  ]);
});

it('tells giving a deal back from giving it to somebody', async () => {
  const action = 'assign a deal' as const;
  const told = await tell([
    { actor: 'Ann', action, facts: { to: 'Ben' } },
    { actor: 'Ben', action, facts: { to: '' } },
    { actor: 'Ben', action, facts: { to: 'Ben' } },
  ]);
  expect(told).toEqual([
    'Ben takes care of the deal',
    'Ben gave the deal back, to whoever takes it',
    'Ann gave the deal to Ben',
  ]);
});

it('names what was made and told, and no code of a reason', async () => {
  const after = { number: 'PI-2', status: 'part-paid', total: '23.80', remaining: '10.00' };
  const told = await tell([
    { actor: 'dealbridge', action: 'create customer in Business Central', facts: { customerNumber: 'C20007' } },
    { actor: 'dealbridge', action: 'create draft invoice in Business Central', facts: { draftNumber: '50001' } },
    { actor: 'dealbridge', action: 'report the invoice to Sales', facts: { after } },
    { actor: 'dealbridge', action: 'the seller cannot be told', facts: { reason: 'refused-by-sales' } },
  ]);
  expect(told[3]).toContain('C20007');
  expect(told[2]).toContain('50001');
  expect(told[1]).toContain('PI-2: partly paid');
  expect(told[0]).toContain('Refused by Sales');
});
