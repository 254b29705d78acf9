import type { FaultRule } from '@dealbridge/simulators/kernel/faults.js';
import type { SimServer } from '@dealbridge/simulators/kernel/server.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDealer, until } from '../support/deals.js';
import { keepHistory } from '../support/histories.js';
import { AMBIGUITY_WINDOW_MS, openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/automatic.yaml' });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
});
afterEach(() => {
  stage.simulators.businessCentral.faults.clear();
  stage.simulators.dataverse.faults.clear();
});
afterAll(() => stage?.close());

/** Wins the order and waits for the end of its run. */
async function handOver(deal: SeedDocument) {
  await seller.submitOrder(deal.id);
  await stage.simulators.dataverse.webhooks.settle();
  return dealer.result(deal);
}

/** Counted in the simulators, not in our own books. */
function expectOnce(deal: SeedDocument): void {
  expect(dealer.customersOf(deal)).toHaveLength(1);
  const invoices = dealer.invoicesOf(deal);
  expect(invoices.map((invoice) => invoice.isPosted)).toEqual([true]);
  const rows = dealer.salesInvoicesOf(deal);
  expect(rows.map((row) => row['invoicenumber'])).toEqual(invoices.map((invoice) => invoice.row['number']));
}

describe('requests', () => {
  it('a deal of a known customer with known items costs 2 requests to Dataverse and 3 to BC', async () => {
    const deal = dealer.takeKnown();
    const account = dealer.account(deal);
    // Which currencies the company has is read once an hour, by whichever deal comes first.
    await handOver(dealer.takeKnown((other) => dealer.account(other).currency === account.currency));
    // Known means linked: the first look-ups of a customer and its items are paid once, by the first deal.
    const company = stage.simulators.businessCentral.company;
    const customer = company.findByNumber('customers', account.number);
    await stage.ledger.saveLink('customer', company.id, {
      salesId: account.id,
      bcId: String(customer?.['id']),
      bcNumber: account.number,
    });
    for (const line of deal.lines) {
      const product = line.productIndex === undefined ? undefined : stage.simulators.data.products[line.productIndex];
      if (!product) continue;
      const item = company.findByNumber('items', product.number);
      await stage.ledger.saveLink('item', company.id, {
        salesId: product.id,
        bcId: String(item?.['id']),
        bcNumber: product.number,
      });
    }
    const salesBefore = stage.simulators.dataverse.requests.length;
    const bcBefore = stage.simulators.businessCentral.requests.length;
    await handOver(deal);
    expectOnce(deal);
    const asked = (server: SimServer, from: number) =>
      server.requests
        .slice(from)
        .map(
          ({ method, path }) => `${method} ${path.replace(/^.*?(?=salesI|salesorders|invoices)/, '').split(/[(?]/)[0]}`,
        );
    // The first of the requests to Sales is the seller's own PATCH.
    expect(asked(stage.simulators.dataverse, salesBefore)).toEqual([
      'PATCH salesorders',
      'GET salesorders',
      'POST invoices',
    ]);
    expect(asked(stage.simulators.businessCentral, bcBefore)).toEqual([
      'POST salesInvoices',
      'POST salesInvoices',
      'GET salesInvoices',
    ]);
  });

  it('the same GUID started 50 times at once, by webhook and by hand, makes one document (I1)', async () => {
    const deal = dealer.takeKnown();
    const hint = {
      MessageName: 'Update',
      PrimaryEntityName: 'salesorder',
      PrimaryEntityId: deal.id,
      InputParameters: [],
    };
    const call = () =>
      fetch(`${stage.starterUrl}/webhooks/dataverse`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-dealbridge-key': String(stage.env['WEBHOOK_SECRET']) },
        body: JSON.stringify(hint),
      });
    const { startDeal } = await import('../../src/dispatch/start-deal.js');
    const byHand = () => startDeal(stage, { table: 'salesorder', recordId: deal.id });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_none, index) => (index % 2 === 0 ? call() : byHand())),
    );
    expect(answers).toHaveLength(50);
    await dealer.result(deal);
    expectOnce(deal);
  });
});

