import { z } from 'zod';
import { SELLER_NOTE_KINDS, type SellerNoteKind, type SellerNoteRules } from '../../deal/seller-notes.js';
import { type DealState, ENDED_STATES, HANDED_OVER_STATES } from '../../deal/states.js';
import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { nullable, rowsOf, selectReadableRows, selectRows, textColumn } from '../read-rows.js';
import { recordRow, type SourceRecord, toRecord } from './records.js';

/** What the seller was told last of each record, and of which records there is something new to tell. */

/** Each digest is of the text that stands there, which the ledger does not keep; undefined: there is none. */
export interface WrittenNote {
  readonly kind: SellerNoteKind;
  readonly digest?: string | undefined;
  readonly columnDigest?: string | undefined;
}

export interface OutdatedNote {
  readonly record: SourceRecord;
  /** Names the moment since which the record is as it is; exactly, as the database has it. */
  readonly asOf: string;
  /** What stands in Sales; undefined when nothing does. */
  readonly written: WrittenNote | undefined;
}

export interface NoteUpdate extends Partial<WrittenNote> {
  readonly recordId: string;
  readonly asOf: string;
  /** Undefined: nothing was to be told, and nothing is until the record changes again. */
  readonly kind?: SellerNoteKind;
  /** Sales refuses the note: it is tried again later. */
  readonly isRefused?: boolean;
  readonly audit?: Omit<AuditEntry, 'recordId'>;
}

export interface SellerNoteLedger {
  /** Records that have become another since their note was written, the first that changed first. */
  listOutdated(rules: SellerNoteRules, page: { readonly now: Date; readonly limit: number }): Promise<OutdatedNote[]>;
  /** Everybody was told of whatever had moved until then: the next pass by the same rules looks at later moves alone. */
  recordPass(rules: SellerNoteRules, now: Date): Promise<void>;
  /** With the entry of the trail, if there is one. */
  saveNote(update: NoteUpdate): Promise<void>;
}

/** A note that Sales refused is written again after this, should nobody have changed the deal before. */
const REFUSED_REST = '1 hour';

/** A move counts from the start of its transaction, and shows with its end. */
const LATE_COMMIT = '1 hour';

const passRow = rowsOf('seller_note_passes', [], { looked_until: textColumn });
const outdatedRow = {
  ...recordRow,
  schema: z.intersection(
    recordRow.schema,
    z.object({
      as_of: textColumn,
      written_kind: nullable(z.enum(SELLER_NOTE_KINDS)),
      written_digest: nullable(textColumn),
      written_column_digest: nullable(textColumn),
    }),
  ),
};

export function createSellerNotes(database: Database): SellerNoteLedger {
  return {
    async listOutdated(rules, { now, limit }) {
      const [last] = await selectRows(
        database,
        passRow,
        'SELECT looked_until::text FROM seller_note_passes WHERE rules = $1',
        [JSON.stringify(rules)],
      );
      const since = last ? [last.looked_until] : [];
      const rows = await selectUnlessUnreadable(database, selectOutdated(last ? MOVED : ''), [
        startingStates(rules),
        new Date(now.getTime() - rules.quietMs),
        rules.waitingMs === undefined ? null : new Date(now.getTime() - rules.waitingMs),
        now,
        limit,
        ...since,
      ]);
      return rows.map((row) => ({
        record: toRecord(row),
        asOf: row.as_of,
        written:
          row.written_kind && (row.written_digest ?? row.written_column_digest)
            ? { kind: row.written_kind, digest: row.written_digest, columnDigest: row.written_column_digest }
            : undefined,
      }));
    },
    async recordPass(rules, now) {
      await database.query(
        `INSERT INTO seller_note_passes (rules, looked_until)
         VALUES ($1, least($2::timestamptz, now()) - $3 * interval '1 millisecond' - interval '${LATE_COMMIT}')
         ON CONFLICT (rules) DO UPDATE SET looked_until = excluded.looked_until`,
        [JSON.stringify(rules), now, rules.quietMs],
      );
    },
    saveNote({ recordId, asOf, kind, digest, columnDigest, isRefused = false, audit }) {
      return database.transaction(async (tx) => {
        await tx.query(
          `INSERT INTO seller_notes (record_id, as_of, kind, digest, column_digest, is_refused)
           VALUES ($1, $2::timestamptz, $3, $4, $5, $6)
           ON CONFLICT (record_id) DO UPDATE SET as_of = excluded.as_of, kind = excluded.kind, digest = excluded.digest,
             column_digest = excluded.column_digest, is_refused = excluded.is_refused, told_at = now()`,
          [recordId, asOf, kind ?? null, digest ?? null, columnDigest ?? null, isRefused],
        );
        if (audit) await appendAudit(tx, { recordId, ...audit });
      });
    },
  };
}

/** A record that cannot be read makes room for the others (I13), and is looked at again as one that Sales refused. */
async function selectUnlessUnreadable(db: Queryable, select: string, values: readonly unknown[]) {
  const met = new Set<string>();
  for (;;) {
    const { rows, unreadable } = await selectReadableRows(db, outdatedRow, select, values);
    // By another clock than ours the rest of a refused one may be over at once.
    if (unreadable.every(({ row }) => met.has(row))) return rows;
    for (const { row } of unreadable) {
      met.add(row);
      await db.query(
        `INSERT INTO seller_notes (record_id, as_of, is_refused)
         SELECT record_id, changed_at, true FROM source_records WHERE record_id = $1
         ON CONFLICT (record_id) DO UPDATE SET as_of = excluded.as_of, is_refused = true, told_at = now()`,
        [row],
      );
    }
  }
}

/** A record in one of these gets its first note; any other only learns how the story of its note goes on. */
function startingStates({ held, ended, posted }: SellerNoteRules): DealState[] {
  return [
    ...(held ? (['held'] as const) : []),
    ...(ended ? ENDED_STATES : []),
    ...(posted === 'always' ? HANDED_OVER_STATES : []),
  ];
}

/** Since the last pass; a long wait begins without a move, and a refused note is tried again without one. */
const MOVED = `AND record.record_id IN (
  SELECT record_id FROM source_records WHERE changed_at > $6::timestamptz AND changed_at <= $2
  UNION ALL SELECT record_id FROM source_records WHERE state = 'awaiting-confirmation'
  UNION ALL SELECT record_id FROM seller_notes WHERE is_refused)`;

/** What was cancelled in Sales without ever having had a note needs none. */
const selectOutdated = (moved: string): string => `
  SELECT record.*, record.changed_at::text AS as_of, note.kind AS written_kind, note.digest AS written_digest,
    note.column_digest AS written_column_digest
  FROM source_records record LEFT JOIN seller_notes note ON note.record_id = record.record_id
  WHERE record.changed_at <= $2 ${moved}
    AND (note.record_id IS NULL OR note.as_of <> record.changed_at
      OR record.state = 'awaiting-confirmation' AND note.kind IS DISTINCT FROM 'waiting' AND record.changed_at <= $3
        AND NOT note.is_refused
      OR note.is_refused AND note.told_at <= $4::timestamptz - interval '${REFUSED_REST}')
    AND (note.kind IS NOT NULL
      OR record.state = ANY($1) AND NOT (record.state = 'cancelled' AND record.ended_by = 'Sales')
      OR record.state = 'awaiting-confirmation' AND record.changed_at <= $3)
  ORDER BY record.changed_at LIMIT $5`;
