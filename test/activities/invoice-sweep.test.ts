import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import {
  createInvoiceSweepActivities,
  createInvoiceSweepLedgerSteps,
} from '../../src/activities/feeds/invoice-sweep.js';
import type { BusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf } from '../support/posting.js';

describe('the sweep of the open invoices', () => {
  let counter: Counter;
  let told: { recordId: string; hint: ChangeHint }[];
  let deafness: Error | undefined;

  beforeAll(async () => {
    counter = await openCounter();
  });
  beforeEach(() => {
    deafness = undefined;
    told = [];
  });
  afterEach(() => counter.simulators.businessCentral.faults.clear());
  afterAll(() => counter?.close());

  function stepsWith(businessCentral: BusinessCentralClient = counter.client) {
    const { companyId, ledger } = counter;
    const steps = createInvoiceSweepActivities({
      ...{ businessCentral, companyId, ledger, invoiceFeed: { pageSize: 500 } },
      notifyDeal: async ({ recordId }, hint) => {
        if (deafness) throw deafness;
        told.push({ recordId, hint });
      },
    });
    return { ...steps, ...createInvoiceSweepLedgerSteps({ ledger }) };
  }

  /** Everything but the invoices that are missing, as the workflow does it. */
  async function sweep(steps = stepsWith()) {
    const { companyId } = counter;
    const { beganAt } = await steps.readOpenInvoicePage({ companyId });
    const unmet = await steps.listUnmetInvoices({ companyId, beganAt });
    const read = () => steps.readUnmetInvoices({ companyId, beganAt, invoiceIds: unmet });
    return { companyId, beganAt, unmet, read };
  }

  /** A deal whose invoice is posted, and which Sales and the ledger know as open. */
  async function postInvoice(): Promise<{ deal: WonDeal; invoiceId: string }> {
    const { client: businessCentral, companyId, customerId, ledger } = counter;
    const deal = await counter.win();
    const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
    const company = { businessCentral, companyId, ledger, clock: systemClock, sets };
    const draft = await createDraftSteps({
      ...company,
      ...{ rules: parseRules(''), ambiguityWindowMs: 600_000 },
    }).createDraft({
      ...counter.context,
      ...{ recordId: deal.recordId, revision: deal.revision, customerId, draftVersion: 1, kind: 'invoice' },
    });
    if (!draft) throw new Error('no draft');
    await counter.books.postInvoice(draft.id);
    await stepsWith().readOpenInvoicePage({ companyId });
    expect(await ledger.getInvoice(draft.id)).toMatchObject({ status: 'Open' });
    told = [];
    return { deal, invoiceId: draft.id };
  }

  const toldOf = (deal: WonDeal) => told.filter(({ recordId }) => recordId === deal.recordId);
  const deleteInvoice = (id: string) => counter.simulators.businessCentral.company.invoices.delete(id);

  it.each([
    ['paid', 'Paid', (id: string) => counter.books.payInvoice(id)],
    ['cancelled', 'Canceled', (id: string) => counter.books.cancelInvoice(id)],
  ])('an invoice that was %s while the feed missed it is read, and its deal told once', async (_, status, act) => {
    const { deal, invoiceId } = await postInvoice();
    await act(invoiceId);
    const { unmet, read } = await sweep();
    expect(unmet).toEqual([invoiceId]);
    expect(await read()).toEqual({ notified: 1, missing: [], showsPosted: true });
    expect(toldOf(deal)).toMatchObject([{ hint: { at: 'business-central', invoiceId } }]);
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status, remaining: '0' });
    expect((await sweep()).unmet).toEqual([]);
    expect(toldOf(deal)).toHaveLength(1);
  });

  it('an invoice that is still open is met, and nobody asks for it or tells its deal', async () => {
    const { deal } = await postInvoice();
    expect((await sweep()).unmet).toEqual([]);
    expect(toldOf(deal)).toEqual([]);
  });

  it('an invoice that is posted while the sweep is under way is left alone', async () => {
    const { companyId } = counter;
    const { beganAt } = await stepsWith().readOpenInvoicePage({ companyId });
    // The feed reads it as open while the pages are read, and then it is paid.
    const { invoiceId } = await postInvoice();
    await counter.database.query('UPDATE documents SET met_at = NULL WHERE document_id = $1', [invoiceId]);
    await counter.books.payInvoice(invoiceId);
    expect(await stepsWith().listUnmetInvoices({ companyId, beganAt })).toEqual([]);
    const next = await sweep();
    expect(next.unmet).toEqual([invoiceId]);
    await next.read();
  });

  it('an invoice that is listed as unmet and has not changed tells nobody', async () => {
    const { deal, invoiceId } = await postInvoice();
    const { companyId, beganAt } = await sweep();
    const read = await stepsWith().readUnmetInvoices({ companyId, beganAt, invoiceIds: [invoiceId] });
    expect(read).toEqual({ notified: 0, missing: [], showsPosted: true });
    expect(toldOf(deal)).toEqual([]);
  });

  it('an attempt that dies before the deal is told loses nothing, not even when no other follows it (I5)', async () => {
    const { deal, invoiceId } = await postInvoice();
    await counter.books.payInvoice(invoiceId);
    const { read } = await sweep();
    deafness = new Error('the workflows cannot be reached');
    await expect(read()).rejects.toThrow('cannot be reached');
    // The ledger has it as paid by now.
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Paid' });
    deafness = undefined;
    const next = await sweep();
    expect(next.unmet).toEqual([invoiceId]);
    await next.read();
    expect(toldOf(deal)).toHaveLength(1);
    expect((await sweep()).unmet).toEqual([]);
  });

  it('an attempt that dies before the deal is told is repeated and tells it', async () => {
    const { deal, invoiceId } = await postInvoice();
    await counter.books.payInvoice(invoiceId);
    const { read } = await sweep();
    deafness = new Error('the workflows cannot be reached');
    await expect(read()).rejects.toThrow('cannot be reached');
    deafness = undefined;
    await read();
    await read();
    expect(toldOf(deal)).toHaveLength(1);
  });

  it('an attempt that dies when the deal is told tells it once more at most (I5)', async () => {
    const { deal, invoiceId } = await postInvoice();
    await counter.books.payInvoice(invoiceId);
    const { read } = await sweep();
    await read();
    await counter.database.query('UPDATE observed_invoices SET is_deal_notified = false WHERE invoice_id = $1', [
      invoiceId,
    ]);
    await read();
    await read();
    expect(toldOf(deal)).toHaveLength(2);
  });

  describe('with an invoice that is deleted in Business Central', () => {
    async function loseInvoice() {
      // Another one is paid: it shows that posted invoices may be read.
      const paid = await postInvoice();
      await counter.books.payInvoice(paid.invoiceId);
      await (await sweep()).read();
      const { deal, invoiceId } = await postInvoice();
      deleteInvoice(invoiceId);
      const swept = await sweep();
      expect(swept.unmet).toEqual([invoiceId]);
      expect(await swept.read()).toEqual({ notified: 0, missing: [invoiceId], showsPosted: true });
      const { companyId, beganAt } = swept;
      const look = () => stepsWith().readMissingInvoice({ companyId, beganAt, invoiceId });
      return { deal, invoiceId, look };
    }
    const progressOf = async ({ table, recordId }: WonDeal) => {
      await counter.ledger.change(recordId, { kind: 'posted', isClosed: true });
      return (await loadProgressOf(counter)({ table, recordId })).invoices;
    };

    it('tells its deal, which finds that it is gone, and asks for it no more', async () => {
      const { deal, invoiceId, look } = await loseInvoice();
      expect(await look()).toBe('gone');
      expect(toldOf(deal)).toMatchObject([{ hint: { invoiceId } }]);
      expect(await progressOf(deal)).toMatchObject([{ id: invoiceId, status: 'open', isGone: true }]);
      expect((await sweep()).unmet).toEqual([]);
      expect(toldOf(deal)).toHaveLength(1);
    });

    it('comes back to it in the next sweep when an attempt dies before the deal is told (I5)', async () => {
      const { deal, invoiceId, look } = await loseInvoice();
      deafness = new Error('the workflows cannot be reached');
      await expect(look()).rejects.toThrow('cannot be reached');
      deafness = undefined;
      const { companyId, beganAt, unmet } = await sweep();
      expect(unmet).toEqual([invoiceId]);
      expect(await stepsWith().readMissingInvoice({ companyId, beganAt, invoiceId })).toBe('gone');
      expect(toldOf(deal)).toHaveLength(1);
      expect((await sweep()).unmet).toEqual([]);
    });

    it('reads it like any other when only the list had lost it', async () => {
      const { deal, invoiceId } = await postInvoice();
      await counter.books.payInvoice(invoiceId);
      const { companyId, beganAt } = await sweep();
      expect(await stepsWith().readMissingInvoice({ companyId, beganAt, invoiceId })).toBe('found');
      expect(toldOf(deal)).toHaveLength(1);
      expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Paid' });
      expect(await progressOf(deal)).not.toMatchObject([{ isGone: true }]);
    });

    it('believes nothing of it while no posted invoice shows: the permission may be missing', async () => {
      const { invoiceId } = await postInvoice();
      const { invoices } = counter.simulators.businessCentral.company;
      const before = [...invoices];
      invoices.clear();
      const { unmet, read } = await sweep();
      expect(unmet).toContain(invoiceId);
      expect(await read()).toEqual({ notified: 0, missing: unmet, showsPosted: false });
      for (const [id, invoice] of before) invoices.set(id, invoice);
    });
  });
});
