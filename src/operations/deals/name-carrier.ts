import type { DealLedger } from '../../ledger/deals/deal-ledger.js';

/** The record that carries the deal, by the number that people know it by and the id that finds it always. */
export async function nameCarrier(ledger: Pick<DealLedger, 'findRecord'>, carrierId: string): Promise<string> {
  const carrier = await ledger.findRecord(carrierId);
  return [carrier?.table ?? 'record', carrier?.recordNumber, `(${carrierId})`].filter(Boolean).join(' ');
}
