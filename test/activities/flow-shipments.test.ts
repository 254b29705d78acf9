import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentKey } from '../../src/deal/document-number.js';
import { toLocalDate } from '../../src/mapping/fields/view.js';
import { type FlowCounter, openFlowCounter } from '../support/flow-counter.js';
import { createSeller } from '../support/sales.js';

const COLUMNS = 'number: bc_postedshipmentnumber, quantity: new_shipped, date: new_shippedon';
const RULES = `flows: { shipments: { columns: { ${COLUMNS} }, lineColumn: quantityshipped } }`;

let counter: FlowCounter;
beforeAll(async () => {
  counter = await openFlowCounter();
  await counter.addColumn('salesorder', 'Decimal', 'new_shipped');
  await counter.addColumn('salesorder', 'DateTime', 'new_shippedon');
  await counter.run('shipments', RULES);
});
afterAll(() => counter?.close());

const store = () => counter.simulators.dataverse.store;
const thingsOf = async (id: string) => (await counter.things('shipments')).filter(({ target_id }) => target_id === id);
const notesOf = (id: string) => [...store().all('annotation')].filter((row) => row['objectid'] === id);

/** An order of a deal in Business Central, left to the warehouse, with one line at 10000. */
async function order() {
  const { deal } = await counter.post();
  await counter.books.copyUnderKey('order', documentKey(deal.recordId));
  const [made] = await counter.client.findOrders(deal.recordId);
  if (!made) throw new Error('no order');
  await setDeal(deal.recordId, "document_kind = 'order', state = 'awaiting-shipment'");
  return { deal, orderId: made.id };
}
const setDeal = (recordId: string, columns: string) =>
  counter.database.query(`UPDATE source_records SET ${columns} WHERE record_id = $1`, [recordId]);
/** So long that no reading by stamps comes back to what was shipped before. */
async function letPass(): Promise<void> {
  counter.simulators.clock.advance(180_000);
  await counter.run('shipments', RULES);
  await counter.database.query("UPDATE flow_rows SET met_at = met_at - interval '1 hour'");
}
const ship = (orderId: string, quantity: string) =>
  counter.books.postOrder(orderId, [{ sequence: 10_000, ship: quantity, invoice: '0' }]);

/** Undo Shipment: a line of the opposite quantity halfway to the next line, or behind the last one. */
function undoShipments(recordId: string): void {
  const { company } = counter.simulators.businessCentral;
  const shipments = [...company.all('salesShipments')].filter(
    (row) => row['externalDocumentNumber'] === documentKey(recordId),
  );
  for (const { id } of shipments) {
    const lines = [...company.all('salesShipmentLines')].filter((line) => line['documentId'] === id);
    for (const { id: _, ...line } of lines)
      company.insert('salesShipmentLines', {
        ...line,
        sequence: Number(line['sequence']) + 10_000,
        quantity: `-${line['quantity']}`,
      });
  }
}

