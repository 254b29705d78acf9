import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { RESUME_DEALS } from '../../src/dispatch/ensure/resumed-deals.js';
import { createFindRunningDeals } from '../../src/dispatch/running-deals.js';
import { executeWorkflow, WORKFLOWS } from '../../src/dispatch/workflows.js';
import { confirmUpdate } from '../../src/workflows/deals/messages.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { createListener } from '../support/feeds.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** What a deal that is under way is told of changes in Sales. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let listener: ReturnType<typeof createListener>;

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/feeds-strict.yaml',
    feeds: true,
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
  listener = createListener(stage);
  await listener.untilComplete();
});
afterAll(() => stage?.close());

const revisionOf = (orderId: string): string =>
  `W/"${stage.simulators.dataverse.store.find('salesorder', orderId)?.['versionnumber']}"`;

const NO_FIGURES = { documentNumber: '', totalIncludingTax: '', currency: '' };

describe('a running deal', () => {
  it('is told the revision of a change, and ends when its record was deleted', async () => {
    const order = dealer.takeKnown();
    await seller.submitOrder(order.id);
    await dealer.untilState(order, 'awaiting-confirmation');
    await listener.untilSettled('salesorder', order.id);

    await seller.call(`salesorders(${order.id})`, { statecode: 0, statuscode: 1 }, 'PATCH');
    const revision = revisionOf(order.id);
    await until(async () =>
      (await listener.looksOf(order.id)).some((look) => look.at === 'dataverse' && look.revision === revision),
    );
    await seller.call(`salesorders(${order.id})`, {}, 'DELETE');
    await dealer.untilState(order, 'cancelled');
    expect(dealer.invoicesOf(order)).toEqual([]);
  });

  it('whose run somebody terminated is started again, and may be confirmed', async () => {
    const order = dealer.takeKnown();
    await seller.submitOrder(order.id);
    await dealer.untilState(order, 'awaiting-confirmation');
    // Its feed may read the order only now, and the schedule may fall on this very moment: either would start the run first.
    await listener.untilSettled('salesorder', order.id);
    await stage.temporal.schedule.getHandle(RESUME_DEALS).pause('a test');
    await stage.temporal.workflow.getHandle(order.id).terminate('a test');
    const findRunning = createFindRunningDeals(stage.temporal);
    await until(async () => (await findRunning([order.id])).size === 0);
    await stage.database.query(
      `UPDATE source_records SET changed_at = now() - interval '1 hour' WHERE record_id = $1`,
      [order.id],
    );
    const workflowId = 'resume-deals-of-test';
    const resumed = await executeWorkflow(stage.temporal, WORKFLOWS.resumeDeals, {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [],
    });
    expect(resumed).toEqual({ delivered: 0, started: 1 });
    await keepHistory(stage, workflowId, 'deals-resumed');
    // The ledger has had this state all along: the new run asks again.
    await until(async () => (await dealer.status(order).catch(() => undefined))?.state === 'awaiting-confirmation');
    const { figures } = await dealer.status(order);
    await stage.temporal.workflow
      .getHandle(order.id)
      .executeUpdate(confirmUpdate, { args: [{ by: 'ann', figures: figures ?? NO_FIGURES }] });
    await dealer.untilState(order, 'written-back');
    expect(dealer.invoicesOf(order)).toHaveLength(1);
  });

  it('that nobody has confirmed for a day is told to its seller', async () => {
    const order = dealer.takeKnown();
    await seller.submitOrder(order.id);
    await dealer.untilState(order, 'awaiting-confirmation');
    await stage.database.query(
      `UPDATE source_records SET changed_at = now() - interval '25 hours' WHERE record_id = $1`,
      [order.id],
    );
    const workflowId = 'tell-sellers-of-test';
    await executeWorkflow(stage.temporal, WORKFLOWS.tellSellers, {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [],
    });
    await keepHistory(stage, workflowId, 'sellers-told');
    // The schedule may have been a moment quicker; the note is one all the same.
    const notes = [...stage.simulators.dataverse.store.all('annotation')].filter(
      (note) => note['objectid'] === order.id,
    );
    expect(notes.map(({ notetext }) => notetext)).toEqual([expect.stringMatching(/waits .* until somebody/)]);
  });

  it('that waits for an item hears of the product, and one that waits for a customer of the account', async () => {
    const order = dealer.takeNew();
    await seller.submitOrder(order.id);
    await dealer.untilState(order, 'held');
    expect((await stage.ledger.getRecord(order.id)).holdReason).toBe('customer-missing');
    const masters = async () => (await listener.looksOf(order.id)).filter((look) => look.at === 'masters').length;
    expect(await masters()).toBe(0);
    await seller.call(`accounts(${dealer.account(order).id})`, { telephone1: '+49 30 1234' }, 'PATCH');
    await until(async () => (await masters()) === 1);

    const waiting = dealer.takeKnown(({ lines }) => lines.some((line) => line.productIndex !== undefined));
    const index = waiting.lines.find((line) => line.productIndex !== undefined)?.productIndex ?? 0;
    const product = stage.simulators.data.products[index];
    await createBookkeeper(stage.simulators).deleteItem(product?.number ?? '');
    await seller.submitOrder(waiting.id);
    await dealer.untilState(waiting, 'held');
    expect((await stage.ledger.getRecord(waiting.id)).holdReason).toBe('item-missing');
    await seller.call(`products(${product?.id})`, { description: 'the item exists now' }, 'PATCH');
    await until(async () => (await listener.looksOf(waiting.id)).some((look) => look.at === 'masters'));
  });
});

