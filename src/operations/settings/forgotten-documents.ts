import { z } from 'zod';
import type { NumberedDocument, NumberedDocumentRequests } from '../../clients/business-central/numbered-documents.js';
import type { DataverseChanges } from '../../clients/dataverse/changes.js';
import type { RecordRef } from '../../deal/deal.js';
import { documentTail, findTail } from '../../deal/document-number.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import type { Queryable } from '../../ledger/database.js';
import { findForgotten } from '../../ledger/upkeep/forgotten.js';
import { defineOperation } from '../operation.js';

/**
 * After a restore: documents under a number of ours that the ledger does not know. A record that is not won any more when its
 * feed comes to it is no deal, and nobody looks for the document that it was handed over as (I1).
 */
export interface ForgottenDocument extends NumberedDocument {
  /** Of which company. */
  readonly companyId: string;
  /** Undefined where Sales has no record of that time that it is of: it was deleted, or the number is not ours. */
  readonly record: RecordRef | undefined;
}

interface Dependencies {
  readonly database: Queryable;
  readonly companies: readonly (NumberedDocumentRequests & { readonly companyId: string })[];
  readonly changes: Pick<DataverseChanges, 'readRecords'>;
}

/** Of all tables, whatever became of a record. */
const EVERY_STATE = [0, 1, 2, 3, 4];
const PAGE_SIZE = 1_000;

export const listForgotten = defineOperation({
  act: 'list deals',
  input: z.strictObject({ since: z.date() }),
  run: async ({ database, companies, changes }: Dependencies, { since }): Promise<ForgottenDocument[]> => {
    const ours: { readonly tail: string; readonly document: Omit<ForgottenDocument, 'record'> }[] = [];
    for (const { companyId, ...company } of companies) {
      for await (const document of company.listNumberedDocuments(since)) {
        const tail = findTail(document.externalDocumentNumber);
        if (tail !== undefined) ours.push({ tail, document: { ...document, companyId } });
      }
    }
    const unknown = await findForgotten(
      database,
      ours.map(({ tail, document }) => ({ tail, id: document.id })),
    );
    const forgotten = ours.filter(({ document }) => unknown.has(document.id));
    if (forgotten.length === 0) return [];
    const records = await findRecords(changes, since, new Set(forgotten.map(({ tail }) => tail)));
    return forgotten.map(({ tail, document }) => ({ ...document, record: records.get(tail) }));
  },
});

/** By tail. What names a record is made of its id alone, which nothing leads back to: so the ids are read, not looked up. */
async function findRecords(
  changes: Dependencies['changes'],
  since: Date,
  tails: ReadonlySet<string>,
): Promise<ReadonlyMap<string, RecordRef>> {
  const found = new Map<string, RecordRef>();
  for (const table of SOURCE_TABLES) {
    const asked = { statecodes: EVERY_STATE, modifiedSince: since, pageSize: PAGE_SIZE };
    let link: string | undefined;
    do {
      const page = await changes.readRecords(table, { ...asked, link });
      for (const { rowId: recordId } of page.rows) {
        const tail = documentTail(recordId);
        if (tails.has(tail)) found.set(tail, { table, recordId });
      }
      link = page.nextLink;
    } while (link !== undefined);
  }
  return found;
}
