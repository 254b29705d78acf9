import { randomUUID } from 'node:crypto';
import { scheduler } from 'node:timers/promises';
import { RemoteApiError } from '../../src/clients/errors.js';
import type { Approval } from '../../src/deal/approval.js';
import { findFigureDifference } from '../../src/deal/compare-figures.js';
import type { Figures, WonDeal } from '../../src/deal/deal.js';
import { ChangedSinceError, RefusedError } from '../../src/deal/errors.js';
import { HOLDS, type HoldReason } from '../../src/deal/holds.js';
import type { SourceTable } from '../../src/deal/ids.js';
import { add, multiply, round } from '../../src/deal/money.js';
import type { DealCommands, DealStatus } from '../../src/dispatch/deal-commands.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { makeInvoice } from './documents.js';
import { makeDeal, makeLine } from './won-deal.js';

/** Deals of the ledger as a page shows them, and runs that answer as the workflow does, without Temporal. */

export interface Sent {
  readonly act: 'confirm' | 'reject' | 'retry' | 'cancel' | 'replay';
  readonly recordId: string;
  readonly input: object;
}

export interface WaitingDeals {
  readonly commands: DealCommands;
  /** What was sent and taken. */
  readonly sent: Sent[];
  addWaiting(change?: Partial<Seed>): Promise<string>;
  /** One after the other, until it has come. */
  addUntil(reached: Promise<void>, change?: Partial<Seed>): Promise<void>;
  addHeld(reason: HoldReason, change?: Partial<Seed>): Promise<string>;
  /** Somebody changes the draft in Business Central. */
  changeFigures(recordId: string, totalIncludingTax: string): void;
  /** More than one person has to confirm. */
  askSeveral(recordId: string, approval: Approval): void;
  /** As it stands in Sales. */
  findDeal(recordId: string): WonDeal;
}

export interface Seed {
  readonly table: SourceTable;
  readonly number: string;
  readonly name: string;
  readonly customer: string;
  readonly unitPrice: string;
  /** Of the draft, when it is another than the deal's. */
  readonly draftPrice: string;
  readonly currency: string;
  /** How many lines it has; one unless it says so. */
  readonly lines: number;
}

export const COMPANY = '0c0c0000-0000-4000-8000-00000000000c';
const PRODUCT = {
  ...{ productId: '0f0f0000-0000-4000-8000-000000001001', number: 'EQ-1001', name: 'Product 1' },
  ...{ isActive: true, isService: false, type: 'inventory' as const },
};
const TAX = '0.19';
/** A page that is told of every deal has no time to show one. */
const BETWEEN_MS = 100;

