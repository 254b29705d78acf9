import { z } from 'zod';
import { DOCUMENT_KINDS, type DocumentKind } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { DRAFT_STEPS, writeKey } from '../../deal/ids.js';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectRow, selectRows, textColumn, UnparsedContent } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';

/** What is known of one remote write before it is asked (again). */
export type Intent =
  /** Nobody asked before: no look-up is needed. */
  | { readonly state: 'first'; readonly attempt: 1 }
  /** An attempt asked and its end is unknown. */
  | {
      readonly state: 'asking';
      readonly attempt: number;
      readonly askedMsAgo: number;
      readonly startedFrom: UnparsedContent;
    }
  /** The last attempt certainly changed nothing. */
  | { readonly state: 'not-done'; readonly attempt: number; readonly startedFrom: UnparsedContent }
  | { readonly state: 'done'; readonly result: UnparsedContent };

const insertedRow = rowsOf('write_intents', ['write_key'], { write_key: textColumn, restored: z.boolean() });

const content = stored(z.unknown());

const intentRow = rowsOf('write_intents', ['write_key'], {
  write_key: textColumn,
  state: z.enum(['asking', 'not-done', 'done']),
  result: nullable(content),
  started_from: nullable(content),
  times_asked: z.number(),
  asked_ms_ago: z.number(),
});

/** A first intent, as it was written; undefined when there was one before. */
interface InsertedIntent {
  /** After a restore nobody knows whether it was asked before. */
  readonly restored: boolean;
}

/** Writes a first intent, alone or with what belongs to it. */
export type InsertIntent = (
  insert: (db: Queryable) => Promise<InsertedIntent | undefined>,
) => Promise<InsertedIntent | undefined>;

/**
 * Since when first attempts for a record count as asked, as `at`: null but after a restore. For a record of the backup or of the
 * gap this lasts also once the gap is said to be closed, since what was asked of it in the gap may stand behind a hold.
 * @param orAnyOf other records in whose place it may be asked: one of the backup or of the gap among them counts as well
 */
const restoredFor = (recordId: string, orAnyOf = "'{}'::uuid[]"): string =>
  `SELECT max(restored_at) AS at FROM ledger_restores WHERE cleared_at IS NULL OR NOT EXISTS (
     SELECT FROM source_records WHERE record_id = ${recordId} AND first_seen_at >= cleared_at)
     OR EXISTS (SELECT FROM source_records WHERE record_id = ANY(${orAnyOf}) AND first_seen_at < cleared_at)`;

/** Whether something may have been asked for the record of which the ledger knows nothing, since it was restored. */
export async function mayHaveForgotten(db: Queryable, recordId: string): Promise<boolean> {
  const row = await selectRow(
    db,
    forgottenRow,
    `SELECT $1::text AS record_id, (${restoredFor('$1::uuid')}) IS NOT NULL AS restored`,
    [recordId],
  );
  return row?.restored === true;
}

const forgottenRow = rowsOf('ledger_restores', ['record_id'], { record_id: textColumn, restored: z.boolean() });

/**
 * Opens the intent before the first request goes out (I3), or returns what became of the earlier attempts.
 * @param at by Temporal's clock: time has passed only where both clocks say so, as either may be set
 */
export async function openIntent(
  db: Queryable,
  writeKey: string,
  recordId: string,
  at: Date,
  startedFrom?: object,
  insertIntent: InsertIntent = (insert) => insert(db),
): Promise<Intent> {
  const inserted = await insertIntent((on) =>
    selectRow(
      on,
      insertedRow,
      // After a restore it counts as asked at that moment.
      `INSERT INTO write_intents (write_key, record_id, state, started_from, asked_at, asked_at_by_temporal)
       SELECT $1, $2, 'asking', $3, coalesce(restored.at, now()), coalesce(restored.at, $4)
       FROM (${restoredFor('$2')}) restored
       ON CONFLICT DO NOTHING
       RETURNING write_key, (${restoredFor('$2')}) IS NOT NULL AS restored`,
      [writeKey, recordId, toNullable(startedFrom), at],
    ),
  );
  return inserted?.restored === false ? FIRST : readIntent(db, writeKey, at);
}

const FIRST: Intent = { state: 'first', attempt: 1 };

