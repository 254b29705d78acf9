import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SalesDocument } from '../../deal/business-central-document.js';
import { DOCUMENT_KINDS, type DocumentKind } from '../../deal/deal.js';
import type { AuditEntry } from '../audit/audit.js';
import { contentOf, decimalText } from '../stored-content.js';
import { paymentStatusContent, type StoredWriteBack } from './write-backs.js';

/**
 * What a change left in the ledger, as its entry in the trail says it: the ledger's own tables can be changed by whoever owns
 * the database, and are compared with this (audit/verify-deals.ts).
 */
export interface RecordedFacts {
  readonly draft?: RecordedDraft;
  readonly customerNumber?: string;
  readonly isPosted?: true;
  /** The document is certainly gone. */
  readonly isDraftGone?: true;
  readonly own?: { readonly documentId: string; readonly hash: string };
  readonly reported?: RecordedReport;
}

interface RecordedDraft {
  readonly documentId: string;
  readonly kind: DocumentKind;
  readonly number: string;
  readonly version: number;
  /** What the record said when the draft was made. */
  readonly revision?: string | undefined;
  readonly amount?: string | undefined;
  readonly currency?: string | undefined;
}

type RecordedReport = Pick<StoredWriteBack, 'invoiceId' | 'salesInvoiceId' | 'reportedToSales'>;

export const recordedFacts = contentOf<RecordedFacts>({
  draft: contentOf<RecordedDraft>({
    documentId: z.string(),
    kind: z.enum(DOCUMENT_KINDS),
    number: z.string(),
    version: z.number(),
    revision: z.string().optional(),
    amount: decimalText.optional(),
    currency: z.string().optional(),
  }).optional(),
  customerNumber: z.string().optional(),
  isPosted: z.literal(true).optional(),
  isDraftGone: z.literal(true).optional(),
  own: z.object({ documentId: z.string(), hash: z.string() }).optional(),
  reported: contentOf<RecordedReport>({
    invoiceId: z.string(),
    salesInvoiceId: z.string(),
    reportedToSales: paymentStatusContent,
  }).optional(),
});

export function toReport({ invoiceId, salesInvoiceId, reportedToSales }: StoredWriteBack): RecordedReport {
  return { invoiceId, salesInvoiceId, reportedToSales };
}

/** The entry of a change, with what it left in the ledger. */
export function withRecorded(
  audit: Omit<AuditEntry, 'recordId'>,
  recorded: RecordedFacts,
): Omit<AuditEntry, 'recordId'> {
  return Object.keys(recorded).length === 0 ? audit : { ...audit, facts: { ...audit.facts, ledger: recorded } };
}

/** Of a document without what people typed into its lines, which can be erased. */
export function hashDocument(content: SalesDocument): string {
  const lines = content.lines.map(({ description: _erasable, ...line }) => line);
  return createHash('sha256')
    .update(JSON.stringify(toSorted({ ...content, lines })))
    .digest('hex');
}

/** The same content gives the same text, in whichever order a database or a client names the fields. */
function toSorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toSorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, inner]) => [key, toSorted(inner)]);
}
