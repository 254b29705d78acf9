import {
  type Invoice,
  isSameCustomer,
  isSameObject,
  readStatus,
  type SalesDocument,
} from './business-central-document.js';
import { findTail, isNumberOf } from './document-number.js';

/**
 * Whether an invoice is somebody else's and only has the id of a draft of ours by now: where a number series begins again, a draft
 * that is deleted leaves its id to an invoice that was posted of an earlier draft of its number (reference/business-central 11.3). An
 * External Document No. that somebody wrote over is no sign by itself.
 * @param known the draft as it was read last
 */
export function hasTakenId(recordId: string, known: SalesDocument | undefined, invoice: Invoice): boolean {
  const status = readStatus(invoice.status);
  if (!known || status === 'draft' || status === 'in-review') return false;
  const { externalDocumentNumber: number } = invoice;
  if (isNumberOf(number, recordId) || number === known.externalDocumentNumber) return false;
  if (findTail(number) !== undefined || !isSameCustomer(known, invoice)) return true;
  const sold = known.lines.filter((line) => line.number !== '');
  return !sold.some((line) => invoice.lines.some((other) => isSameObject(line, other)));
}
