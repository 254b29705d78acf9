import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { documentKey, documentTail } from '../../src/deal/document-number.js';
import { type Counter, openCounter } from '../support/business-central.js';

describe('orders of Business Central', () => {
  let counter: Counter;
  beforeAll(async () => {
    counter = await openCounter();
  });
  afterAll(() => counter?.close());

  const line = (sequence: number, quantity: string, unitPrice: string) => ({
    sequence,
    kind: 'item' as const,
    number: `EQ-${1000 + sequence / 10_000}`,
    unitCode: undefined,
    quantity,
    unitPrice,
    discount: '0',
    description: undefined,
  });

  const create = (key = documentKey(randomUUID())) =>
    counter.client.createOrder(
      {
        externalDocumentNumber: key,
        customerId: counter.customerId,
        currency: { code: 'EUR', decimals: 2 },
        lines: [line(10_000, '4', '10.50'), line(20_000, '2', '100')],
        headerDiscount: undefined,
      },
      REPEATABLE,
    );

  it('an order is made with its lines in one request and found under the number of its record', async () => {
    const recordId = randomUUID();
    const key = documentKey(recordId);
    const made = await create(key);
    expect(made).toMatchObject({ externalDocumentNumber: key, excludingTax: '242', fullyShipped: false });
    expect(made.requestId).not.toBe('');
    expect(made.lines).toMatchObject([
      { sequence: 10_000, number: 'EQ-1001', unit: 'SET', quantity: '4', shippedQuantity: '0', invoicedQuantity: '0' },
      { sequence: 20_000, number: 'EQ-1002', quantity: '2', shippedQuantity: '0', invoicedQuantity: '0' },
    ]);
    const { requestId, correlationId, ...order } = made;
    expect(await counter.client.findOrders(recordId)).toEqual([order]);
    expect(await counter.client.getOrder(made.id)).toEqual(order);
  });

  it('of the numbers that a filter lets through only those of the record are taken', async () => {
    const recordId = randomUUID();
    const tail = documentTail(recordId);
    await create(`ORD-1-${tail}`);
    for (const other of [tail, `ORD-1-X${tail}`, `D-${documentKey(recordId)}`.slice(0, 35)]) await create(other);
    const found = await counter.client.findOrders(recordId);
    expect(found.map((order) => order.externalDocumentNumber)).toEqual([`ORD-1-${tail}`]);
    expect(await counter.client.findOrders(randomUUID())).toEqual([]);
  });

  it('the discount of the header moves total and etag', async () => {
    const made = await create();
    const changed = await counter.client.setOrderDiscount(made.id, made.etag, '12.00', REPEATABLE);
    expect(changed).toMatchObject({ id: made.id, discount: '12', excludingTax: '230' });
    expect(changed.etag).not.toBe(made.etag);
    expect(changed.lines).toHaveLength(2);
    await expect(counter.client.setOrderDiscount(made.id, made.etag, '13', REPEATABLE)).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('an order is deleted by its etag', async () => {
    const made = await create();
    await counter.client.deleteOrder(made.id, made.etag, REPEATABLE);
    await expect(counter.client.getOrder(made.id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('an order that is shipped and invoiced is gone, and its invoice refers to it', async () => {
    const made = await create();
    await counter.client.shipAndInvoice(made.id, made.etag, REPEATABLE);
    await expect(counter.client.getOrder(made.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(counter.client.shipAndInvoice(made.id, made.etag, REPEATABLE)).rejects.toMatchObject({
      code: 'not-found',
    });
    const invoices = await counter.client.findInvoicesOfOrder(made.id);
    expect(invoices).toMatchObject([
      {
        orderId: made.id,
        orderNumber: made.number,
        externalDocumentNumber: made.externalDocumentNumber,
        excludingTax: '242',
        status: 'Open',
      },
    ]);
    expect(invoices[0]?.lines).toHaveLength(2);
    expect(Date.parse(invoices[0]?.lastModified ?? '')).toBeGreaterThan(0);
  });

  it('an order that was touched after its etag was seen is not posted', async () => {
    const made = await create();
    await counter.client.setOrderDiscount(made.id, made.etag, '1', REPEATABLE);
    await expect(counter.client.shipAndInvoice(made.id, made.etag, REPEATABLE)).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await counter.client.findInvoicesOfOrder(made.id)).toEqual([]);
  });

  it('an order that is shipped in parts has one invoice for each part', async () => {
    const made = await create();
    await counter.books.postOrder(made.id, [{ sequence: 10_000, ship: '3', invoice: '1' }]);
    const standing = await counter.client.getOrder(made.id);
    expect(standing.lines[0]).toMatchObject({ shippedQuantity: '3', invoicedQuantity: '1' });
    expect(standing.fullyShipped).toBe(false);
    await counter.books.postOrder(made.id);
    const invoices = await counter.client.findInvoicesOfOrder(made.id);
    expect(invoices.map((invoice) => invoice.excludingTax).sort()).toEqual(['10.5', '231.5']);
  });

  it('an invoice without an order says so', async () => {
    const made = await counter.client.createInvoice(
      {
        externalDocumentNumber: documentKey(randomUUID()),
        customerId: counter.customerId,
        currency: { code: 'EUR', decimals: 2 },
        lines: [line(10_000, '1', '1')],
        headerDiscount: undefined,
      },
      REPEATABLE,
    );
    expect(made.orderId).toBeUndefined();
    expect(made.orderNumber).toBeUndefined();
  });
});