describe('a shipment', () => {
  it('fills the columns of the order and of its lines; two in parts add up', async () => {
    const { deal, orderId } = await order();
    await ship(orderId, '0.25');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    await ship(orderId, '0.5');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1 });
    const row = store().find('salesorder', deal.recordId);
    expect(String(row?.['bc_postedshipmentnumber']).split(', ')).toHaveLength(2);
    expect(Number(row?.['new_shipped'])).toBe(0.75);
    const line = store().find('salesorderdetail', deal.lines[0]?.lineId ?? '');
    expect([deal.lines[0]?.sequence, Number(line?.['quantityshipped'])]).toEqual([10_000, 0.75]);
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0 });
    expect(await counter.trail(deal.recordId)).toContain('write the shipment on the order in Sales');
  });

  // reference/dataverse-sales 2.14: a column of the kind of Date Fulfilled shows each user the day of their own zone
  it.each(['America/Los_Angeles', 'Europe/Berlin', 'Pacific/Auckland'])(
    'puts its day into a column that keeps moments, as people in %s see it',
    async (zone) => {
      const { deal, orderId } = await order();
      await ship(orderId, '0.25');
      expect(await counter.run('shipments', `businessTimeZone: ${zone}\n${RULES}`)).toMatchObject({ carried: 1 });
      const row = store().find('salesorder', deal.recordId);
      expect(toLocalDate(String(row?.['new_shippedon']), zone)).toBe(counter.simulators.clock.today());
    },
  );

  it('of a line that was converted to the base unit is counted in the unit that it was sold in', async () => {
    const { deal, orderId } = await order();
    const [first, ...others] = deal.lines;
    if (!first) throw new Error('a line is needed');
    const item = counter.simulators.businessCentral.company.findByNumber('items', 'EQ-1001');
    const converted = { ...first, unit: 'Pallet', unitFactor: '3', baseUnit: String(item?.['baseUnitOfMeasureCode']) };
    const lines = [converted, ...others];
    await counter.ledger.saveDeal({ ...deal, lines }, { mapping: 'default', companyId: counter.companyId });
    for (const quantity of ['0.25', '0.5']) {
      await ship(orderId, quantity);
      expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    }
    const line = store().find('salesorderdetail', first.lineId);
    expect(Number(line?.['quantityshipped'])).toBe(0.25);
    expect(Number(store().find('salesorder', deal.recordId)?.['new_shipped'])).toBe(0.25);
  });

  // reference/business-central 4.4: the shipment itself is not stamped anew
  it('that was undone counts no more once the order is shipped again', async () => {
    const { deal, orderId } = await order();
    await ship(orderId, '0.25');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    undoShipments(deal.recordId);
    await ship(orderId, '0.5');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 2, noted: 0 });
    expect(Number(store().find('salesorder', deal.recordId)?.['new_shipped'])).toBe(0.5);
    const line = store().find('salesorderdetail', deal.lines[0]?.lineId ?? '');
    expect(Number(line?.['quantityshipped'])).toBe(0.5);
  });

  it('that was undone counts no more, also when the order is not shipped again', async () => {
    const { deal, orderId } = await order();
    await ship(orderId, '0.25');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(store().find('salesorder', deal.recordId)?.['new_shippedon']).toBeTruthy();
    await letPass();
    undoShipments(deal.recordId);
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    const row = store().find('salesorder', deal.recordId);
    expect(Number(row?.['new_shipped'])).toBe(0);
    expect([row?.['bc_postedshipmentnumber'], row?.['new_shippedon']]).toEqual([null, null]);
    const line = store().find('salesorderdetail', deal.lines[0]?.lineId ?? '');
    expect(Number(line?.['quantityshipped'])).toBe(0);
    await letPass();
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0 });
  });

  it('that was undone before its order was deleted counts no more', async () => {
    const { deal, orderId } = await order();
    await ship(orderId, '0.25');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    await letPass();
    undoShipments(deal.recordId);
    await setDeal(deal.recordId, "state = 'cancelled', is_closed = true, changed_at = now()");
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(Number(store().find('salesorder', deal.recordId)?.['new_shipped'])).toBe(0);
  });

  it('that was undone counts no more, also when its order ended days before the flow is read again', async () => {
    const { deal, orderId } = await order();
    await ship(orderId, '0.25');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    await letPass();
    undoShipments(deal.recordId);
    await counter.database.query("UPDATE flow_rows SET met_at = met_at - interval '5 days'");
    await counter.database.query("UPDATE flows SET looked_back_at = now() - interval '5 days'");
    await setDeal(deal.recordId, "state = 'cancelled', is_closed = true, changed_at = now() - interval '3 days'");
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(Number(store().find('salesorder', deal.recordId)?.['new_shipped'])).toBe(0);
  });

  // reference/business-central 11.3: it takes the number that the order had drawn, with the key of the deal
  it('that stands for an order which was deleted after its posting failed was none', async () => {
    const { deal, orderId } = await order();
    const { company } = counter.simulators.businessCentral;
    company.setStock('EQ-1001', '0');
    company.setup.preventNegativeInventory = true;
    await expect(ship(orderId, '1')).rejects.toThrow('insufficient quantity');
    company.setup.preventNegativeInventory = false;
    await counter.books.deleteOrder(orderId);
    const shipments = await counter.client.readChangedShipments(new Date(0), 100);
    const [placeholder] = shipments.rows.filter((one) => one.externalDocumentNumber === documentKey(deal.recordId));
    expect(placeholder?.lines).toMatchObject([{ quantity: '0' }]);
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0, noted: 0 });
    expect(store().find('salesorder', deal.recordId)?.['bc_postedshipmentnumber'] ?? null).toBeNull();
  });

  it('is looked at again while its order is open, and not for ever', async () => {
    const { orderId } = await order();
    await ship(orderId, '0.25');
    await counter.run('shipments', RULES);
    const { requests } = counter.simulators.businessCentral;
    const looks = () => requests.filter(({ path }) => path.includes('/salesShipmentLines')).length;
    const before = looks();
    await counter.run('shipments', RULES);
    expect(looks()).toBe(before);
    await letPass();
    await counter.run('shipments', RULES);
    expect(looks()).toBe(before + 1);
    await counter.database.query(
      "UPDATE source_records SET state = 'settled', is_closed = true, changed_at = now() - interval '3 days'",
    );
    await letPass();
    await counter.run('shipments', RULES);
    expect(looks()).toBe(before + 1);
  });

  it('of a deal that a restored ledger does not know yet reaches the order once it does', async () => {
    const { deal, orderId } = await order();
    const setCompany = (id: string | null) =>
      counter.database.query('UPDATE source_records SET company_id = $2 WHERE record_id = $1', [deal.recordId, id]);
    await setCompany(null);
    await ship(orderId, '0.25');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0, noted: 0 });
    counter.simulators.clock.advance(600_000);
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0, noted: 0 });
    await setCompany(counter.companyId);
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(Number(store().find('salesorder', deal.recordId)?.['new_shipped'])).toBe(0.25);
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0, noted: 0 });
  });

  it('of a submitted order, which takes no columns, is a note with its lines, once', async () => {
    const { deal, orderId } = await order();
    await createSeller(counter.simulators).submitOrder(deal.recordId);
    await ship(orderId, '1');
    counter.simulators.dataverse.faults.add({
      match: { method: 'POST', path: 'annotations' },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0, deferred: 1 });
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1 });
    const [note, ...others] = notesOf(deal.recordId);
    expect(others).toEqual([]);
    expect(note?.['notetext']).toMatch(/^Shipment \S+ of \d{4}-\d\d-\d\d.*:\n1 × /);
  });

  it('of a submitted order that is undone gets a second note, once', async () => {
    const { deal, orderId } = await order();
    await createSeller(counter.simulators).submitOrder(deal.recordId);
    await ship(orderId, '1');
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1 });
    for (const carried of [1, 0]) {
      await letPass();
      if (carried > 0) undoShipments(deal.recordId);
      expect(await counter.run('shipments', RULES)).toMatchObject({ carried, noted: 0 });
    }
    const texts = notesOf(deal.recordId).map((note) => String(note['notetext']));
    expect(texts).toHaveLength(2);
    expect(texts[0]).toMatch(/^Shipment \S+ of .*:\n1 × /);
    expect(texts[1]).toMatch(/^Of shipment \S+ was undone:\n1 × /);
    expect(texts.join()).not.toContain('\n-');
  });

  it('of a submitted order is noted where the rule wants no notes', async () => {
    const { deal, orderId } = await order();
    await createSeller(counter.simulators).submitOrder(deal.recordId);
    await ship(orderId, '1');
    const rules = `flows: { shipments: { columns: { ${COLUMNS} }, notes: false } }`;
    expect(await counter.run('shipments', rules)).toMatchObject({ carried: 0, noted: 1 });
    expect(await thingsOf(deal.recordId)).toMatchObject([{ reason: 'order-locked' }]);
    expect(notesOf(deal.recordId)).toEqual([]);
  });

  it('of an order that is none of ours is left alone', async () => {
    await counter.books.copyUnderKey('order', 'OF-OTHERS');
    const orders = counter.simulators.businessCentral.company.documents.order.values();
    const foreign = [...orders].find(({ row }) => row['externalDocumentNumber'] === 'OF-OTHERS');
    await ship(String(foreign?.row['id']), '1');
    // The note that the rule of the test before did not want.
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(await counter.run('shipments', RULES)).toMatchObject({ carried: 0, noted: 0 });
    expect((await counter.things('shipments')).filter(({ reason }) => reason === 'no-deal')).toHaveLength(1);
  });
});
