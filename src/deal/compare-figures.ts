import type { Figures } from './deal.js';
import { isSame } from './money.js';

/** Every figure counts: whoever confirms has seen the whole document (I2). */
export function findFigureDifference(seen: Figures, actual: Figures | undefined): string | undefined {
  if (!actual) return 'there is no draft to confirm';
  if (seen.documentNumber !== actual.documentNumber)
    return `the draft is ${actual.documentNumber}, not ${seen.documentNumber}`;
  if (seen.currency !== actual.currency) return `the draft is in ${actual.currency}, not ${seen.currency}`;
  if (!isSame(seen.totalIncludingTax, actual.totalIncludingTax))
    return `the draft amounts to ${actual.totalIncludingTax}, not ${seen.totalIncludingTax}`;
  return undefined;
}
