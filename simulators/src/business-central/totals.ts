import { Big } from 'big.js';
import { dialog } from './errors.js';
import { KINDS } from './kinds.js';
import type { Company, DocumentLine, SalesDocument, Value } from './store.js';

/**
 * Amounts of lines and headers (reference/business-central 3.7 and 11.6): rounding per line, tax per rate with the rest
 * carried along.
 */

export function big(value: Value | undefined): Big {
  return new Big(String(value ?? '0'));
}

/**
 * Rounds to the currency's "Amount Rounding Precision": 1 for JPY, 0.001 for KWD. The API shows none; the decimal places are
 * kept in step with it (reference/business-central 3.8).
 */
export function rounded(company: Company, document: SalesDocument, amount: Big): Big {
  const currency = company.findByNumber('currencies', String(document.row['currencyCode']));
  const places = /\d+$/.exec(String(currency?.['amountDecimalPlaces'] ?? ''))?.[0];
  return amount.round(Number(places ?? 2), Big.roundHalfUp);
}

/** Items allow an invoice discount; G/L accounts, assets and charges do not, and nothing else has an amount. */
function allowsDiscount(line: DocumentLine): boolean {
  return line['lineType'] === 'Item' || line['lineType'] === 'Resource';
}

function discountBase(company: Company, document: SalesDocument): Big {
  return document.lines
    .filter(allowsDiscount)
    .reduce((total, line) => total.plus(lineAmount(company, document, line)), new Big(0));
}

const NO_DISCOUNT_LINES =
  'Cannot apply an invoice discount because the document does not include lines where the Allow Invoice Disc. field is selected. To add a discount, specify a line discount in the Line Discount % field for the relevant lines, or add a line of type Item where the Allow Invoice Disc. field is selected.';

/** An explicit 0 is not neutral: it switches the customer's own invoice discount off. */
export function setDiscount(company: Company, document: SalesDocument, value: Value): void {
  const base = discountBase(company, document);
  if (big(value).gt(0) && base.eq(0)) throw dialog(NO_DISCOUNT_LINES);
  // VATAmountLine.Table.al, "Invoice Discount Amount".
  if (!base.eq(0) && big(value).div(base).gt(1))
    throw dialog(`The maximum Invoice Discount Amount that you can apply is ${base.toFixed()}.`);
  document.manualDiscount = rounded(company, document, big(value)).toFixed();
  computeTotals(company, document);
}

/** The line's own amount, in the price's sense: gross when the customer's prices include tax. */
function lineAmount(company: Company, document: SalesDocument, line: DocumentLine): Big {
  return rounded(company, document, big(line['quantity']).times(big(line['unitPrice']))).minus(
    big(line['discountAmount']),
  );
}

export function computeTotals(company: Company, document: SalesDocument): void {
  const { row, lines } = document;
  const isGross = row['pricesIncludeTax'] === true;
  const amounts = lines.map((line) => lineAmount(company, document, line));
  const sum = discountBase(company, document);
  const round = (amount: Big): Big => rounded(company, document, amount);
  const last = lines.findLastIndex(allowsDiscount);
  const discount = invoiceDiscount(company, document, sum);
  let restDiscount = discount;
  const carried = new Map<string, Big>();
  let net = new Big(0);
  let tax = new Big(0);
  lines.forEach((line, index) => {
    const amount = amounts[index] as Big;
    const part = index === last ? restDiscount : round(discount.times(amount).div(sum.eq(0) ? 1 : sum));
    const share = allowsDiscount(line) ? part : new Big(0);
    restDiscount = restDiscount.minus(share);
    const rate = big(line['taxPercent']).div(100);
    const own = split(amount, rate, isGross, new Big(0), round);
    const key = rate.toFixed();
    const after = split(amount.minus(share), rate, isGross, carried.get(key) ?? new Big(0), round);
    carried.set(key, after.rest);
    Object.assign(line, {
      amountExcludingTax: own.net.toFixed(),
      totalTaxAmount: own.tax.toFixed(),
      amountIncludingTax: own.net.plus(own.tax).toFixed(),
      invoiceDiscountAllocation: share.toFixed(),
      netAmount: after.net.toFixed(),
      netTaxAmount: after.tax.toFixed(),
      netAmountIncludingTax: after.net.plus(after.tax).toFixed(),
    });
    net = net.plus(after.net);
    tax = tax.plus(after.tax);
  });
  Object.assign(row, {
    discountAmount: discount.toFixed(),
    discountAppliedBeforeTax: false,
    totalAmountExcludingTax: net.toFixed(),
    totalTaxAmount: tax.toFixed(),
    totalAmountIncludingTax: net.plus(tax).toFixed(),
  });
  if (document.kind === 'invoice') row['remainingAmount'] = net.plus(tax).toFixed();
  if (document.kind === 'order') row['fullyShipped'] = isFullyShipped(document);
  company.touch(row, company.documents[document.kind].has(String(row['id'])) ? KINDS[document.kind].set : undefined);
}

function invoiceDiscount(company: Company, document: SalesDocument, sum: Big): Big {
  if (sum.eq(0)) return new Big(0);
  if (document.manualDiscount !== undefined) return big(document.manualDiscount);
  const percent = company.defaultInvoiceDiscount.get(String(document.row['billToCustomerId']));
  return percent === undefined ? new Big(0) : rounded(company, document, sum.times(percent).div(100));
}

function split(
  amount: Big,
  rate: Big,
  isGross: boolean,
  carried: Big,
  round: (amount: Big) => Big,
): { net: Big; tax: Big; rest: Big } {
  const exact = isGross ? amount.minus(amount.div(rate.plus(1))) : amount.times(rate);
  const tax = round(exact.plus(carried));
  return { net: isGross ? amount.minus(tax) : amount, tax, rest: exact.plus(carried).minus(tax) };
}

export function isFullyShipped({ lines }: SalesDocument): boolean {
  return lines.every(
    (line) => line['lineType'] === 'Comment' || big(line['shippedQuantity']).abs().gte(big(line['quantity']).abs()),
  );
}
