import type { BusinessCentralClient } from '../../../clients/business-central/client.js';
import { type ClaimingRow, toTaken } from '../../../deal/ambiguity.js';
import type { FieldValues } from '../../../deal/document.js';
import type { LinkKind } from '../../../deal/masters.js';
import type { LinkLedger } from '../../../ledger/masters/link-ledger.js';
import type { MappingNote } from '../../../mapping/fields/resolve.js';
import type { FindAccountsWithNumbers } from '../../../mapping/plan/customer-identity.js';
import { refuseAll } from '../../remote/failures.js';
import type { WriteDependencies } from '../../remote/write-once.js';

/** What customer, contact and item need to be created, whoever asks for it: a deal, or the sync of the row itself. */
export interface CreationDependencies extends WriteDependencies {
  readonly businessCentral: BusinessCentralClient;
  readonly companyId: string;
  readonly ledger: WriteDependencies['ledger'] & LinkLedger;
  readonly ambiguityWindowMs: number;
  readonly findAccountsWithNumbers: FindAccountsWithNumbers;
}

/**
 * What has the number of the row that is to be made may be adopted, unless it stands for another row of Sales: then two
 * rows asked for one number, and the second must not get what was made for the first (I11).
 */
export async function refuseTaken(
  { ledger, companyId }: Pick<CreationDependencies, 'ledger' | 'companyId'>,
  kind: LinkKind,
  sales: ClaimingRow,
  found: { readonly id: string; readonly number: string },
): Promise<void> {
  const others = await ledger.findLinkedOthers(kind, companyId, { bcId: found.id, salesId: sales.id });
  if (others.length === 0) return;
  throw refuseAll([toTaken(kind, found.number, sales, others)]);
}

/** The name that a row is to have in Business Central: the one of Sales, unless the mapping makes another of it. */
export function nameIn({ displayName }: FieldValues): string | undefined {
  return typeof displayName === 'string' ? displayName : undefined;
}

/** What was cut or left out, for the audit trail: fields and lengths, not the texts. */
export function cutsOf(notes: readonly MappingNote[]): {
  readonly cuts?: readonly string[];
  readonly leftOut?: readonly string[];
} {
  const cuts = notes.flatMap(({ field, value, cutFrom, leftOut }) =>
    cutFrom === undefined || leftOut !== undefined
      ? []
      : [`${field}: ${cutFrom.length} → ${String(value).length} characters`],
  );
  const leftOut = notes.flatMap((note) => (note.leftOut === undefined ? [] : [`${note.field} ${note.leftOut}`]));
  return { ...(cuts.length > 0 && { cuts }), ...(leftOut.length > 0 && { leftOut }) };
}
