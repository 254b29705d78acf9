import type { WonDeal } from './deal.js';
import type { Problem } from './holds.js';
import { isZero } from './money.js';

/** What the rules of one company say about lines that are no items. */
export interface LineRules {
  /** G/L account for write-in lines; without it such a line is a hold. */
  readonly writeInAccount?: string | undefined;
  /** G/L account for freight; without it freight is a hold. */
  readonly freightAccount?: string | undefined;
  /** Sales unit name (upper case) to Business Central unit code; others are taken as they are. */
  readonly units: Readonly<Record<string, string>>;
}

/** Everything that is wrong with the deal itself, all of it at once, so that nobody repairs one thing a day. */
export function findProblems(deal: WonDeal, rules: LineRules): Problem[] {
  const problems: Problem[] = [];
  const say = (reason: Problem['reason'], text: string): void => {
    problems.push({ reason, text });
  };
  if (deal.lines.length === 0) say('no-lines', `${deal.table} ${deal.number} has no lines`);
  if (!deal.customer) say('no-customer', `${deal.table} ${deal.number} names no account`);
  else if (!deal.customer.isActive) say('customer-inactive', 'the account is inactive in Sales');
  if (!deal.currency) say('no-currency', `${deal.table} ${deal.number} has no currency`);
  if (deal.pricingErrorCode !== 0) say('pricing-error', `pricing error ${deal.pricingErrorCode} on the header`);
  for (const line of deal.lines) {
    const where = `line ${line.sequence / 10_000}`;
    if (line.pricingErrorCode !== 0) say('pricing-error', `${where}: pricing error ${line.pricingErrorCode}`);
    if (!line.product && !rules.writeInAccount) say('write-in-unmapped', `${where} is a write-in`);
  }
  if (!isZero(deal.freight) && !rules.freightAccount) say('freight-unmapped', `freight of ${deal.freight}`);
  return problems;
}
