import { z } from 'zod';
import type { ClaimingRow } from '../../deal/ambiguity.js';
import { customerKey } from '../../deal/ids.js';
import type { LinkKind } from '../../deal/masters.js';
import type { Database } from '../database.js';
import { mayHaveForgotten } from '../deals/intents.js';
import { nullable, rowsOf, selectRow, textColumn } from '../read-rows.js';
import { findLinkedOthers, findLinks, type Link, type StoredLink, saveLink } from './links.js';
import { findNewByDecision } from './matching.js';

/** Which rows of Business Central stand for rows of Sales. */
export interface LinkLedger {
  findLinks(kind: LinkKind, companyId: string, salesIds: readonly string[]): Promise<Map<string, StoredLink>>;
  /** The live rows of Sales, other than this one, that a row of Business Central stands for already. */
  findLinkedOthers(
    kind: LinkKind,
    companyId: string,
    link: Pick<Link, 'bcId' | 'salesId'>,
  ): Promise<readonly ClaimingRow[]>;
  /** Returns the rows that are in the way: then nothing was linked. @param sharedBy who decided that several may share it */
  saveLink(kind: LinkKind, companyId: string, link: Link, sharedBy?: string): Promise<readonly ClaimingRow[]>;
  /** Whether a person decided that the account is none of the customers that there are. */
  isNewByDecision(companyId: string, accountId: string): Promise<boolean>;
  /** The number that a customer may have been made with for the account already, which nobody has heard of yet. */
  findAskedCustomer(companyId: string, account: AskingAccount): Promise<string | undefined>;
}

export interface AskingAccount {
  readonly accountId: string;
  /** By which it was asked for as far as nobody knows better. */
  readonly ownNumber: string;
  /** In whose trail the creation stands. */
  readonly recordId: string;
}

export function createLinkLedger(database: Database): LinkLedger {
  return {
    findLinks: (kind, companyId, salesIds) => findLinks(database, kind, companyId, salesIds),
    findLinkedOthers: (kind, companyId, link) => findLinkedOthers(database, kind, companyId, link),
    saveLink: (kind, companyId, link, sharedBy) =>
      database.transaction((tx) => saveLink(tx, kind, companyId, link, sharedBy)),
    isNewByDecision: async (companyId, accountId) =>
      (await findNewByDecision(database, companyId, [accountId])).has(accountId),
    findAskedCustomer: (companyId, account) => findAskedCustomer(database, companyId, account),
  };
}

async function findAskedCustomer(
  database: Database,
  companyId: string,
  { accountId, ownNumber, recordId }: AskingAccount,
): Promise<string | undefined> {
  const row = await selectRow(
    database,
    askedRow,
    `SELECT write_key, state, started_from ->> 'number' AS number FROM write_intents WHERE write_key = $1`,
    [customerKey(accountId, companyId)],
  );
  if (row) return row.state === 'asking' ? (row.number ?? ownNumber) : undefined;
  // A ledger that was restored does not know what was asked since its backup.
  return (await mayHaveForgotten(database, recordId)) ? ownNumber : undefined;
}

const askedRow = rowsOf('write_intents', ['write_key'], {
  write_key: textColumn,
  state: z.enum(['asking', 'not-done', 'done']),
  number: nullable(textColumn),
});
