import { findTurn, type Turn } from '../../deal/turns.js';
import type { ListedDeal } from '../../ledger/deals/list-deals.js';

/** What the list shows, for a spreadsheet. */

const COLUMNS: readonly (readonly [title: string, read: (deal: ListedDeal) => string | undefined])[] = [
  ['number', ({ number }) => number],
  ['name', ({ name }) => name],
  ['customer', ({ customer }) => customer],
  ['company', ({ company }) => company],
  ['seller', ({ seller }) => seller],
  ['net', ({ net }) => net],
  ['gross', ({ amount, isTaxStated }) => (isTaxStated ? amount : undefined)],
  ['currency', ({ currency }) => currency],
  ['state', ({ state }) => state],
  ['since', ({ since }) => since.toISOString()],
  ['reason', ({ hold }) => hold?.reason],
  ['whose move', (deal) => joinOf(deal, ({ owner }) => owner)],
  ['next step', (deal) => joinOf(deal, ({ nextStep }) => nextStep)],
  ['found', ({ hold }) => hold?.text],
  ['document', ({ documentNumber }) => documentNumber],
  ['invoice', ({ invoiceNumber }) => invoiceNumber],
  ['given to', ({ assignee }) => assignee],
  ['id', ({ recordId }) => recordId],
];

export function toCsv(deals: readonly ListedDeal[]): string {
  const lines = [COLUMNS.map(([title]) => title), ...deals.map((deal) => COLUMNS.map(([, read]) => read(deal) ?? ''))];
  // With a mark at the beginning, so that Excel takes it for UTF-8.
  return `\uFEFF${lines.map((line) => line.map(toCell).join(',')).join('\r\n')}\r\n`;
}

/** Where a spreadsheet takes what follows for a formula: at the beginning, and where one of another country begins a cell. */
const FORMULA = /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** A text that a spreadsheet would take for a formula is shown as text: somebody else has typed it. */
function toCell(text: string): string {
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  const safe = isNumber ? text : text.replace(FORMULA, "'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Of everything that the deal waits for at the same time. */
function joinOf({ hold, state }: ListedDeal, toText: (one: Turn) => string): string | undefined {
  if (hold) return [...new Set([hold, ...hold.others].map(toText))].join(' | ');
  const turn = findTurn(state);
  return turn && toText(turn);
}
