import { createHash } from 'node:crypto';
import type { Invoice } from '../clients/business-central/client.js';
import type { SalesClient, SalesInvoice, SalesInvoiceState } from '../clients/sales/client.js';
import type { Policy, RecordRef, WonDeal } from '../deal/deal.js';
import type { Problem } from '../deal/holds.js';
import { writeKey } from '../deal/ids.js';
import { decideLine, isLeftOut } from '../deal/line-rules.js';
import { add, isSame, isZero, subtract } from '../deal/money.js';
import { findProblems } from '../deal/problems.js';
import type { Ledger } from '../ledger/ledger.js';
import { askedColumns } from '../mapping/columns.js';
import { findNumberProblems, withMappedNumbers } from '../mapping/masters.js';
import { findLocalProblems } from '../mapping/resolve.js';
import { type Rules, wishesOf } from './rules.js';
import { inWords, writeOnce } from './write-once.js';

/** What the workflow learns of a deal: ids, numbers and figures; the content stays in the ledger. */
export interface DealSummary extends RecordRef {
  readonly revision: string;
  readonly state: WonDeal['state'];
  readonly number: string;
  readonly ancestors: readonly string[];
  readonly descendants: readonly RecordRef[];
  readonly customer: { readonly accountId: string; readonly number: string | undefined } | undefined;
  readonly products: readonly { readonly productId: string; readonly number: string }[];
  readonly total: string;
  readonly currency: string | undefined;
  readonly problems: readonly Problem[];
  readonly policy: Policy;
}

export interface WriteBack {
  readonly ref: RecordRef;
  readonly revision: string;
  /** A posted invoice that the ledger has read. */
  readonly invoiceId: string;
}

export interface SalesActivityDependencies {
  readonly sales: SalesClient;
  readonly ledger: Ledger;
  readonly rules: Rules;
  /** Dataverse ends a request after two minutes; a write may land until then. */
  readonly outcomeMs: number;
}

export function createSalesActivities({ sales, ledger, rules, outcomeMs }: SalesActivityDependencies) {
  return {
    async readDeal({ table, recordId }: RecordRef): Promise<DealSummary> {
      const asked = askedColumns(rules.mapping, rules.lines, wishesOf(rules), table);
      const read = await inWords(() => sales.readDeal(table, recordId, asked));
      const deal = await withMappedNumbers(read, rules.mapping);
      await ledger.keepDeal(deal, {
        state: 'reading',
        revision: deal.revision,
        recordNumber: deal.number,
        amount: deal.total,
        ...(deal.currency && { currency: deal.currency }),
      });
      const problems = [
        ...(await findNumberProblems(read, rules.mapping)),
        ...(await findLocalProblems(deal, rules.mapping, rules.lines)),
      ];
      return toSummary(deal, rules, problems);
    },

    /** The invoice row under the order or opportunity; its GUID is ours, so a repeat finds it. */
    async createInvoiceRow({ ref, revision, invoiceId }: WriteBack): Promise<SalesInvoiceState> {
      const invoice = await ledger.getDocument<Invoice>(invoiceId);
      const deal = await ledger.getDeal(ref.recordId, revision);
      const row = toSalesInvoice(deal, invoice, rules);
      return writeOnce(ledger, {
        recordId: ref.recordId,
        writeKey: writeKey(ref.recordId, `sales-invoice-${invoice.id}`),
        action: 'create invoice row in Sales',
        outcomeMs,
        find: () => sales.findInvoice(row.invoiceId),
        write: () => sales.createInvoice(row),
        outcome: (result) => ({
          change: { state: 'written-back' },
          facts: { invoiceId: result.invoiceId, number: result.number, total: result.total },
        }),
      });
    },

    /** Writes the configured columns; the same values twice are the same, so no intent is needed. */
    async writeOpportunityColumns({ ref, invoiceId }: WriteBack): Promise<void> {
      const invoice = await ledger.getDocument<Invoice>(invoiceId);
      const columns = toColumns(rules.opportunityColumns, invoice);
      const receipt = await inWords(() => sales.updateOpportunity(ref.recordId, columns));
      await ledger.audit({
        recordId: ref.recordId,
        actor: 'dealbridge',
        action: 'write columns of the opportunity in Sales',
        requestId: receipt.requestId,
        correlationId: receipt.correlationId,
        facts: { columns },
      });
    },
  };
}

