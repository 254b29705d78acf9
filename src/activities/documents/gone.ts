import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { RemoteApiError } from '../../clients/errors.js';
import type { SalesDocument } from '../../deal/business-central-document.js';
import { isNumberOf } from '../../deal/document-number.js';
import type { StepFailure } from '../../deal/failure-types.js';
import { hasTakenId } from '../../deal/taken-id.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { CompanyDependencies } from './dependencies.js';
import type { DocumentPort } from './document-kinds.js';
import { undefinedIfNotFound } from './drafts.js';

/** When a document counts as gone: «not found» may pass, and whoever believes it once makes a second document (I1). */

const GONE_CHECK_MS = 5_000;
const LOOK_AGAIN_MS = 5_000;

export interface Sought<Document extends { readonly id: string }> {
  readonly id: string;
  readonly read: () => Promise<Document>;
  /** What stands under the number of the deal. */
  readonly list: () => Promise<readonly { readonly id: string }[]>;
  /** Whether what came of it explains that it is gone: the invoices of an order, what a quote became. */
  readonly isExplained?: () => Promise<boolean>;
}

/**
 * The document, or undefined when it is gone: what came of it says so, or Business Central says so twice, with a pause in
 * between, and no list has it under our number either.
 * @throws ApplicationFailure to be repeated, while the list has what cannot be read
 */
export async function findOrGone<Document extends { readonly id: string }>(
  { goneCheckMs = GONE_CHECK_MS }: Pick<CompanyDependencies, 'goneCheckMs'>,
  { id, read, list, isExplained }: Sought<Document>,
): Promise<Document | undefined> {
  return toTemporalFailures(async () => {
    const first = await undefinedIfNotFound(read());
    if (first) return first;
    if (await isExplained?.()) return undefined;
    await pause(goneCheckMs);
    const second = await undefinedIfNotFound(read());
    if (second) return second;
    const listed = await list();
    if (!listed.some((other) => other.id === id)) return undefined;
    throw lookAgain(`document ${id} is listed and cannot be read`);
  });
}

/**
 * @throws RemoteApiError `not-found` when an invoice of somebody else has the id of the deal's draft by now
 */
export async function readOwn<Document extends SalesDocument>(
  ledger: Pick<DealLedger, 'listDocuments'>,
  recordId: string,
  read: () => Promise<Document>,
): Promise<Document> {
  const document = await read();
  if (!('remaining' in document) || isNumberOf(document.externalDocumentNumber, recordId)) return document;
  const known = (await ledger.listDocuments(recordId)).find(({ documentId }) => documentId === document.id);
  if (!hasTakenId(recordId, known?.content, document)) return document;
  throw new RemoteApiError('business-central', 'not-found', 'read the draft', { rowOf: 'salesInvoices' });
}

export function lookAgain(found: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'business-central/unavailable' satisfies StepFailure,
    message: `${found}: looking again`,
    nextRetryDelay: LOOK_AGAIN_MS,
    category: ApplicationFailureCategory.BENIGN,
  });
}

/**
 * A change of a draft, unless somebody posted or converted it in this moment: undefined then, as what came of it is read next.
 * «Not found» counts only when the draft is gone.
 * @throws ApplicationFailure to be repeated, while it is there
 */
export async function changeUnlessTaken<T>(
  dependencies: Pick<CompanyDependencies, 'goneCheckMs' | 'ledger'>,
  port: DocumentPort,
  of: { readonly recordId: string; readonly draftId: string },
  change: () => Promise<T>,
): Promise<T | undefined> {
  const { recordId, draftId } = of;
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof RemoteApiError) || (error.code !== 'not-found' && error.code !== 'rejected')) throw error;
    const found = await findDraftOrGone(dependencies, port, of);
    if (!found) {
      if ((await port.findSuccessors(draftId, recordId)).length > 0) return undefined;
      throw error;
    }
    if (error.code === 'not-found') throw lookAgain(`draft ${draftId} is there and could not be changed`);
    const { draftNumber = found.number } = await dependencies.ledger.getRecord(recordId);
    if (await port.isPosted(found, draftNumber)) return undefined;
    throw error;
  }
}

/** A draft of the deal, by its port. */
export function findDraftOrGone(
  dependencies: Pick<CompanyDependencies, 'goneCheckMs' | 'ledger'>,
  port: DocumentPort,
  { recordId, draftId }: { readonly recordId: string; readonly draftId: string },
): Promise<SalesDocument | undefined> {
  return findOrGone(dependencies, {
    id: draftId,
    read: () => readOwn(dependencies.ledger, recordId, () => port.get(draftId)),
    list: () => port.list(recordId),
    isExplained: async () => (await port.findSuccessors(draftId, recordId)).length > 0,
  });
}
