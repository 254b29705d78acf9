import { documentKey, documentTail } from '../../deal/document-number.js';
import { quote } from './transport.js';

/**
 * Finds what stands under the External Document No. of a record in either form, and after a new number in Sales too. Both
 * conditions are on one field, as Business Central wants it (reference/business-central 6.1).
 */
export function filterOfRecord(recordId: string): string {
  const field = 'externalDocumentNumber';
  return `endswith(${field},${quote(`-${documentTail(recordId)}`)}) or ${field} eq ${quote(documentKey(recordId))}`;
}
