import { isGuid } from '../deal/ids.js';
import { display, trim } from '../deal/money.js';
import type { Preview, PreviewRow } from '../operations/deals/preview-deals.js';

/** For people: the document line by line, then where each value comes from, then the plan. */
export function printPreview(preview: Preview): string {
  const { deal, document, plan, notes, problems } = preview;
  const out = [titleOf(deal)];
  if (deal.carrier) out.push(`  is not handed over: the ${deal.carrier.table} made of it carries the deal`);
  if (problems.length > 0) {
    out.push('', 'Held:', ...problems.map(({ reason, text }) => `  ${reason}: ${text}`));
  }
  if (document) {
    out.push('', 'Document:', ...printRow(document.header, '  '));
    for (const line of document.lines) {
      const { sequence, lineType, lineObjectNumber, quantity, unitOfMeasureCode, unitPrice } = line.values;
      const price = typeof unitPrice === 'string' && unitPrice !== '' && `at ${display(unitPrice)}`;
      const pieces = typeof quantity === 'string' && quantity !== '' && trim(quantity);
      const what = [lineObjectNumber, pieces, unitOfMeasureCode, price].filter(Boolean);
      out.push(`  line ${Number(sequence) / 10_000}: ${[lineType, ...what].join(' ')}`);
      out.push(...printRow(line, '    ', SHOWN_ABOVE));
    }
  }
  if (notes.length > 0) {
    out.push('', 'Where it comes from:', ...notes.map(({ kind, field, text }) => `  ${kind} ${field}: ${text}`));
  }
  if (plan.length > 0) {
    const steps = plan.map(({ step, number, fields }) => {
      const values = Object.entries(fields)
        .filter(isForPeople)
        .map(([name, value]) => `${name}=${value}`);
      return `  ${step.replaceAll('-', ' ')} ${number}${values.length > 0 ? `: ${values.join(', ')}` : ''}`;
    });
    out.push('', 'Plan:', ...steps);
  }
  return out.join('\n');
}

/** `quote QUO-01001 of Kranich Hydraulik GmbH`: by its number, or by its name where it has none. */
export function titleOf({ table, number, customer }: Preview['deal']): string {
  return `${table} ${number}${customer ? ` of ${customer}` : ''}`;
}

/** Ids say nothing to anybody, and what they stand for is named beside them; `--json` has them. */
function isForPeople([, value]: readonly [string, string | boolean]): boolean {
  return typeof value !== 'string' || !isGuid(value);
}

/** Properties of API v2.0 that are money. */
const AMOUNT = /amount|unitPrice|unitCost/i;

const SHOWN_ABOVE: ReadonlySet<string> = new Set([
  'sequence',
  'lineType',
  'lineObjectNumber',
  'quantity',
  'unitOfMeasureCode',
  'unitPrice',
]);

function printRow(row: PreviewRow, indent: string, hidden: ReadonlySet<string> = new Set()): string[] {
  return Object.entries(row.values)
    .filter(isForPeople)
    .filter(([name, value]) => value !== '' && !hidden.has(name))
    .map(([name, value]) => {
      const from = row.defaulted[name];
      const shown = AMOUNT.test(name) && typeof value === 'string' ? display(value) : value;
      return `${indent}${name}: ${shown}${from ? ` (from ${from})` : ''}`;
    });
}
