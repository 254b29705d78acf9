import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import { readStatus } from '../../deal/business-central-document.js';

export type PostedList = Pick<BusinessCentralClient, 'findPostedIds'>;

/**
 * Whether an invoice is posted. Its status says so, but for `Open`, which a released draft has as well; then the list of
 * posted invoices says it, for the number need not change (reference/business-central 4.3, 4.5).
 * @param draftNumber compared only where the app may not read that list
 */
export async function isPosted(
  businessCentral: PostedList,
  {
    id,
    status,
    number,
    externalDocumentNumber,
  }: Readonly<Record<'id' | 'status' | 'number' | 'externalDocumentNumber', string>>,
  draftNumber: string,
): Promise<boolean> {
  switch (readStatus(status)) {
    case 'posted':
      return true;
    case 'draft':
    case 'in-review':
      return false;
    case 'released-or-posted': {
      const posted = await undefinedIfRefused(() => businessCentral.findPostedIds(externalDocumentNumber));
      return posted ? posted.has(id) : number !== draftNumber;
    }
  }
}

/** What an app may lack the permission for, and a company the extension. */
export async function undefinedIfRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RemoteApiError && ['forbidden', 'rejected', 'not-found'].includes(error.code))
      return undefined;
    throw error;
  }
}