/** How long ago is a question to the clocks that wrote it: the database's and Temporal's. */
async function readIntent(db: Queryable, writeKey: string, at: Date): Promise<Intent> {
  const row = await selectRow(
    db,
    intentRow,
    `SELECT write_key, state, result, started_from, times_asked,
       (extract(epoch FROM least(now() - asked_at, $2 - asked_at_by_temporal)) * 1000)::float8 AS asked_ms_ago
     FROM write_intents WHERE write_key = $1`,
    [writeKey, at],
  );
  if (!row) throw new InternalError(`intent ${writeKey} vanished`);
  const unparsed = (column: string, of: unknown) => new UnparsedContent('write_intents', writeKey, column, of);
  if (row.state === 'done') return { state: 'done', result: unparsed('result', row.result) };
  const earlier = { attempt: row.times_asked, startedFrom: unparsed('started_from', row.started_from) };
  return row.state === 'asking'
    ? { state: 'asking', askedMsAgo: row.asked_ms_ago, ...earlier }
    : { state: 'not-done', ...earlier };
}

const draftingRow = rowsOf('source_records', ['carrier_id'], {
  carrier_id: textColumn,
  external_number: nullable(textColumn),
  is_first: z.boolean(),
  is_restored: z.boolean(),
});

/** A document that is about to be asked for. */
export interface Drafting {
  readonly carrierId: string;
  /** Other records of its lineage that may have been handed over before a restore. */
  readonly relatives: readonly string[];
  /** The External Document No. that is wanted for it. */
  readonly externalNumber: string;
  readonly writeKey: string;
  readonly startedFrom: object;
}

export interface StartedDrafting {
  /** The External Document No. that the deal has for good. */
  readonly externalNumber: string;
  readonly intent: Intent;
  /** After a restore a document of a relative may stand that nobody knows of. */
  readonly isRestored?: true;
}

/**
 * From here on the carrier may have a document, under the External Document No. that is returned: the wanted one the first
 * time, and that same one ever after; its intent is opened with it. Undefined when a descendant took the deal over before.
 */
export async function startDrafting(
  db: Queryable,
  { carrierId, relatives, externalNumber, writeKey, startedFrom }: Drafting,
  at: Date,
): Promise<StartedDrafting | undefined> {
  const row = await selectRow(
    db,
    draftingRow,
    `WITH drafting AS MATERIALIZED (SELECT start_drafting($1::uuid, $2) AS external_number),
     restored AS (${restoredFor('$1::uuid', '$6::uuid[]')}),
     opened AS (
       INSERT INTO write_intents (write_key, record_id, state, started_from, asked_at, asked_at_by_temporal)
       SELECT $3, $1::uuid, 'asking', $4, coalesce(restored.at, now()), coalesce(restored.at, $5)
       FROM drafting, restored WHERE drafting.external_number IS NOT NULL
       ON CONFLICT DO NOTHING RETURNING write_key
     )
     SELECT $1::text AS carrier_id, external_number, restored.at IS NOT NULL AS is_restored,
       restored.at IS NULL AND EXISTS (SELECT FROM opened) AS is_first
     FROM drafting, restored`,
    [carrierId, externalNumber, writeKey, toStored(startedFrom), at, relatives],
  );
  if (row?.external_number === undefined) return undefined;
  const intent = row.is_first ? FIRST : await readIntent(db, writeKey, at);
  return { externalNumber: row.external_number, intent, ...(row.is_restored && { isRestored: true as const }) };
}

/**
 * Records that the request goes out now; a look-up has just found nothing. False when that may have come too early: somebody
 * else, another deal of the same customer say, has asked since the attempt that was known, or this one has left late and
 * may still land.
 */
export async function reopenIntent(
  db: Queryable,
  writeKey: string,
  lastAttempt: number,
  ambiguityWindowMs: number,
  at: Date,
  startedFrom?: object,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE write_intents SET state = 'asking', asked_at = now(), asked_at_by_temporal = $5,
       times_asked = times_asked + 1, started_from = $3
     WHERE write_key = $1 AND times_asked = $2
       AND (state = 'not-done' OR state = 'asking'
         AND least(now() - asked_at, $5 - asked_at_by_temporal) >= $4 * interval '1 millisecond')`,
    [writeKey, lastAttempt, toNullable(startedFrom), ambiguityWindowMs, at],
  );
  return rowCount === 1;
}

/**
 * The time in which an attempt may still land counts from now: it leaves late, after it waited for a token say, or it has
 * been given up without an answer. False when somebody else has asked since.
 */
export async function restartAmbiguityWindow(
  db: Queryable,
  writeKey: string,
  attempt: number,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE write_intents SET asked_at = now(), asked_at_by_temporal = $3
     WHERE write_key = $1 AND times_asked = $2 AND state = 'asking'`,
    [writeKey, attempt, at],
  );
  return rowCount === 1;
}

