import type { RecordRef } from '../../deal/deal.js';
import { writeKey } from '../../deal/ids.js';
import type { Notice } from '../../deal/notices.js';
import { deriveGuid } from '../remote/derive-guid.js';

/** The note in Sales of one notice, by which its seller learns of it: its id there, and the key of its write here. */
export function toSellerNote(
  { recordId }: Pick<RecordRef, 'recordId'>,
  { kind, subject }: Notice,
): { readonly noteId: string; readonly writeKey: string } {
  const noteId = deriveGuid(`note/${recordId}/${kind}/${subject}`);
  return { noteId, writeKey: writeKey(recordId, `note-${noteId}`) };
}
