import type { Database } from '../database.js';
import { findLinks, forgetLink, type Link, type LinkKind, saveLink } from './links.js';

/** Which rows of Business Central stand for rows of Sales. */
export interface LinkLedger {
  findLinks(kind: LinkKind, companyId: string, salesIds: readonly string[]): Promise<Map<string, Link>>;
  saveLink(kind: LinkKind, companyId: string, link: Link): Promise<void>;
  forgetLink(kind: LinkKind, companyId: string, salesId: string): Promise<void>;
}

export function createLinkLedger(database: Database): LinkLedger {
  return {
    findLinks: (kind, companyId, salesIds) => findLinks(database, kind, companyId, salesIds),
    saveLink: (kind, companyId, link) => saveLink(database, kind, companyId, link),
    forgetLink: (kind, companyId, salesId) => forgetLink(database, kind, companyId, salesId),
  };
}
