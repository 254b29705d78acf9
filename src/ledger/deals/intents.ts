import type { DocumentKind } from '../../deal/deal.js';
import { DRAFT_STEPS, writeKey } from '../../deal/ids.js';
import type { Queryable } from '../database.js';

/** What is known of one remote write before it is asked (again). */
export type Intent =
  /** Nobody asked before: no look-up is needed. */
  | { readonly state: 'first'; readonly attempt: 1 }
  /** An attempt asked and its end is unknown. */
  | { readonly state: 'asking'; readonly attempt: number; readonly askedMsAgo: number; readonly startedFrom: unknown }
  /** The last attempt certainly changed nothing. */
  | { readonly state: 'not-done'; readonly attempt: number; readonly startedFrom: unknown }
  | { readonly state: 'done'; readonly result: unknown };

/** Opens the intent before the first request goes out (I3), or tells what became of the earlier attempts. */
export async function openIntent(
  db: Queryable,
  writeKey: string,
  recordId: string,
  startedFrom?: unknown,
): Promise<Intent> {
  // After a restore nobody knows whether it was asked before: it counts as asked at that moment.
  const inserted = await db.query<{ restored: boolean }>(
    `INSERT INTO write_intents (write_key, record_id, state, started_from, asked_at)
     VALUES ($1, $2, 'asking', $3, coalesce((SELECT max(restored_at) FROM ledger_restores), now()))
     ON CONFLICT DO NOTHING RETURNING EXISTS (SELECT FROM ledger_restores) AS restored`,
    [writeKey, recordId, toJson(startedFrom)],
  );
  if (inserted.rows[0]?.restored === false) return { state: 'first', attempt: 1 };
  const { rows } = await db.query<IntentRow>(
    `SELECT state, result, started_from, times_asked, (extract(epoch FROM now() - asked_at) * 1000)::float8 AS asked_ms_ago
     FROM write_intents WHERE write_key = $1`,
    [writeKey],
  );
  const row = rows[0];
  if (!row) throw new Error(`intent ${writeKey} vanished`);
  if (row.state === 'done') return { state: 'done', result: row.result };
  const earlier = { attempt: row.times_asked, startedFrom: row.started_from ?? undefined };
  return row.state === 'asking'
    ? { state: 'asking', askedMsAgo: row.asked_ms_ago, ...earlier }
    : { state: 'not-done', ...earlier };
}

interface IntentRow {
  state: 'asking' | 'not-done' | 'done';
  asked_ms_ago: number;
  result: unknown;
  started_from: unknown;
  times_asked: number;
}

/**
 * Marks that the request goes out now; a look-up has just found nothing. False when that may have come too early: somebody
 * else, another deal of the same customer say, has asked since the attempt that was known, or this one has left late and
 * may still land.
 */
export async function reopenIntent(
  db: Queryable,
  writeKey: string,
  lastAttempt: number,
  ambiguityWindowMs: number,
  startedFrom?: unknown,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE write_intents SET state = 'asking', asked_at = now(), times_asked = times_asked + 1, started_from = $3
     WHERE write_key = $1 AND times_asked = $2
       AND (state = 'not-done' OR state = 'asking' AND asked_at <= now() - $4 * interval '1 millisecond')`,
    [writeKey, lastAttempt, toJson(startedFrom), ambiguityWindowMs],
  );
  return rowCount === 1;
}

/**
 * The time in which an attempt may still land counts from now: it leaves late, after it waited for a token say, or it has
 * been given up without an answer. False when somebody else has asked since.
 */
export async function restartAmbiguityWindow(db: Queryable, writeKey: string, attempt: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE write_intents SET asked_at = now() WHERE write_key = $1 AND times_asked = $2 AND state = 'asking'`,
    [writeKey, attempt],
  );
  return rowCount === 1;
}

/** A draft that is there, or may be on its way. */
export interface KnownDraft {
  readonly kind: DocumentKind;
  /** Absent while its outcome is unknown. */
  readonly documentId?: string;
}

export async function findDraft(
  db: Queryable,
  recordId: string,
  draftVersion: number,
): Promise<KnownDraft | undefined> {
  const kinds = Object.keys(DRAFT_STEPS) as DocumentKind[];
  const keys = kinds.map((kind) => writeKey(recordId, DRAFT_STEPS[kind], draftVersion));
  const { rows } = await db.query<{ write_key: string; id: string | null }>(
    `SELECT write_key, result ->> 'id' AS id FROM write_intents WHERE write_key = ANY($1) AND state <> 'not-done'`,
    [keys],
  );
  const kind = kinds[keys.indexOf(rows[0]?.write_key ?? '')];
  const documentId = rows[0]?.id;
  return kind && { kind, ...(documentId && { documentId }) };
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** Says nothing of a later attempt, which somebody else may have begun. */
export async function markNotDone(db: Queryable, writeKey: string, attempt: number): Promise<void> {
  await db.query(
    `UPDATE write_intents SET state = 'not-done' WHERE write_key = $1 AND times_asked = $2 AND state = 'asking'`,
    [writeKey, attempt],
  );
}

export async function completeIntent(
  db: Queryable,
  writeKey: string,
  result: unknown,
  adopted: boolean,
): Promise<void> {
  await db.query(`UPDATE write_intents SET state = 'done', result = $2, adopted = $3 WHERE write_key = $1`, [
    writeKey,
    JSON.stringify(result ?? null),
    adopted,
  ]);
}
