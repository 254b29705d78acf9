import type { AdminHandler } from '../kernel/server.js';
import { computeTotals } from './invoices.js';
import type { Company, Row } from './store.js';

/** What a test or a demonstration can do to a company behind the API's back. */
export function createAdmin(company: Company): Record<string, AdminHandler> {
  const byNumber = (set: string, body: unknown): Row => {
    const { number } = body as { number: string };
    const row = company.findByNumber(set, number);
    if (!row) throw new RangeError(`no ${number} in ${set}`);
    return row;
  };
  const change = (row: Row, values: Row): Row => {
    Object.assign(row, values);
    company.touch(row);
    return row;
  };
  return {
    'POST /customers/block': (body) =>
      change(byNumber('customers', body), { blocked: (body as { blocked: string }).blocked }),
    'POST /items/block': (body) => change(byNumber('items', body), { blocked: (body as { blocked: boolean }).blocked }),
    'POST /items/delete': (body) => ({
      deleted: company.sets.get('items')?.delete(String(byNumber('items', body)['id'])),
    }),
    'POST /setup': (body) => Object.assign(company.setup, body),
    'POST /invoices/edit-line': (body) => {
      const { id, sequence, unitPrice } = body as { id: string; sequence: number; unitPrice: string };
      const invoice = company.invoices.get(id);
      const line = invoice?.lines.find((other) => other.sequence === sequence);
      if (!invoice || !line) throw new RangeError(`no line ${sequence} in ${id}`);
      line['unitPrice'] = unitPrice;
      computeTotals(company, invoice);
      return invoice.row;
    },
    /** The proof of exactly-once: documents by our key, customers by number. */
    'GET /documents': () => {
      const documents: Record<string, { drafts: string[]; posted: string[] }> = {};
      for (const invoice of company.invoices.values()) {
        const key = String(invoice.row['externalDocumentNumber']);
        documents[key] ??= { drafts: [], posted: [] };
        documents[key][invoice.isPosted ? 'posted' : 'drafts'].push(String(invoice.row['number']));
      }
      const customers: Record<string, number> = {};
      for (const row of company.all('customers'))
        customers[String(row['number'])] = (customers[String(row['number'])] ?? 0) + 1;
      return { documents, customers };
    },
  };
}
