import { createHash } from 'node:crypto';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { toDocumentRequest } from '../../clients/business-central/document-body.js';
import type { DataverseClient } from '../../clients/dataverse/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import type { SalesDocument } from '../../deal/business-central-document.js';
import type { RecordRef } from '../../deal/deal.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import { DealbridgeError } from '../../deal/errors.js';
import { NOTHING_SEEN, STILL_HELD } from '../../deal/failure-types.js';
import type { HoldReason, Problem } from '../../deal/holds.js';
import { listSoldItems } from '../../deal/missing-master-data.js';
import { isSame } from '../../deal/money.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { LinkLedger } from '../../ledger/masters/link-ledger.js';
import { withOurNumbers } from '../../mapping/fields/masters.js';
import { askedOfRecord } from '../../mapping/plan/asked-of-record.js';
import { createFindAccountsWithNumbers } from '../../mapping/plan/customer-identity.js';
import { previewDeal } from '../../mapping/preview/preview-deal.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { createDocumentPorts } from '../documents/document-kinds.js';
import { undefinedIfNotFound } from '../documents/drafts.js';
import { toFailure } from '../remote/failures.js';
import type { Companies, Company } from '../routing/companies.js';
import type { RulesOfRecords } from '../routing/rules-of-records.js';

export interface WatchedHold {
  readonly ref: RecordRef;
  /** What was seen when the hold began; without it the step answers at once with what it sees. */
  readonly seen?: string;
}

interface PlannedAgain {
  readonly mappingHash: string;
  readonly revision: string;
  readonly problems: readonly Problem[];
  readonly links: readonly string[];
}

export interface HoldWatchDependencies {
  readonly dataverse: DataverseClient;
  readonly ledger: DealLedger & LinkLedger;
  readonly rules: Pick<RulesOfRecords, 'toHandOver'>;
  readonly companies: Pick<Companies, 'choose' | 'withId'>;
}

/** Looks at what a held deal waits for, with the planner of the preview: it reads both sides and writes nothing. */
export function createHoldWatch({ dataverse, ledger, rules, companies }: HoldWatchDependencies) {
  /** What the planner says of the record, and what the ledger knows of its customer and items. */
  async function planAgain(record: SourceRecord | undefined, { table, recordId }: RecordRef): Promise<PlannedAgain> {
    const wanted = await rules.toHandOver(record);
    const read = await dataverse.readDeal(table, recordId, askedOfRecord(wanted, table));
    const company = await companies.choose(await withOurNumbers(read, wanted.mapping, wanted.masters.items));
    const { businessCentral, sets } = company;
    const { problems } = await previewDeal(read, wanted, {
      company: businessCentral,
      sets,
      ledger,
      findAccountsWithNumbers: createFindAccountsWithNumbers(dataverse, wanted),
      toBody: toDocumentRequest,
    });
    const { mappingHash } = wanted;
    return { mappingHash, revision: read.revision, problems, links: await findLinks(read, wanted, company) };
  }

  async function findLinks(
    deal: Awaited<ReturnType<DataverseClient['readDeal']>>,
    { lines }: Rules,
    { companyId }: Company,
  ): Promise<readonly string[]> {
    const accountIds = deal.customer ? [deal.customer.accountId] : [];
    const productIds = listSoldItems(deal, lines).map(({ productId }) => productId);
    const customers = await ledger.findLinks('customer', companyId, accountIds);
    const items = await ledger.findLinks('item', companyId, productIds);
    return [...customers.values(), ...items.values()].map(({ salesId, bcId }) => `${salesId} ${bcId}`).sort();
  }

  /** Its content alone: a mere reading moves the etag (reference/business-central 11.4). */
  async function readDraft(record: SourceRecord | undefined): Promise<ReadDraft | undefined> {
    if (!record?.documentId || !record.companyId) return undefined;
    const { businessCentral } = await companies.withId(record.companyId);
    const draft = await undefinedIfNotFound(
      createDocumentPorts(businessCentral)[record.documentKind].get(record.documentId),
    );
    if (!draft) return undefined;
    const known = (await ledger.listDocuments(record.recordId)).find(({ documentId }) => documentId === draft.id);
    const isAsRead = known === undefined || isSameContent(known.content, draft);
    return { content: { ...draft, etag: undefined, lastModified: undefined }, isAsRead };
  }

  async function look(ref: RecordRef): Promise<{ readonly sees: string; readonly showsHold: boolean }> {
    const record = await ledger.findRecord(ref.recordId);
    const draft = await readDraft(record);
    const plan = await planAgain(record, ref).catch((error: unknown): string => {
      // Gone, or of a kind that cannot be planned: as long as it stays so, nothing has changed.
      const isGone = error instanceof RemoteApiError && error.code === 'not-found';
      if (isGone || (error instanceof DealbridgeError && !(error instanceof RemoteApiError))) return error.message;
      throw error;
    });
    // Once the deal is held no more, or again, this watch is over.
    const held = [record?.state, record?.changedAt];
    const sees = createHash('sha256')
      .update(JSON.stringify({ held, draft: draft?.content, plan }))
      .digest('hex');
    const shown = new Set(typeof plan === 'string' ? [] : plan.problems.map(({ reason }) => reason));
    // Of the two the draft is compared when the deal is.
    if (draft) shown.add('totals-differ');
    // Who corrected record or draft since they were read may have ended the hold: what is seen now is not what it began with.
    const isRecordAsRead = typeof plan === 'string' || plan.revision === record?.revision;
    const isAsRead = isRecordAsRead && (draft?.isAsRead ?? true);
    return { sees, showsHold: isAsRead && reasonsOf(record).every((reason) => shown.has(reason)) };
  }

  return {
    /**
     * Ends when both sides look otherwise than when the hold began. Until then it fails and is repeated by Temporal, which
     * costs the history of the deal nothing. It never fails for good: a refusal is an answer as well. What Business Central alone
     * knows, such as a customer who is blocked for privacy, no look shows: whether it is over only the refused step can tell.
     */
    async watchHold({ ref, seen }: WatchedHold): Promise<string> {
      const found = await look(ref).catch((error: unknown) => {
        const failure = toFailure(error);
        if (failure instanceof ApplicationFailure && failure.nonRetryable) return undefined;
        throw failure;
      });
      if (!found || (seen === undefined && !found.showsHold)) return NOTHING_SEEN;
      const { sees } = found;
      if (seen === sees) {
        const category = ApplicationFailureCategory.BENIGN;
        throw ApplicationFailure.create({ type: STILL_HELD, message: 'nothing has changed', category });
      }
      return sees;
    },
  };
}

interface ReadDraft {
  readonly content: object;
  /** Nobody has edited it since a step read it last. */
  readonly isAsRead: boolean;
}

function isSameContent(was: SalesDocument, is: SalesDocument): boolean {
  return isSame(is.includingTax, was.includingTax) && findDraftEdits(was, is).length === 0;
}

function reasonsOf(record: SourceRecord | undefined): readonly HoldReason[] {
  return record?.holdReason ? [record.holdReason, ...record.otherHoldReasons] : [];
}

export type HoldWatch = ReturnType<typeof createHoldWatch>;