describe('a webhook', () => {
  const post = (body: object, query = '', headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${stage.starterUrl}/webhooks/dataverse${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ InputParameters: [], OutputParameters: [], ...body }),
    });
  const secret = () => String(stage.env['WEBHOOK_SECRET']);
  const key = () => ({ 'x-dealbridge-key': secret() });
  const ZERO = '00000000-0000-0000-0000-000000000000';

  it('nudges the feed of its table, also when its body was cut until no record is left', async () => {
    await listener.pause('product');
    const before = (await listener.position('product')).pages;
    await listener.resume('product');
    await until(async () => (await listener.position('product')).pages > before);
    const cut = { MessageName: 'Win', PrimaryEntityName: 'quote', PrimaryEntityId: ZERO, InputParameters: null };
    const asked = listener.requestsFor('quotes').length;
    const answer = await post(cut, '', { ...key(), 'x-ms-dynamics-msg-size-exceeded': 'true' });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ kind: 'nudged' });
    await until(() => listener.requestsFor('quotes').length > asked);
  });

  it('proves itself by header, by ?code= or by ?dealbridge-key=', async () => {
    const body = {
      MessageName: 'Update',
      PrimaryEntityName: 'account',
      PrimaryEntityId: dealer.account(dealer.take()).id,
    };
    const encoded = encodeURIComponent(secret());
    expect((await post(body, '', key())).status).toBe(202);
    expect((await post(body, `?code=${encoded}`)).status).toBe(202);
    expect((await post(body, `?dealbridge-key=${encoded}`)).status).toBe(202);
    expect((await post(body, `?dealbridge-key=${encoded}x`)).status).toBe(401);
    expect((await post(body, `?key=${encoded}`)).status).toBe(401);
  });

  it('of a record that was lost or deleted before anybody saw it starts nothing', async () => {
    const order = dealer.take();
    for (const MessageName of ['Delete', 'Lose', 'Cancel']) {
      const answer = await post({ MessageName, PrimaryEntityName: 'salesorder', PrimaryEntityId: order.id }, '', key());
      expect(await answer.json()).toEqual({ kind: 'nothing-to-end' });
    }
    expect(await stage.ledger.findRecord(order.id)).toBeUndefined();
  });

  it('about several records starts each of them', async () => {
    const orders = [dealer.take(), dealer.take()];
    const Entities = orders.map(({ id }) => ({ Id: id, Attributes: [] }));
    const answer = await post(
      {
        MessageName: 'UpdateMultiple',
        PrimaryEntityName: 'salesorder',
        PrimaryEntityId: ZERO,
        InputParameters: [{ key: 'Targets', value: { Entities } }],
      },
      '',
      key(),
    );
    expect(await answer.json()).toEqual({
      kind: 'several',
      outcomes: orders.map(({ id }) => ({ kind: 'started', workflowId: id })),
    });
  });

  it('is answered while Sales does not answer at all', async () => {
    stage.simulators.dataverse.faults.add({ match: {}, times: 0, effect: { kind: 'hold', when: 'before' } });
    const order = dealer.take();
    const answer = await post(
      { MessageName: 'Update', PrimaryEntityName: 'salesorder', PrimaryEntityId: order.id },
      '',
      key(),
    );
    expect(await answer.json()).toEqual({ kind: 'started', workflowId: order.id });
    stage.simulators.dataverse.faults.clear();
    stage.simulators.dataverse.faults.releaseHolds();
  });
});
