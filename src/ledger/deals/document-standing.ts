import { readStatus } from '../../deal/business-central-document.js';
import type { StoredAuditEntry } from '../audit/audit.js';
import type { StoredDocument } from './documents.js';
import { recordedFacts } from './recorded-facts.js';
import type { SourceRecord } from './records.js';

/** What a document that the ledger has read is to its deal by now. */

export type StoredInvoice = Extract<StoredDocument, { readonly kind: 'invoice' }>;

type Holder = Pick<SourceRecord, 'documentId' | 'documentKind' | 'draftNumber' | 'isHandedOver'>;

/** A draft that was posted behind our back says so by its status, or by another number; an invoice that came from the order was posted when it was made. */
export function isPosted(record: Holder, document: StoredDocument): document is StoredInvoice {
  if (document.kind !== 'invoice') return false;
  const { documentId, content } = document;
  if (documentId !== record.documentId) return record.documentKind === 'order' && content.orderId === record.documentId;
  return record.isHandedOver || readStatus(content.status) === 'posted' || content.number !== record.draftNumber;
}

/**
 * An invoice that somebody made in Business Central and that carries the External Document No. of the deal, as a copy does
 * (reference/business-central 11.5). A number is no identity (I11): it is told, and counts for nothing.
 */
export function isOther(record: Holder, document: StoredDocument): boolean {
  if (document.kind !== 'invoice' || document.isOwn || document.documentId === record.documentId) return false;
  const status = readStatus(document.content.status);
  return (status === 'posted' || status === 'released-or-posted') && !isPosted(record, document);
}

/** Whether it is not in Business Central any more: a draft that was deleted or replaced, or an invoice that a sweep missed. */
export function isGone(record: Holder, document: StoredDocument, trail: readonly StoredAuditEntry[]): boolean {
  if (document.isGone) return true;
  if (isPosted(record, document) || isOther(record, document)) return false;
  // What a quote became takes its place, and so does the next draft of one that we made.
  const isReplaced = document.isOwn && record.documentId !== undefined && document.documentId !== record.documentId;
  return isReplaced || isDeletedByTrail(trail, document.documentId);
}

/** A draft may have been deleted, and another attempt have found it standing: the last word counts. */
function isDeletedByTrail(trail: readonly StoredAuditEntry[], documentId: string): boolean {
  return trail.reduce((isDeleted, { facts }) => {
    const ledger = recordedFacts.safeParse(facts?.['ledger']).data;
    if (ledger?.isDraftGone && facts?.['documentId'] === documentId) return true;
    return ledger?.draft?.documentId === documentId ? false : isDeleted;
  }, false);
}