export function createWaitingDeals(ledger: Ledger): WaitingDeals {
  const runs = new Map<string, DealStatus>();
  const inSales = new Map<string, WonDeal>();
  const sent: Sent[] = [];
  let count = 0;

  async function addDeal(change: Partial<Seed>): Promise<{ readonly recordId: string; readonly figures: Figures }> {
    count += 1;
    const recordId = randomUUID();
    const { number = `ORD-${1000 + count}`, name = `Pumps for plant ${count}`, currency = 'EUR' } = change;
    const { table = 'salesorder' } = change;
    const unitPrice = change.unitPrice ?? '10.00';
    const draftPrice = change.draftPrice ?? unitPrice;
    const positions = Array.from({ length: change.lines ?? 1 }, (_none, index) => index + 1);
    const lines = positions.map((position) => makeLine(position, { unitPrice, product: PRODUCT }));
    const deal = makeDeal({ table, recordId, number, name, currency, lines });
    const customer = change.customer && deal.customer && { ...deal.customer, name: change.customer };
    await ledger.register({ table, recordId });
    const sold = { ...deal, ...(customer && { customer }) };
    inSales.set(recordId, sold);
    await ledger.saveDeal(sold, { mapping: 'the-mapping', companyId: COMPANY });
    const net = multiply('2', draftPrice);
    const tax = round(multiply(net, TAX));
    const invoice = makeInvoice({
      ...{ id: randomUUID(), number: String(50_000 + count), currency, excludingTax: net, tax },
      ...{ includingTax: add(net, tax), remaining: add(net, tax) },
      // Of several lines only the last one has another price in the draft.
      lines: positions.map((position) => {
        const price = position === positions.length ? draftPrice : unitPrice;
        const ofLine = { unitPrice: price, net: multiply('2', price), tax: round(multiply(multiply('2', price), TAX)) };
        return { ...firstLine(), sequence: position * 10_000, ...ofLine };
      }),
    });
    await ledger.saveDocument(recordId, 'invoice', invoice);
    await ledger.change(recordId, {
      kind: 'drafted',
      ...{ documentId: invoice.id, documentKind: 'invoice', draftVersion: 1, draftNumber: invoice.number },
      ...{ customerNumber: 'C10001', mapping: 'the-mapping' },
    });
    const figures = { documentNumber: invoice.number, totalIncludingTax: invoice.includingTax, currency };
    return { recordId, figures };
  }

  const find = (recordId: string): DealStatus => {
    const status = runs.get(recordId);
    if (!status) throw new RefusedError('no run of the deal is open: nothing waits');
    return status;
  };
  const need = (recordId: string, ...states: readonly string[]): DealStatus => {
    const status = find(recordId);
    if (!states.includes(status.state)) throw new RefusedError(`the deal is ${status.state}, nobody is asked`);
    return status;
  };
  const take = (act: Sent['act'], recordId: string, input: object, state: DealStatus['state']): DealStatus => {
    sent.push({ act, recordId, input });
    const status: DealStatus = { ...find(recordId), state, problems: [] };
    runs.set(recordId, status);
    return status;
  };

  async function addWaiting(change: Partial<Seed> = {}): Promise<string> {
    const { recordId, figures } = await addDeal(change);
    await ledger.change(recordId, { kind: 'state', state: 'awaiting-confirmation' });
    const step = 'waiting for a person to confirm';
    runs.set(recordId, {
      ...{ state: 'awaiting-confirmation', step, problems: [], figures, invoiceNumber: undefined },
    });
    return recordId;
  }

  return {
    sent,
    addWaiting,
    async addUntil(reached, change) {
      let isReached = false;
      const end = reached.finally(() => {
        isReached = true;
      });
      while (!isReached) await Promise.all([addWaiting(change), scheduler.wait(BETWEEN_MS)]);
      await end;
    },
    async addHeld(reason, change = {}) {
      const { recordId, figures } = await addDeal(change);
      const text = `what was found of ${reason}`;
      await ledger.change(recordId, { kind: 'held', reason, text });
      const problems = [{ reason, text, ...HOLDS[reason] }];
      runs.set(recordId, { state: 'held', step: 'preparing', problems, figures, invoiceNumber: undefined });
      return recordId;
    },
    changeFigures(recordId, totalIncludingTax) {
      const { figures, ...status } = find(recordId);
      if (figures) runs.set(recordId, { ...status, figures: { ...figures, totalIncludingTax } });
    },
    askSeveral(recordId, approval) {
      runs.set(recordId, { ...find(recordId), approval });
    },
    findDeal(recordId) {
      const deal = inSales.get(recordId);
      if (!deal) throw new RemoteApiError('dataverse', 'not-found', 'read the deal', { status: 404 });
      return deal;
    },
    commands: {
      findStatus: async (recordId) => runs.get(recordId),
      async confirm(recordId, input) {
        const difference = findFigureDifference(input.figures, need(recordId, 'awaiting-confirmation').figures);
        if (difference) throw new ChangedSinceError(difference);
        return take('confirm', recordId, input, 'confirmed');
      },
      async reject(recordId, input) {
        const { figures } = need(recordId, 'awaiting-confirmation');
        const difference = input.figures && findFigureDifference(input.figures, figures);
        if (difference) throw new ChangedSinceError(difference);
        return take('reject', recordId, input, 'rejected');
      },
      async retry(recordId, input) {
        need(recordId, 'held');
        return take('retry', recordId, input, 'preparing');
      },
      async cancel(recordId, input) {
        need(recordId, 'held', 'awaiting-confirmation');
        return take('cancel', recordId, input, 'cancelled');
      },
      async replay({ recordId }, input) {
        const kind = runs.has(recordId) ? 'restarted' : 'started';
        sent.push({ act: 'replay', recordId, input });
        return { kind, workflowId: recordId };
      },
    },
  };
}

function firstLine() {
  const [line] = makeInvoice().lines;
  if (!line) throw new Error('the invoice of the tests has no line');
  return line;
}
