import type { Simulators } from '@dealbridge/simulators';
import { findTail } from '../../src/deal/document-number.js';
import type { Queryable } from '../../src/ledger/database.js';

/** Warehouse and bookkeeping at Business Central: they ship and invoice the orders that are theirs, and enter payments. */
export interface People {
  /** One round; whatever is not to be had at the moment is done in a later one. */
  work(): Promise<void>;
  readonly posted: number;
  readonly paid: number;
  /** Nothing is left of what was begun. */
  isDone(): boolean;
}

/** The share of invoices that are paid, and of orders that leave in two parts. */
const PAID = 0.6;
const IN_PARTS = 0.4;

export function createPeople(simulators: Simulators, ledger: Queryable, roll: (what: string) => number): People {
  const { company } = simulators.businessCentral;
  /** What is left of orders that left in part: the invoice of the first part is written back first. */
  const rests = new Set<string>();
  const settled = new Set<string>();
  let posted = 0;
  let paid = 0;

  async function administer(path: string, body: object): Promise<void> {
    const response = await fetch(`${simulators.connection.businessCentral}/_sim${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  async function ship(orderId: string): Promise<void> {
    const order = company.documents.order.get(orderId);
    if (!order || rests.has(orderId)) return;
    // Whole lines, and none with a discount of the header, so that the parts add up to the cent.
    const [first, ...others] = order.lines.filter((line) => Number(line['quantity']) > 0);
    const mayPart = first && others.length > 0 && Number(order.row['discountAmount']) === 0;
    if (mayPart && roll(`parts/${orderOf(order)}`) < IN_PARTS) {
      const quantity = String(first['quantity']);
      await administer('/orders/post', {
        id: orderId,
        lines: [{ sequence: first.sequence, ship: quantity, invoice: quantity }],
      });
      rests.add(orderId);
    } else {
      await administer('/orders/post', { id: orderId });
    }
    posted += 1;
  }

  async function shipRest(orderId: string): Promise<void> {
    await administer('/orders/post', { id: orderId });
    rests.delete(orderId);
    posted += 1;
  }

  return {
    get posted() {
      return posted;
    },
    get paid() {
      return paid;
    },
    isDone: () => rests.size === 0,
    async work() {
      const { rows } = await ledger.query<{ document_id: string; state: string }>(
        `SELECT document_id, state FROM source_records
         WHERE document_id IS NOT NULL AND state IN ('awaiting-shipment', 'written-back')`,
      );
      const states = new Map(rows.map((row) => [row.document_id, row.state]));
      for (const [id, state] of states) {
        if (state === 'awaiting-shipment') await ship(id);
        else if (rests.has(id)) await shipRest(id);
      }
      for (const invoice of company.invoices.values()) {
        const id = String(invoice.row['id']);
        const isTold =
          states.get(id) === 'written-back' || states.get(String(invoice.row['orderId'])) === 'written-back';
        if (!invoice.isPosted || !isTold || settled.has(id)) continue;
        settled.add(id);
        if (roll(`paid/${orderOf(invoice)}`) >= PAID) continue;
        await administer('/invoices/pay', { id });
        paid += 1;
      }
    },
  };
}

/** Ids of Business Central are random; the tail of our number is not. */
function orderOf(document: { readonly row: Readonly<Record<string, unknown>> }): string {
  const number = String(document.row['externalDocumentNumber']);
  return findTail(number) ?? number;
}
