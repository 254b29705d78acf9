import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { type Comparison, compareLines } from '../../deal/compare-lines.js';
import type { DocumentKind, Figures, WonDeal } from '../../deal/deal.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import type { SourceTable } from '../../deal/ids.js';
import type { PaymentStatus } from '../../deal/payment-status.js';
import { toPaymentStatus } from '../../deal/payment-status.js';
import type { ClosedPeriod } from '../../deal/posting-period.js';
import type { DealState } from '../../deal/states.js';
import type { DealCommands, DealStatus } from '../../dispatch/deal-commands.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { Database } from '../../ledger/database.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { isGone, isOther, isPosted } from '../../ledger/deals/document-standing.js';
import type { StoredDocument } from '../../ledger/deals/documents.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import { type DealNote, listNotes } from '../../ledger/desk/notes.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { defineOperation } from '../operation.js';
import { toFiguresVersion } from './figures-version.js';
import { type DealAct, findPossibleActs } from './possible-acts.js';
import { type FindPostingPeriod, findClosedPeriodOf } from './posting-periods.js';
import { type ShownDeal, showDeal } from './show-deal.js';

/** Everything that the page of one deal shows, and what the person may do there. */

export interface OpenDeal extends ShownDeal {
  /** Of its run at this moment; undefined when no run is open, or Temporal does not answer. */
  readonly status: DealStatus | undefined;
  readonly isTemporalSilent: boolean;
  readonly figures: (Figures & { readonly version: string }) | undefined;
  /** The day of the draft, when Business Central takes no posting on it. */
  readonly closedPeriod: ClosedPeriod | undefined;
  readonly comparison: Comparison | undefined;
  /** What somebody changed in the draft since Dealbridge wrote it. */
  readonly handEdits: readonly string[];
  readonly documents: readonly DealDocument[];
  readonly lineage: readonly LineageStep[];
  readonly notes: readonly DealNote[];
  readonly acts: readonly DealAct[];
}

export interface DealDocument {
  readonly kind: DocumentKind;
  readonly id: string;
  readonly number: string;
  readonly isPosted: boolean;
  /** A quote that became another document, and is there no more. */
  readonly isConverted: boolean;
  /** It was deleted, or is not found any more. */
  readonly isGone: boolean;
  /** It carries the number of the deal, and counts for nothing here. */
  readonly isOther: boolean;
  readonly excludingTax: string;
  readonly includingTax: string;
  readonly currency: string;
  readonly payment: PaymentStatus | undefined;
  /** Whether Sales has heard of it as it is. */
  readonly isReported: boolean;
}

export interface LineageStep {
  readonly table: SourceTable;
  readonly recordId: string;
  readonly number: string | undefined;
  readonly state: DealState | undefined;
  readonly isThis: boolean;
}

interface Dependencies {
  readonly database: Database;
  readonly ledger: DealLedger & AuditLedger;
  readonly deals: Pick<DealCommands, 'findStatus'>;
  readonly findPostingPeriod: FindPostingPeriod;
  readonly rules: Pick<Rules, 'lines'>;
}

export const openDeal = defineOperation({
  act: 'show a deal',
  input: z.strictObject({ deal: z.string().min(1, 'a number or GUID') }),
  run: async (dependencies: Dependencies, input, _actor, person): Promise<OpenDeal> => {
    const { database, ledger } = dependencies;
    const shown = await showDeal(dependencies, person, input);
    const { recordId, record } = shown;
    const [run, sold, documents, own, notes, closedPeriod] = await Promise.all([
      readStatus(dependencies, recordId),
      record.revision === undefined ? undefined : ledger.getDeal(recordId, record.revision),
      ledger.listDocuments(recordId),
      record.documentId === undefined ? undefined : ledger.findOwnDocument(record.documentId),
      listNotes(database, recordId),
      findClosedPeriodOf(dependencies, recordId),
    ]);
    const standing = documents.find(
      (document) => document.documentId === record.documentId && !isGone(record, document, shown.trail),
    );
    const current = standing?.content;
    const figures = run.status?.figures;
    return {
      ...shown,
      ...run,
      figures: figures && { ...figures, version: toFiguresVersion(figures) },
      closedPeriod,
      comparison: sold && compareLines(sold, current, dependencies.rules.lines),
      handEdits: own && current && !record.isHandedOver ? findDraftEdits(own, current) : [],
      documents: documents.map((document) => toDealDocument(document, record, shown.trail)),
      lineage: sold ? await findLineage(ledger, sold, record.carrierId) : [],
      notes,
      acts: findPossibleActs(person.roles, { ...run, record }),
    };
  },
});

interface RunStatus {
  readonly status: DealStatus | undefined;
  readonly isTemporalSilent: boolean;
}

/** Without a worker nobody answers a query, and whoever looks at a page does not wait for one. */
const PATIENCE_MS = 5_000;
const SILENT: RunStatus = { status: undefined, isTemporalSilent: true };

/** The ledger is shown in any case: a page must not depend on the engine being up. */
async function readStatus({ deals }: Pick<Dependencies, 'deals'>, recordId: string): Promise<RunStatus> {
  const ended = new AbortController();
  const silence = setTimeout(PATIENCE_MS, SILENT, { signal: ended.signal }).catch(() => SILENT);
  const answer = deals.findStatus(recordId).then(
    (status): RunStatus => ({ status, isTemporalSilent: false }),
    () => SILENT,
  );
  const first = await Promise.race([answer, silence]);
  ended.abort();
  return first;
}

function toDealDocument(document: StoredDocument, record: SourceRecord, trail: ShownDeal['trail']): DealDocument {
  const { kind, documentId, content, reportedToSales } = document;
  const isOurs = isPosted(record, document);
  const payment = isOurs ? toPaymentStatus(document.content) : undefined;
  const isConverted = kind === 'quote' && documentId !== record.documentId;
  return {
    kind,
    id: documentId,
    number: content.number,
    isPosted: isOurs || isOther(record, document),
    isConverted,
    isGone: !isConverted && isGone(record, document, trail),
    isOther: isOther(record, document),
    excludingTax: content.excludingTax,
    includingTax: content.includingTax,
    currency: content.currency,
    payment,
    isReported: payment !== undefined && reportedToSales?.status === payment.status,
  };
}

/** Opportunity, quote and orders around the record, as far as the ledger has seen them. */
async function findLineage(ledger: DealLedger, sold: WonDeal, carrierId: string | undefined): Promise<LineageStep[]> {
  const { opportunityId, quoteId, descendants } = sold.lineage;
  const refs: { readonly table: SourceTable; readonly recordId: string }[] = [];
  const add = (table: SourceTable, recordId: string | undefined): void => {
    if (recordId !== undefined && !refs.some((one) => one.recordId === recordId)) refs.push({ table, recordId });
  };
  add('opportunity', opportunityId);
  add('quote', quoteId);
  add(sold.table, sold.recordId);
  for (const one of [...descendants].reverse()) add(one.table, one.recordId);
  const carrier = carrierId === undefined ? undefined : await ledger.findRecord(carrierId);
  if (carrier) add(carrier.table, carrier.recordId);
  return Promise.all(
    refs.map(async ({ table, recordId }) => {
      const known = await ledger.findRecord(recordId);
      const number = recordId === sold.recordId ? sold.number : known?.recordNumber;
      return { table, recordId, number, state: known?.state, isThis: recordId === sold.recordId };
    }),
  );
}
