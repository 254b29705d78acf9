import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STATES_WITH_RUN } from '../../src/deal/states.js';
import { cancelUpdate, changedSignal, replayUpdate } from '../../src/workflows/deals/messages.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openRealServer, type TimeSkipping } from '../support/time-skipping.js';

/**
 * A decision and a hint in the same moment, on the real server: it does not take the end of a run that has not seen a signal,
 * and gives the run its task again. What the task had been told besides must not be lost with it.
 */

let server: TimeSkipping;
beforeAll(async () => {
  server = await openRealServer();
});
afterAll(() => server.close());

const ANN = { by: 'ann', reason: 'it was settled otherwise' };

describe('a deal that is held and ended by a person, while a hint comes', () => {
  it('ends, and the person hears of it', async () => {
    const world = makeDealWorld(server);
    world.books.isItemBlocked = true;
    const deal = await world.start();
    await deal.until('held');
    const { recordState } = world.standIns;
    let hints = 0;
    world.standIns.recordState = async (change) => {
      await recordState(change);
      if (change.state !== 'cancelled' || hints > 0) return undefined;
      hints += 1;
      await deal.handle.signal(changedSignal, { at: 'dataverse', revision: world.revision() });
      return undefined;
    };
    await deal.handle.executeUpdate(cancelUpdate, { args: [ANN] });
    expect(await deal.handle.result()).toEqual({ outcome: 'cancelled' });
    expect(hints).toBe(1);
    expect(world.states.at(-1)).toBe('cancelled');
    // The task that failed had recorded it, and the one after it records it again.
    expect(world.trail.map(({ action }) => action)).toEqual(['cancelled', 'cancelled']);
  });
});

describe('a deal whose invoice is paid in the moment in which its run ends', () => {
  it('tells Sales of the payment in the same run', async () => {
    const world = makeDealWorld(server, { confirmation: { by: 'rule' }, documentKind: 'order' });
    const { recordState, reportInvoice, loadDealProgress } = world.standIns;
    const told: string[] = [];
    world.standIns.loadDealProgress = async (ref) => {
      const progress = await loadDealProgress(ref);
      const isUntold = (status: string) => status !== 'open' && told.at(-1) !== status;
      return {
        ...progress,
        invoices: progress.invoices.map((invoice) =>
          invoice.missing === 'nothing' && isUntold(invoice.status) ? { ...invoice, missing: 'update' } : invoice,
        ),
      };
    };
    world.standIns.reportInvoice = async (back) => {
      const status = await reportInvoice(back);
      told.push(status);
      return status;
    };
    let payments = 0;
    world.standIns.recordState = async (change) => {
      await recordState(change);
      if (change.state !== 'written-back' || payments > 0) return undefined;
      payments += 1;
      for (const invoice of world.books.invoices) invoice.status = 'paid';
      await deal.handle.signal(changedSignal, { at: 'business-central', invoiceId: 'invoice-1', etag: '2' });
      return undefined;
    };
    const deal = await world.start();
    await deal.handle.result();
    expect(payments).toBe(1);
    expect(told.at(-1)).toBe('paid');
  });
});

describe('a deal that is held and begun again by a person', () => {
  it('answers whoever asks in between', async () => {
    const world = makeDealWorld(server);
    world.books.isItemBlocked = true;
    const deal = await world.start();
    await deal.until('held');
    world.books.isItemBlocked = false;
    await deal.handle.executeUpdate(replayUpdate, { args: [{ by: 'ann' }] });
    await deal.until('awaiting-confirmation');
    expect(world.trail.map(({ action }) => action)).toEqual(['replay']);
    await deal.handle.terminate();
  });
});

describe('a deal whose run is ended after the invoice is in Sales', () => {
  it.each(['writeOpportunityColumns', 'setOrderInvoiced'] as const)(
    'and before %s is begun again, and comes to it',
    async (step) => {
      const world = makeDealWorld(server, { confirmation: { by: 'rule' } });
      Object.assign(world.progress, { closesOrder: true, writesColumns: true, isClosed: true });
      const blocked = world.block(step);
      const lost = await world.start();
      await expect.poll(() => world.countOf(step), { timeout: 20_000 }).toBe(1);
      await lost.handle.terminate();
      blocked.release();
      // Of a deal that rests nobody begins a run.
      expect(STATES_WITH_RUN).toContain(world.progress.state);
      expect((await (await world.start()).handle.result()).outcome).toBe('written-back');
      expect(world.countOf(step)).toBe(2);
    },
  );
});
