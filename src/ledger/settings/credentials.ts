import { z } from 'zod';
import { InternalError } from '../../deal/errors.js';
import type { Queryable } from '../database.js';
import { nullable, type RowOf, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** One generation of a credential as it is stored: sealed. Who opens it is the vault. */
export interface SealedCredential extends CredentialFacts {
  readonly sealed: Buffer;
}

/** What may be shown of a credential. */
export interface CredentialFacts {
  readonly name: string;
  readonly generation: number;
  readonly kind: 'secret' | 'certificate';
  readonly keyId: string;
  readonly thumbprint: string | undefined;
  readonly expiresAt: Date | undefined;
  readonly setAt: Date;
  readonly setBy: string;
  /** Set once there is a newer generation. */
  readonly validUntil: Date | undefined;
}

/** The generations that may be used now, the newest first. */
export async function findCredentials(db: Queryable, name: string): Promise<SealedCredential[]> {
  const rows = await selectRows(
    db,
    credentialRow,
    `SELECT * FROM credentials WHERE name = $1 AND (valid_until IS NULL OR valid_until > now()) ORDER BY generation DESC`,
    [name],
  );
  return rows.map(toCredential);
}

export async function listCredentials(db: Queryable): Promise<CredentialFacts[]> {
  const rows = await selectRows(db, credentialRow, 'SELECT * FROM credentials ORDER BY name, generation DESC');
  return rows.map(toCredential).map(({ sealed: _sealed, ...facts }) => facts);
}

/** Nobody else changes this credential until the transaction ends. */
export async function openGeneration(
  tx: Queryable,
  name: string,
): Promise<{ readonly generation: number; readonly now: Date; readonly before: SealedCredential | undefined }> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`credential ${name}`]);
  const rows = await selectRows(
    tx,
    credentialRow,
    'SELECT * FROM credentials WHERE name = $1 ORDER BY generation DESC LIMIT 1 FOR UPDATE',
    [name],
  );
  const before = rows.map(toCredential)[0];
  // The clock that `valid_until` is compared with, to the milliseconds that a date of ours holds.
  const time = await selectRow(tx, nowRow, `SELECT date_trunc('milliseconds', now()) AS now`);
  if (!time) throw new InternalError('the database tells no time');
  return { generation: (before?.generation ?? 0) + 1, now: time.now, before };
}

/** The newest generation is this one; but for the one before it, older ones are gone. Returns those of them that counted until now. */
export async function saveCredential(tx: Queryable, credential: SealedCredential): Promise<readonly number[]> {
  const { name, generation } = credential;
  const dropped = await selectRows(
    tx,
    droppedRow,
    'DELETE FROM credentials WHERE name = $1 AND generation < $2 RETURNING name, generation, coalesce(valid_until > now(), true) AS counted',
    [name, generation - 1],
  );
  await tx.query(
    `INSERT INTO credentials (name, generation, kind, key_id, sealed, thumbprint, expires_at, set_at, set_by, valid_until)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)`,
    [
      name,
      generation,
      credential.kind,
      credential.keyId,
      credential.sealed,
      credential.thumbprint ?? null,
      credential.expiresAt ?? null,
      credential.setAt,
      credential.setBy,
    ],
  );
  return dropped.filter(({ counted }) => counted).map((row) => row.generation);
}

export async function dropCredential(
  tx: Queryable,
  { name, generation }: Pick<SealedCredential, 'name' | 'generation'>,
): Promise<void> {
  await tx.query('DELETE FROM credentials WHERE name = $1 AND generation = $2', [name, generation]);
}

/** All of them, locked against everybody else who changes them. */
export async function takeCredentials(tx: Queryable): Promise<SealedCredential[]> {
  const rows = await selectRows(tx, credentialRow, 'SELECT * FROM credentials ORDER BY name, generation FOR UPDATE');
  return rows.map(toCredential);
}

/** What is sealed holds the end as well, so that both change together. */
export async function resealCredential(tx: Queryable, credential: SealedCredential): Promise<void> {
  const { name, generation, keyId, sealed, validUntil } = credential;
  await tx.query(
    'UPDATE credentials SET key_id = $3, sealed = $4, valid_until = $5 WHERE name = $1 AND generation = $2',
    [name, generation, keyId, sealed, validUntil ?? null],
  );
}

const droppedRow = rowsOf('credentials', ['name', 'generation'], {
  name: textColumn,
  generation: z.number(),
  counted: z.boolean(),
});

const nowRow = rowsOf('credentials', [], { now: timeColumn });

const credentialRow = rowsOf('credentials', ['name', 'generation'], {
  name: textColumn,
  generation: z.number(),
  kind: z.enum(['secret', 'certificate']),
  key_id: textColumn,
  sealed: z.instanceof(Buffer),
  thumbprint: nullable(textColumn),
  expires_at: nullable(timeColumn),
  set_at: timeColumn,
  set_by: textColumn,
  valid_until: nullable(timeColumn),
});

function toCredential(row: RowOf<typeof credentialRow>): SealedCredential {
  return {
    name: row.name,
    generation: row.generation,
    kind: row.kind,
    keyId: row.key_id,
    sealed: row.sealed,
    thumbprint: row.thumbprint,
    expiresAt: row.expires_at,
    setAt: row.set_at,
    setBy: row.set_by,
    validUntil: row.valid_until,
  };
}
