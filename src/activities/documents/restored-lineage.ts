import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { Lineage, RecordRef, WonDeal } from '../../deal/deal.js';
import type { SourceTable } from '../../deal/ids.js';
import { refuse } from '../remote/failures.js';

/** A restored ledger may have forgotten that another record of the lineage was handed over (I1). */

/** Records that may have a document while this one is about to get its first. Beside a live descendant it gets none. */
export function listRelatives({ opportunityId, quoteId, endedDescendants = [] }: Lineage): RecordRef[] {
  return [
    ...(quoteId ? [{ table: 'quote' as const, recordId: quoteId }] : []),
    ...(opportunityId ? [{ table: 'opportunity' as const, recordId: opportunityId }] : []),
    ...endedDescendants,
  ];
}

/** @throws when Business Central has a document of a relative, of whatever kind, posted or not */
export async function refuseDocumentsOfRelatives(
  businessCentral: Pick<BusinessCentralClient, 'findInvoices' | 'findOrders' | 'findQuotes'>,
  { lineage }: WonDeal,
): Promise<void> {
  for (const { table, recordId } of listRelatives(lineage)) {
    // In the order in which one becomes the other, so that none is missed that moves on meanwhile.
    const quotes = await businessCentral.findQuotes(recordId);
    const orders = await businessCentral.findOrders(recordId);
    const documents = [...quotes, ...orders, ...(await businessCentral.findInvoices(recordId))];
    if (documents.length === 0) continue;
    const numbers = documents.map(({ number, externalDocumentNumber }) => `${number} (${externalDocumentNumber})`);
    throw refuse('two-documents', `the ${NAMES[table]} of this deal has a document already: ${numbers.join(' and ')}`);
  }
}

const NAMES: Readonly<Record<SourceTable, string>> = {
  opportunity: 'opportunity',
  quote: 'quote',
  salesorder: 'order',
};
