import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';
import { ChainWalk, type Finding, type WalkedEntry } from './chain.js';
import { ENTRY_COLUMNS, entryColumns } from './entry-columns.js';
import { type KnownSeal, verifySeals } from './seals.js';
import { findFalseDeals } from './verify-deals.js';
import { hearWitness, type Testimony, type Witness } from './witnesses.js';

/** Walks every chain and every seal, page by page: constant memory whatever the length of the trail. */

export interface Verdict {
  readonly entries: number;
  readonly chains: number;
  readonly seals: number;
  /** What each witness outside of the database has. */
  readonly testimonies: readonly Testimony[];
  /** The first wrong entry of each chain, and the first wrong seal. */
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** One chain only. */
  readonly recordId?: string;
  readonly knownSeals?: readonly KnownSeal[];
  readonly witnesses?: readonly Witness[];
  /** Entries that are read at once. */
  readonly pageSize?: number;
}

const PAGE = 1_000;

export async function verifyAudit(db: Queryable, options: VerifyOptions = {}): Promise<Verdict> {
  const seals = await verifySeals(db, options.knownSeals ?? []);
  // One finding per wrong chain, and each is proof of tampering: their number is small or the trail is lost anyway.
  const findings = new Map<string, Finding>();
  const add = (finding: Finding | undefined): void => {
    if (finding && !findings.has(finding.chain)) findings.set(finding.chain, finding);
  };
  let entries = 0;
  let chains = 0;
  let current: { readonly chain: string; readonly walk: ChainWalk } | undefined;
  for await (const entry of readWalkedEntries(db, options)) {
    entries += 1;
    if (current?.chain !== entry.chain) {
      add(current?.walk.end());
      current = { chain: entry.chain, walk: new ChainWalk(entry.chain, db.signer) };
      chains += 1;
    }
    current.walk.take(entry);
  }
  add(current?.walk.end());
  for (const finding of await findUnderSeals(db, seals.lastEntryId, options.recordId)) add(finding);
  add(seals.finding);
  for await (const finding of findFalseDeals(db, options.recordId)) add(finding);
  const testimonies: Testimony[] = [];
  for (const witness of options.witnesses ?? []) {
    const testimony = await hearWitness(db, witness);
    testimonies.push(testimony);
    add(testimony.finding);
  }
  return { entries, chains, seals: seals.count, testimonies, findings: [...findings.values()] };
}

const nullableText = textColumn.nullable();
const walkedRow = rowsOf('audit_entries', ['chain', 'position'], {
  ...entryColumns,
  contradictingSeal: nullableText,
  signature: nullableText,
});

const cutRow = rowsOf('audit_seal_heads', ['chain'], {
  chain: textColumn,
  position: textColumn,
  seal: textColumn,
  rest: textColumn,
});

const insertedRow = rowsOf('audit_entries', ['chain', 'position'], {
  chain: textColumn,
  position: textColumn,
  entryId: textColumn,
});

async function* readWalkedEntries(
  db: Queryable,
  { recordId, pageSize = PAGE }: VerifyOptions,
): AsyncGenerator<WalkedEntry> {
  for (let after: readonly (string | null)[] = [null, '0', '0']; ; ) {
    const rows: readonly WalkedEntry[] = await selectRows(
      db,
      walkedRow,
      `SELECT ${ENTRY_COLUMNS},
         (SELECT min(h.seal_number)::text FROM audit_seal_heads h WHERE h.chain_id = e.record_id
           AND h.chain_position = e.chain_position AND h.entry_hash <> e.entry_hash) AS "contradictingSeal",
         s.signature
       FROM audit_entries e LEFT JOIN audit_personal p ON p.entry_id = e.entry_id
       LEFT JOIN audit_signatures s ON s.subject = 'entry' AND s.number = e.entry_id
       WHERE ($1::uuid IS NULL OR e.record_id = $1)
         AND ($2::uuid IS NULL OR (e.record_id, e.chain_position, e.entry_id) > ($2, $3::bigint, $4::bigint))
       ORDER BY e.record_id, e.chain_position, e.entry_id LIMIT $5`,
      [recordId ?? null, ...after, pageSize],
    );
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = [last.chain, last.position, last.entryId];
  }
}

/** What only the seals know: chains that are shorter than they were sealed, entries that came in behind a seal. */
async function findUnderSeals(db: Queryable, lastEntryId: string, recordId: string | undefined): Promise<Finding[]> {
  const cut = await selectRows(
    db,
    cutRow,
    `SELECT h.chain_id::text AS chain, max(h.chain_position)::text AS position, max(h.seal_number)::text AS seal,
       (SELECT coalesce(max(e.chain_position), 0)::text FROM audit_entries e WHERE e.record_id = h.chain_id) AS rest
     FROM audit_seal_heads h
     WHERE ($1::uuid IS NULL OR h.chain_id = $1) AND NOT EXISTS (
       SELECT 1 FROM audit_entries e WHERE e.record_id = h.chain_id AND e.chain_position = h.chain_position)
     GROUP BY h.chain_id`,
    [recordId ?? null],
  );
  const inserted = await selectRows(
    db,
    insertedRow,
    `SELECT DISTINCT ON (e.record_id) e.record_id::text AS chain, e.chain_position::text AS position,
       e.entry_id::text AS "entryId"
     FROM audit_entries e
     WHERE e.entry_id <= $1 AND ($2::uuid IS NULL OR e.record_id = $2) AND NOT EXISTS (
       SELECT 1 FROM audit_seal_heads h WHERE h.chain_id = e.record_id AND h.chain_position >= e.chain_position)
     ORDER BY e.record_id, e.chain_position`,
    [lastEntryId, recordId ?? null],
  );
  return [
    ...cut.map(({ chain, position, seal, rest }): Finding => {
      const found = rest === '0' ? 'the whole chain is gone' : `the chain ends at ${rest}`;
      return {
        kind: 'cut off',
        chain,
        position: Number(rest) + 1,
        text: `seal ${seal} saw an entry ${position}, ${found}`,
      };
    }),
    ...inserted.map(
      ({ chain, position, entryId }): Finding => ({
        kind: 'inserted',
        chain,
        position: Number(position),
        entryId,
        text: 'its number is older than the last seal, which does not know it',
      }),
    ),
  ];
}
