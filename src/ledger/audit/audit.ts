import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Actor } from '../../deal/actor.js';
import type { AuditAction } from '../../deal/audit-actions.js';
import { InternalError } from '../../deal/errors.js';
import { isDatabase, type Queryable } from '../database.js';
import {
  countColumn,
  nullable,
  type RowOf,
  rowsOf,
  selectRow,
  selectRows,
  textColumn,
  timeColumn,
} from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';
import { hashEntry, hashPersonal } from './chain.js';
import { ENTRY_COLUMNS, entryColumns } from './entry-columns.js';

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
  readonly action: AuditAction;
  readonly requestId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly facts?: Facts;
  /** What the change replaced and what stands there now: figures and numbers only. */
  readonly before?: Facts | undefined;
  readonly after?: Facts | undefined;
  /** What people typed, and their data: stored apart, erasable; the chain holds a salted hash of it. */
  readonly personal?: Facts | undefined;
}

export interface StoredAuditEntry extends Omit<AuditEntry, 'actor' | 'action'> {
  readonly actor: string;
  readonly action: string;
  readonly entryId: string;
  readonly at: Date;
  /** 1, 2, 3, … within the chain. */
  readonly position: number;
  readonly entryHash: string;
}

/**
 * The database chains the entry (migrations/0002-audit.sql); the signature follows in the same transaction, since the hash
 * that it signs holds what only the database knows: number, time, and the entry before.
 */
export async function appendAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  if (db.signer && isDatabase(db)) return db.transaction((tx) => appendAudit(tx, entry));
  const given = toGiven(entry);
  const row = await insertEntry(db, given);
  if (!db.signer) return;
  ensureStoredAsGiven(given, row);
  const signature = [row.entryId, db.signer.sign('entry', row.entryHash)];
  const insert = `INSERT INTO audit_signatures (subject, number, signature) VALUES ('entry', $1, $2)`;
  if (db.sendLast) db.sendLast(insert, signature);
  else await db.query(insert, signature);
}

interface GivenEntry {
  readonly chain: string;
  readonly actor: string;
  readonly action: string;
  readonly requestId: string | null;
  readonly correlationId: string | null;
  /** JSON, as is what follows. */
  readonly facts: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly personal: string | null;
}

function toGiven(entry: AuditEntry): GivenEntry {
  const { actor } = entry;
  // How an act came and whether its name was proved are facts of the entry: they stand in the chain's hash.
  const facts =
    typeof actor === 'string' ? entry.facts : { ...entry.facts, source: actor.source, verified: actor.isVerified };
  return {
    chain: entry.recordId,
    actor: nameOf(actor),
    action: entry.action,
    // An empty id is none.
    requestId: entry.requestId || null,
    correlationId: entry.correlationId || null,
    facts: toStored(facts ?? {}),
    before: entry.before ? toStored(entry.before) : null,
    after: entry.after ? toStored(entry.after) : null,
    personal: entry.personal ? toStored(entry.personal) : null,
  };
}

const insertedRow = rowsOf('audit_entries', ['chain', 'position'], entryColumns);

async function insertEntry(db: Queryable, given: GivenEntry): Promise<RowOf<typeof insertedRow>> {
  const row = await selectRow(
    db,
    insertedRow,
    `WITH e AS (
       INSERT INTO audit_entries (record_id, actor, action, request_id, correlation_id, facts, before, after, personal_hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, encode(sha256($9::bytea || convert_to($10::jsonb::text, 'UTF8')), 'hex'))
       RETURNING *),
     p AS (
       INSERT INTO audit_personal (entry_id, record_id, salt, content)
       SELECT entry_id, record_id, $9::bytea, $10::jsonb FROM e WHERE $10::jsonb IS NOT NULL RETURNING *)
     SELECT ${ENTRY_COLUMNS} FROM e LEFT JOIN p ON p.entry_id = e.entry_id`,
    [
      given.chain,
      given.actor,
      given.action,
      given.requestId,
      given.correlationId,
      given.facts,
      given.before,
      given.after,
      randomBytes(32),
      given.personal,
    ],
  );
  if (!row) throw new InternalError(`the entry '${given.action}' of ${given.chain} was not stored`);
  return row;
}

/** A signature is for what we said: a trigger that somebody replaced gets none for what it made of it. */
function ensureStoredAsGiven(given: GivenEntry, row: RowOf<typeof insertedRow>): void {
  const { salt, personal, personalHash } = row;
  const isWhole =
    (['chain', 'actor', 'action', 'requestId', 'correlationId'] as const).every((name) => row[name] === given[name]) &&
    (['facts', 'before', 'after', 'personal'] as const).every((name) => isSameJson(row[name], given[name])) &&
    (salt !== null && personal !== null ? hashPersonal(salt, personal) : null) === personalHash &&
    hashEntry(row) === row.entryHash;
  if (isWhole) return;
  throw new InternalError(
    `the database stored entry ${row.entryId} ('${given.action}' of ${given.chain}) otherwise than it was given: see the triggers of audit_entries`,
  );
}

function isSameJson(left: string | null, right: string | null): boolean {
  if (left === null || right === null) return left === right;
  return isDeepStrictEqual(JSON.parse(left), JSON.parse(right));
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
