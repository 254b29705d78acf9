import { type AuditLedger, createAuditLedger } from './audit/audit-ledger.js';
import type { Database } from './database.js';
import { createDealLedger, type DealLedger } from './deals/deal-ledger.js';
import { createWriteLedger, type WriteLedger } from './deals/write-ledger.js';
import {
  type BusinessCentralFeedLedger,
  type BusinessCentralFeedLine,
  createBusinessCentralFeedLedger,
  listBusinessCentralFeeds,
} from './feeds/business-central-feeds.js';
import { createLinkLedger, type LinkLedger } from './masters/link-ledger.js';

/**
 * What the steps of a deal ask the ledger for, by noun; whoever needs one noun asks for its part. What belongs to one
 * company (masters, matching, drift), to the feeds of Sales or to the settings has a ledger of its own in its folder.
 */
export interface Ledger extends DealLedger, WriteLedger, LinkLedger, AuditLedger {
  listBusinessCentralFeeds(): Promise<BusinessCentralFeedLine[]>;
  readonly businessCentralFeeds: BusinessCentralFeedLedger;
}

export function createLedger(database: Database): Ledger {
  return {
    ...createDealLedger(database),
    ...createWriteLedger(database),
    ...createLinkLedger(database),
    ...createAuditLedger(database),
    listBusinessCentralFeeds: () => listBusinessCentralFeeds(database),
    businessCentralFeeds: createBusinessCentralFeedLedger(database),
  };
}
