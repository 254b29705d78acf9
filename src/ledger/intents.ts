import type { DocumentKind } from '../deal/deal.js';
import { DRAFT_STEPS, writeKey } from '../deal/ids.js';
import type { Queryable } from './database.js';

/** What is known of one remote write before it is asked (again). */
export type Intent =
  /** Nobody asked before: no look-up is needed. */
  | { readonly state: 'first' }
  /** An attempt asked and its end is unknown. */
  | { readonly state: 'asking'; readonly askedMsAgo: number; readonly startedFrom: unknown }
  /** The last attempt certainly changed nothing. */
  | { readonly state: 'not-done'; readonly startedFrom: unknown }
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
  if (inserted.rows[0]?.restored === false) return { state: 'first' };
  const { rows } = await db.query<IntentRow>(
    `SELECT state, result, started_from, (extract(epoch FROM now() - asked_at) * 1000)::float8 AS asked_ms_ago
     FROM write_intents WHERE write_key = $1`,
    [writeKey],
  );
  const row = rows[0];
  if (!row) throw new Error(`intent ${writeKey} vanished`);
  if (row.state === 'done') return { state: 'done', result: row.result };
  const earlier = { startedFrom: row.started_from ?? undefined };
  return row.state === 'asking'
    ? { state: 'asking', askedMsAgo: row.asked_ms_ago, ...earlier }
    : { state: 'not-done', ...earlier };
}

interface IntentRow {
  state: 'asking' | 'not-done' | 'done';
  asked_ms_ago: number;
  result: unknown;
  started_from: unknown;
}

/** Marks that the request goes out now; a look-up has just found nothing. */
export async function askAgain(db: Queryable, writeKey: string, startedFrom?: unknown): Promise<void> {
  await db.query(
    `UPDATE write_intents SET state = 'asking', asked_at = now(), times_asked = times_asked + 1, started_from = $2
     WHERE write_key = $1`,
    [writeKey, toJson(startedFrom)],
  );
}

/**
 * The attempt has been given up without an answer. It may have waited for a token or a connection before it asked, so the
 * time in which it may still land counts from now.
 */
export async function markUnanswered(db: Queryable, writeKey: string): Promise<void> {
  await db.query(`UPDATE write_intents SET asked_at = now() WHERE write_key = $1 AND state = 'asking'`, [writeKey]);
}

/** The kind of the draft of a record that is there or may be on its way. */
export async function findDraftKind(
  db: Queryable,
  recordId: string,
  generation: number,
): Promise<DocumentKind | undefined> {
  const kinds = Object.keys(DRAFT_STEPS) as DocumentKind[];
  const keys = kinds.map((kind) => writeKey(recordId, DRAFT_STEPS[kind], generation));
  const { rows } = await db.query<{ write_key: string }>(
    `SELECT write_key FROM write_intents WHERE write_key = ANY($1) AND state <> 'not-done'`,
    [keys],
  );
  return kinds[keys.indexOf(rows[0]?.write_key ?? '')];
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export async function markNotDone(db: Queryable, writeKey: string): Promise<void> {
  await db.query(`UPDATE write_intents SET state = 'not-done' WHERE write_key = $1 AND state = 'asking'`, [writeKey]);
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
