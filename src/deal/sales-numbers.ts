import type { DealLine, WonDeal } from './deal.js';

/** The mapping puts numbers of its own in place of those of Sales; these stay beside them. */

export function withStoredSalesNumbers(read: WonDeal, mapped: WonDeal): WonDeal {
  const number = read.customer?.number;
  const lines: Record<string, string> = {};
  for (const [index, line] of read.lines.entries()) {
    if (line.product && line.product.number !== mapped.lines[index]?.product?.number)
      lines[line.lineId] = line.product.number;
  }
  const isOther = number !== mapped.customer?.number;
  const named = mapped.salesNumbers?.named;
  return { ...mapped, salesNumbers: { lines, ...(isOther && { customer: { number } }), ...(named && { named }) } };
}

/** The deal with the numbers that it has in Sales. */
export function withSalesNumbers({ salesNumbers, ...deal }: WonDeal): WonDeal {
  if (!salesNumbers) return deal;
  const { customer, lines } = salesNumbers;
  const back = (line: DealLine): DealLine => {
    const number = lines[line.lineId];
    return line.product && number !== undefined ? { ...line, product: { ...line.product, number } } : line;
  };
  return {
    ...deal,
    lines: deal.lines.map(back),
    customer: deal.customer && customer ? { ...deal.customer, number: customer.number } : deal.customer,
  };
}

/** The number of the product of a line as Sales has it. */
export function numberInSales(
  { salesNumbers }: Pick<WonDeal, 'salesNumbers'>,
  { lineId, product }: DealLine,
): string | undefined {
  return salesNumbers?.lines[lineId] ?? product?.number;
}

/** Whether the table or the pattern of the rules called the item of a line otherwise than the mapping does. */
export function isNamedByRules({ salesNumbers }: Pick<WonDeal, 'salesNumbers'>, { lineId }: DealLine): boolean {
  return salesNumbers?.named?.[lineId] === true;
}

/** The number of the account as Sales has it. */
export function customerNumberInSales({ salesNumbers, customer }: WonDeal): string | undefined {
  return salesNumbers?.customer ? salesNumbers.customer.number : customer?.number;
}
