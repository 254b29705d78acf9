import type { DataverseClient } from '../../clients/dataverse/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import { findDifferences } from '../../deal/compare-deals.js';
import type { WonDeal } from '../../deal/deal.js';
import { isGuid } from '../../deal/ids.js';
import { withSalesNumbers } from '../../deal/sales-numbers.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { isGone } from '../../ledger/deals/document-standing.js';
import type { StoredDocument } from '../../ledger/deals/documents.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import { askedOfRecord } from '../../mapping/plan/asked-of-record.js';
import { findChanges, type PreviewChange } from '../../mapping/preview/changes.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { createPreviewer, type PreviewDependencies } from './previewer.js';

/** What a replay would adopt, make and find different, told before anything is done. */

export interface OutlookDependencies {
  readonly ledger: DealLedger & AuditLedger;
  readonly dataverse: Pick<DataverseClient, 'readDeal'>;
  readonly preview: PreviewDependencies;
}

export interface Outlook {
  readonly isAsRecorded: boolean;
  /** By which the deal would be handed over now. */
  readonly rules: Rules;
  /** By which its document was made, or would have been; or why they are not known any more. */
  readonly before: Rules | string;
}

/** One thing that is known beforehand. */
export type OutlookLine =
  | {
      readonly kind: 'state' | 'adopts' | 'makes' | 'hands-over' | 'gone' | 'mapping' | 'not-recorded' | 'not-compared';
      readonly text: string;
    }
  /** Of the record since it was read, or of the document that was made of it. */
  | { readonly kind: 'record-differs' | 'document-differs'; readonly change: PreviewChange };

export async function describeReplay(
  record: SourceRecord,
  { ledger, dataverse, preview }: OutlookDependencies,
  { isAsRecorded, rules, before }: Outlook,
): Promise<OutlookLine[]> {
  const held = record.holdReason ? ` (${record.holdReason}: ${record.holdText ?? ''})` : '';
  const lines: OutlookLine[] = [{ kind: 'state', text: `${record.state}${held}` }];
  const [documents, trail] = await Promise.all([
    ledger.listDocuments(record.recordId),
    ledger.readAudit(record.recordId),
  ]);
  // What was deleted is taken over by nobody.
  const standing = documents.filter((document) => !isGone(record, document, trail));
  for (const { content, kind, reportedToSales: notified } of standing) {
    const inSales = notified ? `, in Sales as ${notified.number} (${notified.status})` : '';
    lines.push({ kind: 'adopts', text: `${kind} ${content.number}${inSales}` });
  }
  const isCurrentGone =
    !record.isHandedOver && documents.some((one) => isCurrent(record, one) && !standing.includes(one));
  if (record.documentId === undefined || isCurrentGone) lines.push({ kind: 'makes', text: 'the document' });
  const { revision } = record;
  if (revision === undefined) return lines;

  const was = withSalesNumbers(await ledger.getDeal(record.recordId, revision));
  const is = isAsRecorded ? was : await readNow(record, dataverse, rules);
  if (isAsRecorded) lines.push({ kind: 'hands-over', text: `revision ${revision}, as it was read then` });
  else if (!is) return [...lines, { kind: 'gone', text: 'the record is gone in Sales' }];
  else {
    for (const change of findDifferences(was, is))
      if (isForPeople(change)) lines.push({ kind: 'record-differs', change });
  }
  lines.push({ kind: 'mapping', text: `${rules.mappingHash}${toOldMapping(record, rules)}` });
  if (typeof before === 'string') lines.push({ kind: 'not-compared', text: `the document: ${before}` });
  if (typeof before === 'string' || before.mappingHash === rules.mappingHash || !is) return lines;
  if (isAsRecorded) lines.push(...findUnread(record, before, rules));
  const asThen = await createPreviewer(preview, before).previewRead(was);
  const asNow = await createPreviewer(preview, rules).previewRead(is);
  for (const change of findChanges(asThen, asNow)) lines.push({ kind: 'document-differs', change });
  return lines;
}

const isCurrent = ({ documentId }: SourceRecord, one: StoredDocument): boolean => one.documentId === documentId;

/** What an id stands for has a number or a name beside it, which differs as well. */
function isForPeople({ before = '', after = '' }: PreviewChange): boolean {
  return !isGuid(before) && !isGuid(after);
}

function toOldMapping({ mappingHash, documentId, isHandedOver }: SourceRecord, rules: Rules): string {
  if (mappingHash === rules.mappingHash) return ', as before';
  const remakes = documentId !== undefined && !isHandedOver;
  return `, before ${mappingHash}${remakes ? ': a draft that is there is made anew' : ''}`;
}

/** Columns of Sales that the other mapping takes and that nobody read then: they would be taken for empty. */
function findUnread({ table }: SourceRecord, before: Rules, rules: Rules): OutlookLine[] {
  const columnsOf = (of: Rules) => askedOfRecord(of, table).rows;
  const [read, wanted] = [columnsOf(before), columnsOf(rules)];
  return (Object.keys(wanted) as (keyof typeof wanted)[]).flatMap((row) =>
    wanted[row]
      .filter((column) => !read[row].includes(column))
      .map((column) => ({
        kind: 'not-recorded' as const,
        text: `${row === 'record' ? '' : `${row}.`}${column}, which counts as empty`,
      })),
  );
}

async function readNow(
  record: SourceRecord,
  dataverse: OutlookDependencies['dataverse'],
  rules: Rules,
): Promise<WonDeal | undefined> {
  try {
    return await dataverse.readDeal(record.table, record.recordId, askedOfRecord(rules, record.table));
  } catch (error) {
    if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
    throw error;
  }
}
