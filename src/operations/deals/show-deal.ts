import { z } from 'zod';
import { NOTICES, type Notice } from '../../deal/notices.js';
import type { StoredAuditEntry } from '../../ledger/audit/audit.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { Database } from '../../ledger/database.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { ListedDeal } from '../../ledger/deals/list-deals.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { HintSetAside } from '../../ledger/deals/stopped-deals.js';
import { defineOperation } from '../operation.js';
import { findDeal } from './find-deal.js';
import { nameCarrier } from './name-carrier.js';

export interface ShownDeal extends ListedDeal {
  readonly record: SourceRecord;
  /** Of a record that is none of a deal of its own: which one carries it. */
  readonly carriedBy: string | undefined;
  readonly notices: readonly (Notice & { readonly at: Date; readonly text: string })[];
  readonly trail: readonly StoredAuditEntry[];
  /** Its run took no hint of a change. */
  readonly setAside: HintSetAside | undefined;
}

/** Everything that the ledger knows of one deal. */
export const showDeal = defineOperation({
  act: 'show a deal',
  input: z.strictObject({ deal: z.string().min(1, 'a number or GUID') }),
  run: async (
    { database, ledger }: { readonly database: Database; readonly ledger: DealLedger & AuditLedger },
    { deal: wanted },
  ): Promise<ShownDeal> => {
    const deal = await findDeal(database, wanted);
    const [record, notices, trail, setAside] = await Promise.all([
      ledger.getRecord(deal.recordId),
      ledger.listNotices(deal.recordId),
      ledger.readAudit(deal.recordId),
      ledger.findHintAside(deal.recordId),
    ]);
    const named = notices.map((notice) => ({ ...notice, text: NOTICES[notice.kind] }));
    const carriedBy = record.carrierId && (await nameCarrier(ledger, record.carrierId));
    return { ...deal, record, carriedBy, notices: named, trail, setAside };
  },
});
