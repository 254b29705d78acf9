import { ERASED_TEXT, toErasedDeal } from '../../deal/erasure.js';
import { RefusedError } from '../../deal/errors.js';
import { FINAL_STATES, isFinal } from '../../deal/states.js';
import type { Database, Queryable } from '../database.js';
import { getRecord } from '../deals/records.js';
import { revisionRow } from '../deals/revisions.js';
import { eraseSummary } from '../deals/summaries.js';
import { eraseNotes } from '../desk/notes.js';
import { eraseFlows } from '../feeds/erase-flows.js';
import { selectRows } from '../read-rows.js';
import { toStored } from '../stored-content.js';
import { type AuditActor, appendAudit } from './audit.js';
import { ERASED } from './chain.js';

export interface Erasure {
  readonly recordId: string;
  readonly by: AuditActor;
  readonly reason: string;
}

export interface Erased {
  /** Audit entries that lost their personal content; their hashes stay in the chain. */
  readonly entries: number;
  readonly revisions: number;
  readonly documents: number;
}

/**
 * Erases what the ledger holds of people in one deal, and records that in its chain, in one transaction. Safe to repeat.
 *
 * @throws RefusedError while the deal is under way: it still needs the content.
 */
export function erasePersonal(database: Database, { recordId, by, reason }: Erasure): Promise<Erased> {
  return database.transaction(async (tx) => {
    const { state } = await getRecord(tx, recordId);
    if (!isFinal(state)) {
      throw new RefusedError(
        `record ${recordId}: expected a deal that has ended (${FINAL_STATES.join(', ')}), got state '${state}'${
          state === 'written-back' ? '; it ends when its invoices are paid' : ''
        }`,
      );
    }
    const revisions = await eraseRevisions(tx, recordId);
    const documents = await eraseLineTexts(tx, recordId);
    await eraseSummary(tx, recordId, ERASED_TEXT);
    await eraseTopic(tx, recordId);
    await eraseNotes(tx, recordId);
    await eraseFlows(tx, recordId, ERASED_TEXT);
    const personal = await tx.query('DELETE FROM audit_personal WHERE record_id = $1', [recordId]);
    const erased = { entries: personal.rowCount ?? 0, revisions, documents };
    await appendAudit(tx, { recordId, actor: by, action: ERASED, facts: { reason, ...erased } });
    return erased;
  });
}

async function eraseRevisions(tx: Queryable, recordId: string): Promise<number> {
  const rows = await selectRows(
    tx,
    revisionRow,
    'SELECT record_id, revision, deal FROM deal_revisions WHERE record_id = $1 FOR UPDATE',
    [recordId],
  );
  for (const { revision, deal } of rows) {
    await tx.query('UPDATE deal_revisions SET deal = $3 WHERE record_id = $1 AND revision = $2', [
      recordId,
      revision,
      toStored(toErasedDeal(deal)),
    ]);
  }
  return rows.length;
}

/** An opportunity is listed and found by its topic; quotes and orders have numbers, which stay. A trigger clears `deal_names`. */
async function eraseTopic(tx: Queryable, recordId: string): Promise<void> {
  await tx.query(
    `UPDATE source_records SET record_number = NULL WHERE record_id = $1 AND source_table = 'opportunity'`,
    [recordId],
  );
}

/** Lines of documents, also of those that a write intent remembers, repeat what was typed in Sales. */
async function eraseLineTexts(tx: Queryable, recordId: string): Promise<number> {
  const erase = (column: 'content' | 'own_content' | 'result') =>
    `${column} = jsonb_set(${column}, '{lines}', (SELECT coalesce(jsonb_agg(
       CASE WHEN line ? 'description' THEN line || jsonb_build_object('description', $2::text) ELSE line END ORDER BY at), '[]')
       FROM jsonb_array_elements(${column} -> 'lines') WITH ORDINALITY AS each (line, at)))`;
  await tx.query(
    `UPDATE write_intents SET ${erase('result')} WHERE record_id = $1 AND jsonb_typeof(result -> 'lines') = 'array'`,
    [recordId, ERASED_TEXT],
  );
  await tx.query(
    `UPDATE documents SET ${erase('own_content')} WHERE record_id = $1 AND jsonb_typeof(own_content -> 'lines') = 'array'`,
    [recordId, ERASED_TEXT],
  );
  const { rowCount } = await tx.query(
    `UPDATE documents SET ${erase('content')} WHERE record_id = $1 AND jsonb_typeof(content -> 'lines') = 'array'`,
    [recordId, ERASED_TEXT],
  );
  return rowCount ?? 0;
}