/** How long ago a write was asked whose end is unknown, by both clocks; undefined when nothing is open. */
export async function findOpenIntent(
  db: Queryable,
  writeKey: string,
  at: Date,
): Promise<{ readonly attempt: number; readonly askedMsAgo: number } | undefined> {
  const row = await selectRow(
    db,
    openRow,
    `SELECT write_key, times_asked,
       (extract(epoch FROM least(now() - asked_at, $2 - asked_at_by_temporal)) * 1000)::float8 AS asked_ms_ago
     FROM write_intents WHERE write_key = $1 AND state = 'asking'`,
    [writeKey, at],
  );
  return row && { attempt: row.times_asked, askedMsAgo: row.asked_ms_ago };
}

const openRow = rowsOf('write_intents', ['write_key'], {
  write_key: textColumn,
  times_asked: z.number(),
  asked_ms_ago: z.number(),
});

/** A draft that is there, or may be on its way. */
export interface KnownDraft {
  /** What it is by now: a quote may have become an order or an invoice. */
  readonly kind: DocumentKind;
  /** Absent while its outcome is unknown. */
  readonly documentId?: string;
  /** It was asked for as a quote and became another kind since. */
  readonly isFromQuote?: true;
  /** Another version than was asked about: the one before was deleted by hand, and this one has no answer yet. */
  readonly draftVersion?: number;
}

export async function findDraft(
  db: Queryable,
  recordId: string,
  draftVersion: number,
): Promise<KnownDraft | undefined> {
  const keysOf = (version: number) => DOCUMENT_KINDS.map((kind) => writeKey(recordId, DRAFT_STEPS[kind], version));
  const [keys, nextKeys] = [keysOf(draftVersion), keysOf(draftVersion + 1)];
  const rows = await selectRows(
    db,
    draftRow,
    // As `kindOf` tells them apart.
    `SELECT write_key, result ->> 'id' AS id, result ? 'remaining' AS is_invoice, result ? 'fullyShipped' AS is_order
     FROM write_intents WHERE write_key = ANY($1) AND state <> 'not-done'`,
    [[...keys, ...nextKeys]],
  );
  const next = rows.find(({ write_key }) => nextKeys.includes(write_key));
  const row = next ?? rows[0];
  const asked = row && DOCUMENT_KINDS[(next ? nextKeys : keys).indexOf(row.write_key)];
  if (!row || !asked) return undefined;
  const known = { ...(row.id && { documentId: row.id }), ...(next && { draftVersion: draftVersion + 1 }) };
  if (asked !== 'quote' || !(row.is_invoice || row.is_order)) return { kind: asked, ...known };
  return { kind: row.is_order ? 'order' : 'invoice', ...known, isFromQuote: true };
}

const draftRow = rowsOf('write_intents', ['write_key'], {
  write_key: textColumn,
  id: nullable(textColumn),
  is_invoice: nullable(z.boolean()),
  is_order: nullable(z.boolean()),
});

/** Whether a write was sent, or may have been. */
export async function wasAsked(db: Queryable, writeKey: string): Promise<boolean> {
  const select = `SELECT write_key FROM write_intents WHERE write_key = $1 AND state <> 'not-done'`;
  return (await selectRow(db, askedRow, select, [writeKey])) !== undefined;
}

/** Whether a write was done, as far as the ledger has heard. */
export async function isWritten(db: Queryable, writeKey: string): Promise<boolean> {
  const select = `SELECT write_key FROM write_intents WHERE write_key = $1 AND state = 'done'`;
  return (await selectRow(db, askedRow, select, [writeKey])) !== undefined;
}

const askedRow = rowsOf('write_intents', ['write_key'], { write_key: textColumn });

function toNullable(startedFrom: object | undefined): string | null {
  return startedFrom === undefined ? null : toStored(startedFrom);
}

/** Leaves a later attempt alone, which somebody else may have begun. */
export async function markNotDone(db: Queryable, writeKey: string, attempt: number): Promise<void> {
  await db.query(
    `UPDATE write_intents SET state = 'not-done' WHERE write_key = $1 AND times_asked = $2 AND state = 'asking'`,
    [writeKey, attempt],
  );
}

/** False when `unlessDone` was asked for, and it was done before. */
export async function completeIntent(
  db: Queryable,
  writeKey: string,
  done: { readonly result: object; readonly adopted: boolean; readonly unlessDone: boolean },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE write_intents SET state = 'done', result = $2, adopted = $3
     WHERE write_key = $1 AND NOT ($4 AND state = 'done')`,
    [writeKey, toStored(done.result), done.adopted, done.unlessDone],
  );
  return rowCount === 1;
}
