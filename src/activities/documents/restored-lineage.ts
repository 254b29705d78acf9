import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import { listAncestors, type WonDeal } from '../../deal/deal.js';
import { refuse } from '../remote/failures.js';

/** A restored ledger may have forgotten that a record further up the lineage was handed over (I1). */

/** @throws when Business Central has a document of an ancestor, of whatever kind, posted or not */
export async function refuseDocumentsOfAncestors(
  businessCentral: Pick<BusinessCentralClient, 'findInvoices' | 'findOrders' | 'findQuotes'>,
  deal: WonDeal,
): Promise<void> {
  for (const ancestor of listAncestors(deal.lineage)) {
    // In the order in which one becomes the other, so that none is missed that moves on meanwhile.
    const quotes = await businessCentral.findQuotes(ancestor);
    const orders = await businessCentral.findOrders(ancestor);
    const documents = [...quotes, ...orders, ...(await businessCentral.findInvoices(ancestor))];
    if (documents.length === 0) continue;
    const table = ancestor === deal.lineage.quoteId ? 'quote' : 'opportunity';
    const numbers = documents.map(({ number, externalDocumentNumber }) => `${number} (${externalDocumentNumber})`);
    throw refuse('two-documents', `the ${table} of this deal has a document already: ${numbers.join(' and ')}`);
  }
}
