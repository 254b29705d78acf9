import { plural } from '../deal/plural.js';
import type { FitSummary } from '../operations/deals/fit.js';
import { toMoney } from './print.js';

/** For people: how many would go through, and what holds the others, with an example of each reason. */
export function printFitSummary({ deals, untouched, reasons }: FitSummary): string {
  const out = [`${plural(deals, 'deal')}, ${untouched} of them would go through untouched`];
  for (const { reason, owner, nextStep, deals: held, alone, throughAfter, examples } of reasons) {
    out.push(
      '',
      `${held} × ${reason} (${owner}), ${alone} of them held by nothing else; cleared, ${throughAfter} ${throughAfter === 1 ? 'goes' : 'go'} through`,
    );
    out.push(`  ${nextStep}`);
    for (const one of examples.slice(0, SHOWN)) {
      const whose = one.customer ? ` of ${one.customer}` : '';
      out.push(`  ${one.table} ${one.number}${whose}, ${toMoney(one.total, one.currency)}: ${one.text}`);
    }
  }
  return out.join('\n');
}

/** The page has them all. */
const SHOWN = 2;
