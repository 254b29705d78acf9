import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';
import type { Finding } from './chain.js';
import { findNewestSeal, type KnownSeal } from './seals.js';

/**
 * Seals are noted outside of the database, so that what was cut off its end, and a database that was put back as a whole, are
 * found. A seal chains all before it: the newest that a witness has proves every entry up to it.
 */

export interface NotedSeal extends KnownSeal {
  readonly at: string;
}

/** What a witness says of a seal. */
export interface TestifiedSeal extends KnownSeal {
  /** Why its word does not count, in words. */
  readonly fault?: string;
}

export interface Witness {
  /** For people: `file /var/…`. */
  readonly name: string;
  /** The newest that it has. @param newest number of the newest seal here: a hint where to look */
  findLast(newest: string): Promise<TestifiedSeal | undefined>;
  append(seals: readonly NotedSeal[]): Promise<void>;
  /** All that it has, more or less in their order. */
  list(): AsyncIterable<TestifiedSeal>;
}

export interface Noting {
  readonly witness: string;
  readonly noted: number;
  /** The witness has something else than the database: somebody put the ledger back, or wrote seals anew. */
  readonly contradiction?: string;
}

const PAGE = 1_000;

const notedRow = rowsOf('audit_seals', ['number'], { number: textColumn, at: textColumn, sealHash: textColumn });
const SEALS = `SELECT seal_number::text AS number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  seal_hash AS "sealHash" FROM audit_seals`;

/** Gives the witness what it lacks. May be called twice at once: the same seal twice says the same. */
export async function noteSeals(db: Queryable, witness: Witness): Promise<Noting> {
  const newest = await findNewestSeal(db);
  const last = await witness.findLast(newest?.number ?? '0');
  const contradiction = last && (await findContradiction(db, witness.name, [last]))[0];
  // What follows from a forged seal is of no use to anybody, and would hide where the forgery begins.
  if (contradiction) return { witness: witness.name, noted: 0, contradiction: contradiction.text };
  let noted = 0;
  for (let after = last?.number ?? '0'; ; ) {
    const seals: readonly NotedSeal[] = await selectRows(
      db,
      notedRow,
      `${SEALS} WHERE seal_number > $1 ORDER BY seal_number LIMIT $2`,
      [after, PAGE],
    );
    if (seals.length > 0) await witness.append(seals);
    noted += seals.length;
    const end = seals.at(-1);
    if (!end || seals.length < PAGE) return { witness: witness.name, noted };
    after = end.number;
  }
}

export interface Testimony {
  readonly witness: string;
  readonly seals: number;
  /** Seals here that are newer than all that it has. */
  readonly behind: number;
  readonly finding: Finding | undefined;
}

/** Compares every seal that the witness has. */
export async function hearWitness(db: Queryable, witness: Witness): Promise<Testimony> {
  let seals = 0;
  let last = 0n;
  let finding: Finding | undefined;
  let page: TestifiedSeal[] = [];
  const compare = async (): Promise<void> => {
    finding ??= (await findContradiction(db, witness.name, page))[0];
    page = [];
  };
  for await (const seal of witness.list()) {
    seals += 1;
    if (BigInt(seal.number) > last) last = BigInt(seal.number);
    if (page.push(seal) === PAGE) await compare();
  }
  await compare();
  const newest = await findNewestSeal(db);
  const behind = Math.max(0, Number(BigInt(newest?.number ?? '0') - last));
  return { witness: witness.name, seals, behind, finding };
}

/** Those that are not here as they were noted, the oldest first. */
export async function findContradiction(
  db: Queryable,
  witness: string,
  noted: readonly TestifiedSeal[],
): Promise<Finding[]> {
  const rows = await selectRows(db, notedRow, `${SEALS} WHERE seal_number = ANY($1)`, [
    noted.map(({ number }) => number),
  ]);
  const here = new Map(rows.map(({ number, sealHash }) => [number, sealHash]));
  return noted
    .filter(({ number, sealHash, fault }) => fault !== undefined || here.get(number) !== sealHash)
    .sort((left, right) => Number(left.number) - Number(right.number))
    .map(({ number, sealHash, fault }) => ({
      kind: 'seal',
      chain: 'seals',
      position: Number(number),
      text: fault ?? toContradiction(witness, here.has(number) ? sealHash : undefined),
    }));
}

function toContradiction(witness: string, sealHash: string | undefined): string {
  return sealHash === undefined
    ? `${witness} noted it, and it is missing here: what it saw was cut off, or the database put back`
    : `${witness} noted its hash as ${sealHash}`;
}
