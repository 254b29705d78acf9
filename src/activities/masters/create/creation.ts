import type { BusinessCentralClient } from '../../../clients/business-central/client.js';
import type { LinkLedger } from '../../../ledger/masters/link-ledger.js';
import type { MappingNote } from '../../../mapping/fields/resolve.js';
import type { WriteDependencies } from '../../remote/write-once.js';

/** What customer, contact and item need to be created, whoever asks for it: a deal, or the sync of the row itself. */
export interface CreationDependencies extends WriteDependencies {
  readonly businessCentral: BusinessCentralClient;
  readonly companyId: string;
  readonly ledger: WriteDependencies['ledger'] & LinkLedger;
  readonly ambiguityWindowMs: number;
}

/** What was cut or left out, for the audit trail: fields and lengths, not the texts. */
export function cutsOf(notes: readonly MappingNote[]): {
  readonly cuts?: readonly string[];
  readonly leftOut?: readonly string[];
} {
  const cuts = notes.flatMap(({ field, value, cutFrom }) =>
    cutFrom === undefined ? [] : [`${field}: ${cutFrom.length} → ${String(value).length} characters`],
  );
  const leftOut = notes.filter(({ isLeft }) => isLeft).map(({ field }) => field);
  return { ...(cuts.length > 0 && { cuts }), ...(leftOut.length > 0 && { leftOut }) };
}
