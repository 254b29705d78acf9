import { z } from 'zod';
import type { Shipment } from '../../clients/business-central/flows.js';
import { isSameCode } from '../../deal/codes.js';
import type { DealLine } from '../../deal/deal.js';
import { type LineRules, toUnitCode } from '../../deal/line-rules.js';
import { bySequence } from '../../deal/lines-by-sequence.js';
import { add, divide, isLess, isZero, subtract } from '../../deal/money.js';
import type { FlowValues } from '../../ledger/feeds/flows.js';

/** What was shipped by line, as the ledger holds it, and what of it still stands. */

const shippedLines = z.array(
  z.object({ sequence: z.number(), description: z.string(), quantity: z.string(), unit: z.string() }),
);
type ShippedLine = z.output<typeof shippedLines>[number];

/** By their sequence, so that the same lines are the same text however they were read. */
export function toStoredLines({ lines }: Pick<Shipment, 'lines'>): string {
  return JSON.stringify(lines.filter(({ quantity }) => !isZero(quantity)).sort((a, b) => a.sequence - b.sequence));
}

/** With the lines that were appended since; the same values when there are none. */
export function withNegativeLines(values: FlowValues, negative: readonly ShippedLine[]): FlowValues {
  const lines = readLines(values);
  const known = bySequence(lines);
  const added = negative
    .filter(({ sequence }) => !known.has(sequence))
    .map(({ sequence, description, quantity, unit }) => ({ sequence, description, quantity, unit }));
  return added.length === 0 ? values : { ...values, lines: toStoredLines({ lines: [...lines, ...added] }) };
}

/**
 * Undoing a line appends one of the opposite quantity behind it, with a sequence of its own (reference/business-central 4.4):
 * it counts for the line that it takes back. What is sold with a negative quantity is shipped so.
 */
function withUndone(lines: readonly ShippedLine[], sold: ReadonlyMap<number, DealLine>): ShippedLine[] {
  const inOrder = [...lines].sort((a, b) => a.sequence - b.sequence);
  return inOrder.map((line, at) => {
    if (!isUndoing(line, sold)) return line;
    const undone = inOrder
      .slice(0, at)
      .findLast(({ unit, quantity }) => unit === line.unit && isZero(add(quantity, line.quantity)));
    return undone ? { ...line, sequence: undone.sequence } : line;
  });
}

function isUndoing({ sequence, quantity }: ShippedLine, sold: ReadonlyMap<number, DealLine>): boolean {
  return isLess(quantity, '0') && !isLess(sold.get(sequence)?.quantity ?? '0', '0');
}

/** A shipment of which every line was undone was none. */
function stands(values: FlowValues, sold: ReadonlyMap<number, DealLine>): boolean {
  const lines = readLines(values);
  if (lines.length === 0) return true;
  const left = new Map<number, string>();
  for (const { sequence, quantity } of withUndone(lines, sold))
    left.set(sequence, add(left.get(sequence) ?? '0', quantity));
  return [...left.values()].some((quantity) => !isZero(quantity));
}

function readLines(values: FlowValues): readonly ShippedLine[] {
  return shippedLines.parse(JSON.parse(values['lines'] ?? '[]'));
}

/** Of all shipments of an order, each line in the unit that it was sold in. */
export function toTotals(shipments: readonly FlowValues[], sold: readonly DealLine[], rules: LineRules) {
  const inOrder = [...shipments].sort((a, b) => (a['number'] ?? '').localeCompare(b['number'] ?? ''));
  // Parts are added up in their own unit first: a third of a box, three times, is a box.
  const shipped = new Map<string, ShippedLine>();
  const soldLines = bySequence(sold);
  for (const line of inOrder.flatMap((one) => withUndone(readLines(one), soldLines))) {
    const key = JSON.stringify([line.sequence, line.unit]);
    shipped.set(key, { ...line, quantity: add(shipped.get(key)?.quantity ?? '0', line.quantity) });
  }
  const lines = new Map<number, string>();
  for (const line of shipped.values()) {
    const quantity = inUnitOfSale(line, soldLines.get(line.sequence), rules);
    lines.set(line.sequence, add(lines.get(line.sequence) ?? '0', quantity));
  }
  const standing = inOrder.filter((one) => stands(one, soldLines));
  return {
    number: standing.map((one) => one['number']).join(', '),
    // Dates as text are in order.
    date:
      standing
        .map((one) => one['date'] ?? '')
        .sort()
        .at(-1) ?? '',
    method: standing.at(-1)?.['method'] ?? '',
    quantity: add('0', ...lines.values()),
    lines,
  };
}

/** Decimals of a quantity in Sales. */
const QUANTITY_DECIMALS = 5;

/** A line whose unit Business Central lacks was handed over in the base unit: so many more of it were shipped. */
function inUnitOfSale({ quantity, unit }: ShippedLine, sold: DealLine | undefined, rules: LineRules): string {
  const base = toUnitCode(sold?.baseUnit, rules);
  if (!sold?.unitFactor || base === undefined || !isSameCode(unit, base)) return quantity;
  const isSoldInBase = isSameCode(toUnitCode(sold.unit, rules) ?? base, base);
  return isSoldInBase ? quantity : divide(quantity, sold.unitFactor, QUANTITY_DECIMALS);
}

/** What the note of a shipment says, and the one of what was undone of it, if anything was. */
export function toNoteTexts(values: FlowValues, sold: readonly DealLine[]): { shipped: string; undone?: string } {
  const { number = '', date = '', method = '' } = values;
  const soldLines = bySequence(sold);
  const lines = readLines(values);
  const undone = lines.filter((line) => isUndoing(line, soldLines));
  const shipped = lines.filter((line) => !undone.includes(line)).map(toTextLine);
  return {
    shipped: [`Shipment ${number} of ${date}${method && ` (${method})`}:`, ...shipped].join('\n'),
    ...(undone.length > 0 && {
      undone: [
        `Of shipment ${number} was undone:`,
        ...undone.map((line) => toTextLine({ ...line, quantity: subtract('0', line.quantity) })),
      ].join('\n'),
    }),
  };
}

function toTextLine({ quantity, description }: ShippedLine): string {
  return `${quantity} × ${description}`;
}
