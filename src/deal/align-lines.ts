import { type InvoiceLine, isSameObject } from './business-central-document.js';
import { bySequence } from './lines-by-sequence.js';
import { distance, isLess, isSame, isZero, subtract } from './money.js';

/**
 * An invoice of shipments (Get Shipment Lines, Combine Shipments) numbers its lines anew, behind texts that name the shipments
 * (reference/business-central 4.4): they get back the numbers of the order lines that they are of.
 * @param posted one after the other: what one has taken of a line the next one does not
 */
export function alignInvoices<Posted extends { readonly lines: readonly InvoiceLine[] }>(
  confirmed: readonly InvoiceLine[],
  posted: readonly Posted[],
): Posted[] {
  const left = confirmed.filter((line) => !isNothing(line)).map((line): Left => ({ line, quantity: line.quantity }));
  const known = bySequence(confirmed);
  const take = (lines: readonly InvoiceLine[]): void => {
    for (const { sequence, quantity } of lines) {
      const one = left.find(({ line }) => line.sequence === sequence);
      if (one) one.quantity = subtract(one.quantity, quantity);
    }
  };
  const aligned = posted.map((invoice) => {
    const isNumberedAnew = invoice.lines.some((line) => {
      const own = known.get(line.sequence);
      return own !== undefined && !isSameObject(own, line);
    });
    const lines = isNumberedAnew ? align(invoice.lines, left) : undefined;
    take(lines ?? invoice.lines);
    return lines ? { ...invoice, lines } : invoice;
  });
  return aligned.map((invoice) => joinSplit(known, left, invoice));
}

/**
 * A line that somebody split has a part under a number of its own: as much of the same at the same price as the other part is less
 * is a part of that line.
 */
function joinSplit<Posted extends { readonly lines: readonly InvoiceLine[] }>(
  known: ReadonlyMap<number, InvoiceLine>,
  left: readonly Left[],
  invoice: Posted,
): Posted {
  let isSplit = false as boolean;
  const lines = invoice.lines.map((line) => {
    if (known.has(line.sequence) || isNothing(line)) return line;
    const found = findLeft(left, line);
    if (!found) return line;
    isSplit = true;
    found.quantity = subtract(found.quantity, line.quantity);
    return { ...line, sequence: found.line.sequence };
  });
  return isSplit ? { ...invoice, lines } : invoice;
}

interface Left {
  readonly line: InvoiceLine;
  /** What no invoice has taken yet. */
  quantity: string;
}

/** Undefined when any of them is more than what is left of a line that was confirmed, at its price: then it is another document. */
function align(lines: readonly InvoiceLine[], before: readonly Readonly<Left>[]): InvoiceLine[] | undefined {
  const left = before.map((one) => ({ ...one }));
  const aligned: InvoiceLine[] = [];
  const moved = lines.filter((line) => !isNothing(line));
  for (const line of moved) {
    const found = findLeft(left, line);
    if (!found && line === moved.at(-1) && mayBeRounding(line)) {
      aligned.push({ ...line, sequence: Math.max(0, ...left.map((one) => one.line.sequence)) + LINE_DISTANCE });
      continue;
    }
    if (!found) return undefined;
    found.quantity = subtract(found.quantity, line.quantity);
    aligned.push({ ...line, sequence: found.line.sequence });
  }
  return aligned;
}

function findLeft(left: readonly Left[], line: InvoiceLine): Left | undefined {
  return left.find(
    (one) =>
      line.number !== '' &&
      isSameObject(one.line, line) &&
      isSame(one.line.unitPrice, line.unitPrice) &&
      isLess('0', one.quantity) === isLess('0', line.quantity) &&
      !isLess(distance(one.quantity, '0'), distance(line.quantity, '0')),
  );
}

/** Posting appends it behind all others (reference/business-central 3.8); whether it is one is judged by its precision. */
function mayBeRounding({ quantity, net }: InvoiceLine): boolean {
  return isSame(quantity, '1') && isLess(distance(net, '0'), '1');
}

const LINE_DISTANCE = 10_000;

/** What a document has of a line of which nothing is posted with it (reference/business-central 4.4). */
export function isNothing({ net, quantity }: Pick<InvoiceLine, 'net' | 'quantity'>): boolean {
  return isZero(net) && isZero(quantity);
}
