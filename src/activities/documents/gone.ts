import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { StepFailure } from '../../deal/failure-types.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { CompanyDependencies } from './dependencies.js';
import { undefinedIfNotFound } from './drafts.js';

/** When a document counts as gone: «not found» may pass, and whoever believes it once makes a second document (I1). */

const GONE_CHECK_MS = 5_000;
const LOOK_AGAIN_MS = 5_000;

/**
 * The document, or undefined when it is gone: Business Central says so twice, with a pause in between, and no list has it
 * under our key either.
 * @param list what stands under the key of the deal, or came of it
 * @throws ApplicationFailure to be repeated, while the list has what cannot be read
 */
export async function findOrGone<Document extends { readonly id: string }>(
  { goneCheckMs = GONE_CHECK_MS }: Pick<CompanyDependencies, 'goneCheckMs'>,
  read: () => Promise<Document>,
  id: string,
  list: () => Promise<readonly { readonly id: string }[]>,
): Promise<Document | undefined> {
  return toTemporalFailures(async () => {
    const first = await undefinedIfNotFound(read());
    if (first) return first;
    await pause(goneCheckMs);
    const second = await undefinedIfNotFound(read());
    if (second) return second;
    const listed = await list();
    if (!listed.some((other) => other.id === id)) return undefined;
    throw ApplicationFailure.create({
      type: 'business-central/unavailable' satisfies StepFailure,
      message: `document ${id} is listed and cannot be read: looking again`,
      nextRetryDelay: LOOK_AGAIN_MS,
      category: ApplicationFailureCategory.BENIGN,
    });
  });
}
