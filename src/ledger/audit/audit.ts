import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Actor } from '../../deal/actor.js';
import type { Queryable } from '../database.js';
import { countColumn, nullable, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';

/** The chain of what belongs to no deal: configuration, credentials, feeds. */
export const SYSTEM_CHAIN = '00000000-0000-0000-0000-000000000000';

type Facts = Readonly<Record<string, unknown>>;

/** A person, with the way the act came and whether the name was proved; or the name alone of a part of the program. */
export type AuditActor = string | Actor;

export function nameOf(actor: AuditActor): string {
  return typeof actor === 'string' ? actor : actor.name;
}

/**
 * One change or decision (I4); facts name ids, numbers and figures, never a customer's data. Within a transaction the
 * entry comes last: it holds the lock of its chain until the end.
 */
export interface AuditEntry {
  /** The deal, or {@link SYSTEM_CHAIN}. */
  readonly recordId: string;
  /** A person, with the way the act came and whether the name was proved; or `dealbridge` itself. */
  readonly actor: AuditActor;
  readonly action: string;
  readonly requestId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly facts?: Facts;
  /** What the change replaced and what stands there now: figures and numbers only. */
  readonly before?: Facts | undefined;
  readonly after?: Facts | undefined;
  /** What people typed, and their data: stored apart, erasable; the chain holds a salted hash of it. */
  readonly personal?: Facts | undefined;
}

export interface StoredAuditEntry extends AuditEntry {
  readonly actor: string;
  readonly entryId: string;
  readonly at: Date;
  /** 1, 2, 3, … within the chain. */
  readonly position: number;
  readonly entryHash: string;
}

/** One statement, so that a deal pays no extra round trip; the database chains the entry (migrations/0002-audit.sql). */
export async function appendAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  const { actor } = entry;
  // How an act came and whether its name was proved are facts of the entry: they stand in the chain's hash.
  const facts =
    typeof actor === 'string' ? entry.facts : { ...entry.facts, source: actor.source, verified: actor.isVerified };
  const values = [
    entry.recordId,
    nameOf(actor),
    entry.action,
    // An empty id is none.
    entry.requestId || null,
    entry.correlationId || null,
    toStored(facts ?? {}),
    entry.before ? toStored(entry.before) : null,
    entry.after ? toStored(entry.after) : null,
  ];
  if (!entry.personal) {
    await db.query(
      `INSERT INTO audit_entries (record_id, actor, action, request_id, correlation_id, facts, before, after)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      values,
    );
    return;
  }
  await db.query(
    `WITH entry AS (
       INSERT INTO audit_entries (record_id, actor, action, request_id, correlation_id, facts, before, after, personal_hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, encode(sha256($9::bytea || convert_to($10::jsonb::text, 'UTF8')), 'hex'))
       RETURNING entry_id, record_id)
     INSERT INTO audit_personal (entry_id, record_id, salt, content) SELECT entry_id, record_id, $9::bytea, $10::jsonb FROM entry`,
    [...values, randomBytes(32), toStored(entry.personal)],
  );
}

/** Each action has facts of its own, so that only their names are known to be text. */
const factsContent = stored(z.record(z.string(), z.unknown()));

const entryRow = rowsOf('audit_entries', ['record_id', 'chain_position'], {
  entry_id: textColumn,
  record_id: textColumn,
  at: timeColumn,
  actor: textColumn,
  action: textColumn,
  request_id: nullable(textColumn),
  correlation_id: nullable(textColumn),
  facts: factsContent,
  before: nullable(factsContent),
  after: nullable(factsContent),
  personal: nullable(factsContent),
  chain_position: countColumn,
  entry_hash: textColumn,
});

export async function readAudit(db: Queryable, recordId: string): Promise<StoredAuditEntry[]> {
  const rows = await selectRows(
    db,
    entryRow,
    `SELECT e.*, p.content AS personal FROM audit_entries e LEFT JOIN audit_personal p ON p.entry_id = e.entry_id
     WHERE e.record_id = $1 ORDER BY e.chain_position`,
    [recordId],
  );
  return rows.map((row) => ({
    entryId: row.entry_id,
    recordId: row.record_id,
    at: row.at,
    actor: row.actor,
    action: row.action,
    requestId: row.request_id,
    correlationId: row.correlation_id,
    facts: row.facts,
    ...(row.before && { before: row.before }),
    ...(row.after && { after: row.after }),
    ...(row.personal && { personal: row.personal }),
    position: row.chain_position,
    entryHash: row.entry_hash,
  }));
}
