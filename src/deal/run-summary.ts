import type { SourceTable } from './ids.js';

/** What people know a deal by in Temporal's list and on the page of its run. It travels sealed (I7). */
export interface DealLabel {
  readonly number: string | undefined;
  readonly customer: string | undefined;
}

/** The server takes 400 bytes of a summary (reference/temporal 4), and sealing adds up to 250. */
const MAX_BYTES = 100;

export function toRunSummary(table: SourceTable, label: DealLabel | undefined): string {
  return ['Hand over', table, toLabelText(label)].filter(Boolean).join(' ');
}

/** `ORD-01000 for Alder Maschinenbau`; empty when nothing is known. */
export function toLabelText(label: DealLabel | undefined): string {
  return cut([toPlain(label?.number), toPlain(label?.customer)].filter(Boolean).join(' for '));
}

/** The Web UI reads it as Markdown: a name is no link and no code. */
function toPlain(text = ''): string {
  return text.replace(/[`[\]<>\s]+/g, ' ').trim();
}

function cut(text: string): string {
  let bytes = 0;
  let kept = '';
  for (const letter of text) {
    bytes += bytesOf(letter.codePointAt(0) ?? 0);
    if (bytes > MAX_BYTES) return `${kept}…`;
    kept += letter;
  }
  return kept;
}

/** In UTF-8. */
function bytesOf(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x8_00) return 2;
  return code < 0x1_00_00 ? 3 : 4;
}
