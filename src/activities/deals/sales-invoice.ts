import type { Invoice } from '../../clients/business-central/client.js';
import type { DataverseInvoice } from '../../clients/dataverse/client.js';
import type { WonDeal } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { add, isSame, isZero, subtract } from '../../deal/money.js';
import { toPaymentStatus } from '../../deal/payment-status.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { toInvoiceColumns } from './write-back.js';

/** The posted invoice in the words of Sales: lines as posted, so that totals and tax agree to the cent. */
export function toSalesInvoice(deal: WonDeal, invoice: Invoice, rules: Rules): DataverseInvoice {
  if (!deal.customer) throw new InternalError(`deal ${deal.recordId} has no customer`);
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
    columns: toInvoiceColumns(rules.invoiceColumns, { ...toPaymentStatus(invoice), status: 'open' }),
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
  return deriveGuid(`sales-invoice/${invoiceId}`);
}
