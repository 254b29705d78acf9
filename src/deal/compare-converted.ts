import type { Invoice, InvoiceLine, Order, Quote, SalesDocument } from './business-central-document.js';
import { findContentEdits } from './draft-edits.js';
import { bySequence } from './lines-by-sequence.js';
import { isSame, isZero } from './money.js';

/**
 * What differs in the order or invoice that a quote became: it must carry the figures that were confirmed (I2). Texts and
 * terms are not compared, as nobody confirms them.
 */
export function compareConverted(quote: Quote, made: SalesDocument): string[] {
  const found = findContentEdits(withoutTexts(quote), withoutTexts(made));
  for (const [name, figure] of [
    ['net total', 'excludingTax'],
    ['total', 'includingTax'],
  ] as const) {
    if (!isSame(quote[figure], made[figure])) found.push(`${name} ${made[figure]} instead of ${quote[figure]}`);
  }
  return found;
}

/** The document that a quote became, as we wrote the quote last: what somebody changed in either shows beside it (I14). */
export function toOwnConverted<Made extends Invoice | Order>(ownQuote: Quote, made: Made): Made {
  if (findContentEdits(ownQuote, made).length === 0) return made;
  const { customerId, customerNumber, billToId, billToNumber, currency, externalDocumentNumber, discount } = ownQuote;
  const madeLines: ReadonlyMap<number, InvoiceLine> = bySequence(made.lines);
  const lines = ownQuote.lines.map((line) => {
    const found = madeLines.get(line.sequence);
    const moved = 'fullyShipped' in made ? { shippedQuantity: '0', invoicedQuantity: '0' } : {};
    return { ...moved, ...found, ...line };
  });
  const whose = { customerId, customerNumber, billToId, billToNumber, currency, externalDocumentNumber };
  const ours = { ...whose, ...(!isZero(discount) && { discount }) };
  return { ...made, ...ours, lines };
}

function withoutTexts(document: SalesDocument): SalesDocument {
  const lines = document.lines.map((line) => ({ ...line, description: '', terms: undefined }));
  return { ...document, terms: undefined, lines } as SalesDocument;
}
