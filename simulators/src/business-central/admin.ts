import type { AdminHandler } from '../kernel/server.js';
import { deleteInvoicedOrder, invoiceShipments } from './get-shipments.js';
import type { Limits } from './limits.js';
import { pay, shipAndInvoice } from './posting.js';
import { postPrepayment } from './prepayments.js';
import type { Company, Row, SalesDocument } from './store.js';
import type { Subscriptions } from './subscriptions.js';
import { SWITCH_SECTIONS, type Switches } from './switches.js';
import { computeTotals } from './totals.js';
import { ZERO_GUID } from './values.js';

export interface AdminDependencies {
  readonly company: Company;
  readonly limits: Limits;
  readonly subscriptions: Subscriptions;
  readonly switches: Switches;
  readonly reset: () => void;
}

/** What people at Business Central do behind the API's back, and what a test wants to see or set. */
export function createAdmin({
  company,
  limits,
  subscriptions,
  switches,
  reset,
}: AdminDependencies): Record<string, AdminHandler> {
  const byNumber = (set: string, body: unknown): Row => {
    const { number } = body as { number: string };
    const row = company.findByNumber(set, number);
    if (!row) throw new RangeError(`no ${number} in ${set}`);
    return row;
  };
  const invoiceOf = (body: unknown): SalesDocument => {
    const { id, number } = body as { id?: string; number?: string };
    for (const invoice of company.invoices.values())
      if (invoice.row['id'] === id || invoice.row['number'] === number) return invoice;
    throw new RangeError(`no invoice ${id ?? number}`);
  };
  const orderOf = (body: unknown): SalesDocument => {
    const { id, number } = body as { id?: string; number?: string };
    for (const order of company.documents.order.values())
      if (order.row['id'] === id || order.row['number'] === number) return order;
    throw new RangeError(`no order ${id ?? number}`);
  };
  const toggle = (set: Set<string>, key: string, isIn: boolean): boolean =>
    isIn ? set.add(key).has(key) : set.delete(key);
  const flag =
    (set: Set<string>): AdminHandler =>
    (body) => ({
      set: toggle(set, String(byNumber('customers', body)['id']), (body as { on?: boolean }).on ?? true),
    });
  return {
    'GET /state': () => ({
      ...Object.fromEntries([...company.sets].map(([set, rows]) => [set, rows.size])),
      ...Object.fromEntries(Object.entries(company.documents).map(([kind, documents]) => [kind, documents.size])),
    }),
    'POST /reset': () => {
      reset();
      return {};
    },
    'POST /customers/block': (body) => {
      const row = byNumber('customers', body);
      const blocked = String((body as { blocked: string }).blocked).trim() || '_x0020_';
      company.change('customers', row, { blocked });
      return row;
    },
    'POST /customers/privacy-block': flag(company.privacyBlocked),
    'POST /customers/without-posting-group': flag(company.withoutPostingGroup),
    'POST /customers/without-general-posting-group': flag(company.withoutGeneralPostingGroup),
    'POST /customers/prices-include-tax': flag(company.pricesIncludeTax),
    'POST /customers/invoice-discount': (body) => {
      company.defaultInvoiceDiscount.set(
        String(byNumber('customers', body)['id']),
        (body as { percent: string }).percent,
      );
      return {};
    },
    'POST /currencies/rate': (body) => {
      const { code, rate } = body as { code: string; rate: string };
      if (!company.findByNumber('currencies', code)) throw new RangeError(`there is no currency ${code}`);
      return company.insert('currencyExchangeRates', {
        currencyCode: code,
        startingDate: '2020-01-01',
        exchangeRateAmount: rate,
        relationalExchangeRateAmount: '1',
      });
    },
    'POST /items/block': (body) => {
      const row = byNumber('items', body);
      company.change('items', row, { blocked: (body as { blocked: boolean }).blocked });
      return row;
    },
    'POST /items/sales-block': (body) => ({
      set: toggle(
        company.salesBlocked,
        String(byNumber('items', body)['number']),
        (body as { on?: boolean }).on ?? true,
      ),
    }),
    'POST /items/delete': (body) => {
      company.remove('items', byNumber('items', body));
      return { deleted: true };
    },
    'POST /items/unit': (body) => {
      const { code } = body as { code: string };
      const number = String(byNumber('items', body)['number']);
      const units = company.itemUnits.get(number) ?? new Set();
      company.itemUnits.set(number, units.add(code));
      return { units: [...units] };
    },
    'POST /items/stock': (body) => {
      company.setStock(String(byNumber('items', body)['number']), (body as { quantity: string }).quantity);
      return {};
    },
    'GET /setup': () => company.setup,
    'POST /setup': (body) => {
      Object.assign(company.setup, body);
      const { allowPostingFrom, allowPostingTo } = company.setup;
      for (const row of company.all('generalLedgerSetup'))
        company.change('generalLedgerSetup', row, { allowPostingFrom, allowPostingTo });
      return company.setup;
    },
    'GET /switches': () => ({ switches, sections: SWITCH_SECTIONS }),
    'POST /switches': (body) => Object.assign(switches, body),
    'GET /limits': () => limits.settings,
    'POST /limits': (body) => {
      limits.reset();
      return Object.assign(limits.settings, body);
    },
    'GET /subscriptions': () => ({
      settings: subscriptions.settings,
      rows: subscriptions.list(),
      deliveries: subscriptions.deliveries,
    }),
    'POST /subscriptions': (body) => Object.assign(subscriptions.settings, body),
    'DELETE /subscriptions': () => {
      subscriptions.rows.clear();
      return {};
    },
    'POST /invoices/edit-line': (body) => {
      const { sequence, unitPrice } = body as { sequence: number; unitPrice: string };
      const invoice = invoiceOf(body);
      const line = invoice.lines.find((other) => other.sequence === sequence);
      if (!line) throw new RangeError(`no line ${sequence}`);
      line['unitPrice'] = unitPrice;
      computeTotals(company, invoice);
      return invoice.row;
    },
    'POST /invoices/release': (body) => {
      const invoice = invoiceOf(body);
      invoice.isReleased = true;
      invoice.row['status'] = 'Open';
      company.touch(invoice.row, 'salesInvoices', 'updated');
      return invoice.row;
    },
    'POST /credit-memos/release': (body) => {
      const memo = company.documents.creditMemo.get((body as { id: string }).id);
      if (!memo) throw new RangeError('no such credit memo');
      memo.isReleased = true;
      memo.row['status'] = 'Open';
      company.touch(memo.row, 'salesCreditMemos', 'updated');
      return memo.row;
    },
    'POST /invoices/pay': (body) => {
      const invoice = invoiceOf(body);
      pay(company, invoice, (body as { amount?: string }).amount);
      return invoice.row;
    },
    /** The warehouse posts: all that is left, or `lines: [{ sequence, ship, invoice }]`. */
    'POST /orders/post': (body) => {
      const { lines } = body as { lines?: { sequence: number; ship: string; invoice: string }[] };
      const order = orderOf(body);
      for (const line of lines ? order.lines : []) Object.assign(line, { shipQuantity: '0', invoiceQuantity: '0' });
      for (const { sequence, ship, invoice } of lines ?? []) {
        const line = order.lines.find((other) => other.sequence === sequence);
        if (!line) throw new RangeError(`no line ${sequence}`);
        Object.assign(line, { shipQuantity: ship, invoiceQuantity: invoice });
      }
      return { outcome: shipAndInvoice(company, order) };
    },
    /** Post Prepayment Invoice, of `percent` of each line. */
    'POST /orders/prepay': (body) => postPrepayment(company, orderOf(body), (body as { percent: string }).percent).row,
    /** One invoice of what was shipped of these orders: `orders: [{ id }]`. */
    'POST /orders/invoice-shipments': (body) =>
      invoiceShipments(company, (body as { orders: object[] }).orders.map(orderOf)).row,
    'POST /orders/delete-invoiced': (body) => {
      deleteInvoicedOrder(company, orderOf(body));
      return { deleted: true };
    },
    /** The proof of exactly-once: documents by our key, customers by number. */
    'GET /documents': () => {
      const documents: Record<string, { drafts: string[]; posted: string[] }> = {};
      for (const invoice of company.invoices.values()) {
        if (invoice.isPlaceholder) continue;
        const key = String(invoice.row['externalDocumentNumber']);
        documents[key] ??= { drafts: [], posted: [] };
        documents[key][invoice.isPosted ? 'posted' : 'drafts'].push(String(invoice.row['number']));
      }
      const customers: Record<string, number> = {};
      for (const row of company.all('customers'))
        customers[String(row['number'])] = (customers[String(row['number'])] ?? 0) + 1;
      return { documents, customers };
    },
    'POST /seed': (body) => {
      const { customers = 0 } = body as { customers?: number };
      const first = company.count('customers') + 1;
      for (let index = 0; index < customers; index += 1) {
        const number = `L${String(first + index).padStart(7, '0')}`;
        company.insert('customers', {
          number,
          displayName: `Customer ${number}`,
          city: `City ${index % 100}`,
          currencyCode: 'EUR',
          currencyId: ZERO_GUID,
        });
      }
      return { customers: company.count('customers') };
    },
  };
}
