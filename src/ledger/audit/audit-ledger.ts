import type { Database } from '../database.js';
import { type AuditEntry, appendAudit, readAudit, type StoredAuditEntry } from './audit.js';
import { type Erased, type Erasure, erasePersonal } from './erase.js';
import { findNewestSeal, type KnownSeal, type Seal, sealAudit } from './seals.js';

/** The audit trail (I4). */
export interface AuditLedger {
  readAudit(recordId: string): Promise<StoredAuditEntry[]>;
  audit(entry: AuditEntry): Promise<void>;
  /** Undefined when nothing came since the last seal. */
  sealAudit(): Promise<Seal | undefined>;
  findNewestSeal(): Promise<KnownSeal | undefined>;
  /** @throws RefusedError while the deal is under way. */
  erasePersonal(erasure: Erasure): Promise<Erased>;
}

export function createAuditLedger(database: Database): AuditLedger {
  return {
    readAudit: (recordId) => readAudit(database, recordId),
    audit: (entry) => appendAudit(database, entry),
    sealAudit: () => sealAudit(database),
    findNewestSeal: () => findNewestSeal(database),
    erasePersonal: (erasure) => erasePersonal(database, erasure),
  };
}
