import { createHash } from 'node:crypto';
import { InternalError } from '../../deal/errors.js';
import type { Database, Queryable } from '../database.js';
import { countColumn, rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
import { type Finding, NO_HASH, toField } from './chain.js';
import { findSignatureFault, type TrailSigner } from './signatures.js';

/** Seals chain the heads of all chains, so that a chain that was cut or written anew as a whole is found. */

export interface Seal {
  readonly number: string;
  readonly at: string;
  readonly previousHash: string;
  readonly lastEntryId: string;
  readonly chainCount: string;
  readonly changedCount: string;
  readonly sealHash: string;
}

export interface SealHead {
  readonly chain: string;
  readonly position: string;
  readonly entryHash: string;
}

const SEAL_COLUMNS = `seal_number::text AS number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  previous_hash AS "previousHash", last_entry_id::text AS "lastEntryId", chain_count::text AS "chainCount",
  changed_count::text AS "changedCount", seal_hash AS "sealHash"`;

const sealColumns = {
  number: textColumn,
  at: textColumn,
  previousHash: textColumn,
  lastEntryId: textColumn,
  chainCount: textColumn,
  changedCount: textColumn,
  sealHash: textColumn,
};
const sealRow = rowsOf('audit_seals', ['number'], sealColumns);
const signedSealRow = rowsOf('audit_seals', ['number'], { ...sealColumns, signature: textColumn.nullable() });

const headRow = rowsOf('audit_seal_heads', ['chain'], {
  chain: textColumn,
  position: textColumn,
  entryHash: textColumn,
});

const PAGE = 1_000;

/** Seals what came since the last seal; undefined when nothing came. */
export function sealAudit(database: Database): Promise<Seal | undefined> {
  return database.transaction(async (tx) => {
    // New entries wait while a seal waits for those under way: rather no seal this time than a deal that stands still.
    await tx.query(`SET LOCAL lock_timeout = '5s'`);
    const seal = await selectRow(tx, sealRow, `SELECT ${SEAL_COLUMNS} FROM seal_audit()`);
    if (seal && tx.signer) await signSeal(tx, tx.signer, seal);
    return seal;
  });
}

const countRow = rowsOf('audit_entries', [], { count: countColumn });

export async function countUnsealed(db: Queryable): Promise<number> {
  // The number stands in the statement: guessing it, the database prepares for a third of all entries.
  const lastEntryId = (await findNewestSeal(db))?.lastEntryId ?? '0';
  const row = await selectRow(db, countRow, 'SELECT count(*)::text AS count FROM audit_entries WHERE entry_id > $1', [
    lastEntryId,
  ]);
  return row?.count ?? 0;
}

const ageRow = rowsOf('audit_entries', [], { age: countColumn });

/** How old the oldest entry is that no seal covers, in seconds; undefined when there is none. */
export async function findUnsealedAge(db: Queryable, newest: Seal | undefined): Promise<number | undefined> {
  const row = await selectRow(
    db,
    ageRow,
    `SELECT greatest(0, round(extract(epoch FROM clock_timestamp() - at)))::text AS age
     FROM audit_entries WHERE entry_id > $1 ORDER BY entry_id LIMIT 1`,
    [newest?.lastEntryId ?? '0'],
  );
  return row?.age;
}

/** How old the seal is that comes after this one, in seconds; undefined when it is the newest. */
export async function findAgeOfNext(db: Queryable, number: string): Promise<number | undefined> {
  const row = await selectRow(
    db,
    ageRow,
    `SELECT greatest(0, round(extract(epoch FROM clock_timestamp() - at)))::text AS age
     FROM audit_seals WHERE seal_number > $1 ORDER BY seal_number LIMIT 1`,
    [number],
  );
  return row?.age;
}

/** Our signature is for what the heads give, whatever the function of the database said. */
async function signSeal(tx: Queryable, signer: TrailSigner, seal: Seal): Promise<void> {
  if ((await hashSeal(tx, seal)) !== seal.sealHash) {
    throw new InternalError(`seal ${seal.number} does not give its hash: see the function seal_audit of the database`);
  }
  await tx.query(`INSERT INTO audit_signatures (subject, number, signature) VALUES ('seal', $1, $2)`, [
    seal.number,
    signer.sign('seal', seal.sealHash),
  ]);
}

export interface SignedSeal extends Seal {
  readonly signature: string | null;
}

export async function* readSeals(db: Queryable): AsyncGenerator<SignedSeal> {
  for (let after = '0'; ; ) {
    const rows: readonly SignedSeal[] = await selectRows(
      db,
      signedSealRow,
      `SELECT ${SEAL_COLUMNS},
         (SELECT signature FROM audit_signatures WHERE subject = 'seal' AND number = seal_number) AS signature FROM audit_seals WHERE seal_number > $1 ORDER BY seal_number LIMIT $2`,
      [after, PAGE],
    );
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.number;
  }
}

export function findNewestSeal(db: Queryable): Promise<Seal | undefined> {
  return selectRow(db, sealRow, `SELECT ${SEAL_COLUMNS} FROM audit_seals ORDER BY seal_number DESC LIMIT 1`);
}

export async function* readSealHeads(db: Queryable, sealNumber: string): AsyncGenerator<SealHead> {
  for (let after: string | null = null; ; ) {
    const rows: readonly SealHead[] = await selectRows(
      db,
      headRow,
      `SELECT chain_id::text AS chain, chain_position::text AS position, entry_hash AS "entryHash" FROM audit_seal_heads
       WHERE seal_number = $1 AND ($2::uuid IS NULL OR chain_id > $2) ORDER BY chain_id LIMIT $3`,
      [sealNumber, after, PAGE],
    );
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.chain;
  }
}

/** A seal that was noted elsewhere (Temporal, a log, a letter): it must still be there. */
export interface KnownSeal {
  readonly number: string;
  readonly sealHash: string;
}

/** The first wrong seal, if one is; and how many there are. */
export async function verifySeals(
  db: Queryable,
  known: readonly KnownSeal[],
): Promise<{ readonly count: number; readonly lastEntryId: string; readonly finding: Finding | undefined }> {
  let count = 0;
  let previousHash = NO_HASH;
  let lastEntryId = '0';
  let finding: Finding | undefined;
  const report = (position: number, text: string): void => {
    finding ??= { kind: 'seal', chain: 'seals', position, text };
  };
  const missing = new Map(known.map((seal) => [seal.number, seal.sealHash]));
  for await (const seal of readSeals(db)) {
    count += 1;
    const number = Number(seal.number);
    if (number !== count) report(count, `it is missing; the next one is ${number}`);
    if (seal.previousHash !== previousHash) report(number, 'it follows another seal than the one before it');
    if ((await hashSeal(db, seal)) !== seal.sealHash) report(number, 'its heads and figures do not give its hash');
    const unsigned = db.signer && findSignatureFault(db.signer, 'seal', seal.sealHash, seal.signature);
    if (unsigned !== undefined) report(number, unsigned);
    const noted = missing.get(seal.number);
    if (noted !== undefined && noted !== seal.sealHash) report(number, `its hash was noted elsewhere as ${noted}`);
    missing.delete(seal.number);
    previousHash = seal.sealHash;
    lastEntryId = seal.lastEntryId;
  }
  for (const number of missing.keys()) report(Number(number), 'it was noted elsewhere and is missing here');
  return { count, lastEntryId, finding };
}

async function hashSeal(db: Queryable, seal: Seal): Promise<string> {
  const hash = createHash('sha256');
  const { number, at, previousHash, lastEntryId, chainCount, changedCount } = seal;
  const fields = [number, at, previousHash, lastEntryId, chainCount, changedCount];
  hash.update(['dealbridge audit seal 1', ...fields].map(toField).join(''));
  for await (const head of readSealHeads(db, number)) {
    hash.update([head.chain, head.position, head.entryHash].map(toField).join(''));
  }
  return hash.digest('hex');
}
