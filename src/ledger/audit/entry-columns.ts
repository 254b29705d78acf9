import { textColumn } from '../read-rows.js';

/** The text that was hashed, made here and not by the functions of the database, which an owner could change. */
export const ENTRY_COLUMNS = `e.record_id::text AS chain, e.chain_position::text AS position,
  e.previous_hash AS "previousHash", e.entry_id::text AS "entryId",
  to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, e.actor, e.action,
  e.request_id AS "requestId", e.correlation_id AS "correlationId", e.facts::text AS facts,
  e.before::text AS before, e.after::text AS after, e.personal_hash AS "personalHash", e.entry_hash AS "entryHash",
  encode(p.salt, 'hex') AS salt, p.content::text AS personal`;

const nullableText = textColumn.nullable();

/** The columns of {@link ENTRY_COLUMNS}, as text: contents are hashed and not read. */
export const entryColumns = {
  chain: textColumn,
  position: textColumn,
  previousHash: textColumn,
  entryId: textColumn,
  at: textColumn,
  actor: textColumn,
  action: textColumn,
  requestId: nullableText,
  correlationId: nullableText,
  facts: textColumn,
  before: nullableText,
  after: nullableText,
  personalHash: nullableText,
  entryHash: textColumn,
  salt: nullableText,
  personal: nullableText,
};
