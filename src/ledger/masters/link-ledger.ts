import type { LinkKind } from '../../deal/masters.js';
import type { Database } from '../database.js';
import { findLinkedOthers, findLinks, type Link, type StoredLink, saveLink } from './links.js';
import { findNewByDecision } from './matching.js';

/** Which rows of Business Central stand for rows of Sales. */
export interface LinkLedger {
  findLinks(kind: LinkKind, companyId: string, salesIds: readonly string[]): Promise<Map<string, StoredLink>>;
  /** The live rows of Sales, other than this one, that a row of Business Central stands for already. */
  findLinkedOthers(kind: LinkKind, companyId: string, link: Pick<Link, 'bcId' | 'salesId'>): Promise<readonly string[]>;
  /** Returns the rows that are in the way: then nothing was linked. @param sharedBy who decided that several may share it */
  saveLink(kind: LinkKind, companyId: string, link: Link, sharedBy?: string): Promise<readonly string[]>;
  /** Whether a person decided that the account is none of the customers that there are. */
  isNewByDecision(companyId: string, accountId: string): Promise<boolean>;
}

export function createLinkLedger(database: Database): LinkLedger {
  return {
    findLinks: (kind, companyId, salesIds) => findLinks(database, kind, companyId, salesIds),
    findLinkedOthers: (kind, companyId, link) => findLinkedOthers(database, kind, companyId, link),
    saveLink: (kind, companyId, link, sharedBy) =>
      database.transaction((tx) => saveLink(tx, kind, companyId, link, sharedBy)),
    isNewByDecision: async (companyId, accountId) =>
      (await findNewByDecision(database, companyId, [accountId])).has(accountId),
  };
}
