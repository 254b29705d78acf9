import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createNotifyDeals } from '../../src/activities/feeds/notify-deals.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { toPaymentStatus } from '../../src/deal/payment-status.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

/** Credit memos by hand: what they take off an invoice is open no more, and nobody has paid it. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

/** 119.00 with tax. */
async function post() {
  const { client: businessCentral, companyId, ledger, context } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000, goneCheckMs: 1 };
  const { createDraft } = createDraftSteps({ ...company, rules: parseRules(''), sets });
  const steps = createPostingSteps({ ...company, ...unchanged, sets, loadProgress: loadProgressOf(company) });
  const deal = await counter.win([['10', '10.00']]);
  const { table, recordId, revision } = deal;
  const of = { ...context, kind: 'invoice' as const, recordId, revision };
  const draft = await createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  await steps.post({ companyId, ...toPost(deal), draft });
  const read = () => steps.readPosted({ companyId, table, recordId, invoiceId: draft.id, isConfirmed: false });
  const posted = await read();
  if (posted === 'gone') throw new Error('no invoice');
  return { id: draft.id, number: posted.number, read };
}

function credit(invoiceNumber: string, amount: number) {
  return counter.books.postCreditMemo({ customerId: counter.customerId, invoiceNumber, amount });
}

/** As a sweep leaves it in the ledger, which compares the amounts. */
async function statusOf({ id }: { readonly id: string }) {
  const { client: businessCentral, companyId, ledger } = counter;
  const notify = createNotifyDeals({ businessCentral, companyId, ledger, notifyDeal: async () => undefined });
  await notify([await businessCentral.getInvoice(id)], { readFrom: new Date(), isSweep: true });
  const { status, remaining } = toPaymentStatus(await ledger.getInvoice(id));
  return [status, Number(remaining)];
}

describe('an invoice', () => {
  it('of which a part was credited is open with the rest, and paid once that is paid', async () => {
    const invoice = await post();
    await credit(invoice.number, 30);
    expect(await statusOf(invoice)).toEqual(['open', 83.3]);
    await counter.books.payInvoice(invoice.id, '10');
    expect(await statusOf(invoice)).toEqual(['part-paid', 73.3]);
    await counter.books.payInvoice(invoice.id);
    expect(await statusOf(invoice)).toEqual(['paid', 0]);
  });

  it('that was credited in full is cancelled and not paid, also by two credit memos', async () => {
    const invoice = await post();
    await credit(invoice.number, 30);
    await credit(invoice.number, 70);
    expect(await statusOf(invoice)).toEqual(['cancelled', 0]);
    await invoice.read();
    expect(await statusOf(invoice)).toEqual(['cancelled', 0]);
  });

  it('that was paid in part is so whatever credit memo somebody has typed and not posted', async () => {
    const invoice = await post();
    await counter.books.releaseCreditMemo({
      customerId: counter.customerId,
      invoiceNumber: invoice.number,
      amount: 30,
    });
    await counter.books.payInvoice(invoice.id, '35.70');
    expect(await statusOf(invoice)).toEqual(['part-paid', 83.3]);
  });

  it('is told as paid where the app may not read credit memos', async () => {
    const invoice = await post();
    await credit(invoice.number, 100);
    const { client, companyId, ledger } = counter;
    const businessCentral = { ...client, findCreditMemosOf: async () => [] };
    const notify = createNotifyDeals({ businessCentral, companyId, ledger, notifyDeal: async () => undefined });
    await notify([await client.getInvoice(invoice.id)], { readFrom: new Date(), isSweep: true });
    expect(toPaymentStatus(await ledger.getInvoice(invoice.id)).status).toBe('paid');
  });
});
