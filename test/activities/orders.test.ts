import { randomUUID } from 'node:crypto';
import type { FaultEffect } from '@dealbridge/simulators/kernel/faults.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PostingDependencies } from '../../src/activities/documents/confirmed-write.js';
import { createDeletionSteps, type DeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps, type DraftSteps } from '../../src/activities/documents/draft-steps.js';
import type { Draft } from '../../src/activities/documents/drafts.js';
import { createPostingSteps, type PostingSteps } from '../../src/activities/documents/posting.js';
import type { BusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { documentKey } from '../../src/deal/document-number.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

const OUTCOME_MS = 600_000;

type OrderSteps = DraftSteps & DeletionSteps & PostingSteps;

describe('the steps of an order', () => {
  let counter: Counter;
  let patient: OrderSteps;
  /** The same steps after the time has passed in which an earlier attempt may land. */
  let later: OrderSteps;
  let open: (
    ambiguityWindowMs: number,
    sales?: Pick<PostingDependencies, 'checkRecord'>,
    businessCentral?: BusinessCentralClient,
  ) => OrderSteps;

  beforeAll(async () => {
    counter = await openCounter();
    const { client: businessCentral, companyId, ledger } = counter;
    const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
    const common = {
      businessCentral,
      companyId,
      ledger,
      clock: systemClock,
      rules: parseRules(''),
      sets,
      goneCheckMs: 1,
    };
    open = (ambiguityWindowMs, sales = unchanged, client = businessCentral) => {
      const dependencies = { ...common, businessCentral: client, ambiguityWindowMs };
      return {
        ...createDraftSteps(dependencies),
        ...createDeletionSteps(dependencies),
        ...createPostingSteps({ ...dependencies, ...sales, loadProgress: loadProgressOf(dependencies) }),
      };
    };
    patient = open(OUTCOME_MS);
    later = open(0);
  });
  afterEach(() => counter.simulators.businessCentral.faults.clear());
  afterAll(() => counter?.close());

  const draftInput = ({ recordId, revision }: WonDeal, draftVersion = 1) => ({
    ...counter.context,
    kind: 'order' as const,
    recordId,
    revision,
    customerId: counter.customerId,
    draftVersion,
  });

  async function draft(deal: WonDeal): Promise<Draft> {
    const made = await patient.createDraft(draftInput(deal));
    if (!made) throw new Error('no draft');
    return made;
  }

  const fail = (method: string, path: string, effect: FaultEffect) =>
    counter.simulators.businessCentral.faults.add({ match: { method, path }, effect });
  const ordersOf = (deal: WonDeal) => counter.client.findOrders(deal.recordId);
  const invoicesOf = (deal: WonDeal) => counter.client.findInvoices(deal.recordId);
  const actions = async (deal: WonDeal) => (await counter.ledger.readAudit(deal.recordId)).map(({ action }) => action);

  describe('createDraft', () => {
    it('makes one order, however often it is asked', async () => {
      const deal = await counter.win([
        ['4', '10.00'],
        ['1', '2.50'],
      ]);
      const { isCertain, ...first } = await draft(deal);
      expect(isCertain).toBe(true);
      expect(await draft(deal)).toEqual(first);
      const orders = await ordersOf(deal);
      expect(orders).toHaveLength(1);
      expect(first).toMatchObject({
        id: orders[0]?.id,
        figures: { documentNumber: orders[0]?.number, currency: 'EUR' },
        missingDiscount: undefined,
        difference: undefined,
      });
      expect(await counter.ledger.getRecord(deal.recordId)).toMatchObject({
        state: 'drafted',
        documentId: first.id,
        draftNumber: first.figures.documentNumber,
      });
      expect(await actions(deal)).toEqual(['create order in Business Central']);
    });

    it('makes none when a record further down took the deal over', async () => {
      const deal = await counter.win();
      await counter.ledger.claim(randomUUID(), [deal.recordId]);
      expect(await patient.createDraft(draftInput(deal))).toBeUndefined();
      expect(await ordersOf(deal)).toEqual([]);
    });

    it('adopts the order whose answer was lost', async () => {
      const deal = await counter.win();
      fail('POST', 'salesOrders', { kind: 'lose-answer', when: 'after' });
      await expect(draft(deal)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
      const adopted = await draft(deal);
      expect((await ordersOf(deal)).map((order) => order.id)).toEqual([adopted.id]);
    });

    it('waits as long as a lost request may still land, and asks again only then', async () => {
      const deal = await counter.win();
      fail('POST', 'salesOrders', { kind: 'lose-answer', when: 'before' });
      await expect(draft(deal)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
      await expect(draft(deal)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
      expect(await ordersOf(deal)).toEqual([]);
      await later.createDraft(draftInput(deal));
      expect(await ordersOf(deal)).toHaveLength(1);
    });

    it('finds an order whose answer was lost also when the warehouse has posted all of it since', async () => {
      const deal = await counter.win([
        ['4', '10.00'],
        ['2', '5.00'],
      ]);
      fail('POST', 'salesOrders', { kind: 'lose-answer', when: 'after' });
      await expect(draft(deal)).rejects.toThrow();
      const [order] = await ordersOf(deal);
      if (!order) throw new Error('no order');
      await counter.books.postOrder(order.id, [{ sequence: 10_000, ship: '1', invoice: '1' }]);
      await counter.books.postOrder(order.id);
      const adopted = await draft(deal);
      expect(adopted).toMatchObject({ id: order.id, figures: { documentNumber: order.number }, difference: undefined });
      expect(await patient.shipAndInvoice({ ...counter.context, ...toPost(deal), draft: adopted })).toBe('posted');
      expect(await invoicesOf(deal)).toHaveLength(2);
    });

    it('a draft of a later generation is not made beside what was posted', async () => {
      const deal = await counter.win();
      const first = await draft(deal);
      await counter.books.postOrder(first.id);
      const again = await patient.createDraft(draftInput(deal, 2));
      expect(again).toMatchObject({ id: first.id, figures: first.figures });
      expect(await ordersOf(deal)).toEqual([]);
    });

    it('two orders under one key are a question for a person', async () => {
      const deal = await counter.win();
      fail('POST', 'salesOrders', { kind: 'lose-answer', when: 'after' });
      await expect(draft(deal)).rejects.toThrow();
      await counter.client.createOrder(
        {
          externalDocumentNumber: documentKey(deal.recordId),
          customerId: counter.customerId,
          currency: { code: 'EUR', decimals: 2 },
          lines: [],
          headerDiscount: undefined,
        },
        REPEATABLE,
      );
      await expect(draft(deal)).rejects.toMatchObject({ details: [{ reason: 'two-documents' }] });
    });
  });

  describe('setDiscount, readDraft, deleteDraft', () => {
    it('the discount is set twice without harm, also when a mere read moved the etag', async () => {
      const deal = await counter.win([['4', '10.00']], { headerDiscount: '5.00', totalLessFreight: '35.00' });
      const made = await draft(deal);
      expect(made.missingDiscount).toBe('5.00');
      const input = { ...draftInput(deal), draftId: made.id, etag: made.etag, discount: made.discount };
      const discounted = await patient.setDiscount(input);
      expect(discounted).toMatchObject({ missingDiscount: undefined, difference: undefined });
      // The etag of before is stale now.
      expect(await patient.setDiscount(input)).toMatchObject({ figures: discounted?.figures });
    });

    it("is set in place of the customer's automatic one, and not over what a person has typed since", async () => {
      const { company } = counter.simulators.businessCentral;
      company.defaultInvoiceDiscount.set(counter.customerId, '10');
      try {
        const deal = await counter.win([['4', '10.00']], { headerDiscount: '5.00', totalLessFreight: '35.00' });
        const made = await draft(deal);
        expect(made).toMatchObject({ discount: '4', missingDiscount: '5.00', difference: undefined });
        const input = { ...draftInput(deal), draftId: made.id, etag: made.etag, discount: made.discount };
        const discounted = await patient.setDiscount(input);
        expect(discounted).toMatchObject({ discount: '5', missingDiscount: undefined, difference: undefined });

        const { etag } = await counter.client.getOrder(made.id);
        await counter.client.setOrderDiscount(made.id, etag, '7', REPEATABLE);
        if (!discounted) throw new Error('a draft is needed');
        const seen = { missing: discounted.missingDiscount, found: discounted.discount };
        expect(await patient.readDraft({ ...input, seen })).toMatchObject({
          missingDiscount: undefined,
          differenceCause: 'header-discount',
          differencePolicy: 'refuse',
        });
      } finally {
        company.defaultInvoiceDiscount.delete(counter.customerId);
      }
    });

    it("a customer's automatic discount on a deal without one is a difference that names it", async () => {
      const { company } = counter.simulators.businessCentral;
      company.defaultInvoiceDiscount.set(counter.customerId, '1');
      try {
        const made = await draft(await counter.win([['4', '10.00']]));
        expect(made).toMatchObject({ missingDiscount: undefined, differenceCause: 'header-discount' });
        expect(made.difference).toMatch(/^header discount: 0 in Sales, 0\.4 in the draft/);
      } finally {
        company.defaultInvoiceDiscount.delete(counter.customerId);
      }
    });

    it('a deleted order reads as nothing, and deleting it twice is harmless', async () => {
      const deal = await counter.win();
      const { made: _madeOf, isCertain: _certain, ...made } = await draft(deal);
      const input = { ...draftInput(deal), draftId: made.id };
      expect(await patient.readDraft(input)).toEqual(made);
      await patient.deleteDraft({ ...input, evenIfEdited: true });
      await patient.deleteDraft({ ...input, evenIfEdited: true });
      expect(await patient.readDraft(input)).toBeUndefined();
      expect(await patient.readOrderProgress({ ...counter.context, recordId: deal.recordId, orderId: made.id })).toBe(
        'gone',
      );
      expect(await actions(deal)).toEqual(['create order in Business Central', 'delete order in Business Central']);
    });

    it('is found for its end where it has no answer and the one before was deleted by hand (I1)', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      await counter.client.deleteOrder(made.id, made.etag, REPEATABLE);
      fail('POST', '/salesOrders', { kind: 'lose-answer', when: 'after' });
      await expect(patient.createDraft(draftInput(deal, 2))).rejects.toMatchObject({
        type: 'business-central/unknown-outcome',
      });
      const [second] = await ordersOf(deal);
      const progress = await loadProgressOf(counter)(deal);
      expect(progress).toMatchObject({ draftVersion: 2, draft: { kind: 'order' } });
      expect(progress.draft).not.toHaveProperty('documentId');
      const of = { ...counter.context, kind: 'order' as const, recordId: deal.recordId };
      const draftId = await later.findUnansweredDraft({ ...of, draftVersion: progress.draftVersion });
      expect(draftId).toBe(second?.id);
      await later.deleteDraft({ ...of, draftId: draftId ?? '', evenIfEdited: true });
      expect(await ordersOf(deal)).toEqual([]);
      expect((await counter.ledger.getRecord(deal.recordId)).draftVersion).toBe(3);
    });

    it('is followed, not taken for deleted, when the warehouse posts it in the moment of its deletion', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      const { client } = counter;
      const deleteOrder: typeof client.deleteOrder = async (...asked) => {
        await counter.books.postOrder(made.id);
        return client.deleteOrder(...asked);
      };
      const input = { ...draftInput(deal), draftId: made.id, evenIfEdited: true };
      await expect(open(OUTCOME_MS, unchanged, { ...client, deleteOrder }).deleteDraft(input)).rejects.toThrow(
        'has just been posted',
      );
      expect(await patient.deleteDraft(input)).toBe('posted');
      expect((await counter.ledger.getRecord(deal.recordId)).draftVersion).toBe(1);
      expect(await actions(deal)).toEqual(['create order in Business Central']);
    });
  });

  describe('shipAndInvoice', () => {
    it('posts once, however often it is asked', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      const input = { ...counter.context, ...toPost(deal), draft: made };
      expect(await patient.shipAndInvoice(input)).toBe('posted');
      expect(await patient.shipAndInvoice(input)).toBe('posted');
      expect(await invoicesOf(deal)).toHaveLength(1);
      expect((await counter.ledger.getRecord(deal.recordId)).state).toBe('posted');
    });

    it('an order that was touched after it was confirmed is a conflict, and is posted by its new etag', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      await counter.client.setOrderDiscount(made.id, made.etag, '1', REPEATABLE);
      expect(await patient.shipAndInvoice({ ...counter.context, ...toPost(deal), draft: made })).toBe('conflict');
      expect(await invoicesOf(deal)).toEqual([]);
      const fresh = await patient.readDraft({ ...draftInput(deal), draftId: made.id });
      if (!fresh) throw new Error('no order');
      expect(await patient.shipAndInvoice({ ...counter.context, ...toPost(deal), draft: fresh })).toBe('posted');
    });

    it('a lost answer of a full posting is found by the invoices of the order', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      fail('POST', 'shipAndInvoice', { kind: 'lose-answer', when: 'after' });
      const input = { ...counter.context, ...toPost(deal), draft: made };
      await expect(patient.shipAndInvoice(input)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
      expect(await patient.shipAndInvoice(input)).toBe('posted');
      expect(await invoicesOf(deal)).toHaveLength(1);
    });

    it('a lost answer of a partial posting is found by the quantities, and the rest is not posted', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      const confirmed = await shipPartly(deal, made, '3');
      fail('POST', 'shipAndInvoice', { kind: 'lose-answer', when: 'after' });
      const input = { ...counter.context, ...toPost(deal), draft: confirmed };
      await expect(patient.shipAndInvoice(input)).rejects.toThrow();
      expect(await later.shipAndInvoice(input)).toBe('posted');
      expect(await invoicesOf(deal)).toHaveLength(1);
      expect(
        await patient.readOrderProgress({ ...counter.context, recordId: deal.recordId, orderId: made.id }),
      ).toMatchObject({
        shippedQuantity: '3',
        invoicedQuantity: '3',
      });
    });

    it('a lost request waits as long as it may still land, and is asked again only then', async () => {
      const deal = await counter.win();
      const input = { ...counter.context, ...toPost(deal), draft: await draft(deal) };
      fail('POST', 'shipAndInvoice', { kind: 'lose-answer', when: 'before' });
      await expect(patient.shipAndInvoice(input)).rejects.toThrow();
      await expect(patient.shipAndInvoice(input)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
      expect(await invoicesOf(deal)).toEqual([]);
      expect(await later.shipAndInvoice(input)).toBe('posted');
      expect(await invoicesOf(deal)).toHaveLength(1);
    });

    it('what the warehouse posted while our request was refused is not taken for ours', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      fail('POST', 'shipAndInvoice', { kind: 'status', status: 503 });
      const input = { ...counter.context, ...toPost(deal), draft: made };
      await expect(patient.shipAndInvoice(input)).rejects.toMatchObject({ type: 'business-central/unavailable' });
      await counter.books.postOrder(made.id, [{ sequence: 10_000, ship: '1', invoice: '1' }]);
      expect(await patient.shipAndInvoice(input)).toBe('conflict');
      expect(await invoicesOf(deal)).toHaveLength(1);
    });

    it('an order that the warehouse posted before us is posted', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      await counter.books.postOrder(made.id);
      expect(await patient.shipAndInvoice({ ...counter.context, ...toPost(deal), draft: made })).toBe('posted');
      expect(await invoicesOf(deal)).toHaveLength(1);
    });

    it('an order that somebody deleted is a question for a person', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      await patient.deleteDraft({ ...draftInput(deal), draftId: made.id, evenIfEdited: false });
      await expect(patient.shipAndInvoice({ ...counter.context, ...toPost(deal), draft: made })).rejects.toMatchObject({
        details: [{ reason: 'draft-gone' }],
      });
    });

    async function shipPartly(deal: WonDeal, made: Draft, quantity: string): Promise<Draft> {
      const line = counter.simulators.businessCentral.company.documents.order.get(made.id)?.lines[0];
      Object.assign(line ?? {}, { shipQuantity: quantity, invoiceQuantity: quantity });
      const confirmed = await patient.readDraft({ ...draftInput(deal), draftId: made.id });
      if (!confirmed) throw new Error('no order');
      return confirmed;
    }
  });

  describe('isAsConfirmed', () => {
    const check = (deal: WonDeal, made: Draft, steps = patient) =>
      steps.isAsConfirmed({ ...counter.context, ...toPost(deal), draft: made });

    it('says so of an order that nobody touched, and not of one that was edited, however little, or deleted', async () => {
      const deal = await counter.win([['4', '10.00']]);
      const made = await draft(deal);
      expect(await check(deal, made)).toBe(true);
      await counter.books.editPrice('salesOrders', made.id, 9);
      expect(await check(deal, made)).toBe(false);
      const read = await patient.readDraft({ ...draftInput(deal), draftId: made.id });
      // Read once more after it was confirmed: what the ledger has by now is not what somebody saw.
      expect(await check(deal, made)).toBe(false);
      expect(await check(deal, read ?? made)).toBe(true);
      const [order] = await ordersOf(deal);
      await counter.client.deleteOrder(made.id, order?.etag ?? '', REPEATABLE);
      expect(await check(deal, read ?? made)).toBe(false);
    });

    it('does not say so when the record ended in Sales, and no hint came, while somebody was asked', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      const readAt = new Date(Date.now() - 3_600_000).toISOString();
      const input = { ...counter.context, ...toPost(deal), draft: made, readAt };
      expect(await patient.isAsConfirmed(input)).toBe(true);
      const ended = async () => ({ revision: 'W/"2"', found: 'ended' as const });
      expect(await open(OUTCOME_MS, { checkRecord: ended }).isAsConfirmed(input)).toBe(false);
    });

    it('asks nobody once the order is the warehouse’s', async () => {
      const deal = await counter.win([['4', '10.00']]);
      const made = await draft(deal);
      await counter.ledger.change(deal.recordId, { kind: 'state', state: 'awaiting-shipment' });
      await counter.books.editPrice('salesOrders', made.id, 9);
      expect(await check(deal, made)).toBe(true);
    });
  });

  describe('readOrderInvoices', () => {
    it('reads every part in one request and keeps each in the ledger', async () => {
      const deal = await counter.win();
      const made = await draft(deal);
      const ref = { ...counter.context, recordId: deal.recordId, orderId: made.id, isComplete: false };
      expect(await patient.readOrderInvoices(ref)).toEqual([]);
      await counter.books.postOrder(made.id, [{ sequence: 10_000, ship: '1', invoice: '1' }]);
      await counter.books.postOrder(made.id);
      const invoices = await patient.readOrderInvoices(ref);
      expect(await patient.readOrderInvoices(ref)).toEqual(invoices);
      expect(invoices.map(({ status, remaining, total }) => [status, remaining === total])).toEqual([
        ['Open', true],
        ['Open', true],
      ]);
      for (const invoice of invoices) {
        expect(await counter.ledger.getInvoice(invoice.id)).toMatchObject({ number: invoice.number });
      }
      const numbers = invoices.map((invoice) => invoice.number).sort();
      expect((await counter.ledger.getRecord(deal.recordId)).invoiceNumber).toBe(numbers.join(', '));
    });
  });
});