export type SalesActivities = ReturnType<typeof createSalesActivities>;

function toSummary(deal: WonDeal, rules: Rules, ofMapping: readonly Problem[]): DealSummary {
  const { lineage } = deal;
  const products = new Map<string, string>();
  for (const line of deal.lines) {
    // Only items are looked up; resources, accounts and comments have no item.
    const { kind, number } = decideLine(line, rules.lines, deal.extra?.owner);
    if (line.product && kind === 'item' && !isLeftOut(line, rules.lines)) products.set(line.product.productId, number);
  }
  return {
    table: deal.table,
    recordId: deal.recordId,
    revision: deal.revision,
    state: deal.state,
    number: deal.number,
    ancestors: [lineage.opportunityId, lineage.quoteId].filter((id) => id !== undefined),
    descendants: lineage.descendants,
    customer: deal.customer && { accountId: deal.customer.accountId, number: deal.customer.number },
    products: [...products].map(([productId, number]) => ({ productId, number })),
    total: deal.total,
    currency: deal.currency,
    problems: [...findProblems(deal, rules.lines), ...ofMapping],
    policy: { ...rules.policy, writeOpportunityColumns: deal.table === 'opportunity' && rules.hasOpportunityColumns },
  };
}

/** The posted invoice in the words of Sales: lines as posted, so that totals and tax agree to the cent. */
function toSalesInvoice(deal: WonDeal, invoice: Invoice, rules: Rules): SalesInvoice {
  if (!deal.customer) throw new TypeError(`deal ${deal.recordId} has no customer`);
  const net = add(...invoice.lines.map((line) => line.net), '0');
  return {
    invoiceId: salesInvoiceId(invoice.id),
    number: invoice.number,
    name: deal.name || invoice.number,
    source: { table: deal.table, recordId: deal.recordId },
    accountId: deal.customer.accountId,
    customerKind: deal.customer.kind,
    currencyId: deal.currencyId,
    priceListId: deal.priceListId,
    dueDate: invoice.dueDate,
    discount: subtract(net, invoice.excludingTax),
    lines: invoice.lines
      .filter((line) => line.number !== '' && !isZero(line.quantity))
      .map((line) => {
        const source = deal.lines.find((other) => other.sequence === line.sequence);
        // A line in another unit than the deal's cannot name the deal's unit.
        const isConverted = rules.lines.convertUnits && source && !isSame(source.quantity, line.quantity);
        const product =
          source?.product && source.unitId && !isConverted
            ? { productId: source.product.productId, unitId: source.unitId }
            : undefined;
        return {
          product,
          description: `${line.number} ${line.description}`.slice(0, rules.writeInTextLength),
          quantity: line.quantity,
          unitPrice: line.unitPrice,
          discount: line.discount,
          tax: line.tax,
        };
      }),
  };
}

/** A GUID of our own that follows from the invoice in BC: the same for every attempt, another for another invoice. */
export function salesInvoiceId(invoiceId: string): string {
  const hex = createHash('sha256').update(`dealbridge/sales-invoice/${invoiceId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function toColumns(columns: Rules['opportunityColumns'], invoice: Invoice): Record<string, string> {
  const values = { invoiceNumber: invoice.number, status: invoice.status, total: invoice.includingTax };
  const named: Record<string, string> = {};
  for (const key of ['invoiceNumber', 'status', 'total'] as const) {
    const column = columns[key];
    if (column) named[column] = values[key];
  }
  return named;
}