describe('an answer that is lost (I3)', () => {
  const writes = {
    'create customer': { server: 'businessCentral', method: 'POST', path: '/customers$' },
    'create draft': { server: 'businessCentral', method: 'POST', path: '/salesInvoices\\?' },
    post: { server: 'businessCentral', method: 'POST', path: 'Microsoft\\.NAV\\.post' },
    'create invoice row': { server: 'dataverse', method: 'POST', path: '/invoices\\?' },
  } as const;

  for (const [name, { server, method, path }] of Object.entries(writes)) {
    for (const when of ['after', 'before'] as const) {
      it(`${name}: an answer lost ${when} the commit ends right, and is asked again only after the other side's time`, async () => {
        const deal = dealer.takeNew();
        const sim = stage.simulators[server];
        const rule: FaultRule = { match: { method, path }, effect: { kind: 'lose-answer', when } };
        sim.faults.add(rule);
        const from = sim.requests.length;
        expect((await handOver(deal)).outcome).toBe('written-back');
        expectOnce(deal);
        const wanted = new RegExp(path);
        const asked = sim.requests
          .slice(from)
          .filter((request) => request.method === method && wanted.test(request.path));
        expect(asked[0]?.status).toBe('cut');
        if (when === 'after') expect(asked).toHaveLength(1);
        else {
          expect(asked).toHaveLength(2);
          const [first, second] = asked.map((request) => Date.parse(request.startedAt));
          expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(AMBIGUITY_WINDOW_MS);
        }
        if (name === 'create draft' && when === 'before')
          await keepHistory(stage, deal.id, 'answer-lost-at-create-draft');
      });
    }
  }

  for (const status of [408, 500, 502, 504]) {
    it(`a ${status} to the draft is an unknown outcome`, async () => {
      const deal = dealer.takeKnown();
      stage.simulators.businessCentral.faults.add({
        match: { method: 'POST', path: '/salesInvoices\\?' },
        effect: { kind: 'status', status, when: 'after', body: '<html>gateway</html>' },
      });
      await handOver(deal);
      expectOnce(deal);
    });
  }

  it('a 429 with Retry-After is obeyed to the second (I8)', async () => {
    const deal = dealer.takeKnown();
    const sim = stage.simulators.businessCentral;
    sim.faults.add({
      match: { method: 'POST', path: '/salesInvoices\\?' },
      effect: { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
    });
    const from = sim.requests.length;
    await handOver(deal);
    expectOnce(deal);
    const drafts = sim.requests
      .slice(from)
      .filter(({ method, path }) => method === 'POST' && path.includes('/salesInvoices?'));
    const [first, second] = drafts.map((request) => Date.parse(request.startedAt));
    expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(2_000);
  });
});

describe('a worker that is killed', () => {
  // Those of Sales first: held requests to Business Central take all connections but the last, which takes the last moment.
  const moments = [
    { server: 'dataverse', method: 'GET', path: '/salesorders\\(', step: 'read' },
    { server: 'dataverse', method: 'POST', path: '/invoices\\?', step: 'write-back' },
    { server: 'businessCentral', method: 'POST', path: '/customers$', step: 'create-customer' },
    { server: 'businessCentral', method: 'POST', path: '/salesInvoices\\?', step: 'create-draft' },
    { server: 'businessCentral', method: 'POST', path: 'Microsoft\\.NAV\\.post', step: 'post' },
    { server: 'businessCentral', method: 'GET', path: '/salesInvoices\\?\\$filter', step: 'read-posted' },
  ] as const;
  const casesOf = (when: 'before' | 'after') => moments.map((moment) => ({ ...moment, when }));
  const cases = [...casesOf('before'), ...casesOf('after')];
  const deals = new Map<string, SeedDocument>();
  const keyOf = ({ step, when }: (typeof cases)[number]): string => `${when} ${step}`;

  /** One deal stands at each of the moments, and one SIGKILL meets them all: what follows is a time limit to wait for. */
  async function killAt(when: 'before' | 'after'): Promise<void> {
    const { dataverse, businessCentral } = stage.simulators;
    // However slow the machine is, none of the requests is given up while the others are on their way.
    await stage.killWorker();
    await stage.startWorker({
      DATAVERSE_AMBIGUITY_WINDOW_MS: '100000',
      BC_AMBIGUITY_WINDOW_MS: '100000',
      REQUEST_TIMEOUT_MS: '90000',
    });
    for (const [index, one] of casesOf(when).entries()) {
      const { server, method, path } = one;
      const deal = dealer.takeNew();
      deals.set(keyOf(one), deal);
      stage.simulators[server].faults.add({ match: { method, path }, effect: { kind: 'hold', when } });
      await seller.submitOrder(deal.id);
      await until(() => dataverse.faults.heldCount() + businessCentral.faults.heldCount() === index + 1);
    }
    await stage.killWorker();
    dataverse.faults.clear();
    businessCentral.faults.clear();
    await stage.startWorker();
  }

  beforeAll(async () => {
    await killAt('before');
    await killAt('after');
  });

  for (const one of cases) {
    it(`SIGKILL ${one.when} the commit of ${one.method} (${one.step}): once all the same`, async () => {
      const deal = deals.get(keyOf(one));
      if (!deal) throw new Error(`no deal was held ${keyOf(one)}`);
      expect((await dealer.result(deal)).outcome).toBe('written-back');
      expectOnce(deal);
      if (keyOf(one) === 'after post') await keepHistory(stage, deal.id, 'worker-killed-at-post');
    });
  }
});
