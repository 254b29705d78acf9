import { createHash } from 'node:crypto';
import type { Queryable } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
import { toField } from './chain.js';
import type { KnownSeal } from './seals.js';

/** Tokens of a time-stamping authority, beside the seals that they are of. */

export interface StampedSeal extends KnownSeal {
  readonly token: Buffer;
}

const stampRow = rowsOf('audit_stamps', ['number'], { number: textColumn, sealHash: textColumn, token: textColumn });
const STAMPS = 'SELECT seal_number::text AS number, seal_hash AS "sealHash", token FROM audit_stamps';

const PAGE = 200;

/** What is stamped: number and hash, so that a token is of no other seal. */
export function toStampedDigest({ number, sealHash }: KnownSeal): Buffer {
  return createHash('sha256').update(['dealbridge audit stamp 1', number, sealHash].map(toField).join('')).digest();
}

/** Two who stamp the same seal at once say the same. */
export async function saveStamp(db: Queryable, { number, sealHash, token }: StampedSeal): Promise<void> {
  await db.query(
    `INSERT INTO audit_stamps (seal_number, seal_hash, token) VALUES ($1, $2, $3) ON CONFLICT (seal_number) DO NOTHING`,
    [number, sealHash, token.toString('base64')],
  );
}

export async function findNewestStamp(db: Queryable): Promise<StampedSeal | undefined> {
  const row = await selectRow(db, stampRow, `${STAMPS} ORDER BY seal_number DESC LIMIT 1`);
  return row && toStamped(row);
}

export async function* readStamps(db: Queryable): AsyncGenerator<StampedSeal> {
  for (let after = '0'; ; ) {
    const rows = await selectRows(db, stampRow, `${STAMPS} WHERE seal_number > $1 ORDER BY seal_number LIMIT $2`, [
      after,
      PAGE,
    ]);
    yield* rows.map(toStamped);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.number;
  }
}

function toStamped({ token, ...seal }: KnownSeal & { readonly token: string }): StampedSeal {
  return { ...seal, token: Buffer.from(token, 'base64') };
}
