import type { Invoice } from '../../clients/business-central/client.js';
import type { DataverseInvoice, DataverseInvoiceLine, DataverseInvoiceStage } from '../../clients/dataverse/client.js';
import { alignInvoices } from '../../deal/align-lines.js';
import { type InvoiceLine, isSameObject, type SalesDocument } from '../../deal/business-central-document.js';
import { toIsoCurrency } from '../../deal/currency.js';
import type { WonDeal } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { add, divide, isLess, isRounded, isSame, isZero, multiply, round, subtract } from '../../deal/money.js';
import { type InvoiceStatus, type PaymentStatus, toPaymentStatus } from '../../deal/payment-status.js';
import { cutTo } from '../../deal/texts.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { toInvoiceColumns } from './write-back.js';

/**
 * The posted invoice in the words of Sales: lines as posted, so that totals and tax agree to the cent.
 * @param handedOver the document as we made it, where it is known
 */
export function toSalesInvoice(
  deal: WonDeal,
  invoice: Invoice,
  rules: Rules,
  handedOver?: SalesDocument,
): DataverseInvoice {
  if (!deal.customer) throw new InternalError(`deal ${deal.recordId} has no customer`);
  const net = add(...invoice.lines.map((line) => line.net), '0');
  const { decimals: usual } = toIsoCurrency(deal.currency ?? invoice.currency);
  const decimals = deal.currencyDecimals ?? usual;
  const [{ lines }] = alignInvoices(handedOver?.lines ?? [], [invoice]) as [Invoice];
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
    lines: lines
      .filter((line) => line.number !== '' && !isZero(line.quantity))
      .map((line) => {
        const source = deal.lines.find((other) => other.sequence === line.sequence);
        const made = handedOver?.lines.find((other) => other.sequence === line.sequence);
        // Somebody has put a substitute in its place: that is what the customer got.
        const isSubstitute = made !== undefined && !isSameObject(made, line);
        // A line in another unit than the deal's cannot name the deal's unit.
        const isConverted = rules.lines.convertUnits && source && !isSame(source.quantity, line.quantity);
        const product =
          source?.product && source.unitId && !isConverted && !isSubstitute
            ? { productId: source.product.productId, unitId: source.unitId }
            : undefined;
        return {
          product,
          description: cutTo(`${line.number} ${line.description}`, rules.writeInTextLength),
          quantity: line.quantity,
          ...toSalesPrice(line, invoice, decimals),
          tax: line.tax,
        };
      }),
  };
}

/** What every organization has; Sales rounds a price to what it has set (reference/dataverse-sales 2). */
const PRICE_DECIMALS = 2;
/** Of a price that came from Sales as it is, the organization has all decimals; money has no more (reference/dataverse-sales 8). */
const MONEY_DECIMALS = 4;

/**
 * Prices of Sales never include tax, a discount is never below zero, and Sales rounds to the decimals that a currency has there.
 * Where what was posted does not fit, the price is the next one that is not below the amount, and what it is above goes into the
 * discount, so that the total is the posted one.
 */
function toSalesPrice(
  { quantity, unitPrice, discount, net }: InvoiceLine,
  { pricesIncludeTax }: Invoice,
  decimals: number,
): Pick<DataverseInvoiceLine, 'unitPrice' | 'discount'> {
  const isNegative = isLess(discount, '0');
  const amountOf = (price: string): string => round(multiply(quantity, price), decimals);
  const isExact = isSame(subtract(amountOf(unitPrice), discount), net) || !isRounded(net, decimals);
  if (!pricesIncludeTax && !isNegative && isExact && isRounded(unitPrice, MONEY_DECIMALS))
    return { unitPrice, discount };
  const full = multiply(quantity, unitPrice);
  const rest = subtract(full, discount);
  const withoutTax =
    pricesIncludeTax && !isZero(rest) ? divide(multiply(net, full), rest, decimals) : add(net, discount);
  const wanted = isNegative ? net : withoutTax;
  const nearest = divide(wanted, quantity, PRICE_DECIMALS);
  const step = isLess(quantity, '0') ? '-0.01' : '0.01';
  const price = isLess(amountOf(nearest), wanted) ? add(nearest, step) : nearest;
  return { unitPrice: price, discount: subtract(amountOf(price), net) };
}

/** A GUID of our own that follows from the invoice in BC: the same for every attempt, another for another invoice. */
export function salesInvoiceId(invoiceId: string): string {
  return deriveGuid(`sales-invoice/${invoiceId}`);
}

/** One that was found was made of the invoice as it was then: without its due date it differs, and is written again. */
export function toReported(invoice: Invoice, stage: DataverseInvoiceStage | undefined): PaymentStatus {
  const { dueDate, ...payment } = toPaymentStatus(invoice);
  if (stage === undefined) return { ...payment, ...(dueDate && { dueDate }), status: 'open' };
  return { ...payment, status: STATUS_OF[stage] };
}

const STATUS_OF = {
  billed: 'open',
  'part-paid': 'part-paid',
  paid: 'paid',
  cancelled: 'cancelled',
} as const satisfies Record<DataverseInvoiceStage, InvoiceStatus>;
