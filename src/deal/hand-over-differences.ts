import type { DealLine, WonDeal } from './deal.js';
import { pricesIncludeTax } from './document.js';
import type { LineRules } from './line-rules.js';
import { add, type Decimal, display, isSame, isZero, multiply, subtract } from './money.js';

/**
 * What a record would hand over otherwise than another record of its lineage did: customer, currency, lines, discount and
 * freight. Nothing when a document of the one is a document of the other.
 */
export function findHandOverDifferences(
  handedOver: WonDeal,
  now: WonDeal,
  rules: Pick<LineRules, 'grossPriceLists'> = {},
): string[] {
  const differences: string[] = [];
  const say = (what: string, is: string | undefined, was: string | undefined): void => {
    if (is !== was) differences.push(`${what} ${is ?? '(none)'} instead of ${was ?? '(none)'}`);
  };
  const sayAmount = (what: string, is: Decimal, was: Decimal): void => {
    if (!isSame(is, was)) differences.push(`${what} ${display(is)} instead of ${display(was)}`);
  };
  if (now.customer?.accountId !== handedOver.customer?.accountId) {
    say('customer', nameOf(now), nameOf(handedOver));
  }
  say('currency', now.currency, handedOver.currency);
  // The same figures are another amount.
  say('prices', tellPrices(now, rules), tellPrices(handedOver, rules));
  const before = groupLines(handedOver.lines);
  const after = groupLines(now.lines);
  for (const [key, line] of after) {
    const was = before.get(key);
    if (!was) differences.push(`${line.name}: ${line.quantity} more`);
    else if (!isSame(line.quantity, was.quantity)) say(`${line.name}:`, line.quantity, was.quantity);
    else sayAmount(`${line.name}: net amount`, line.net, was.net);
  }
  for (const [key, line] of before) {
    if (!after.has(key)) differences.push(`${line.name}: ${line.quantity} less`);
  }
  sayAmount('discount', now.headerDiscount, handedOver.headerDiscount);
  sayAmount('freight', now.freight, handedOver.freight);
  if (differences.length > 0 && !isSame(now.total, handedOver.total)) {
    differences.unshift(`total ${display(now.total)} instead of ${display(handedOver.total)}`);
  }
  return differences;
}

interface LineGroup {
  readonly name: string;
  readonly quantity: Decimal;
  readonly net: Decimal;
}

/** Converting a quote to an order gives every line another id, and its lines may be split or put in another order. */
function groupLines(lines: readonly DealLine[]): Map<string, LineGroup> {
  const groups = new Map<string, LineGroup>();
  for (const line of lines) {
    const net = subtract(multiply(line.quantity, line.unitPrice), line.discount);
    // A line of text or of a bundle costs nothing, and changes no document of money.
    if (!line.product && isZero(net)) continue;
    const key = JSON.stringify([line.product?.productId ?? line.description, line.unitId, line.role]);
    const known = groups.get(key);
    groups.set(key, {
      name: line.product?.number ?? line.description,
      quantity: add(line.quantity, known?.quantity ?? '0'),
      net: add(net, known?.net ?? '0'),
    });
  }
  return groups;
}

function tellPrices(deal: WonDeal, rules: Pick<LineRules, 'grossPriceLists'>): string {
  return pricesIncludeTax(deal, rules) ? 'with tax' : 'without tax';
}

function nameOf({ customer }: WonDeal): string | undefined {
  return customer && (customer.number ?? customer.name);
}
