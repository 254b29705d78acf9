import { z } from 'zod';
import type { Queryable } from '../database.js';
import { type RowOf, rowsOf, selectRow, selectRows } from '../read-rows.js';
import type { ChainEntry } from './chain.js';
import { ENTRY_COLUMNS, entryColumns } from './entry-columns.js';
import { readSealHeads, readSeals } from './seals.js';

/** An export as one line of JSON after another; scripts/verify-audit.mjs proves it without the database. */

export interface ExportOptions {
  readonly recordId?: string;
  /** Entries of this instant and later; their chains then begin in the middle. */
  readonly since?: Date;
  /** Personal content leaves the ledger only when it is asked for. */
  readonly personal?: boolean;
}

interface PersonalContent {
  readonly salt: string;
  readonly content: string;
}

export type ExportLine =
  | {
      readonly kind: 'dealbridge audit export';
      readonly version: 1;
      readonly record: string | null;
      readonly since: string | null;
      readonly personal: boolean;
    }
  | { readonly kind: 'seal'; readonly number: string; readonly sealHash: string }
  | { readonly kind: 'head'; readonly seal: string; readonly chain: string; readonly position: string }
  | ({ readonly kind: 'entry'; readonly personal?: PersonalContent } & ChainEntry)
  /** Without it the file was cut. */
  | { readonly kind: 'end'; readonly seals: number; readonly entries: number };

const PAGE = 1_000;

/** Also one of which only a seal is left: that its entries are gone is what an export then proves. */
export async function isChainKnown(db: Queryable, recordId: string): Promise<boolean> {
  const row = await selectRow(
    db,
    knownRow,
    `SELECT EXISTS (SELECT FROM audit_entries WHERE record_id = $1)
         OR EXISTS (SELECT FROM audit_seal_heads WHERE chain_id = $1) AS "isKnown"`,
    [recordId],
  );
  return row?.isKnown === true;
}

const knownRow = rowsOf('audit_entries', [], { isKnown: z.boolean() });

export async function* exportAudit(db: Queryable, options: ExportOptions): AsyncGenerator<ExportLine> {
  const { recordId, since, personal = false } = options;
  yield {
    kind: 'dealbridge audit export',
    version: 1,
    record: recordId ?? null,
    since: since?.toISOString() ?? null,
    personal,
  };
  let seals = 0;
  // Seals first: what they cover is then among the entries, however busy the ledger is.
  for await (const { signature: _needsTheKey, ...seal } of readSeals(db)) {
    seals += 1;
    yield { kind: 'seal', ...seal };
    for await (const head of readSealHeads(db, seal.number)) yield { kind: 'head', seal: seal.number, ...head };
  }
  let entries = 0;
  for await (const { salt, personal: content, ...entry } of readEntries(db, options)) {
    entries += 1;
    const apart = personal && salt !== null && content !== null ? { personal: { salt, content } } : {};
    yield { kind: 'entry', ...entry, ...apart };
  }
  yield { kind: 'end', seals, entries };
}

const entryRow = rowsOf('audit_entries', ['chain', 'position'], entryColumns);
type Stored = RowOf<typeof entryRow>;

async function* readEntries(db: Queryable, { recordId, since }: ExportOptions): AsyncGenerator<Stored> {
  for (let after: readonly (string | null)[] = [null, '0']; ; ) {
    const rows: readonly Stored[] = await selectRows(
      db,
      entryRow,
      `SELECT ${ENTRY_COLUMNS} FROM audit_entries e LEFT JOIN audit_personal p ON p.entry_id = e.entry_id
       WHERE ($1::uuid IS NULL OR e.record_id = $1) AND ($2::timestamptz IS NULL OR e.at >= $2)
         AND ($3::uuid IS NULL OR (e.record_id, e.chain_position) > ($3, $4::bigint))
       ORDER BY e.record_id, e.chain_position LIMIT $5`,
      [recordId ?? null, since ?? null, ...after, PAGE],
    );
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = [last.chain, last.position];
  }
}
